import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dayOf } from '../../../src/domain/usage.ts';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, client, organization, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { basic, post } from '../../support/token-client.ts';
import { turnableClock } from '../threats/endpoint.ts';

const DAY = 86_400_000;
const clock = turnableClock(Date.UTC(2026, 5, 15, 12));

let server: TestServer;
let reader: ApiClient;
let partner: ApiClient;

beforeAll(async () => {
  server = await startServer({ clock });
  const passwordHash = await server.app.hasher.hash('Correct-Horse-7-Battery');
  await openAdministered(server.app, async (tx) => {
    // Partners have clients of their own.
    await tx.organizationTypes.put([{ name: 'partner', parents: ['seller'], barredRoles: [], barredResources: [] }]);
    await tx.organizations.put([organization('P', 'partner', { parent: 'S' })]);
    await tx.users.put([user('partner', 'P')]);
    await tx.setPassword('partner', passwordHash, new Date(clock.now()));
    await tx.securityProfiles.put([profile('partner-only', ['OrderAdmin'], { organization: 'P' })]);
    await tx.clients.put([client('nightly', { organization: 'S' }), client('partner-app', { organization: 'P' })]);
    for (const id of ['nightly', 'partner-app']) await tx.addClientSecret(id, secret(secretOf(id)));
    await tx.assignments.put([
      assignment('reading', to.user('partner')),
      assignment('ab', to.client('nightly')),
      assignment('a', to.client('partner-app')),
    ]);
  });
  const ask = (id: string, scope: string) => post(`${server.url}/oauth/token`, { grant_type: 'client_credentials', scope }, basic(id, secretOf(id)));
  await ask('nightly', 'A B OrderAdmin Bogus');
  clock.advance(2 * DAY);
  await ask('nightly', 'A OrderAdmin');
  await ask('partner-app', 'A B');
  reader = await signedIn(server, 'reader', 'SecurityProfileReader ApiClientReader');
  partner = await signedIn(server, 'partner');
  await server.app.usage.flush();
});
afterAll(() => server.close());

const today = (): string => dayOf(clock.now());
const began = (): string => dayOf(clock.now() - 2 * DAY);
const span = () => ({ days: 30, from: began(), to: today(), counted_since: began() });
type Item = Record<string, unknown>;
const by = (items: readonly Item[], name: string, wanted: unknown): Item | undefined => items.find((item) => item[name] === wanted);

describe('what tokens asked for', () => {
  it('is counted by role, names that nobody knows included', async () => {
    const { status, body } = await reader.get('/usage/roles?limit=100&total=true');
    expect(status).toBe(200);
    const { items, total, ...spoken } = body;
    expect(spoken).toEqual(span());
    expect(total).toBe(items.length);
    expect(by(items, 'role', 'A')).toEqual({
      role: 'A',
      known: true,
      requested: 3,
      granted: 3,
      dropped: 0,
      last_used_on: today(),
      last_requested_on: today(),
    });
    expect(by(items, 'role', 'Bogus')).toEqual({
      role: 'Bogus',
      known: false,
      requested: 1,
      granted: 0,
      dropped: 1,
      last_used_on: null,
      last_requested_on: began(),
    });
  });

  it('is counted by client, also where nothing was asked for', async () => {
    const { items } = (await reader.get('/usage/clients?limit=100')).body;
    expect(by(items, 'client_id', 'nightly')).toEqual({
      client_id: 'nightly',
      tokens: 2,
      requested: 6,
      granted: 3,
      dropped: 3,
      last_used_on: today(),
    });
    expect(by(items, 'client_id', 'adminclient')).toEqual({
      client_id: 'adminclient',
      tokens: 0,
      requested: 0,
      granted: 0,
      dropped: 0,
      last_used_on: null,
    });
  });

  it('is counted by security profile, also where it was of no use', async () => {
    const { items } = (await reader.get('/usage/profiles?limit=100')).body;
    expect(by(items, 'security_profile', 'ab')).toMatchObject({ requested: 2, granted: 2, dropped: 0, last_used_on: today() });
    expect(by(items, 'security_profile', 'orders')).toMatchObject({ requested: 0, granted: 0, last_used_on: null, last_requested_on: null });
  });

  it('is counted over the days that were asked for', async () => {
    const { items, ...spoken } = (await reader.get('/usage/clients?limit=100&days=1')).body;
    expect(spoken).toMatchObject({ days: 1, from: today(), to: today(), counted_since: began() });
    expect(by(items, 'client_id', 'nightly')).toMatchObject({ tokens: 1, requested: 2 });
    for (const days of ['0', '100000', '1.5', '-1', '401']) expect((await reader.get(`/usage/clients?days=${days}`)).body.code).toBe('invalid_input');
  });

  it('comes page by page', async () => {
    for (const path of ['/usage/roles', '/usage/clients', '/usage/profiles', '/usage/unused-roles', '/clients/nightly/usage/roles']) {
      const all = (await reader.get(`${path}?limit=100`)).body.items;
      const seen: Item[] = [];
      let cursor: string | undefined;
      do {
        const { status, body } = await reader.get(`${path}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
        expect(status).toBe(200);
        seen.push(...body.items);
        cursor = body.next_cursor;
        if (cursor !== undefined) expect((await reader.get(`${path}?days=7&cursor=${cursor}`)).status).toBe(400);
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
      expect(all.length).toBeGreaterThan(2);
    }
  });
});

describe('what nobody needs', () => {
  it('is roles that are given and in no token', async () => {
    const { items } = (await reader.get('/usage/unused-roles?limit=100')).body;
    expect(by(items, 'role', 'OrderAdmin')).toEqual({
      role: 'OrderAdmin',
      security_profiles: ['orders', 'partner-only'],
      security_profile_count: 2,
      assigned: true,
      last_used_on: null,
    });
    expect(by(items, 'role', 'A')).toBeUndefined();
    expect(by((await reader.get('/usage/unused-roles?limit=100&days=1')).body.items, 'role', 'B')).toMatchObject({ last_used_on: began() });
  });

  it('is scopes that a client asks for in vain, and what it could ask for instead', async () => {
    const { status, body } = await reader.get('/clients/nightly/usage');
    expect(status).toBe(200);
    expect(body).toEqual({
      ...span(),
      client_id: 'nightly',
      tokens: 2,
      least_scope: 'A B',
      least_scope_names: 2,
      asked_in_vain: [
        { role: 'Bogus', known: false, requested: 1, last_requested_on: began() },
        { role: 'OrderAdmin', known: true, requested: 2, last_requested_on: today() },
      ],
      asked_in_vain_total: 2,
    });
    const { items } = (await reader.get('/clients/nightly/usage/roles')).body;
    expect(items.map(({ role, granted }: Item) => [role, granted])).toEqual([
      ['A', 2],
      ['B', 1],
      ['Bogus', 0],
      ['OrderAdmin', 0],
    ]);
  });
});

describe('tenancy', () => {
  it('counts what clients of the own organization asked for', async () => {
    const roles = (await partner.get('/usage/roles?limit=100')).body.items;
    expect(roles.map(({ role, granted, dropped }: Item) => [role, granted, dropped])).toEqual([
      ['A', 1, 0],
      ['B', 0, 1],
    ]);
    expect((await partner.get('/usage/clients?total=true')).body).toMatchObject({ items: [{ client_id: 'partner-app' }], total: 1 });
    const profiles = (await partner.get('/usage/profiles?limit=100')).body.items;
    expect(by(profiles, 'security_profile', 'ab')).toMatchObject({ requested: 0 });
    expect(by(profiles, 'security_profile', 'b2-own')).toBeUndefined();
  });

  it('answers for a client of somebody else, or from above, as for none', async () => {
    for (const id of ['nightly', 'web']) {
      for (const path of ['usage', 'usage/roles']) {
        const [foreign, absent] = [await partner.get(`/clients/${id}/${path}`), await partner.get(`/clients/absent/${path}`)];
        expect([foreign.status, foreign.body.title, foreign.body.code]).toEqual([404, absent.body.title, absent.body.code]);
      }
    }
  });
});

describe('who may not', () => {
  it.each([
    ['/usage/roles', ['SecurityProfileReader', 'SecurityProfileAdmin', 'FullAccess']],
    ['/usage/profiles', ['SecurityProfileReader', 'SecurityProfileAdmin', 'FullAccess']],
    ['/usage/unused-roles', ['SecurityProfileReader', 'SecurityProfileAdmin', 'FullAccess']],
    ['/usage/clients', ['ApiClientReader', 'ApiClientAdmin', 'FullAccess']],
    ['/clients/nightly/usage', ['ApiClientReader', 'ApiClientAdmin', 'FullAccess']],
    ['/clients/nightly/usage/roles', ['ApiClientReader', 'ApiClientAdmin', 'FullAccess']],
  ])('read %s is told what it takes', async (path, sufficient) => {
    const { status, body } = await (await signedIn(server, 'norole')).get(path);
    expect([status, body.code, body.sufficient_roles]).toEqual([403, 'insufficient_roles', sufficient]);
    expect((await fetch(`${server.url}/api/v1${path}`)).status).toBe(401);
  });

  it('touch clients at all reads nothing of them, FullAccess or not', async () => {
    const b1full = await signedIn(server, 'b1full');
    for (const path of ['/usage/clients', '/clients/nightly/usage'])
      expect((await b1full.get(path)).body).toMatchObject({ status: 403, code: 'forbidden' });
  });
});
