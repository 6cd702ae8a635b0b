import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
let root: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    await tx.permissionTypes.put(['data/Order', 'data/Offer', 'data/Order/Line', 'file'].map((type) => ({ type, operations: ['read', 'update'] })));
  });
  root = await signedIn(server, 'root');
  expect((await root.post('/security-profiles', { id: 'wild', permissions: [{ type: 'data/*', operations: ['read'] }] })).status).toBe(201);
});
afterAll(() => server.close());

const rolesGiven = async (permissions: readonly object[]): Promise<string[]> => {
  const { status, text } = await root.patch('/security-profiles/wild', { permissions });
  expect({ status, text }).toMatchObject({ status: 200 });
  expect((await root.post('/assignments', { security_profile: 'wild', user: 'norole' })).status).toBe(201);
  const { body } = await root.get('/users/norole/effective-roles');
  const [{ id }] = (await root.get('/assignments?user=norole')).body.items;
  await root.delete(`/assignments/${id}`);
  return body.roles.map(({ role }: { role: string }) => role) as string[];
};

/** T-73: a pattern is the start of a name and one star; it is compared with every name, so it must cost nothing. */
describe('T-73 patterns in a profile', () => {
  it.each([
    '*a*a*a*a*a*a*a*a*a*a*a*a',
    `${'*a'.repeat(49)}*`,
    '**',
    '*/*',
    '*/Order',
    'data/*/Line',
    'data/**',
    '*Order',
    'data/.*',
    'data/(a+)+$',
    'data/[a-z]',
    'data/?',
    'data/\\*',
    'data/ *',
    'data/*\n',
    '',
    ' *',
    '＊',
    `data/${'x'.repeat(100)}*`,
  ])('are not %j', async (type) => {
    const before = (await root.get('/security-profiles/wild')).body;
    const permissions = [
      { type: 'data/*', operations: ['read'] },
      { type, operations: ['read'] },
    ];
    for (const [answer, pointer] of [
      [await root.post('/security-profiles', { id: 'wilder', permissions }), '/permissions/1/type'],
      [await root.patch('/security-profiles/wild', { permissions }), '/permissions/1/type'],
      [await root.put('/security-profiles/wild', { permissions }), '/permissions/1/type'],
      [await root.post('/security-profiles/wild/clone', { id: 'wilder', permissions }), '/permissions'],
      [await root.post('/workspace', { rolemint: 1, security_profiles: [{ id: 'wild', permissions }] }), '/security_profiles/0/permissions/1/type'],
    ] as const) {
      const pointers = [answer.body.pointer, ...(answer.body.problems ?? []).map((problem: { pointer?: string }) => problem.pointer)];
      expect([answer.status, answer.body.code, pointers]).toEqual([400, 'invalid_input', expect.arrayContaining([pointer])]);
    }
    expect((await root.get('/security-profiles/wild')).body).toEqual(before);
    expect((await root.get('/security-profiles/wilder')).status).toBe(404);
  });

  it('give what starts with them, letter for letter, and the longest decides', async () => {
    expect(await rolesGiven([{ type: 'data/*', operations: ['read'] }])).toEqual(['data/Offer:read', 'data/Order/Line:read', 'data/Order:read']);
    expect(
      await rolesGiven([
        { type: 'data/O*', operations: ['read'] },
        { type: 'data/Order*', operations: [] },
      ]),
    ).toEqual(['data/Offer:read']);
    expect((await root.patch('/security-profiles/wild', { permissions: [{ type: 'Data/*', operations: ['read'] }] })).body.code).toBe(
      'invalid_input',
    );
    expect(
      await rolesGiven([
        { type: '*', operations: ['update'] },
        { type: 'data/*', operations: [] },
      ]),
    ).toEqual(['file:update']);
  });

  it('stand in no name that is given, asked for, or looked for', async () => {
    for (const [path, body] of [
      ['/permission-types', { type: 'data/*', operations: ['read'] }],
      ['/permission-types', { type: 'data/X', operations: ['*'] }],
      ['/roles', { name: '*' }],
      ['/roles', { name: 'Order*' }],
      ['/organizations', { id: '*', name: 'x', type: 'buyer', parent: 'S' }],
    ] as const) {
      expect([path, (await root.post(path, body)).body.code]).toEqual([path, 'invalid_input']);
    }
    const { body } = await root.get(`/preview?user=root&client_id=console&scope=${encodeURIComponent('* data/* .* Order*')}`);
    expect(body.scope).toBe('');
    expect((await root.get('/roles?search=*')).body.items).toEqual([]);
    expect((await root.get('/explain?user=root&role=*')).body.held).not.toBe(true);
  });
});
