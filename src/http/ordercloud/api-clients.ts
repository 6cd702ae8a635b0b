/** API clients, and the companies whose people may sign in through one besides those of whole types. */
import { z } from 'zod';
import type { Administration, WriteCall } from '../../administration/administration.ts';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { addClientSecret } from '../../administration/client-secrets.ts';
import { readable } from '../../administration/nouns.ts';
import type { Client } from '../../domain/client.ts';
import type { PasswordHasher, Store } from '../../domain/ports.ts';
import { hashOfSecret, type ClientService } from '../../services/clients.ts';
import { id, optionalId, strict } from './bodies.ts';
import { companyOf, type CompanyParts } from './company.ts';
import {
  apiClientBody,
  apiClientPatch,
  completed,
  fieldsOf,
  isGiven,
  NEW_CLIENT,
  rolesIn,
  shownApiClient,
  type ApiClientBody,
} from './api-client-fields.ts';
import { notFound } from './errors.ts';
import { browseQuery, exactly, NOTHING, pageOf, PAGE_PARAMETERS, type Listing } from './list.ts';
import { roleNamed } from './role-names.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';
import { DomainError } from '../../domain/errors.ts';

export interface ApiClientRouteParts extends CompanyParts {
  readonly administration: Administration;
  readonly store: Pick<Store, 'directory'>;
  readonly clients: ClientService;
  readonly hasher: PasswordHasher;
}

export const READERS = ['ApiClientAdmin', 'ApiClientReader'] as const;
export const WRITERS = ['ApiClientAdmin'] as const;
const common = { about: 'ApiClient', resource: 'clients' } as const;
const keyed = '/apiclients/{id}';

const LISTING: Listing = {
  noun: 'clients',
  fields: {
    ID: 'client_id',
    AppName: 'client_name',
    Active: 'active',
    DefaultContextUserName: 'context_username',
    IsAnonBuyer: 'is_anonymous_buyer',
  },
  searched: ['ID', 'AppName', 'DefaultContextUserName'],
  sorted: ['ID', 'AppName', 'DefaultContextUserName'],
};

export function apiClientRoutes(parts: ApiClientRouteParts): readonly OrderCloudRoute[] {
  const { administration, store, clients, hasher } = parts;
  const answer = async (status: 200 | 201, key: string, call: WriteCall) => {
    const [client] = await shownClients(parts, [await administration.find('clients', key, call)], call.administrator);
    return { status, body: client };
  };
  const make = async (body: ApiClientBody, key: string | undefined, call: WriteCall): Promise<string> => {
    const contextUser = await contextUserOf(parts, body, call.administrator);
    const fields = fieldsOf(body, NEW_CLIENT, contextUser);
    const value = { grant_types: NEW_CLIENT.grantTypes, ...fields, omitted_scope: 'all', ...(key === undefined ? {} : { client_id: key }) };
    const hash = isGiven(body.ClientSecret) ? await hashOfSecret(hasher, body.ClientSecret) : undefined;
    const { object } = await administration.create('clients', value, defining(body, call), async (tx, clientId) => {
      if (hash !== undefined) await clients.addSecretIn(tx, clientId, { hash, caller: callerOf(call.administrator) });
      return undefined;
    });
    return String(object!['client_id']);
  };
  const change = async (body: ApiClientBody, key: string, call: WriteCall): Promise<void> => {
    const contextUser = await contextUserOf(parts, body, call.administrator);
    await administration.change('clients', key, defining(body, call), (current, stored) => ({
      ...current,
      client_id: body.ID ?? key,
      ...fieldsOf(body, stored as typeof NEW_CLIENT & Client, contextUser),
    }));
    // Until it has its new secret, a client that did not need one cannot authenticate at all.
    if (isGiven(body.ClientSecret)) await addClientSecret(parts, key, call, { graceMs: 0, hash: await hashOfSecret(hasher, body.ClientSecret) });
  };
  return [
    route({
      ...common,
      call: 'ApiClients.List',
      method: 'GET',
      path: '/apiclients',
      roles: READERS,
      list: LISTING,
      handle: async ({ list, administrator }) => {
        const asked = browseQuery(list, { visibility: readable('clients', administrator) });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('clients', asked);
        return { status: 200, body: pageOf(list, { items: await shownClients(parts, items, administrator), total }) };
      },
    }),
    route({
      ...common,
      call: 'ApiClients.Create',
      method: 'POST',
      path: '/apiclients',
      roles: WRITERS,
      body: apiClientBody,
      handle: async ({ body, call }) => answer(201, await make(completed(body), body.ID ?? undefined, call), call),
    }),
    route({
      ...common,
      call: 'ApiClients.Get',
      method: 'GET',
      path: keyed,
      roles: READERS,
      handle: ({ params, call }) => answer(200, params.id, call),
    }),
    route({
      ...common,
      call: 'ApiClients.Save',
      method: 'PUT',
      path: keyed,
      roles: WRITERS,
      body: apiClientBody,
      handle: async ({ params, body, call }) => {
        const status = await saved(
          () => change(completed(body), params.id, call),
          () => make(completed(body), params.id, call),
        );
        return answer(status, params.id, call);
      },
    }),
    route({
      ...common,
      call: 'ApiClients.Patch',
      method: 'PATCH',
      path: keyed,
      roles: WRITERS,
      body: apiClientPatch,
      handle: async ({ params, body, call }) => {
        await change(body, params.id, call);
        return answer(200, params.id, call);
      },
    }),
    route({
      ...common,
      call: 'ApiClients.Delete',
      method: 'DELETE',
      path: keyed,
      roles: WRITERS,
      handle: async ({ params, call }) => {
        await administration.remove('clients', params.id, call);
        return { status: 204 };
      },
    }),
    ...assignmentRoutes(parts),
  ];
}

const defining = (body: ApiClientBody, call: WriteCall): WriteCall => ({ ...call, definesRoles: rolesIn(body).map(roleNamed) });

/** OrderCloud names the context user by user name. @throws `not_found` for one whom the caller cannot see */
async function contextUserOf({ store }: ApiClientRouteParts, { DefaultContextUserName: username }: ApiClientBody, administrator: Administrator) {
  if (username === undefined) return { id: undefined };
  if (username === null || username === '') return { id: null };
  const { items } = await store.directory.browse('users', {
    visibility: readable('users', administrator),
    filters: {},
    conditions: exactly('username', username),
    order: [],
    skip: 0,
    limit: 1,
  });
  const [user] = items;
  if (user === undefined) throw notFound('User', username);
  return { id: user.id };
}

async function shownClients({ store: { directory } }: ApiClientRouteParts, clients: readonly Client[], administrator: Administrator) {
  const users = await directory.find(
    'users',
    clients.flatMap(({ contextUser }) => contextUser ?? []),
    readable('users', administrator),
  );
  const ids = clients.flatMap(({ allowedOrganizations }) => allowedOrganizations.ids ?? []);
  const companies = await directory.find('organizations', [...new Set(ids)], readable('organizations', administrator));
  return clients.map((client) => {
    const count = (type: string): number => (client.allowedOrganizations.ids ?? []).filter((one) => companies.get(one)?.type === type).length;
    return shownApiClient(client, {
      username: client.contextUser === undefined ? undefined : users.get(client.contextUser)?.username,
      buyers: count('buyer'),
      suppliers: count('supplier'),
    });
  });
}

/** Clients whose assignments are looked at for one list. */
const MOST_CLIENTS = 1000;

function assignmentRoutes(parts: ApiClientRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const about = { about: 'ApiClientAssignment', resource: 'clients' } as const;
  const listed = async (client: string | undefined, administrator: Administrator): Promise<readonly Client[]> => {
    const visibility = readable('clients', administrator);
    if (client !== undefined) return [...(await store.directory.find('clients', [client], visibility)).values()];
    const query = { visibility, filters: {}, sort: 'client_id', descending: false, limit: MOST_CLIENTS, total: false };
    return (await store.directory.list('clients', query)).items;
  };
  const rewriting = (ids: (before: readonly string[]) => readonly string[]) => (current: Readonly<Record<string, unknown>>, stored: Client) => {
    const { types, ids: before } = stored.allowedOrganizations;
    if (types === undefined && before === undefined)
      throw new DomainError('invalid_input', 'The client lets everybody in, so nobody can be assigned to it. Say first whom it allows.');
    return { ...current, allowed_organizations: { types: types ?? [], ids: ids(before ?? []) } };
  };
  const remove = async (clientId: string, company: string, call: WriteCall) => {
    await administration.change(
      'clients',
      clientId,
      call,
      rewriting((ids) => {
        if (!ids.includes(company)) throw notFound('ApiClientAssignment', clientId);
        return ids.filter((one) => one !== company);
      }),
    );
    return { status: 204 } as const;
  };
  return [
    route({
      ...about,
      call: 'ApiClients.ListAssignments',
      method: 'GET',
      path: '/apiclients/assignments',
      roles: READERS,
      query: z.object({ ...PAGE_PARAMETERS, apiClientID: id.optional(), buyerID: id.optional(), supplierID: id.optional() }),
      handle: async ({ query: { page, pageSize, apiClientID, buyerID, supplierID }, administrator }) => {
        const clients = await listed(apiClientID, administrator);
        const ids = [...new Set(clients.flatMap(({ allowedOrganizations }) => allowedOrganizations.ids ?? []))];
        const companies = await store.directory.find('organizations', ids, readable('organizations', administrator));
        const all = clients.flatMap(({ clientId, allowedOrganizations }) =>
          (allowedOrganizations.ids ?? []).flatMap((company) => {
            const type = companies.get(company)?.type;
            const assignment = {
              ApiClientID: clientId,
              BuyerID: type === 'buyer' ? company : null,
              SupplierID: type === 'supplier' ? company : null,
            };
            const isWanted =
              (buyerID ?? assignment.BuyerID) === assignment.BuyerID && (supplierID ?? assignment.SupplierID) === assignment.SupplierID;
            return (type === 'buyer' || type === 'supplier') && isWanted ? [assignment] : [];
          }),
        );
        return { status: 200, body: pageOf({ page, pageSize }, { items: all.slice((page - 1) * pageSize, page * pageSize), total: all.length }) };
      },
    }),
    route({
      ...about,
      call: 'ApiClients.SaveAssignment',
      method: 'POST',
      path: '/apiclients/assignments',
      roles: WRITERS,
      body: strict({ ApiClientID: id, BuyerID: optionalId, SupplierID: optionalId }),
      handle: async ({ body: { ApiClientID, BuyerID, SupplierID }, call, administrator }) => {
        if ((BuyerID === undefined) === (SupplierID === undefined))
          throw new DomainError('invalid_input', 'One of BuyerID and SupplierID is needed.', { pointer: '/BuyerID' });
        const company = await companyOf(parts, BuyerID === undefined ? 'supplier' : 'buyer', (BuyerID ?? SupplierID)!, administrator);
        await administration
          .change(
            'clients',
            ApiClientID,
            call,
            rewriting((ids) => [...new Set([...ids, company.id])]),
          )
          .catch((error: unknown) => {
            throw error instanceof DomainError && error.code === 'not_found' ? notFound('ApiClient', ApiClientID) : error;
          });
        return { status: 204 };
      },
    }),
    route({
      ...about,
      call: 'ApiClients.DeleteBuyerAssignment',
      method: 'DELETE',
      path: '/buyers/{company}/ApiClients/Assignments/{id}',
      roles: WRITERS,
      handle: async ({ params, call, administrator }) => remove(params.id, (await companyOf(parts, 'buyer', params.company, administrator)).id, call),
    }),
    route({
      ...about,
      call: 'ApiClients.DeleteSupplierAssignment',
      method: 'DELETE',
      path: '/suppliers/{company}/ApiClients/Assignments/{id}',
      roles: WRITERS,
      handle: async ({ params, call, administrator }) =>
        remove(params.id, (await companyOf(parts, 'supplier', params.company, administrator)).id, call),
    }),
  ];
}
