import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { assignment, PASSWORD, to, user } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { post } from '../../support/token-client.ts';

const NEW_PASSWORD = 'Another-Horse-8-Battery';
const without = ({ body }: ApiAnswer): unknown => ({ ...body, request_id: undefined });

let server: TestServer;
let deleg: ApiClient;
let reader: ApiClient;
let root: ApiClient;
let b1admin: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    await tx.users.put(['weak', 'locked', 'signed-in', 'later'].map((id) => user(id, 'B2')));
    const hash = await server.app.hasher.hash(PASSWORD);
    for (const id of ['locked', 'signed-in']) await tx.setPassword(id, hash, new Date(0));
    await tx.assignments.put([assignment('orders', to.user('later'), { validFrom: new Date('2999-01-01T00:00:00Z') })]);
  });
  [deleg, reader, root, b1admin] = (await Promise.all(['deleg', 'reader', 'root', 'b1admin'].map((name) => signedIn(server, name)))) as [
    ApiClient,
    ApiClient,
    ApiClient,
    ApiClient,
  ];
});

afterAll(() => server.close());

const signIn = (username: string, password: string) =>
  post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: 'console', username, password });
const eventsOf = async (type: string, id: string) =>
  (await listAuditEvents(server.app.store, { limit: 100, type })).filter(({ target }) => target.id === id);

describe('POST /users/{id}/unlock', () => {
  it('lets somebody in again who failed too often', async () => {
    for (let attempt = 0; attempt < 20; attempt += 1) await signIn('locked', 'wrong');
    const { app } = server;
    const key = { allowed: 1, lockSeconds: 60 };
    expect((await app.store.signIn.beginAttempt('user:locked', key, new Date(app.clock.now()))).counted).toBe(false);
    expect((await deleg.post('/users/locked/unlock?dry_run=true')).body).toEqual({ dry_run: true });
    expect(await eventsOf('user_unlocked', 'locked')).toEqual([]);
    expect((await deleg.post('/users/locked/unlock')).status).toBe(204);
    expect((await app.store.signIn.beginAttempt('user:locked', key, new Date(app.clock.now()))).counted).toBe(true);
    expect(await eventsOf('user_unlocked', 'locked')).toMatchObject([{ actor: { kind: 'user', id: 'deleg' } }]);
  });

  it('knows users by their id only, within the tenancy', async () => {
    const [foreign, absent] = [await b1admin.post('/users/b2u/unlock'), await b1admin.post('/users/nobody/unlock')];
    expect(foreign.status).toBe(404);
    expect(without(foreign)).toEqual(without(absent));
    expect(await eventsOf('user_unlocked', 'b2u')).toEqual([]);
    expect((await reader.post('/users/locked/unlock')).body).toMatchObject({ code: 'insufficient_roles' });
  });
});

describe('PUT /users/{id}/password', () => {
  it('sets the password of somebody who holds no more than the administrator', async () => {
    expect((await deleg.put('/users/weak/password', { password: NEW_PASSWORD })).status).toBe(204);
    expect((await signIn('weak', NEW_PASSWORD)).status).toBe(200);
    expect(await eventsOf('user_password_changed', 'weak')).toMatchObject([{ actor: { kind: 'user', id: 'deleg' } }]);
  });

  it.each([
    ['root', 'holds everything'],
    ['b1u', 'holds OrderAdmin'],
    ['later', 'will hold OrderAdmin'],
  ])('refuses for %s, who %s, before anything is said of the password', async (id) => {
    const before = await eventsOf('user_password_changed', id);
    for (const password of [NEW_PASSWORD, 'x']) {
      const answer = await deleg.put(`/users/${id}/password`, { password });
      expect(answer.body).toMatchObject({ code: 'above_ceiling', roles: expect.arrayContaining(['OrderAdmin']) });
      expect(answer.status).toBe(403);
      expect((await deleg.put(`/users/${id}/password?dry_run=true`, { password })).status).toBe(403);
    }
    expect(await eventsOf('user_password_changed', id)).toEqual(before);
    expect((await signIn(id, NEW_PASSWORD)).status).toBe(400);
  });

  it('changes nothing in a dry run, and says what the policy wants', async () => {
    expect((await deleg.put('/users/weak/password?dry_run=true', { password: 'Yet-Another-9-Battery' })).body).toEqual({ dry_run: true });
    expect((await signIn('weak', NEW_PASSWORD)).status).toBe(200);
    for (const path of ['/users/weak/password', '/users/weak/password?dry_run=true']) {
      expect(await deleg.put(path, { password: 'short' })).toMatchObject({ status: 400, body: { code: 'invalid_input', pointer: '/password' } });
    }
    expect(await deleg.put('/users/weak/password', { password: NEW_PASSWORD, roles: ['FullAccess'] })).toMatchObject({ status: 400 });
  });

  it('answers the same for what is absent and for what lies outside', async () => {
    const [foreign, absent] = [
      await b1admin.put('/users/weak/password', { password: 'x' }),
      await b1admin.put('/users/nobody/password', { password: 'x' }),
    ];
    expect(foreign.status).toBe(404);
    expect(without(foreign)).toEqual(without(absent));
  });
});

describe('POST /users/{id}/password-link', () => {
  it('makes a link that sets the password once', async () => {
    const { status, body } = await deleg.post('/users/weak/password-link');
    expect(status).toBe(201);
    const token = new URL(body.url).searchParams.get('token')!;
    expect(Date.parse(body.expires_at)).toBeGreaterThan(server.app.clock.now());
    await server.app.services.links.redeem(token, 'Linked-Horse-9-Battery');
    expect((await signIn('weak', 'Linked-Horse-9-Battery')).status).toBe(200);
    expect(await eventsOf('one_time_link_created', 'weak')).toMatchObject([{ actor: { id: 'deleg' } }]);
  });

  it('makes none for who holds more, outside, or in a dry run', async () => {
    expect((await deleg.post('/users/b1u/password-link')).body).toMatchObject({ code: 'above_ceiling' });
    expect((await b1admin.post('/users/weak/password-link')).status).toBe(404);
    expect((await root.post('/users/b1u/password-link?dry_run=true')).body).toEqual({ dry_run: true });
    expect(await eventsOf('one_time_link_created', 'b1u')).toEqual([]);
  });
});

describe('/users/{id}/sessions', () => {
  const sessionsOf = async (id: string) => (await reader.get(`/users/${id}/sessions`)).body.items as { id: string }[];
  const refresh = (token: unknown) =>
    post(`${server.url}/oauth/token`, { grant_type: 'refresh_token', client_id: 'console', refresh_token: String(token) });

  it('lists sign-ins and ends one of them', async () => {
    const [first, second] = [await signIn('signed-in', PASSWORD), await signIn('signed-in', PASSWORD)];
    const sessions = await sessionsOf('signed-in');
    expect(sessions).toHaveLength(2);
    expect(sessions[0]).toEqual({
      id: expect.any(String),
      client_id: 'console',
      requested_scope: expect.any(Array),
      audience: 'https://id.example.com',
      created_at: expect.any(String),
      last_used_at: expect.any(String),
      expires_at: expect.any(String),
    });
    const [newest] = sessions;
    expect((await deleg.delete(`/users/signed-in/sessions/${newest!.id}?dry_run=true`)).body).toEqual({ dry_run: true });
    expect(await sessionsOf('signed-in')).toHaveLength(2);
    expect((await deleg.delete(`/users/signed-in/sessions/${newest!.id}`)).status).toBe(204);
    expect(await sessionsOf('signed-in')).toHaveLength(1);
    const outcomes = [await refresh(first.body['refresh_token']), await refresh(second.body['refresh_token'])].map(({ status }) => status);
    expect(new Set(outcomes)).toEqual(new Set([200, 400]));
  });

  it('ends no session of somebody else', async () => {
    await signIn('b2u', PASSWORD);
    const [session] = await sessionsOf('b2u');
    const [foreign, absent] = [
      await deleg.delete(`/users/signed-in/sessions/${session!.id}`),
      await deleg.delete('/users/signed-in/sessions/nothing'),
    ];
    expect(foreign.status).toBe(404);
    expect(without(foreign)).toEqual(without(absent));
    expect((await b1admin.delete(`/users/b2u/sessions/${session!.id}`)).status).toBe(404);
    expect((await b1admin.get('/users/b2u/sessions')).status).toBe(404);
    expect((await b1admin.delete('/users/b2u/sessions')).status).toBe(404);
    expect(await sessionsOf('b2u')).toHaveLength(1);
  });

  it('ends everything at once', async () => {
    const { body } = await signIn('signed-in', PASSWORD);
    expect((await deleg.delete('/users/signed-in/sessions?dry_run=true')).body).toEqual({ dry_run: true });
    expect((await refresh(body['refresh_token'])).status).toBe(200);
    expect((await deleg.delete('/users/signed-in/sessions')).status).toBe(204);
    expect(await sessionsOf('signed-in')).toEqual([]);
    expect((await reader.delete('/users/signed-in/sessions')).status).toBe(403);
  });
});
