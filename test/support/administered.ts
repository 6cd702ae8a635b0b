/**
 * @module The market with people who administer it: each holds part of the power over part of the tree. Tests speak to the
 * management API in their names.
 */
import type { App } from '../../src/app.ts';
import type { StoreTransaction } from '../../src/domain/ports.ts';
import { assignment, client, openMarket, organization, PASSWORD, profile, secret, secretOf, to, user } from './market.ts';
import type { TestServer } from './server.ts';
import { basic, post } from './token-client.ts';

/** Roles of the management API by which everything is read, and by which everything is written. */
export const READING = [
  'OrganizationReader',
  'UserReader',
  'UserGroupReader',
  'SecurityProfileReader',
  'ApiClientReader',
  'RoleReader',
  'AuditReader',
];
export const ADMINISTERING = [
  'OrganizationAdmin',
  'UserAdmin',
  'UserGroupAdmin',
  'SecurityProfileAdmin',
  'ApiClientAdmin',
  'RoleAdmin',
  'ImpersonationRuleAdmin',
  'SigningKeyAdmin',
  'AuditReader',
];

/**
 * The people, besides those of the market: `deleg` administers the seller with everything below and holds Shopper,
 * OrderReader and A; `reader` reads there; `norole` holds nothing. `b1admin` and `b2admin` administer one buyer each and
 * hold what its people hold; `b1full` has FullAccess in B1. `site` administers B1-site, below B1. The client `adminclient`
 * administers the seller for itself; `console` is the public client through which people sign in.
 */
export async function openAdministered(app: App, more: (tx: StoreTransaction) => Promise<void> = async () => undefined): Promise<void> {
  const passwordHash = await app.hasher.hash(PASSWORD);
  await openMarket(app, async (tx) => {
    await tx.organizationTypes.put([
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'] },
      { name: 'site', parents: ['buyer'], barredRoles: ['MarketAdmin'] },
    ]);
    await tx.organizations.put([organization('B1-site', 'site', { parent: 'B1' })]);
    await tx.users.put([
      user('reader', 'S'),
      user('norole', 'S'),
      user('b1admin', 'B1'),
      user('b1full', 'B1'),
      user('b2admin', 'B2'),
      user('site', 'B1-site'),
      user('s1u', 'B1-site'),
    ]);
    for (const id of ['reader', 'norole', 'b1admin', 'b1full', 'b2admin', 'site']) await tx.setPassword(id, passwordHash, new Date(app.clock.now()));
    await tx.userGroups.put([
      { id: 'sellers', name: 'Sellers', organization: 'S' },
      { id: 'b2ops', name: 'Operations of B2', organization: 'B2' },
    ]);
    await tx.securityProfiles.put([
      profile('reading', READING),
      profile('administering', ADMINISTERING),
      profile('a', ['A']),
      profile('full', ['FullAccess']),
      profile('b1-own', ['Shopper'], { organization: 'B1' }),
      profile('b2-own', ['Shopper'], { organization: 'B2' }),
    ]);
    await tx.clients.put([
      client('console', { grantTypes: ['password', 'refresh_token'], tokenEndpointAuthMethod: 'none', omittedScope: 'all', organization: 'S' }),
      client('adminclient', { grantTypes: ['client_credentials'], omittedScope: 'all', organization: 'S' }),
    ]);
    await tx.addClientSecret('adminclient', secret(secretOf('adminclient')));
    await tx.assignments.put([
      assignment('administering', to.user('deleg')),
      assignment('shopping', to.user('deleg')),
      assignment('a', to.user('deleg')),
      assignment('reading', to.user('reader')),
      assignment('administering', to.user('b1admin')),
      assignment('administering', to.user('b2admin')),
      assignment('administering', to.user('site')),
      assignment('full', to.user('b1full')),
      assignment('administering', to.client('adminclient')),
    ]);
    await more(tx);
  });
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; undefined when there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface ApiOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody with a token, speaking to the management API. */
export interface ApiClient {
  readonly token: string | undefined;
  call(method: string, path: string, options?: ApiOptions): Promise<ApiAnswer>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  put(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  patch(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  delete(path: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
}

export function apiWith(server: Pick<TestServer, 'url'>, token: string | undefined): ApiClient {
  const call: ApiClient['call'] = async (method, path, { body, headers } = {}) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  };
  return {
    token,
    call,
    get: (path, headers = {}) => call('GET', path, { headers }),
    post: (path, body = {}, headers = {}) => call('POST', path, { body, headers }),
    put: (path, body, headers = {}) => call('PUT', path, { body, headers }),
    patch: (path, body, headers = {}) => call('PATCH', path, { body, headers }),
    delete: (path, headers = {}) => call('DELETE', path, { headers }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Signs in through the console and speaks with everything that the user holds, or with a scope. */
export async function signedIn(server: Pick<TestServer, 'url'>, username: string, scope?: string): Promise<ApiClient> {
  const { body, text } = await post(`${server.url}/oauth/token`, {
    grant_type: 'password',
    client_id: 'console',
    username,
    password: PASSWORD,
    scope,
  });
  if (typeof body['access_token'] !== 'string') throw new Error(`${username} was not let in: ${text}`);
  return apiWith(server, body['access_token']);
}

/** The client `adminclient` in its own name. */
export async function asClient(server: Pick<TestServer, 'url'>, clientId = 'adminclient'): Promise<ApiClient> {
  const { body, text } = await post(`${server.url}/oauth/token`, { grant_type: 'client_credentials' }, basic(clientId, secretOf(clientId)));
  if (typeof body['access_token'] !== 'string') throw new Error(`${clientId} was not let in: ${text}`);
  return apiWith(server, body['access_token']);
}
