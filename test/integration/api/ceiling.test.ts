import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { startServer, type TestServer } from '../../support/server.ts';

describe('the ceiling', () => {
  let server: TestServer;
  let deleg: ApiClient;
  let root: ApiClient;
  let b1admin: ApiClient;

  beforeAll(async () => {
    server = await startServer();
    await openAdministered(server.app);
    [deleg, root, b1admin] = await Promise.all([signedIn(server, 'deleg'), signedIn(server, 'root'), signedIn(server, 'b1admin')]);
  });

  afterAll(async () => server.close());

  const refused = (
    answer: { readonly status: number; readonly body: { readonly code?: string; readonly roles?: unknown } },
    roles: readonly string[],
  ) => {
    expect(answer.body).toMatchObject({ code: 'above_ceiling', roles });
    expect(answer.status).toBe(403);
  };

  it('lets an administrator assign what the administrator holds', async () => {
    const made = await deleg.post('/assignments', { security_profile: 'a', user: 'norole', reason: 'to see A' });
    expect(made.body).toMatchObject({ security_profile: 'a', user: 'norole', assigned_by: 'deleg', gives_full_access: false });
    expect(made.status).toBe(201);
    expect((await deleg.get(made.headers.get('location')!.slice('/api/v1'.length))).body).toEqual(made.body);
  });

  it('refuses to assign what the administrator does not hold, naming the roles, and writes nothing', async () => {
    refused(await deleg.post('/assignments', { security_profile: 'ab', user: 'norole' }), ['B']);
    expect((await deleg.get('/assignments?user=norole&security_profile=ab')).body.items).toEqual([]);
  });

  it('refuses an assignment that begins later', async () => {
    refused(await deleg.post('/assignments', { security_profile: 'ab', user: 'norole', valid_from: '2999-01-01T00:00:00Z' }), ['B']);
  });

  it('refuses a profile that gives more, assigned or not', async () => {
    refused(await deleg.post('/security-profiles', { id: 'more', roles: ['A', 'B'] }), ['B']);
    refused(await deleg.post('/security-profiles', { id: 'more', full_access: true }), await everyRoleBut(deleg));
    expect((await deleg.get('/security-profiles/more')).status).toBe(404);
  });

  it('refuses to edit, clone or delete a profile that has more', async () => {
    refused(await deleg.patch('/security-profiles/ab', { roles: ['A'] }), ['B']);
    refused(await deleg.post('/security-profiles/ab/clone', { id: 'ab-clone' }), ['B']);
    expect((await deleg.delete('/security-profiles/everything')).status).toBe(409);
  });

  it('refuses a user in a group that gives more, on the final state', async () => {
    refused(await deleg.post('/users', { id: 'new1', organization: 'B1', user_groups: ['ops'] }), ['OrderAdmin']);
    refused(await deleg.put('/user-groups/ops/members/b1admin', {}), ['OrderAdmin']);
    expect((await deleg.get('/users/new1')).status).toBe(404);
  });

  it('lets a group that gives what is held be filled', async () => {
    expect((await deleg.post('/assignments', { security_profile: 'a', user_group: 'sellers' })).status).toBe(201);
    expect((await deleg.put('/user-groups/sellers/members/norole', {})).status).toBe(200);
    expect((await deleg.get('/user-groups/sellers/members')).body.items).toMatchObject([{ user: 'norole' }]);
    refused(await deleg.post('/assignments', { security_profile: 'ab', user_group: 'sellers' }), ['B']);
    expect((await deleg.delete('/user-groups/sellers/members/norole')).status).toBe(204);
  });

  it('refuses to move somebody to where more is inherited', async () => {
    // The group of b1u gives MarketAdmin, which only buyers are barred from; and OrderAdmin of the seller is more than of B1.
    refused(await deleg.patch('/users/b1u', { organization: 'S' }), ['B', 'MarketAdmin', 'OrderAdmin']);
  });

  it('refuses a client that would act with more', async () => {
    refused(await deleg.post('/clients', { client_id: 'c1', grant_types: ['client_credentials'], context_user: 'root' }), await everyRoleBut(deleg));
    refused(await deleg.post('/clients', { client_id: 'c1', grant_types: ['client_credentials'], maximum_roles: ['B'] }), ['B']);
    expect((await deleg.get('/clients/c1')).status).toBe(404);
    const made = await deleg.post('/clients', { client_id: 'c2', grant_types: ['client_credentials'], maximum_roles: ['A'] });
    expect(made.status).toBe(201);
    expect(made.body.client_secret).toMatch(/^[\w-]{43}$/);
    refused(await deleg.patch('/clients/c2', { maximum_roles: ['A', 'B'] }), ['B']);
  });

  it('refuses another secret for a client that holds more', async () => {
    refused(await deleg.post('/clients/svc/secrets', {}), ['B']);
  });

  it('lets nobody extend the own rights', async () => {
    const lease = await root.post('/assignments', { security_profile: 'orders', user: 'deleg', valid_until: '2999-01-01T00:00:00Z' });
    refused(await deleg.patch(`/assignments/${lease.body.id}`, { valid_until: null }), ['MarketAdmin', 'OrderAdmin']);
    await root.delete(`/assignments/${lease.body.id}`);
  });

  it('asks for a word before FullAccess is given for good', async () => {
    const asked = await root.post('/assignments', { security_profile: 'full', user: 'norole' });
    expect(asked.body).toMatchObject({ code: 'invalid_input', pointer: '/confirm' });
    expect((await root.post('/assignments', { security_profile: 'full', user: 'norole', confirm: 'full_access' })).body).toMatchObject({
      gives_full_access: true,
    });
    const [assigned] = (await root.get('/audit-events?type=profile_assigned&limit=1')).body.items;
    expect(assigned).toMatchObject({
      actor: { kind: 'user', id: 'root' },
      after: { security_profile: 'full', user: 'norole', gives_full_access: true },
    });
    const [given] = (await root.get('/assignments?user=norole&security_profile=full')).body.items;
    expect((await root.delete(`/assignments/${given.id}`)).status).toBe(204);
  });

  it('keeps an administrator within the own organization and those below', async () => {
    for (const path of ['/users/b2u', '/organizations/B2', '/user-groups/b2ops', '/security-profiles/b2-own', '/users/root']) {
      const foreign = await b1admin.get(path);
      const absent = await b1admin.get(`${path}-absent`);
      const { request_id: _foreign, ...one } = foreign.body;
      const { request_id: _absent, ...other } = absent.body;
      expect(one).toEqual(other);
      expect(foreign.status).toBe(404);
      expect((await b1admin.delete(path)).status).toBe(404);
    }
    expect((await b1admin.get('/users/s1u')).status).toBe(200);
  });

  it('tells in a dry run who would gain what, and changes nothing', async () => {
    const answer = await deleg.post('/assignments?dry_run=true', { security_profile: 'a', organization: 'B2' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      dry_run: true,
      subjects: { total: 2, cut: false },
      by_organization: [{ organization: 'B2', role: 'A', gained: 2, lost: 0 }],
    });
    expect((await deleg.get('/assignments?organization=B2&security_profile=a')).body.items).toEqual([]);
  });

  it('never loses the last administrator', async () => {
    const holders = (await root.get('/assignments?security_profile=everything')).body.items;
    const others = (await root.get('/assignments?security_profile=full')).body.items;
    for (const { id } of others) expect((await root.delete(`/assignments/${id}`)).status).toBe(204);
    const last = await root.delete(`/assignments/${holders[0].id}`);
    expect(last.body).toMatchObject({ code: 'in_use' });
    expect((await root.patch('/users/root', { active: false })).body).toMatchObject({ code: 'in_use' });
  });

  async function everyRoleBut(one: ApiClient): Promise<string[]> {
    const held = new Set((await one.get('/me')).body.roles);
    const roles: string[] = server.app.services.access === undefined ? [] : [...(await server.app.services.access.workspace()).catalogue.roles];
    return roles.filter((role) => !held.has(role)).sort();
  }
});
