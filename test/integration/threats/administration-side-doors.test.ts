import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asClient, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { assignment, client, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { openWorld, type World } from '../api/delegation/world.ts';

/** T-62 to T-66: ways to power that no assignment shows. Nobody of these holds FullAccess unless the name says so. */
let world: World;
let root: ApiClient;
let deleg: ApiClient;
let b1admin: ApiClient;
let b1full: ApiClient;
let b2admin: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  const { server } = world;
  await server.app.store.transaction(async (tx) => {
    await tx.users.put([
      user('dormant', 'S'),
      user('crossing', 'S', { memberships: [{ userGroup: 'p1ops' }] }),
      user('known', 'B2', { email: 'known@example.com' }),
      user('shared', 'B1'),
      user('leaser', 'S'),
      user('permanent', 'S'),
    ]);
    await tx.securityProfiles.put([profile('clients', ['ApiClientAdmin', 'UserAdmin']), profile('market', ['MarketAdmin', 'UserAdmin'])]);
    const itself = { organization: 'S', grantTypes: ['client_credentials'], omittedScope: 'all' } as const;
    await tx.clients.put([
      client('narrow', { ...itself, contextUser: 'root', maximumRoles: ['UserAdmin'] }),
      client('lease', { ...itself, contextUser: 'leaser' }),
      client('gate', { organization: 'S', grantTypes: ['password'], minimumRoles: ['MarketAdmin'], maximumRoles: ['A'] }),
    ]);
    for (const id of ['narrow', 'lease', 'gate']) await tx.addClientSecret(id, secret(secretOf(id)));
    await tx.impersonationRules.put([
      { id: 'from-above', impersonator: to.user('root'), target: to.user('shared'), securityProfile: 'shopping', client: 'web' },
    ]);
    await tx.assignments.put([
      assignment('everything', to.user('dormant')),
      assignment('clients', to.user('leaser'), { validUntil: new Date(world.clock.now() + 86_400_000) }),
      assignment('clients', to.user('permanent')),
    ]);
  });
  deleg = world.as('deleg');
  b1admin = world.as('b1admin');
  [root, b1full, b2admin] = await Promise.all([signedIn(server, 'root'), signedIn(server, 'b1full'), signedIn(server, 'b2admin')]);
});

afterAll(() => world.server.close());

function refused(answer: ApiAnswer, roles?: readonly string[]): void {
  expect(answer.body).toMatchObject({ code: 'above_ceiling', ...(roles === undefined ? {} : { roles }) });
  expect(answer.status).toBe(403);
}

async function unchanged(path: string, act: () => Promise<void>): Promise<void> {
  const before = await root.get(path);
  await act();
  expect((await root.get(path)).body).toEqual(before.body);
}

describe('the tree', () => {
  it('does not let somebody with more be moved to where it is held over more', async () => {
    await unchanged('/users/b1full', async () => refused(await deleg.patch('/users/b1full', { organization: 'S' }), ['FullAccess']));
    await unchanged('/users/b1full', async () =>
      refused(await deleg.patch('/users/b1full', { organization: 'B2' }), ['FullAccess', 'data/secret:read']),
    );
  });

  it('does not let an organization be put below somebody with more', async () => {
    await root.post('/organization-types', { name: 'branch', parents: ['seller', 'buyer'] });
    await root.post('/organizations', { id: 'branch', type: 'branch', parent: 'S' });
    await unchanged('/organizations/branch', async () => refused(await deleg.patch('/organizations/branch', { parent: 'B1' }), ['FullAccess']));
    await unchanged('/organizations/branch', async () => refused(await deleg.post('/organizations/branch/move', { parent: 'B1' }), ['FullAccess']));
  });

  it('does not let an administrator make a root of the own organization', async () => {
    for (const api of [b2admin, b1full]) {
      const own = api === b2admin ? 'B2' : 'B1';
      await unchanged(`/organizations/${own}`, async () => {
        expect((await api.patch(`/organizations/${own}`, { type: 'seller', parent: null })).status).toBeGreaterThanOrEqual(400);
        expect((await api.post(`/organizations/${own}/move`, { parent: null })).status).toBeGreaterThanOrEqual(400);
      });
    }
    refused(await b2admin.patch('/organizations/B2', { type: 'seller', parent: null }), []);
    refused(await b2admin.patch('/organizations/B2', { type: 'partner' }), []);
  });

  it('opens to a type what it is barred from only for FullAccess', async () => {
    await unchanged('/organization-types/buyer', async () => {
      refused(await deleg.patch('/organization-types/buyer', { barred_resources: ['keys'] }), ['FullAccess']);
      refused(await deleg.patch('/organization-types/buyer', { barred_resources: [] }), ['FullAccess']);
      refused(await deleg.patch('/organizations/B2', { type: 'partner' }), ['FullAccess']);
    });
    expect((await root.patch('/organization-types/branch', { barred_roles: ['UserAdmin'] })).status).toBe(200);
    refused(await deleg.patch('/organization-types/branch', { barred_roles: [] }), ['FullAccess']);
  });
});

describe('assignments that reach nobody yet', () => {
  it.each([
    ['an empty group', { user_group: 'sellers' }, ['MarketAdmin', 'OrderAdmin']],
    ['a user who is disabled', { user: 'gone' }, ['OrderAdmin']],
    ['a client that gets no tokens of its own', { client_id: 'spa' }, ['MarketAdmin', 'OrderAdmin']],
    ['an organization that is disabled', { organization: 'B3' }, ['OrderAdmin']],
  ])('are refused for %s', async (_, party, roles) => {
    refused(await deleg.post('/assignments', { security_profile: 'orders', ...party, valid_until: '2030-01-01' }), roles);
  });

  it('do not count what nobody there can ever hold', async () => {
    const made = await root.post('/assignments', { security_profile: 'market', organization: 'B2' });
    expect(made.status).toBe(201);
    expect((await b2admin.post('/assignments', { security_profile: 'market', user: 'b2u' })).status).toBe(201);
    await root.delete(`/assignments/${made.body.id}`);
  });
});

describe('impersonation', () => {
  it('does not let anybody into a group that may act with more', async () => {
    for (const id of ['helper', 'deleg']) {
      await unchanged(`/users/${id}`, async () => refused(await deleg.put(`/user-groups/support/members/${id}`, {}), ['MarketAdmin', 'OrderAdmin']));
    }
  });

  it('does not let the role that it takes be given to who may then act with more', async () => {
    expect((await deleg.put('/user-groups/support/members/norole', {})).status).toBe(200);
    refused(await deleg.post('/assignments', { security_profile: 'impersonating', user: 'norole' }), ['MarketAdmin', 'OrderAdmin']);
    refused(await deleg.post('/assignments', { security_profile: 'impersonating', user_group: 'support' }), ['MarketAdmin', 'OrderAdmin']);
    await deleg.delete('/user-groups/support/members/norole');
  });

  it('does not let the password of who may act with more be set', async () => {
    refused(await deleg.put('/users/helper/password', { password: 'Correct-Horse-8-Battery' }), ['MarketAdmin', 'OrderAdmin']);
    refused(await deleg.post('/users/helper/password-link', undefined), ['MarketAdmin', 'OrderAdmin']);
    refused(await deleg.patch('/users/helper', { email: 'mine@example.com' }), ['MarketAdmin', 'OrderAdmin']);
  });

  it('does not let a rule reach members from outside', async () => {
    await root.post('/assignments', { security_profile: 'impersonating', user: 'p1admin' });
    const rule = { impersonator: { user: 'p1admin' }, target: { user_group: 'p1ops' }, security_profile: 'p1-own', client: 'web' };
    refused(await world.as('p1admin').post('/impersonation-rules', { id: 'spy', ...rule }), ['Shopper']);
    expect((await root.get('/impersonation-rules/spy')).status).toBe(404);
    expect((await world.as('p1admin').post('/impersonation-rules', { id: 'own', ...rule, target: { organization: 'P1' } })).status).toBe(201);
  });
});

describe('definitions', () => {
  it('does not let an operation be taken away, covered by a wildcard and brought back', async () => {
    const type = `/permission-types/${encodeURIComponent('data/secret')}`;
    expect((await deleg.patch(type, { operations: ['read'] })).status).toBe(200);
    expect((await deleg.post('/security-profiles', { id: 'covering', permissions: [{ type: 'data/*', operations: ['update'] }] })).status).toBe(201);
    refused(await deleg.patch(type, { operations: ['read', 'update'] }), ['data/secret:update']);
    expect((await root.patch(type, { operations: ['read', 'update'] })).status).toBe(200);
    await root.delete('/security-profiles/covering');
  });

  it('does not let a permission type grow under a profile that others made', async () => {
    refused(await deleg.patch(`/permission-types/${encodeURIComponent('data/late')}`, { operations: ['list', 'read'] }), ['data/late:read']);
    expect((await deleg.post('/roles', { name: 'Novelty' })).status).toBe(201);
    expect((await deleg.delete('/roles/Novelty')).status).toBe(204);
  });
});

describe('clients', () => {
  it('lets nobody make a client through which more could flow than is held', async () => {
    refused(await deleg.post('/clients', { client_id: 'lure', grant_types: ['authorization_code'], redirect_uris: ['https://lure.example.com/'] }));
    refused(await deleg.post('/clients', { client_id: 'lure', grant_types: ['password'], maximum_roles: ['A', 'B'] }), ['B']);
    expect((await root.get('/clients/lure')).status).toBe(404);
    expect((await deleg.post('/clients', { client_id: 'fair', grant_types: ['password'], maximum_roles: ['A'] })).status).toBe(201);
    refused(await deleg.patch('/clients/fair', { maximum_roles: null }));
  });

  it('does not let the answers for people with more be turned elsewhere', async () => {
    await root.post('/clients', { client_id: 'shop', grant_types: ['authorization_code'], redirect_uris: ['https://shop.example.com/'] });
    await unchanged('/clients/shop', async () => refused(await deleg.patch('/clients/shop', { redirect_uris: ['https://lure.example.com/'] })));
    expect((await deleg.patch('/clients/shop', { client_name: 'Shop' })).status).toBe(200);
  });

  it('does not let a gate be opened by who could not pass it', async () => {
    refused(await deleg.patch('/clients/gate', { minimum_roles: [] }), ['MarketAdmin']);
    expect((await deleg.patch('/clients/gate', { minimum_roles: ['MarketAdmin', 'A'] })).status).toBe(200);
    expect((await deleg.patch('/clients/gate', { minimum_roles: ['MarketAdmin'] })).status).toBe(200);
  });

  it('holds a client that acts for itself to its own maximum', async () => {
    const narrow = await asClient(world.server, 'narrow');
    refused(await narrow.put('/users/dormant/password', { password: 'Correct-Horse-8-Battery' }));
    expect((await narrow.patch('/users/b2u', { email: 'b2u@example.com' })).body).toMatchObject({ code: 'above_ceiling' });
    expect((await narrow.post('/users', { id: 'by-narrow', organization: 'S' })).status).toBe(201);
  });

  it('does not let a client extend its lease by another context user', async () => {
    const lease = await asClient(world.server, 'lease');
    await unchanged('/clients/lease', async () =>
      refused(await lease.patch('/clients/lease', { context_user: 'permanent' }), ['ApiClientAdmin', 'UserAdmin']),
    );
  });
});

describe('the management API itself', () => {
  it('is no resource server whose tokens could be emptied for everybody, or looked into', async () => {
    const path = `/resource-servers/${encodeURIComponent(ISSUER)}`;
    refused(await deleg.post('/resource-servers', { audience: ISSUER, roles: ['A'] }), ['FullAccess']);
    refused(await deleg.post('/resource-servers', { audience: ISSUER, clients: ['svc'] }), ['FullAccess']);
    expect((await root.post('/resource-servers', { audience: ISSUER })).status).toBe(201);
    refused(await deleg.patch(path, { roles: ['A'] }), ['FullAccess']);
    refused(await deleg.delete(path), ['FullAccess']);
    expect((await root.delete(path)).status).toBe(204);
    expect((await deleg.post('/resource-servers', { audience: 'https://new.example.com', roles: ['A'] })).status).toBe(201);
  });
});

describe('a whole workspace', () => {
  const apply = (api: ApiClient, sections: object, query = ''): Promise<ApiAnswer> => api.post(`/workspace${query}`, { rolemint: 1, ...sections });

  it('does not set the first password of who holds more, or lies outside', async () => {
    refused(await apply(deleg, { users: [{ id: 'dormant', password: 'Correct-Horse-8-Battery' }] }));
    for (const id of ['dormant', 'known', 'nobody']) {
      const answer = await apply(b1admin, { users: [{ id, password: 'Correct-Horse-8-Battery' }] });
      expect([id, answer.status < 300]).toEqual([id, false]);
    }
    const owners = await world.server.app.store.transaction((tx) => tx.findPasswordOwners(['dormant', 'known']), { rollback: true });
    expect([...owners]).toEqual([]);
  });

  it('does not add a secret to a client that holds more, or lies outside', async () => {
    refused(await apply(deleg, { clients: [{ client_id: 'svc', client_secret: 'guessed-secret' }] }), ['B']);
    const outside = await apply(world.as('p1admin'), { clients: [{ client_id: 'svc', client_secret: 'guessed-secret' }] });
    expect(outside.body).toMatchObject({ code: 'not_found' });
    const secrets = await world.server.app.store.transaction((tx) => tx.findClientSecrets(['svc']), { rollback: true });
    expect(secrets.get('svc')).toHaveLength(1);
  });

  it('does not tell by silence how things are outside', async () => {
    for (const email of ['known@example.com', 'other@example.com']) {
      const answer = await apply(b1admin, { users: [{ id: 'known', email }] });
      expect(answer.body).toMatchObject({ code: 'not_found', title: 'There is no user "known".' });
    }
  });

  it('prunes only the own', async () => {
    const pruned = await apply(b2admin, { user_groups: [] }, '?prune=true');
    expect([pruned.status, pruned.text]).toEqual([204, '']);
    expect((await root.get('/user-groups/b2ops')).status).toBe(404);
    expect((await root.get('/user-groups/ops')).status).toBe(200);
  });
});

describe('what others put there', () => {
  it('stays when the rest is changed, and cannot be added to', async () => {
    // b1u may act for B2, which the administrator of B1 does not know.
    expect((await b1admin.patch('/users/b1u', { authorized_organizations: ['B2', 'B1-site'] })).body).toMatchObject({
      authorized_organizations: ['B1-site', 'B2'],
    });
    expect((await b1admin.patch('/users/soon', { authorized_organizations: ['B2'] })).body).toMatchObject({
      code: 'invalid_input',
      title: expect.stringContaining('there is no organization'),
    });
    expect((await b1admin.patch('/users/soon', { authorized_organizations: ['B9'] })).body).toMatchObject({
      code: 'invalid_input',
      title: expect.stringContaining('there is no organization'),
    });
  });

  it('keeps a user whom a rule from above names, without naming the rule', async () => {
    const answer = await b1admin.delete('/users/shared');
    expect(answer.body).toMatchObject({ code: 'in_use', title: 'It is still needed elsewhere.', used_by: [] });
    expect(answer.text).not.toContain('from-above');
  });
});
