import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asClient, openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { recordedAuditEvents } from '../../support/audit.ts';
import { assignment, PASSWORD, profile, to, user } from '../../support/market.ts';
import { openOutbox, type Outbox } from '../../support/outbox.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { post } from '../../support/token-client.ts';
import { turnableClock } from '../threats/endpoint.ts';

const NEW = 'Another-Fine-Password-9';
const DAY = 86_400_000;

let server: TestServer;
let outbox: Outbox;
const clock = turnableClock();

beforeAll(async () => {
  outbox = await openOutbox();
  server = await startServer({
    clock,
    env: { ROLEMINT_OUTBOX_DIR: outbox.folder, ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' },
  });
  const people = ['ann', 'bea', 'cat', 'dora', 'old'];
  const passwordHash = await server.app.hasher.hash(PASSWORD);
  await openAdministered(server.app, async (tx) => {
    await tx.users.put(
      people.map((id) => user(id, 'B1', { email: `${id}@example.com`, memberships: [{ userGroup: 'ops', reason: 'works there' }] })),
    );
    for (const id of people) await tx.setPassword(id, passwordHash, new Date(clock.now()));
    await tx.securityProfiles.put([
      profile('mine', ['MeAdmin']),
      profile('aging', ['PasswordReset', 'MeAdmin'], { passwordPolicy: { maximumAgeDays: 1, minimumLength: 12 } }),
    ]);
    await tx.assignments.put([
      ...['ann', 'bea', 'cat', 'dora'].map((id) => assignment('mine', to.user(id))),
      assignment('aging', to.user('old')),
      assignment('a', to.organization('S'), { includeDescendants: true, reason: 'internal matter', assignedBy: 'root' }),
    ]);
  });
});
afterAll(async () => {
  await server.close();
  await outbox.remove();
});

const as = (username: string, scope?: string) => signedIn(server, username, scope);
const eventsOf = async (type: string, id: string) =>
  (await recordedAuditEvents(server.app.store, { limit: 1000, type })).filter(({ target }) => target.id === id);

function expectForbidden({ status, body }: ApiAnswer, sufficient: readonly string[]): void {
  expect(body).toMatchObject({ code: 'insufficient_roles', sufficient_roles: [...sufficient, 'FullAccess'] });
  expect(status).toBe(403);
}

describe('the own profile', () => {
  it('is shown with all its fields to whoever asks, with whatever token', async () => {
    const ann = await as('ann', 'Nothing');
    const { status, body } = await ann.get('/me');
    expect(status).toBe(200);
    expect(body).toEqual({
      subject: { kind: 'user', id: 'ann' },
      username: 'ann',
      client_id: 'console',
      organization: { id: 'B1', type: 'buyer', path: ['S', 'B1'] },
      roles: [],
      tenancy: { kind: 'subtree', organization: 'B1' },
      barred_resources: ['clients', 'resource_servers', 'keys'],
      user: {
        id: 'ann',
        username: 'ann',
        organization: 'B1',
        email: 'ann@example.com',
        active: true,
        user_groups: [{ user_group: 'ops', reason: 'works there' }],
        authorized_organizations: [],
      },
    });
  });

  it('says what the type of the own organization is barred from: exactly what is refused, FullAccess or not', async () => {
    const full = await as('b1full');
    const { barred_resources: barred } = (await full.get('/me')).body;
    expect(barred).toEqual(['clients', 'resource_servers', 'keys']);
    for (const [resource, path] of Object.entries({ clients: '/clients', resource_servers: '/resource-servers', keys: '/keys', users: '/users' })) {
      expect([resource, (await full.get(path)).status]).toEqual([resource, barred.includes(resource) ? 403 : 200]);
    }
    expect((await (await as('root')).get('/me')).body.barred_resources).toEqual([]);
    await server.app.store.transaction((tx) =>
      tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'], barredResources: ['users'] }]),
    );
    // The token is the same: what counts is the type as it is now.
    expect((await full.get('/me')).body.barred_resources).toEqual(['users']);
    expect((await full.get('/users')).body).toMatchObject({ status: 403, code: 'forbidden' });
    await server.app.store.transaction((tx) => tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'] }]));
  });

  it('can be changed with MeAdmin: the former address is told, and it stands in the audit', async () => {
    const ann = await as('ann');
    const before = await ann.get('/me');
    const changed = await ann.patch(
      '/me',
      { email: 'ann.other@example.com', current_password: PASSWORD },
      { 'if-match': before.headers.get('etag')! },
    );
    expect(changed.status).toBe(200);
    expect(changed.body.user.email).toBe('ann.other@example.com');
    const after = await ann.get('/me');
    expect(after.body).toEqual(changed.body);
    expect(after.headers.get('etag')).toBe(changed.headers.get('etag'));
    const [mail] = await outbox.take(1);
    expect(mail).toContain('To: ann@example.com');
    expect(await eventsOf('user_updated', 'ann')).toMatchObject([
      { actor: { kind: 'user', id: 'ann' }, organization: 'B1', before: { email: 'ann@example.com' }, after: { email: 'ann.other@example.com' } },
    ]);
    expect((await ann.patch('/me', { email: null, current_password: PASSWORD })).body.user).not.toHaveProperty('email');
    await outbox.take(1);
  });

  it('stays as it is after a dry run, an empty patch and every refusal', async () => {
    const bea = await as('bea');
    const before = await bea.get('/me');
    expect((await bea.patch('/me?dry_run=true', { email: 'x@example.com', current_password: PASSWORD })).body).toEqual({ dry_run: true });
    expect((await bea.patch('/me', {})).body).toEqual(before.body);
    const stale = await bea.patch('/me', { email: 'x@example.com', current_password: PASSWORD }, { 'if-match': '"other"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'stale_version']);
    expect((await bea.patch('/me', {}, { 'if-match': '"other"' })).status).toBe(412);
    const wrong = await bea.patch('/me', { email: 'nobody', current_password: PASSWORD });
    expect(wrong.body).toMatchObject({ code: 'invalid_input', pointer: '/email', title: '"nobody" is not a mail address.' });
    for (const member of ['username', 'organization', 'user_groups', 'active', 'id']) {
      const refused = await bea.patch('/me', { [member]: 'x' });
      expect(refused.body).toMatchObject({ code: 'invalid_input', pointer: `/${member}` });
    }
    expectForbidden(await (await as('bea', 'Shopper')).patch('/me', { email: 'x@example.com', current_password: PASSWORD }), ['MeAdmin']);
    expect((await bea.get('/me')).body).toEqual(before.body);
    expect(await eventsOf('user_updated', 'bea')).toEqual([]);
    expect(await outbox.count()).toBe(0);
  });
});

describe('the own mail address', () => {
  it.each(['thief@example.com', null])('is not changed by who has a token alone: %j', async (email) => {
    const bea = await as('bea');
    const before = (await bea.get('/me')).body;
    for (const [proof, title] of [
      [{}, '/current_password: is needed to change the mail address.'],
      [{ current_password: 'not-hers' }, 'The current password is wrong.'],
    ] as const) {
      for (const path of ['/me', '/me?dry_run=true']) {
        const { status, body } = await bea.patch(path, { email, ...proof });
        expect([status, body.code, body.pointer ?? body.problems[0].pointer]).toEqual([400, 'invalid_input', '/current_password']);
        expect(body.title).toBe(title);
      }
    }
    expect((await bea.get('/me')).body).toEqual(before);
    expect(await eventsOf('user_updated', 'bea')).toEqual([]);
    expect(await outbox.count()).toBe(0);
  });
});

describe('the own password', () => {
  it('changes for who knows it, and everything issued before ends', async () => {
    const cat = await as('cat');
    const other = await as('cat', '');
    const changed = await cat.put('/me/password', { current_password: PASSWORD, new_password: NEW });
    expect([changed.status, changed.text]).toEqual([204, '']);
    expect((await cat.get('/me')).status).toBe(401);
    expect((await other.get('/me')).status).toBe(401);
    await expect(as('cat')).rejects.toThrow('not let in');
    const [notice] = await outbox.take(1);
    expect(notice).toContain('Subject: Your password was changed');
    expect(await eventsOf('user_password_changed', 'cat')).toMatchObject([{ actor: { kind: 'user', id: 'cat' } }]);
    clock.advance(1000);
    const { body } = await post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: 'console', username: 'cat', password: NEW });
    expect(body['access_token']).toEqual(expect.any(String));
  });

  it('stays for who does not know it, or chooses one that will not do, and after a dry run', async () => {
    const bea = await as('bea');
    const wrong = await bea.put('/me/password', { current_password: 'not-mine', new_password: NEW });
    expect([wrong.status, wrong.body.code, wrong.body.pointer]).toEqual([400, 'invalid_input', '/current_password']);
    const short = await bea.put('/me/password', { current_password: PASSWORD, new_password: 'short' });
    expect(short.body).toMatchObject({ code: 'invalid_input', pointer: '/new_password', title: 'The password must have at least 8 characters.' });
    expect(short.text).not.toContain(PASSWORD);
    const dry = await bea.put('/me/password?dry_run=true', { current_password: PASSWORD, new_password: NEW });
    expect([dry.status, dry.body]).toEqual([200, { dry_run: true }]);
    expectForbidden(await (await as('bea', 'Shopper')).put('/me/password', { current_password: PASSWORD, new_password: NEW }), [
      'MeAdmin',
      'PasswordReset',
    ]);
    expect((await bea.get('/me')).status).toBe(200);
    expect((await as('bea')).token).toEqual(expect.any(String));
    expect(await eventsOf('user_password_changed', 'bea')).toEqual([]);
  });

  it('can be changed with nothing but PasswordReset, which is all that an expired one gives', async () => {
    clock.advance(2 * DAY);
    const old = await as('old');
    expect((await old.get('/me')).body.roles).toEqual(['PasswordReset']);
    expectForbidden(await old.patch('/me', { email: null, current_password: PASSWORD }), ['MeAdmin']);
    expect((await old.put('/me/password', { current_password: PASSWORD, new_password: 'only-12-chr' })).body.title).toContain('12 characters');
    expect((await old.put('/me/password', { current_password: PASSWORD, new_password: NEW })).status).toBe(204);
    await outbox.take(1);
    clock.advance(1000);
    const { body } = await post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: 'console', username: 'old', password: NEW });
    expect(String(body['scope']).split(' ')).toContain('MeAdmin');
  });
});

describe('the own groups and roles', () => {
  it('are told with when and why', async () => {
    const bea = await as('bea', '');
    expect((await bea.get('/me/user-groups')).body).toEqual({
      items: [{ id: 'ops', name: 'Operations of B1', organization: 'B1', reason: 'works there' }],
    });
    const { status, body } = await bea.get('/me/effective-roles');
    expect(status).toBe(200);
    expect(body.subject).toEqual({ kind: 'user', id: 'bea', username: 'bea', organization: 'B1', organization_type: 'buyer' });
    const roles = Object.fromEntries(body.roles.map(({ role, barred }: { role: string; barred: boolean }) => [role, barred]));
    expect(roles).toEqual({ A: false, MarketAdmin: true, MeAdmin: false, OrderAdmin: false, OrderReader: false, Shopper: false });
    const above = body.paths.find((path: { security_profile: { id: string } }) => path.security_profile.id === 'a');
    expect(above).toMatchObject({ party: { kind: 'organization', id: 'S', name: 'S' }, organizations: ['S', 'B1'], assigned_by: null, reason: null });
  });

  it('are those in tokens for a client when asked so', async () => {
    const b1u = await as('b1u', '');
    const rolesFor = async (query: string): Promise<string[]> =>
      (await b1u.get(`/me/effective-roles${query}`)).body.roles.map(({ role }: { role: string }) => role) as string[];
    expect(await rolesFor('')).not.toContain('B');
    expect(await rolesFor('?client_id=pw')).toContain('B');
    expect(await rolesFor('?client_id=nothing-of-the-kind')).toEqual(await rolesFor(''));
  });
});

describe('the own sign-ins', () => {
  it('are listed, newest first, and end one by one', async () => {
    const [first, second] = [await as('dora', 'MeAdmin'), await as('dora', 'Shopper MeAdmin')];
    const { body } = await first.get('/me/sessions');
    expect(body.items.map((item: { requested_scope: unknown }) => item.requested_scope)).toEqual([['Shopper', 'MeAdmin'], ['MeAdmin']]);
    const [{ id: newest }, { id: oldest }] = body.items;
    expect((await first.delete(`/me/sessions/${newest}?dry_run=true`)).body).toEqual({ dry_run: true });
    expect((await second.get('/me')).status).toBe(200);
    expect((await first.delete(`/me/sessions/${newest}`)).status).toBe(204);
    expect((await second.get('/me')).status).toBe(401);
    expect((await first.get('/me/sessions')).body.items.map(({ id }: { id: string }) => id)).toEqual([oldest]);
    expect(await eventsOf('grant_revoked', newest)).toMatchObject([{ actor: { kind: 'user', id: 'dora' } }]);
  });

  it('of others are as if they were not there', async () => {
    const [bea, dora] = [await as('bea'), await as('dora')];
    const [{ id }] = (await dora.get('/me/sessions')).body.items;
    const foreign = await bea.delete(`/me/sessions/${id}`);
    const absent = await bea.delete('/me/sessions/absent');
    expect([foreign.status, foreign.body.title]).toEqual([404, absent.body.title]);
    expect((await dora.get('/me')).status).toBe(200);
    expectForbidden(await (await as('bea', 'Shopper')).delete(`/me/sessions/${id}`), ['MeAdmin']);
    expectForbidden(await (await as('bea', 'Shopper')).delete('/me/sessions'), ['MeAdmin']);
  });

  it('end all at once, with every token', async () => {
    const dora = await as('dora');
    expect((await dora.delete('/me/sessions?dry_run=true')).body).toEqual({ dry_run: true });
    expect((await dora.get('/me')).status).toBe(200);
    expect((await dora.delete('/me/sessions')).status).toBe(204);
    expect((await dora.get('/me')).status).toBe(401);
    clock.advance(1000);
    expect((await (await as('dora')).get('/me/sessions')).body.items).toHaveLength(1);
  });
});

describe('a client', () => {
  it('has no profile, password, groups or sign-ins of its own', async () => {
    const client = await asClient(server);
    expect((await client.get('/me')).body).not.toHaveProperty('user');
    for (const path of ['/me/user-groups', '/me/effective-roles', '/me/sessions']) {
      const { status, body } = await client.get(path);
      expect([status, body.code, body.title]).toEqual([
        403,
        'forbidden',
        'This is for people: a client has no profile, password, groups or sign-ins.',
      ]);
    }
  });
});

describe('without a token', () => {
  it.each([
    ['GET', '/me'],
    ['PATCH', '/me'],
    ['PUT', '/me/password'],
    ['GET', '/me/sessions'],
    ['DELETE', '/me/sessions'],
    ['GET', '/me/people?search=abc'],
  ])('%s %s is refused', async (method, path) => {
    expect((await fetch(`${server.url}/api/v1${path}`, { method })).status).toBe(401);
  });
});

describe('people', () => {
  const names = (answer: ApiAnswer): string[] => answer.body.items.map(({ id }: { id: string }) => id) as string[];
  let bea: ApiClient;
  beforeAll(async () => {
    bea = await as('bea');
  });

  it('of the own organization are co-workers, as far as they are let in', async () => {
    const answer = await bea.get('/me/co-workers?total=true&limit=100');
    expect(answer.status).toBe(200);
    expect(names(answer)).toEqual(['ann', 'b1admin', 'b1full', 'b1u', 'bea', 'cat', 'dora', 'nopass', 'old']);
    expect(answer.body.total).toBe(9);
    expect(answer.body.items[4]).toEqual({ id: 'bea', username: 'bea', email: 'bea@example.com' });
    expect(names(await bea.get('/me/co-workers?search=BEA@example'))).toEqual(['bea']);
    expectForbidden(await (await as('bea', 'Shopper')).get('/me/co-workers'), ['MeAdmin', 'UserReader', 'UserAdmin']);
  });

  it('come page by page, by a cursor that is good for this list only', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page: ApiAnswer = await bea.get(`/me/co-workers?limit=4${cursor}`);
      seen.push(...names(page));
      cursor = page.body.next_cursor === undefined ? '' : `&cursor=${page.body.next_cursor}`;
      if (cursor !== '') expect((await bea.get(`/me/co-workers?search=a${cursor}`)).status).toBe(400);
    } while (cursor !== '');
    expect(seen).toHaveLength(9);
  });

  it('anywhere in the tree are found by name, and nothing but the name is told', async () => {
    const b2 = await as('b2admin');
    const answer = await b2.get('/me/people?search=bea');
    expect(answer.body).toEqual({ items: [{ id: 'bea', username: 'bea', organization: 'B1' }] });
    expect((await b2.get('/me/people?search=bea@example.com')).body.items).toEqual([]);
    expect((await b2.get('/me/people?search=gone')).body.items).toEqual([]);
    expect((await b2.get('/users/bea')).status).toBe(404);
    expect((await b2.get('/users?search=bea')).body.items).toEqual([]);
  });

  it('are not listed without a part of the name, nor counted, nor found without the role', async () => {
    const reader = await as('reader');
    expect((await reader.get('/me/people')).body).toMatchObject({ code: 'invalid_input', problems: [{ parameter: 'search' }] });
    expect((await reader.get('/me/people?search=be')).body.problems).toMatchObject([
      { parameter: 'search', message: 'must have 3 characters or more. Found "be".' },
    ]);
    expect((await reader.get('/me/people?search=bea&total=true')).body.problems).toMatchObject([{ parameter: 'total' }]);
    expectForbidden(await bea.get('/me/people?search=ann'), ['UserReader', 'UserAdmin']);
  });
});
