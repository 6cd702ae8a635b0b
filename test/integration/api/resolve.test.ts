import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, profile, to } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';

const PATH = '/security-profiles/resolve';

let server: TestServer;
let root: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    await tx.securityProfiles.put([profile('profiles-only', ['SecurityProfileReader'])]);
    await tx.assignments.put([assignment('profiles-only', to.user('b2u'))]);
    await tx.permissionTypes.put([
      { type: 'data/Role', operations: ['read', 'update'] },
      { type: 'data/User', operations: ['create', 'read', 'update'] },
      { type: 'jobs/Nightly', operations: ['run'] },
    ]);
  });
  root = await signedIn(server, 'root');
});
afterAll(() => server.close());

const resolved = async (draft: object, as: ApiClient = root): Promise<readonly string[]> => {
  const { status, body } = await as.post(PATH, draft);
  expect([status, Object.keys(body as object)]).toEqual([200, ['roles']]);
  return body.roles as string[];
};

describe('what a draft of a profile would give', () => {
  it('is nothing for one that says nothing', async () => {
    expect(await resolved({})).toEqual([]);
    expect(await resolved({ roles: [], permissions: [], full_access: false })).toEqual([]);
  });

  it('is its roles, sorted, as far as they are defined', async () => {
    expect(await resolved({ roles: ['Shopper', 'A', 'FullAccess', 'NobodyDefinedThis'] })).toEqual(['A', 'FullAccess', 'Shopper']);
  });

  it.each([
    ['a pattern, for each type that it matches', [['data/*', 'read']], ['data/Role:read', 'data/User:read']],
    ['operations as far as the type has them', [['data/*', 'create', 'read']], ['data/Role:read', 'data/User:create', 'data/User:read']],
    [
      'the most specific entry in the place of wider ones',
      [
        ['data/*', 'read', 'update'],
        ['data/Role', 'read'],
      ],
      ['data/Role:read', 'data/User:read', 'data/User:update'],
    ],
    ['an entry without operations, which takes all away', [['*', 'read', 'run'], ['data/*']], ['jobs/Nightly:run']],
    ['a type that nobody defined', [['data/Absent', 'read']], []],
  ])('is what its permissions come to: %s', async (_, entries, roles) => {
    const permissions = entries.map(([type, ...operations]) => ({ type, operations }));
    expect(await resolved({ permissions })).toEqual(roles);
  });

  it('is every role of the catalogue with full_access, and FullAccess is one name among them', async () => {
    const roles = await resolved({ full_access: true });
    expect(roles).toEqual(expect.arrayContaining(['A', 'FullAccess', 'UserReader', 'data/Role:update', 'jobs/Nightly:run']));
    expect(roles).toEqual(roles.toSorted());
    expect(new Set(roles).size).toBe(roles.length);
  });

  it('is what somebody holds to whom it is assigned', async () => {
    const draft = {
      roles: ['Shopper'],
      permissions: [
        { type: 'data/*', operations: ['read', 'update'] },
        { type: 'data/Role', operations: [] },
      ],
    };
    const roles = await resolved(draft);
    expect((await root.post('/security-profiles', { id: 'drafted', name: 'Drafted', ...draft })).status).toBe(201);
    expect((await root.post('/assignments', { security_profile: 'drafted', user: 'norole' })).status).toBe(201);
    const { body } = await root.get('/users/norole/effective-roles');
    expect((body.roles as { role: string }[]).map(({ role }) => role)).toEqual(roles);
  });

  it('is told to whoever reads profiles, holding those roles or not, and nothing is kept of it', async () => {
    const { store } = server.app;
    const events = async () => (await store.audit.list({ tenancy: EVERYTHING, filters: {}, descending: true, limit: 1, total: true })).total;
    const before = await events();
    expect(await resolved({ roles: ['FullAccess'] }, await signedIn(server, 'b2u'))).toEqual(['FullAccess']);
    expect(await events()).toBe(before);
  });
});

describe('a draft that is refused', () => {
  it.each([
    ['/roles/0', { roles: [7] }],
    ['/roles', { roles: 'Shopper' }],
    ['/permissions/0/type', { permissions: [{ type: 'data/*/x', operations: ['read'] }] }],
    ['/full_access', { full_access: 'yes' }],
    ['/name', { name: 'Profiles have names, what they give has none.' }],
  ])('at %s', async (pointer, draft) => {
    const { status, body } = await root.post(PATH, draft);
    expect([status, body.code]).toEqual([400, 'invalid_input']);
    expect([body.pointer, ...(body.problems ?? []).map((problem: { pointer: string }) => problem.pointer)]).toContain(pointer);
  });

  it('because of who asks', async () => {
    const { status, body } = await (await signedIn(server, 'norole', 'UserReader')).post(PATH, {});
    expect([status, body.code, body.sufficient_roles]).toEqual([
      403,
      'insufficient_roles',
      ['SecurityProfileReader', 'SecurityProfileAdmin', 'FullAccess'],
    ]);
    expect((await fetch(`${server.url}/api/v1${PATH}`, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});
