import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Assignment } from '../../src/domain/assignment.ts';
import type { Client } from '../../src/domain/client.ts';
import type { StoreTransaction } from '../../src/domain/ports.ts';
import { assignment, AUDIENCE, client, organization, PASSWORD, profile, resourceServer, secret, secretOf, to, user } from '../support/market.ts';
import { basic, claimsOf, type Answer, type Form } from '../support/token-client.ts';
import { expectRefusal, startThreatened, turnableClock, type Threatened } from './threats/endpoint.ts';

const REFUSED = { status: 400, error: 'invalid_grant' };
const HOUR = 3_600_000;

let server: Threatened;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock });
  // What is decided here is not whether the password is right.
  jest.spyOn(server.app.hasher, 'verify').mockImplementation(async (_hash, password) => password === PASSWORD);
});
afterAll(() => server.close());

const change = (work: (tx: StoreTransaction) => Promise<unknown>) => server.app.store.transaction(work);
const added: string[] = [];

/** Adds assignments for the length of one test. */
async function assign(...assignments: readonly Assignment[]): Promise<void> {
  added.push(...assignments.map(({ id }) => id));
  await change((tx) => tx.assignments.put(assignments));
}

afterEach(async () => {
  const ids = added.splice(0);
  await change((tx) => tx.assignments.remove(ids));
});

/** Adds a confidential client of this kind. */
async function addClient(clientId: string, given: Partial<Client> = {}): Promise<void> {
  await change(async (tx) => {
    await tx.clients.put([client(clientId, given)]);
    if ((await tx.findClientSecrets([clientId])).size === 0) await tx.addClientSecret(clientId, secret(secretOf(clientId)));
  });
}

const through = (clientId: string, form: Form) => server.token(form, basic(clientId, secretOf(clientId)));
const signIn = (clientId: string, username: string, form: Form = {}) =>
  through(clientId, { grant_type: 'password', username, password: PASSWORD, ...form });
const refresh = (clientId: string, previous: Answer, form: Form = {}) =>
  through(clientId, { grant_type: 'refresh_token', refresh_token: String(previous.body['refresh_token']), ...form });
const credentials = (clientId: string, form: Form = {}) => through(clientId, { grant_type: 'client_credentials', ...form });

function rolesOf(answer: Answer): unknown {
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
  const claims = claimsOf(answer.body['access_token']);
  expect(claims['scope']).toBe(answer.body['scope']);
  expect((claims['roles'] as string[]).join(' ')).toBe(answer.body['scope']);
  return claims['roles'];
}

describe('reach', () => {
  test('a person holds what is assigned to herself, her groups and her organization, and nothing of the organizations around', async () => {
    await assign(assignment('ab', to.user('b1u')), assignment('everything', to.organization('S')), assignment('everything', to.organization('B2')));
    expect(rolesOf(await signIn('web', 'b1u', { scope: 'A B OrderAdmin OrderReader Shopper FullAccess MarketAdmin' }))).toEqual([
      'A',
      'B',
      'OrderAdmin',
      'OrderReader',
      'Shopper',
    ]);
  });

  test('what an organization holds reaches those below only when it says so', async () => {
    await assign(assignment('ab', to.organization('S'), { includeDescendants: true }));
    expect(rolesOf(await signIn('web', 'b2u', { scope: 'A B' }))).toEqual(['A', 'B']);
    expect(rolesOf(await signIn('web', 'root', { scope: 'A B' }))).toEqual(['A', 'B']);
  });

  test('an assignment that is limited to a client counts in its tokens alone', async () => {
    expect(rolesOf(await signIn('pw', 'b1u', { scope: 'A B' }))).toEqual(['A', 'B']);
    expect(rolesOf(await signIn('web', 'b1u', { scope: 'A B' }))).toEqual([]);
  });

  test('a role that comes by two paths survives the loss of one', async () => {
    const second = assignment('shopping', to.user('b2u'));
    await assign(second);
    const first = await signIn('web', 'b2u', { scope: 'Shopper' });
    await change((tx) => tx.assignments.remove([second.id]));
    const next = await refresh('web', first);
    expect([rolesOf(first), rolesOf(next)]).toEqual([['Shopper'], ['Shopper']]);
  });

  test('full_access is every role of the catalogue; FullAccess is one role', async () => {
    await change((tx) => tx.securityProfiles.put([profile('literal', ['FullAccess'])]));
    await assign(assignment('literal', to.user('b2u')));
    expect(rolesOf(await signIn('web', 'b2u', { scope: 'FullAccess A OrderAdmin' }))).toEqual(['FullAccess']);
    expect(rolesOf(await signIn('web', 'root', { scope: 'FullAccess A OrderAdmin UserAdmin Bogus' }))).toEqual([
      'A',
      'FullAccess',
      'OrderAdmin',
      'UserAdmin',
    ]);
  });

  test('the type of the organization bars roles, whatever is assigned', async () => {
    await assign(assignment('everything', to.user('b1u')));
    expect(rolesOf(await signIn('web', 'b1u', { scope: 'MarketAdmin ApiClientAdmin OrderAdmin' }))).toEqual(['OrderAdmin']);
    expect(rolesOf(await signIn('all', 'b1u'))).not.toContain('MarketAdmin');
    expect(rolesOf(await signIn('web', 'root', { scope: 'MarketAdmin ApiClientAdmin' }))).toEqual(['ApiClientAdmin', 'MarketAdmin']);
  });

  test('wildcards are resolved in each profile for itself, and never reach a token', async () => {
    await change(async (tx) => {
      await tx.permissionTypes.put([
        { type: 'data/Role', operations: ['read', 'update'] },
        { type: 'data/Order', operations: ['read', 'update'] },
      ]);
      await tx.securityProfiles.put([
        profile('wild', [], {
          permissions: [
            { type: 'data/*', operations: ['read', 'update'] },
            { type: 'data/Role', operations: ['read'] },
          ],
        }),
      ]);
    });
    await assign(assignment('wild', to.user('b2u')));
    expect(rolesOf(await signIn('web', 'b2u', { scope: 'data/Role:read data/Role:update data/Order:update data/*:read data/*' }))).toEqual([
      'data/Order:update',
      'data/Role:read',
    ]);
  });
});

describe('limits of a client', () => {
  test('maximum_roles cap every grant', async () => {
    await addClient('capped', { maximumRoles: ['Shopper', 'A'] });
    await assign(assignment('ab', to.client('capped')));
    const first = await signIn('capped', 'b1u', { scope: 'Shopper OrderReader OrderAdmin' });
    expect(rolesOf(first)).toEqual(['Shopper']);
    expect(rolesOf(await refresh('capped', first))).toEqual(['Shopper']);
    expect(rolesOf(await credentials('capped', { scope: 'A B' }))).toEqual(['A']);
  });

  test('minimum_roles: who lacks one is refused, also later', async () => {
    await addClient('demanding', { minimumRoles: ['OrderReader', 'A'] });
    expectRefusal(await signIn('demanding', 'b2u', { scope: 'Shopper' }), REFUSED);
    const enough = assignment('ab', to.user('b2u'));
    await assign(enough);
    const first = await signIn('demanding', 'b2u', { scope: 'Shopper' });
    expect(rolesOf(first)).toEqual(['Shopper']);
    await change((tx) => tx.assignments.remove([enough.id]));
    expectRefusal(await refresh('demanding', first), REFUSED);
  });

  test('a minimum role that the type is barred from, or nobody knows, admits nobody', async () => {
    await assign(assignment('everything', to.user('b1u')));
    for (const minimumRoles of [['MarketAdmin'], ['NobodyKnowsThis'], ['__proto__']]) {
      await addClient('impossible', { minimumRoles });
      expectRefusal(await signIn('impossible', 'b1u'), REFUSED);
    }
  });

  test.each<[string, Client['allowedOrganizations'], readonly string[]]>([
    ['nothing said', {}, ['b1u', 'b2u', 'root']],
    ['a type', { types: ['buyer'] }, ['b1u', 'b2u']],
    ['an id', { ids: ['B2'] }, ['b2u']],
    ['a type or an id', { types: ['seller'], ids: ['B2'] }, ['b2u', 'root']],
    ['nobody', { types: [], ids: [] }, []],
    ['the organization above', { ids: ['S'] }, ['root']],
  ])('allowed_organizations, %s', async (_what, allowedOrganizations, admitted) => {
    await addClient('choosy', { allowedOrganizations });
    for (const id of ['b1u', 'b2u', 'root']) {
      const answer = await signIn('choosy', id);
      if (admitted.includes(id)) expect(answer.status).toBe(200);
      else expectRefusal(answer, REFUSED);
    }
  });

  test.each<[string, Client['omittedScope'], readonly string[]]>([
    ['none', 'none', []],
    ['all', 'all', ['OrderAdmin', 'OrderReader', 'Shopper']],
    ['a list', ['Shopper', 'Bogus', 'MarketAdmin', 'Shopper'], ['Shopper']],
    ['an empty list', [], []],
  ])('omitted_scope %s stands for an absent scope, and for no other', async (_what, omittedScope, expected) => {
    await addClient('brief', { omittedScope });
    const first = await signIn('brief', 'b1u');
    expect(rolesOf(first)).toEqual(expected);
    expect(rolesOf(await refresh('brief', first))).toEqual(expected);
    expect(rolesOf(await signIn('brief', 'b1u', { scope: 'OrderReader' }))).toEqual(['OrderReader']);
  });

  test('a refresh with omitted_scope all gives what was held at sign-in, not what came since', async () => {
    const first = await signIn('all', 'b2u');
    await assign(assignment('ab', to.user('b2u')));
    expect(rolesOf(await refresh('all', first))).toEqual(['OrderReader', 'Shopper']);
  });

  test('access and refresh tokens live as long as the client says', async () => {
    await addClient('brisk', { accessTokenLifetimeSeconds: 120, refreshTokenLifetimeSeconds: 600 });
    const first = await signIn('brisk', 'b1u');
    expect(first.body['expires_in']).toBe(120);
    clock.advance(400_000);
    const second = await refresh('brisk', first);
    expect(second.status).toBe(200);
    // Absolute: a rotation does not move it.
    clock.advance(200_000);
    expectRefusal(await refresh('brisk', second), REFUSED);
    await addClient('brisk', { refreshTokenLifetimeSeconds: 0 });
    expect((await signIn('brisk', 'b1u')).body['refresh_token']).toBeUndefined();
  });
});

describe('a client without a person', () => {
  test('holds what is assigned to itself and to its organization', async () => {
    await addClient('robot', { organization: 'B1' });
    await assign(assignment('ab', to.client('robot')));
    const answer = await credentials('robot', { scope: 'A B Shopper OrderAdmin' });
    expect(rolesOf(answer)).toEqual(['A', 'B', 'Shopper']);
    expect(claimsOf(answer.body['access_token'])).toMatchObject({
      sub: 'robot',
      client_id: 'robot',
      org_id: 'B1',
      org_type: 'buyer',
      org_path: ['S', 'B1'],
      org_ids: ['B1'],
    });
    expect(claimsOf(answer.body['access_token'])['username']).toBeUndefined();
  });

  test("with a context user acts with that user's roles and organizations, still as itself", async () => {
    await addClient('acting', { contextUser: 'b1u', organization: 'S' });
    await assign(assignment('ab', to.client('acting')), assignment('everything', to.organization('S')));
    const answer = await credentials('acting', { scope: 'A FullAccess Shopper OrderAdmin MarketAdmin' });
    expect(rolesOf(answer)).toEqual(['OrderAdmin', 'Shopper']);
    expect(claimsOf(answer.body['access_token'])).toMatchObject({
      sub: 'acting',
      client_id: 'acting',
      username: 'b1u',
      org_id: 'B1',
      org_ids: ['B1', 'B2'],
    });
  });

  test('whose context user is disabled gets no token, and its tokens are inactive', async () => {
    await change((tx) => tx.users.put([user('context', 'B1')]));
    await addClient('acting', { contextUser: 'context' });
    const before = await credentials('acting', { scope: 'Shopper', resource: AUDIENCE.seller });
    expect(rolesOf(before)).toEqual(['Shopper']);
    await change((tx) => tx.users.put([user('context', 'B1', { active: false })]));
    const refused = await credentials('acting', { scope: 'Shopper' });
    expectRefusal(refused, { status: 400, error: 'unauthorized_client' });
    expect(refused.body['error_code']).toBe('Auth.ContextUserNotActive');
    expect((await server.introspect(String(before.body['access_token']))).text).toBe('{"active":false}');
  });

  test('whose organization is disabled gets no token', async () => {
    await change((tx) => tx.organizations.put([organization('B3', 'buyer', { parent: 'S', active: false })]));
    await addClient('orphan', { organization: 'B3' });
    expectRefusal(await credentials('orphan'), { status: 400, error: 'unauthorized_client' });
  });
});

describe('time', () => {
  test('a lease clips the life of the tokens that carry its role, and of no others', async () => {
    await assign(assignment('ab', to.user('b2u'), { validUntil: new Date(clock.now() + 90_000) }));
    const leased = await signIn('web', 'b2u', { scope: 'A Shopper' });
    expect(rolesOf(leased)).toEqual(['A', 'Shopper']);
    const { exp, iat } = claimsOf(leased.body['access_token']) as { exp: number; iat: number };
    expect(leased.body['expires_in']).toBe(exp - iat);
    expect(exp).toBe(Math.floor((clock.now() + 90_000) / 1000));
    expect((await signIn('web', 'b2u', { scope: 'Shopper' })).body['expires_in']).toBe(600);
    clock.advance(90_000);
    expect(rolesOf(await refresh('web', leased))).toEqual(['Shopper']);
    expect(rolesOf(await signIn('web', 'b2u', { scope: 'A Shopper' }))).toEqual(['Shopper']);
  });

  test('the longest path decides on the life', async () => {
    await assign(
      assignment('ab', to.user('b2u'), { validUntil: new Date(clock.now() + 90_000) }),
      assignment('ab', to.organization('B2'), { validUntil: new Date(clock.now() + 200_000) }),
    );
    const { exp } = claimsOf((await signIn('web', 'b2u', { scope: 'A' })).body['access_token']) as { exp: number };
    expect(exp).toBe(Math.floor((clock.now() + 200_000) / 1000));
  });

  test('a role comes and goes on time, without anybody changing anything', async () => {
    await assign(assignment('ab', to.user('b2u'), { validFrom: new Date(clock.now() + HOUR), validUntil: new Date(clock.now() + 2 * HOUR) }));
    const first = await signIn('web', 'b2u', { scope: 'A' });
    expect(rolesOf(first)).toEqual([]);
    clock.advance(HOUR);
    const second = await refresh('web', first);
    expect(rolesOf(second)).toEqual(['A']);
    clock.advance(HOUR);
    expect(rolesOf(await refresh('web', second))).toEqual([]);
  });

  test('an introspected token loses the role in the moment in which the lease ends', async () => {
    const lease = assignment('ab', to.user('b2u'), { validUntil: new Date(clock.now() + 90_000) });
    await assign(lease);
    const longer = assignment('shopping', to.user('b2u'));
    await assign(longer);
    const token = String((await signIn('web', 'b2u', { scope: 'A Shopper', resource: AUDIENCE.seller })).body['access_token']);
    expect((await server.introspect(token)).body).toMatchObject({ active: true, roles: ['A', 'Shopper'] });
    await change((tx) => tx.assignments.put([{ ...lease, validUntil: new Date(clock.now() + 1000) }]));
    clock.advance(1000);
    expect((await server.introspect(token)).body).toMatchObject({ active: true, roles: ['Shopper'], scope: 'Shopper' });
  });

  test('membership in a group has its time too', async () => {
    await change((tx) => tx.users.put([user('b2u', 'B2', { memberships: [{ userGroup: 'ops', validUntil: new Date(clock.now() + 60_000) }] })]));
    const first = await signIn('web', 'b2u', { scope: 'OrderAdmin' });
    expect({ roles: rolesOf(first), life: first.body['expires_in'] }).toEqual({ roles: ['OrderAdmin'], life: expect.any(Number) });
    expect(first.body['expires_in']).toBeLessThanOrEqual(60);
    clock.advance(60_000);
    expect(rolesOf(await refresh('web', first))).toEqual([]);
    await change((tx) => tx.users.put([user('b2u', 'B2')]));
  });
});

describe('refreshing', () => {
  test('starts from what was first asked for, and gives what of it is held now', async () => {
    const first = await signIn('web', 'b2u', { scope: 'A Shopper' });
    expect(rolesOf(first)).toEqual(['Shopper']);
    await assign(assignment('ab', to.user('b2u')));
    const second = await refresh('web', first);
    expect(rolesOf(second)).toEqual(['A', 'Shopper']);
    const narrowed = await refresh('web', second, { scope: 'A' });
    expect(rolesOf(narrowed)).toEqual(['A']);
    // Narrowing one token narrows no later one.
    const whole = await refresh('web', narrowed);
    expect(rolesOf(whole)).toEqual(['A', 'Shopper']);
    expect(rolesOf(await refresh('web', whole, { scope: 'A B OrderReader' }))).toEqual(['A']);
  });

  test('drops what was taken away, to the last role', async () => {
    const lost = assignment('ab', to.user('b2u'));
    await assign(lost);
    const first = await signIn('web', 'b2u', { scope: 'A B' });
    await change((tx) => tx.assignments.remove([lost.id]));
    expect(rolesOf(await refresh('web', first))).toEqual([]);
  });

  test('stays with the API of the sign-in', async () => {
    const first = await signIn('web', 'b1u', { scope: 'Shopper OrderReader', resource: AUDIENCE.b1 });
    expect(rolesOf(first)).toEqual(['Shopper']);
    expectRefusal(await refresh('web', first, { resource: AUDIENCE.seller }), { status: 400, error: 'invalid_target' });
    const second = await refresh('web', first, { resource: AUDIENCE.b1 });
    expect({ aud: claimsOf(second.body['access_token'])['aud'], roles: rolesOf(second) }).toEqual({ aud: AUDIENCE.b1, roles: ['Shopper'] });
  });
});

describe('whoever is disabled', () => {
  const cases: readonly (readonly [string, (active: boolean) => Promise<unknown>])[] = [
    ['user', (active) => change((tx) => tx.users.put([user('b2u', 'B2', { active })]))],
    ['organization', (active) => change((tx) => tx.organizations.put([organization('B2', 'buyer', { parent: 'S', active })]))],
    ['organization above', (active) => change((tx) => tx.organizations.put([organization('S', 'seller', { active })]))],
  ];

  test.each(cases)('a disabled %s: no sign-in, no refresh, nothing active; and all of it again afterwards', async (_what, set) => {
    const first = await signIn('web', 'b2u', { scope: 'Shopper', resource: AUDIENCE.seller });
    const access = String(first.body['access_token']);
    await set(false);
    expectRefusal(await signIn('web', 'b2u'), REFUSED);
    expectRefusal(await refresh('web', first), REFUSED);
    expect((await server.introspect(access)).text).toMatch(/^\{"active":false\}$/);
    expect((await server.introspect(String(first.body['refresh_token']), 'web')).text).toBe('{"active":false}');
    await set(true);
    expect(rolesOf(await refresh('web', first))).toEqual(['Shopper']);
    expect((await server.introspect(access)).body['active']).toBe(true);
  });

  test('a disabled client gets nothing by any grant', async () => {
    const first = await signIn('web', 'b2u', { scope: 'Shopper', resource: AUDIENCE.seller });
    await change((tx) => tx.clients.put([client('web', { active: false })]));
    for (const answer of [await signIn('web', 'b2u'), await refresh('web', first), await credentials('web')])
      expectRefusal(answer, { status: 401, error: 'invalid_client' });
    expect((await server.introspect(String(first.body['access_token']))).text).toBe('{"active":false}');
    await change((tx) => tx.clients.put([client('web')]));
    expect((await refresh('web', first)).status).toBe(200);
  });

  test('a client that lost a grant type cannot use what it got by it', async () => {
    const first = await signIn('web', 'b2u');
    await change((tx) => tx.clients.put([client('web', { grantTypes: ['client_credentials'] })]));
    expectRefusal(await refresh('web', first), { status: 400, error: 'unauthorized_client' });
    expectRefusal(await signIn('web', 'b2u'), { status: 400, error: 'unauthorized_client' });
    await change((tx) => tx.clients.put([client('web')]));
  });
});

describe('the token', () => {
  test('says who, for whom and for what, as RFC 9068 and the claims of Rolemint want it', async () => {
    const answer = await signIn('web', 'b1u', { scope: 'Shopper', resource: AUDIENCE.seller });
    const claims = claimsOf(answer.body['access_token']);
    expect(claims).toEqual({
      iss: 'https://id.example.com',
      sub: 'b1u',
      aud: AUDIENCE.seller,
      client_id: 'web',
      username: 'b1u',
      jti: expect.any(String),
      iat: Math.floor(clock.now() / 1000),
      exp: Math.floor(clock.now() / 1000) + 600,
      scope: 'Shopper',
      roles: ['Shopper'],
      org_id: 'B1',
      org_type: 'buyer',
      org_path: ['S', 'B1'],
      org_ids: ['B1', 'B2'],
    });
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'Shopper',
    });
  });

  test('has the names of OrderCloud too where the API asks for them', async () => {
    const claims = claimsOf((await signIn('web', 'b1u', { scope: 'Shopper', resource: AUDIENCE.oc })).body['access_token']);
    expect(claims).toMatchObject({ usr: 'b1u', cid: 'web', usrtype: 'buyer', role: ['Shopper'], roles: ['Shopper'] });
    const seller = claimsOf((await signIn('web', 'root', { scope: 'A', resource: AUDIENCE.oc })).body['access_token']);
    expect(seller).toMatchObject({ usr: 'root', usrtype: 'admin', role: ['A'] });
    const robot = claimsOf((await server.credentials({ scope: 'A', resource: AUDIENCE.oc })).body['access_token']);
    expect(robot).toMatchObject({ cid: 'svc', role: ['A'], org_ids: [] });
    expect(robot['usr']).toBeUndefined();
  });

  test('carries no role that means nothing to the API', async () => {
    expect(rolesOf(await signIn('web', 'b1u', { scope: 'Shopper OrderReader', resource: AUDIENCE.b1 }))).toEqual(['Shopper']);
    await change((tx) => tx.resourceServers.put([resourceServer('https://none.example.com', { roles: [] })]));
    expect(rolesOf(await signIn('web', 'b1u', { scope: 'Shopper OrderReader', resource: 'https://none.example.com' }))).toEqual([]);
  });

  test('is refused for an API that nobody knows', async () => {
    for (const resource of ['https://unknown.example.com', `${AUDIENCE.seller}/`, 'seller', '__proto__', `${AUDIENCE.seller}#x`]) {
      for (const answer of [await signIn('web', 'b1u', { resource }), await server.credentials({ resource })])
        expectRefusal(answer, { status: 400, error: 'invalid_target' });
    }
  });
});
