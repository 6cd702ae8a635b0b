/** Secrets of API clients: a new one is shown once, by the answer to the request that makes it. */
import { z } from 'zod';
import type { WriteCall } from '../../administration/administration.ts';
import { addClientSecret, endClientSecret } from '../../administration/client-secrets.ts';
import { passes } from '../../domain/browse.ts';
import { isProven, type ClientSecret } from '../../domain/client.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { invalidInput } from '../api/validation.ts';
import { READERS, WRITERS, type ApiClientRouteParts } from './api-clients.ts';
import { name, strict } from './bodies.ts';
import { notFound } from './errors.ts';
import { pageOf, type ListOptions, type Listing } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';

const common = { about: 'ApiClientSecret', resource: 'clients' } as const;
const path = '/apiclients/{client}/secrets';
const keyed = `${path}/{id}` as const;

const LISTING: Listing = { noun: 'clients', fields: { ID: 'client_id' }, searched: ['ID'], sorted: ['ID'] };

const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

export interface ApiClientSecretRouteParts extends ApiClientRouteParts {
  readonly clock: Clock;
}

export function apiClientSecretRoutes(parts: ApiClientSecretRouteParts): readonly OrderCloudRoute[] {
  const { administration, clients, clock } = parts;
  /** Those that are good now or will be. */
  const secretsOf = async (client: string, call: WriteCall): Promise<readonly ClientSecret[]> => {
    await administration.find('clients', client, call).catch((error: unknown) => {
      throw error instanceof DomainError && error.code === 'not_found' ? notFound('ApiClient', client) : error;
    });
    const { secrets } = await clients.get(client);
    return secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt.getTime() > clock.now());
  };
  const secretOf = async (client: string, id: string, call: WriteCall): Promise<ClientSecret> => {
    const secret = (await secretsOf(client, call)).find((one) => one.id === id);
    if (secret === undefined) throw notFound('ApiClientSecret', id);
    return secret;
  };
  /** One that did not need a secret needs one from now on. */
  const prove = async (client: string, call: WriteCall): Promise<void> => {
    if (isProven(await administration.find('clients', client, call))) return;
    await administration.change('clients', client, call, (current) => ({ ...current, token_endpoint_auth_method: 'client_secret_post' }));
  };
  return [
    route({
      ...common,
      call: 'ApiClients.ListSecrets',
      method: 'GET',
      path,
      roles: READERS,
      list: LISTING,
      handle: async ({ params, list, call }) => {
        const found = sorted(
          (await secretsOf(params.client, call)).filter((secret) => isFound(secret, list)),
          list,
        );
        const { page, pageSize } = list;
        const items = found.slice((page - 1) * pageSize, page * pageSize).map(shown);
        return { status: 200, body: pageOf(list, { items, total: found.length }) };
      },
    }),
    route({
      ...common,
      call: 'ApiClients.CreateSecret',
      method: 'POST',
      path,
      roles: WRITERS,
      body: strict({ Name: name, Expiration: instant.nullish() }, ['ID', 'ClientSecret']),
      handle: async ({ params, body: { Name, Expiration }, call }) => {
        await secretsOf(params.client, call);
        const lifetimeMs = lifetimeOf(Expiration, clock);
        await prove(params.client, call);
        const fresh = await addClientSecret(parts, params.client, call, { name: Name, lifetimeMs });
        return { status: 201, body: { ID: fresh.id, Name, ClientSecret: fresh.secret, Expiration: fresh.expiresAt?.toISOString() ?? null } };
      },
    }),
    route({
      ...common,
      call: 'ApiClients.GetSecret',
      method: 'GET',
      path: keyed,
      roles: READERS,
      handle: async ({ params, call }) => ({ status: 200, body: shown(await secretOf(params.client, params.id, call)) }),
    }),
    route({
      ...common,
      call: 'ApiClients.PatchSecret',
      method: 'PATCH',
      path: keyed,
      roles: WRITERS,
      body: strict({ Name: name.optional(), Expiration: instant.optional() }, ['ID']),
      handle: async ({ params, body: { Name, Expiration }, call }) => {
        const secret = await secretOf(params.client, params.id, call);
        if (Name !== undefined && Name !== secret.name) throw invalidInput([{ pointer: '/Name', message: 'of a secret is given when it is made.' }]);
        if (Expiration === undefined) return { status: 200, body: shown(secret) };
        lifetimeOf(Expiration, clock);
        await endClientSecret(parts, { clientId: params.client, secretId: params.id, at: Expiration }, call);
        return { status: 200, body: shown({ ...secret, expiresAt: Expiration }) };
      },
    }),
    route({
      ...common,
      call: 'ApiClients.DeleteSecret',
      method: 'DELETE',
      path: keyed,
      roles: WRITERS,
      handle: async ({ params, call }) => {
        await secretOf(params.client, params.id, call);
        await endClientSecret(parts, { clientId: params.client, secretId: params.id }, call);
        return { status: 204 };
      },
    }),
  ];
}

function lifetimeOf(expiration: Date | null | undefined, clock: Clock): number | undefined {
  if (expiration === null || expiration === undefined) return undefined;
  const lifetime = expiration.getTime() - clock.now();
  if (lifetime <= 0) throw invalidInput([{ pointer: '/Expiration', message: 'lies in the past.' }]);
  return lifetime;
}

/** A client has few secrets, and all of them are at hand. */
function isFound({ id }: ClientSecret, { search, conditions }: ListOptions): boolean {
  if (conditions === undefined || (search !== undefined && !passes(id, { not: false, is: { like: ['', search.text, ''] } }))) return false;
  return conditions.every(({ oneOf }) => oneOf.some((test) => passes(id, test)));
}

function sorted(secrets: readonly ClientSecret[], { order }: ListOptions): readonly ClientSecret[] {
  const sign = order[0]?.descending === true ? -1 : 1;
  return secrets.toSorted((a, b) => (a.id < b.id ? -sign : sign));
}

const shown = ({ id: ID, name: Name, expiresAt }: ClientSecret) => ({ ID, Name: Name ?? null, Expiration: expiresAt?.toISOString() ?? null });
