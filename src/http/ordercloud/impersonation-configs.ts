/** Who may act as whom, through which client, with the roles of which profile. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import type { Administrator } from '../../administration/administrator.ts';
import type { Json } from '../../administration/entries.ts';
import { readable } from '../../administration/nouns.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ImpersonationRule } from '../../domain/impersonation-rule.ts';
import type { Party } from '../../domain/party.ts';
import type { Store } from '../../domain/ports.ts';
import { id, strict } from './bodies.ts';
import { companyOf, sellerOf, userGroupOf, userOf, type CompanyParts } from './company.ts';
import { notFound } from './errors.ts';
import { browseQuery, NOTHING, pageOf, type Listing } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';

export interface ImpersonationRouteParts extends CompanyParts {
  readonly administration: Administration;
  readonly store: Pick<Store, 'directory'>;
}

const ROLES = ['SetSecurityProfile'] as const;

const LISTING: Listing = {
  noun: 'impersonation_rules',
  fields: {
    ID: 'id',
    ImpersonationBuyerID: 'impersonator_buyer',
    ImpersonationGroupID: 'impersonator_user_group',
    ImpersonationUserID: 'impersonator_user',
    BuyerID: 'target_buyer',
    GroupID: 'target_user_group',
    UserID: 'target_user',
    SecurityProfileID: 'security_profile',
    ClientID: 'client',
  },
  searched: [
    'ImpersonationBuyerID',
    'ImpersonationGroupID',
    'ImpersonationUserID',
    'BuyerID',
    'GroupID',
    'UserID',
    'SecurityProfileID',
    'ClientID',
    'ID',
  ],
  sorted: [
    'ImpersonationBuyerID',
    'ImpersonationGroupID',
    'ImpersonationUserID',
    'BuyerID',
    'GroupID',
    'UserID',
    'SecurityProfileID',
    'ClientID',
    'ID',
  ],
};

const shape = {
  ID: id.nullish(),
  ImpersonationBuyerID: id.nullish(),
  ImpersonationGroupID: id.nullish(),
  ImpersonationUserID: id.nullish(),
  BuyerID: id.nullish(),
  GroupID: id.nullish(),
  UserID: id.nullish(),
  SecurityProfileID: id,
  ClientID: id,
};
const body = strict(shape);
const patch = strict({ ...shape, SecurityProfileID: id.optional(), ClientID: id.optional() });
type Config = z.output<typeof patch>;

export function impersonationRoutes(parts: ImpersonationRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const common = { about: 'ImpersonationConfig', resource: 'impersonation_rules', roles: ROLES } as const;
  const keyed = '/impersonationconfig/{id}';
  const find = async (key: string, administrator: Administrator): Promise<ImpersonationRule> => {
    const found = (await store.directory.find('impersonation_rules', [key], readable('impersonation_rules', administrator))).get(key);
    if (found === undefined) throw notFound('ImpersonationConfig', key);
    return found;
  };
  const answer = async (status: 200 | 201, key: string, administrator: Administrator) => {
    const [config] = await shownConfigs(parts, [await find(key, administrator)]);
    return { status, body: config };
  };
  const make = async (config: Config, key: string | undefined, { call, administrator }: Pick<Request, 'call' | 'administrator'>): Promise<string> => {
    const { object } = await administration.create(
      'impersonation_rules',
      { ...(await ruleOf(parts, config, administrator)), ...(key === undefined ? {} : { id: key }) },
      call,
    );
    return String(object!['id']);
  };
  const change = async (config: Config, key: string, { call, administrator }: Pick<Request, 'call' | 'administrator'>): Promise<void> => {
    const rule = await ruleOf(parts, config, administrator);
    const { max_lifetime_seconds: _none, ...fields } = { max_lifetime_seconds: undefined, ...rule };
    await administration.change('impersonation_rules', key, call, (current) => ({ ...current, ...fields, id: config.ID ?? key }));
  };
  return [
    route({
      ...common,
      call: 'ImpersonationConfigs.List',
      method: 'GET',
      path: '/impersonationconfig',
      list: LISTING,
      handle: async ({ list, administrator }) => {
        const asked = browseQuery(list, { visibility: readable('impersonation_rules', administrator) });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('impersonation_rules', asked);
        return { status: 200, body: pageOf(list, { items: await shownConfigs(parts, items), total }) };
      },
    }),
    route({
      ...common,
      call: 'ImpersonationConfigs.Create',
      method: 'POST',
      path: '/impersonationconfig',
      body,
      handle: async (request) => answer(201, await make(request.body, request.body.ID ?? undefined, request), request.administrator),
    }),
    route({
      ...common,
      call: 'ImpersonationConfigs.Get',
      method: 'GET',
      path: keyed,
      handle: ({ params, administrator }) => answer(200, params.id, administrator),
    }),
    route({
      ...common,
      call: 'ImpersonationConfigs.Save',
      method: 'PUT',
      path: keyed,
      body,
      handle: async (request) => {
        const { params, administrator } = request;
        const status = await saved(
          () => change(request.body, params.id, request),
          () => make(request.body, params.id, request),
        );
        return answer(status, params.id, administrator);
      },
    }),
    route({
      ...common,
      call: 'ImpersonationConfigs.Patch',
      method: 'PATCH',
      path: keyed,
      body: patch,
      handle: async (request) => {
        const { params, administrator } = request;
        const [before] = await shownConfigs(parts, [await find(params.id, administrator)]);
        const sent = Object.fromEntries(Object.entries(request.body).filter(([, value]) => value !== undefined));
        await change({ ...before, ...sent }, params.id, request);
        return answer(200, params.id, administrator);
      },
    }),
    route({
      ...common,
      call: 'ImpersonationConfigs.Delete',
      method: 'DELETE',
      path: keyed,
      handle: async ({ params, call }) => {
        await administration.remove('impersonation_rules', params.id, call);
        return { status: 204 };
      },
    }),
  ];
}

type Request = Parameters<Extract<OrderCloudRoute, { readonly open?: undefined }>['handle']>[0];

/** @throws `not_found` for parties that there are not */
async function ruleOf(parts: ImpersonationRouteParts, config: Config, administrator: Administrator): Promise<Json> {
  const impersonator = { company: config.ImpersonationBuyerID, group: config.ImpersonationGroupID, user: config.ImpersonationUserID };
  const target = { company: config.BuyerID, group: config.GroupID, user: config.UserID };
  if (Object.values(target).every((one) => (one ?? undefined) === undefined))
    throw new DomainError('invalid_input', 'BuyerID says among whom: it is needed.', { pointer: '/BuyerID' });
  return {
    impersonator: await partyOf(parts, impersonator, administrator),
    target: await partyOf(parts, target, administrator),
    security_profile: config.SecurityProfileID,
    client: config.ClientID,
    ...(config.ID ? { id: config.ID } : {}),
  };
}

interface NamedParty {
  readonly company: string | null | undefined;
  readonly group: string | null | undefined;
  readonly user: string | null | undefined;
}

/** Without a buyer it is somebody of the seller. */
async function partyOf(parts: ImpersonationRouteParts, { company: buyer, group, user }: NamedParty, administrator: Administrator): Promise<Json> {
  const company = buyer ? await companyOf(parts, 'buyer', buyer, administrator) : await sellerOf(parts, administrator);
  if (user) return { user: (await userOf(parts, company, user, administrator)).id };
  if (group) return { user_group: (await userGroupOf(parts, company, group, administrator)).id };
  return { organization: company.id };
}

async function shownConfigs({ store: { directory } }: ImpersonationRouteParts, rules: readonly ImpersonationRule[]) {
  const everywhere = { tenancy: { kind: 'everything' }, inherited: false } as const;
  const parties = rules.flatMap(({ impersonator, target }) => [impersonator, target]);
  const idsOf = (kind: Party['kind']): string[] => parties.flatMap((party) => (party.kind === kind ? [party.id] : []));
  const users = await directory.find('users', idsOf('user'), everywhere);
  const groups = await directory.find('user_groups', idsOf('user_group'), everywhere);
  const companyIdOf = ({ kind, id: key }: Party): string =>
    kind === 'organization' ? key : ((kind === 'user' ? users : groups).get(key)?.organization ?? '');
  const companies = await directory.find('organizations', parties.map(companyIdOf), everywhere);
  const namedBy = (party: Party) => {
    const company = companies.get(companyIdOf(party));
    return {
      buyer: company?.type === 'buyer' ? company.id : null,
      group: party.kind === 'user_group' ? party.id : null,
      user: party.kind === 'user' ? party.id : null,
    };
  };
  return rules.map(({ id: ID, impersonator, target, securityProfile, client }) => {
    const [who, whom] = [namedBy(impersonator), namedBy(target)];
    return {
      ID,
      ImpersonationBuyerID: who.buyer,
      ImpersonationGroupID: who.group,
      ImpersonationUserID: who.user,
      BuyerID: whom.buyer,
      GroupID: whom.group,
      UserID: whom.user,
      SecurityProfileID: securityProfile,
      ClientID: client,
    };
  });
}
