import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asClient, openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { recordedAuditEvents } from '../../support/audit.ts';
import { assignment, client, PASSWORD, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { claimsOf } from '../../support/token-client.ts';

const without = ({ body }: ApiAnswer): unknown => ({ ...body, request_id: undefined });

let server: TestServer;
let deleg: ApiClient;
let b1admin: ApiClient;
let useradmin: ApiClient;
let clientadmin: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    const hash = await server.app.hasher.hash(PASSWORD);
    await tx.users.put([user('useradmin', 'S'), user('clientadmin', 'S'), user('victim', 'B1'), user('victim2', 'B2')]);
    for (const id of ['useradmin', 'clientadmin', 'victim', 'victim2']) await tx.setPassword(id, hash, new Date(0));
    await tx.securityProfiles.put([profile('user-admin', ['UserAdmin']), profile('client-admin', ['ApiClientAdmin'])]);
    await tx.clients.put([client('worker', { organization: 'S', grantTypes: ['client_credentials'], omittedScope: 'all' })]);
    await tx.addClientSecret('worker', secret(secretOf('worker')));
    await tx.assignments.put([assignment('user-admin', to.user('useradmin')), assignment('client-admin', to.user('clientadmin'))]);
  });
  [deleg, b1admin, useradmin, clientadmin] = (await Promise.all(
    ['deleg', 'b1admin', 'useradmin', 'clientadmin'].map((name) => signedIn(server, name)),
  )) as [ApiClient, ApiClient, ApiClient, ApiClient];
});

afterAll(() => server.close());

const alive = async (somebody: ApiClient): Promise<boolean> => (await somebody.get('/me')).status === 200;
const sessionOf = async (id: string): Promise<string> => (await deleg.get(`/users/${id}/sessions`)).body.items[0].id as string;

describe('POST /revocations', () => {
  it('ends everything that was issued to a user', async () => {
    const victim = await signedIn(server, 'victim');
    expect((await deleg.post('/revocations?dry_run=true', { user: 'victim' })).body).toEqual({ dry_run: true });
    expect(await alive(victim)).toBe(true);
    expect((await b1admin.post('/revocations', { user: 'victim' })).status).toBe(204);
    expect(await alive(victim)).toBe(false);
    const [event] = await recordedAuditEvents(server.app.store, { limit: 100, type: 'user_tokens_revoked' });
    expect(event).toMatchObject({
      actor: { kind: 'user', id: 'b1admin' },
      clientId: 'console',
      target: { kind: 'user', id: 'victim' },
      organization: 'B1',
      requestId: expect.any(String),
    });
  });

  it('ends everything that was issued through a client', async () => {
    const worker = await asClient(server, 'worker');
    expect((await deleg.post('/revocations', { client_id: 'worker' })).status).toBe(204);
    expect(await alive(worker)).toBe(false);
  });

  it('ends one sign-in with its tokens, and no other', async () => {
    const before = await signedIn(server, 'victim');
    const session = await sessionOf('victim');
    const after = await signedIn(server, 'victim');
    expect((await useradmin.post('/revocations', { session })).status).toBe(204);
    expect([await alive(before), await alive(after)]).toEqual([false, true]);
  });

  it.each(['the token itself', 'its jti'])('ends one token by %s', async (by) => {
    const [victim, other] = [await signedIn(server, 'victim'), await signedIn(server, 'victim')];
    const token = by === 'its jti' ? String(claimsOf(victim.token)['jti']) : victim.token;
    expect((await useradmin.post('/revocations', { token })).status).toBe(204);
    expect([await alive(victim), await alive(other)]).toEqual([false, true]);
    const [event] = await recordedAuditEvents(server.app.store, { limit: 1, type: 'token_revoked' });
    expect(event).toMatchObject({
      actor: { kind: 'user', id: 'useradmin' },
      clientId: 'console',
      target: { kind: 'token', id: claimsOf(victim.token)['jti'] },
      organization: 'B1',
    });
  });

  it('belongs in the audit to the organization of the client that a token was issued to', async () => {
    expect((await clientadmin.post('/revocations', { token: (await asClient(server, 'worker')).token })).status).toBe(204);
    const last = async () => (await recordedAuditEvents(server.app.store, { limit: 1, type: 'token_revoked' }))[0];
    expect(await last()).toMatchObject({ actor: { kind: 'user', id: 'clientadmin' }, organization: 'S' });
    const { jti } = claimsOf((await asClient(server, 'worker')).token);
    expect((await deleg.post('/revocations', { token: jti })).status).toBe(204);
    expect(await last()).not.toHaveProperty('organization');
  });

  it('ends a token of a client, by a bare id only for who administers a whole tree', async () => {
    const [one, two] = [await asClient(server, 'worker'), await asClient(server, 'worker')];
    expect((await clientadmin.post('/revocations', { token: one.token })).status).toBe(204);
    expect([await alive(one), await alive(two)]).toEqual([false, true]);
    const jti = String(claimsOf(two.token)['jti']);
    expect((await clientadmin.post('/revocations', { token: jti })).status).toBe(403);
    expect((await deleg.post('/revocations', { token: jti })).status).toBe(204);
    expect(await alive(two)).toBe(false);
    await server.app.store.transaction((tx) =>
      tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'], barredResources: [] }]),
    );
    expect((await b1admin.post('/revocations', { token: jti })).status).toBe(404);
    await server.app.store.transaction((tx) => tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'] }]));
  });

  it('answers the same for what is absent and for what lies outside, and ends nothing', async () => {
    const foreign = await signedIn(server, 'victim2');
    const session = await sessionOf('victim2');
    const jti = String(claimsOf(foreign.token)['jti']);
    const absent = await b1admin.post('/revocations', { user: 'nobody' });
    expect(absent.status).toBe(404);
    for (const body of [
      { user: 'victim2' },
      { session },
      { session: 'nothing' },
      { token: foreign.token },
      { token: jti },
      { token: 'a.b.c' },
      { token: 'x' },
    ]) {
      expect(without(await b1admin.post('/revocations', body))).toEqual(without(absent));
    }
    expect(await alive(foreign)).toBe(true);
    expect((await deleg.post('/revocations', { client_id: 'nothing' })).body).toMatchObject({ title: 'There is nothing here.' });
  });

  it('takes the role for what is ended, and leaves clients to who is not barred from them', async () => {
    const victim = await signedIn(server, 'victim');
    expect((await clientadmin.post('/revocations', { user: 'victim' })).body).toMatchObject({ sufficient_roles: ['UserAdmin', 'FullAccess'] });
    expect((await clientadmin.post('/revocations', { session: await sessionOf('victim') })).status).toBe(403);
    expect((await clientadmin.post('/revocations', { token: victim.token })).status).toBe(403);
    const refused = await useradmin.post('/revocations', { client_id: 'worker' });
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(refused.body).toMatchObject({ code: 'insufficient_roles', sufficient_roles: ['ApiClientAdmin', 'FullAccess'] });
    expect((await b1admin.post('/revocations', { client_id: 'worker' })).body).toMatchObject({ code: 'forbidden' });
    expect(await alive(victim)).toBe(true);
  });

  it('ends exactly one thing', async () => {
    for (const body of [{}, { user: 'victim', client_id: 'worker' }]) {
      expect((await deleg.post('/revocations', body)).body).toMatchObject({
        code: 'invalid_input',
        title: 'The body: must name exactly one of user, client_id, session, token.',
      });
    }
  });
});

describe('GET /revocations', () => {
  const shown = (answer: ApiAnswer): string[] => (answer.body.items as { kind: string; id: string }[]).map(({ kind, id }) => `${kind} ${id}`);

  it('lists what is in force, to whom it belongs and who has a role for it', async () => {
    await deleg.post('/revocations', { user: 'victim2' });
    const all = await deleg.get('/revocations?total=true');
    expect(shown(all)).toEqual(['client worker', 'user victim', 'user victim2']);
    expect(all.body).toMatchObject({ total: 3, items: [{ not_before: expect.any(String), expires_at: expect.any(String) }, {}, {}] });
    expect(shown(await b1admin.get('/revocations'))).toEqual(['user victim']);
    expect(shown(await useradmin.get('/revocations'))).toEqual(['user victim', 'user victim2']);
    expect(shown(await clientadmin.get('/revocations'))).toEqual(['client worker']);
  });

  it('lists one kind', async () => {
    expect(shown(await deleg.get('/revocations?kind=client'))).toEqual(['client worker']);
    expect((await useradmin.get('/revocations?kind=client')).status).toBe(403);
    expect((await b1admin.get('/revocations?kind=client')).body).toMatchObject({ code: 'forbidden' });
  });

  it('lists page by page', async () => {
    const first = await deleg.get('/revocations?limit=2');
    const second = await deleg.get(`/revocations?limit=2&cursor=${first.body.next_cursor}`);
    expect([...shown(first), ...shown(second)]).toEqual(['client worker', 'user victim', 'user victim2']);
    expect(second.body.next_cursor).toBeUndefined();
    expect((await useradmin.get(`/revocations?limit=2&cursor=${first.body.next_cursor}`)).status).toBe(400);
  });
});
