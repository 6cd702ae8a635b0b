/** Buyers and suppliers: the same six calls for both. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import type { Json } from '../../administration/entries.ts';
import { absent, readable } from '../../administration/nouns.ts';
import type { Organization } from '../../domain/organization.ts';
import { flag, id, name, sent, strict } from './bodies.ts';
import { COMPANY_NAMES, companyOf, sellerOf, type CompanyParts, type CompanyType, type Roles } from './company.ts';
import { browseQuery, NOTHING, pageOf, type Listing } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';

export interface CompanyRouteParts extends CompanyParts {
  readonly administration: Administration;
}

type Company = Exclude<CompanyType, 'seller'>;

const ROLES: Readonly<Record<Company, { readonly read: Roles; readonly write: Roles }>> = {
  buyer: { read: ['BuyerAdmin', 'BuyerReader'], write: ['BuyerAdmin'] },
  supplier: { read: ['SupplierAdmin', 'SupplierReader'], write: ['SupplierAdmin'] },
};

/** Of the models of both. */
const NOT_KEPT = ['DateCreated', 'DefaultCatalogID', 'AllBuyersCanOrder', 'xp'];
const shape = { ID: id.nullish(), Name: name, Active: flag.nullish() };
const body = strict(shape, NOT_KEPT);
const patch = strict({ ...shape, Name: name.optional() }, NOT_KEPT);

export function companyRoutes(parts: CompanyRouteParts): readonly OrderCloudRoute[] {
  return (['buyer', 'supplier'] as const).flatMap((type) => routesOf(type, parts));
}

function listing(type: Company): Listing {
  return {
    noun: 'organizations',
    fields: {
      ID: 'id',
      Name: 'name',
      Active: 'active',
      DateCreated: 'made_at',
      ...(type === 'buyer' ? { DefaultCatalogID: null } : { AllBuyersCanOrder: null }),
    },
    searched: ['Name', 'ID'],
    sorted: ['ID', 'Name', 'DateCreated'],
  };
}

function routesOf(type: Company, parts: CompanyRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const about = COMPANY_NAMES[type];
  const resource = 'organizations';
  const path = `/${type}s` as const;
  const keyed = `${path}/{id}` as const;
  const { read, write } = ROLES[type];
  const present = async (companies: readonly Organization[]) => {
    const annals = await store.directory.findAnnals(
      'organizations',
      companies.map((company) => company.id),
    );
    return companies.map((company) => shown(type, company, annals.get(company.id)?.madeAt));
  };
  const answer = async (status: 200 | 201, key: string, administrator: Parameters<typeof companyOf>[3]) => {
    const [company] = await present([await companyOf(parts, type, key, administrator)]);
    return { status, body: company };
  };
  const rewriting = (fields: (current: Json) => Json) => (current: Json, stored: Organization) => {
    if (stored.type !== type) throw absent();
    return { ...current, ...fields(current) };
  };
  return [
    route({
      call: `${about}s.List`,
      method: 'GET',
      path,
      about,
      resource,
      roles: read,
      list: listing(type),
      handle: async ({ list, administrator }) => {
        const query = browseQuery(list, { visibility: readable('organizations', administrator), filters: { type } });
        const { items, total } = query === undefined ? NOTHING : await store.directory.browse('organizations', query);
        return { status: 200, body: pageOf(list, { items: await present(items), total }) };
      },
    }),
    route({
      call: `${about}s.Create`,
      method: 'POST',
      path,
      about,
      resource,
      roles: write,
      body,
      handle: async (request) => {
        const key = await created(request.body.ID ?? undefined, request);
        return answer(201, key, request.administrator);
      },
    }),
    route({
      call: `${about}s.Get`,
      method: 'GET',
      path: keyed,
      about,
      resource,
      roles: read,
      handle: ({ params, administrator }) => answer(200, params.id, administrator),
    }),
    route({
      call: `${about}s.Save`,
      method: 'PUT',
      path: keyed,
      about,
      resource,
      roles: write,
      body,
      handle: async (request) => {
        const { params, call, administrator } = request;
        const { Name, Active } = request.body;
        const status = await saved(
          () =>
            administration.change(
              'organizations',
              params.id,
              call,
              rewriting(() => ({ name: Name, active: Active ?? false })),
            ),
          () => created(params.id, request),
        );
        return answer(status, params.id, administrator);
      },
    }),
    route({
      call: `${about}s.Patch`,
      method: 'PATCH',
      path: keyed,
      about,
      resource,
      roles: write,
      body: patch,
      handle: async ({ params, body: { ID, Name, Active }, call, administrator }) => {
        const fields = sent({ id: ID ?? undefined, name: Name, active: Active ?? undefined });
        await administration.change(
          'organizations',
          params.id,
          call,
          rewriting(() => fields),
        );
        return answer(200, params.id, administrator);
      },
    }),
    route({
      call: `${about}s.Delete`,
      method: 'DELETE',
      path: keyed,
      about,
      resource,
      roles: write,
      handle: async ({ params, call, administrator }) => {
        await companyOf(parts, type, params.id, administrator);
        await administration.remove('organizations', params.id, call);
        return { status: 204 };
      },
    }),
  ];

  async function created(
    key: string | undefined,
    {
      body: { Name, Active },
      call,
      administrator,
    }: { readonly body: z.output<typeof body> } & Pick<
      Parameters<Extract<OrderCloudRoute, { open?: undefined }>['handle']>[0],
      'call' | 'administrator'
    >,
  ): Promise<string> {
    const parent = (await sellerOf(parts, administrator)).id;
    const { object } = await administration.create(
      'organizations',
      { ...sent({ id: key }), name: Name, type, parent, active: Active ?? false },
      call,
    );
    return String(object!['id']);
  }
}

const shown = (type: Company, { id: ID, name: Name, active: Active }: Organization, madeAt: Date | undefined) => ({
  ID,
  Name,
  Active,
  DateCreated: madeAt?.toISOString() ?? null,
  ...(type === 'buyer' ? { DefaultCatalogID: null } : { AllBuyersCanOrder: false }),
  xp: null,
});
