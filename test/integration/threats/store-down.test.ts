import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { failing, noFailures, unavailable } from '../../support/failing-store.ts';
import { AUDIENCE, client, PASSWORD, secretOf } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { openTestStore, type TestStore } from '../../support/stores.ts';
import { post, type Answer } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, turnableClock, type Threatened } from './endpoint.ts';

const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' };
const clock = turnableClock();
const failures = noFailures();
const { down } = failures;

let server: Threatened;
let key: CryptoKey;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' };
  server = await startThreatened({
    store: failing<TestStore>(await openTestStore({ clock }), failures),
    clock,
    more: (tx) =>
      tx.clients.put([client('pk', { grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [jwk] } })]),
  });
});
afterAll(async () => {
  down.clear();
  await server.close();
});
beforeEach(() => {
  down.clear();
  failures.failure = unavailable;
  // What is known is fresh for a moment only; then a store that does not answer must show.
  clock.advance(1000);
});

const refresh = (token: unknown) =>
  server.token({ grant_type: 'refresh_token', client_id: 'pw', client_secret: secretOf('pw'), refresh_token: String(token) });

let assertions = 0;

async function asserted(): Promise<Answer> {
  const now = Math.floor(clock.now() / 1000);
  const value = await new SignJWT({ iss: 'pk', sub: 'pk', aud: ISSUER, jti: `a-${(assertions += 1)}`, exp: now + 60 })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .sign(key);
  return server.token({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: value,
  });
}

function expectUnavailable(answer: Answer): void {
  expectRefusal(answer, UNAVAILABLE);
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(answer.body['active']).toBeUndefined();
}

describe('2.3 while the store does not answer', () => {
  test('every grant, introspection and revocation say so, and recover by themselves', async () => {
    const tokens = (await server.signIn('b1u', { scope: 'Shopper', resource: AUDIENCE.seller })).body;
    const ask = (): Promise<Answer[]> =>
      Promise.all([
        server.credentials({ scope: 'A' }),
        server.signIn('b1u'),
        server.signIn('nobody'),
        refresh(tokens['refresh_token']),
        refresh('of-nobody'),
        asserted(),
        server.introspect(String(tokens['access_token'])),
        server.introspect(String(tokens['refresh_token']), 'pw'),
        server.introspect('garbage'),
        server.revoke(String(tokens['access_token'])),
        server.revoke(String(tokens['refresh_token'])),
        server.revoke('garbage'),
        server.token({ grant_type: 'client_credentials', client_id: 'no-such-client', client_secret: 'x' }),
      ]);
    down.add('*');
    clock.advance(1000);
    for (const answer of await ask()) expectUnavailable(answer);
    down.clear();
    await server.stillWorks();
    // Nothing was used up or revoked.
    expect((await server.introspect(String(tokens['access_token']))).body['active']).toBe(true);
    expect((await refresh(tokens['refresh_token'])).status).toBe(200);
    expect((await server.signIn('b1u')).status).toBe(200);
  });

  test('keys, discovery and liveness are answered from memory; readiness says no', async () => {
    down.add('*');
    clock.advance(3_600_000);
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/healthz']) {
      expect((await fetch(server.url + path)).status).toBe(200);
    }
    const ready = await fetch(`${server.url}/readyz`);
    expect({ status: ready.status, retry: ready.headers.get('retry-after') }).toEqual({ status: 503, retry: '1' });
  });

  test.each([
    ['revocations.add', [503, 503, true, true], true],
    ['revocations.isRevoked', [200, 200, 503, 503], false],
    ['grants.findRefreshToken', [200, 503, false, 503], false],
    ['access.readChanges', [503, 503, 503, 503], true],
  ])(
    '%s alone: no revocation is acknowledged that was not kept, and no token called good or bad that was not looked at',
    async (call, expected, afterwards) => {
      const tokens = (await server.signIn('b1u', { scope: 'Shopper', resource: AUDIENCE.seller })).body;
      const [access, refreshToken] = [String(tokens['access_token']), String(tokens['refresh_token'])];
      down.add(call);
      clock.advance(1000);
      const answers = [
        await server.revoke(access),
        await server.revoke(refreshToken),
        await server.introspect(access),
        await server.introspect(refreshToken, 'pw'),
      ];
      expect(answers.map(({ status, body }) => (status === 200 ? (body['active'] ?? 200) : status))).toEqual(expected);
      for (const answer of answers) if (answer.status !== 200) expectUnavailable(answer);
      down.clear();
      expect((await server.introspect(access)).body['active']).toBe(afterwards);
    },
  );

  test.each(['grants.create', 'signIn.beginAttempt', 'signIn.findCredential', 'signIn.clearAttempts'])(
    '%s alone: no token for a password',
    async (call) => {
      down.add(call);
      const issued = () => server.log.lines.filter((line) => line['event'] === 'token_issued').length;
      const before = issued();
      expectUnavailable(await server.signIn('b1u'));
      expect(issued()).toBe(before);
      down.clear();
      expect((await server.signIn('b1u')).status).toBe(200);
    },
  );

  test.each(['grants.rotate', 'grants.findRefreshToken'])('%s alone: the refresh token is not used up', async (call) => {
    const tokens = (await server.signIn('b1u')).body;
    down.add(call);
    expectUnavailable(await refresh(tokens['refresh_token']));
    down.clear();
    expect((await refresh(tokens['refresh_token'])).status).toBe(200);
  });

  test('replays.useOnce alone: no assertion is taken on trust', async () => {
    down.add('replays.useOnce');
    expectUnavailable(await asserted());
    down.clear();
    expect((await asserted()).status).toBe(200);
  });

  test.each(['access.findUser', 'access.findClient', 'access.loadDefinitions', 'access.findSecurityProfiles', 'findClient'])(
    '%s alone: what is not known is not guessed',
    async (call) => {
      await server.app.store.transaction(async (tx) => {
        await tx.clients.put([...(await tx.clients.findMany(['svc', 'pw'])).values()]);
        await tx.users.put([...(await tx.users.findMany(['b1u'])).values()]);
        // A profile alone is read alone; after anything else everything is.
        if (call === 'access.findSecurityProfiles') await tx.securityProfiles.put(await tx.securityProfiles.list({ limit: 1 }));
        else await tx.roles.put([...(await tx.roles.findMany(['A'])).values()]);
      });
      down.add(call);
      clock.advance(1000);
      const answers = [await server.credentials({ scope: 'A' }), await server.signIn('b1u')];
      expect(answers.some(({ status }) => status === 503)).toBe(true);
      for (const answer of answers) if (answer.status !== 200) expectUnavailable(answer);
      down.clear();
      await server.stillWorks();
      expect((await server.token({ grant_type: 'password', client_id: 'spa', username: 'b1u', password: PASSWORD })).status).toBe(200);
    },
  );

  test('reuse of a refresh token that could not be recorded is not answered as if it were', async () => {
    const tokens = (await server.signIn('b1u', { resource: AUDIENCE.seller })).body;
    expect((await refresh(tokens['refresh_token'])).status).toBe(200);
    down.add('revocations.add');
    expectUnavailable(await refresh(tokens['refresh_token']));
    down.clear();
    expectRefusal(await refresh(tokens['refresh_token']), { status: 400, error: 'invalid_grant' });
    expect((await server.introspect(String(tokens['access_token']))).body['active']).toBe(false);
  });

  test('a store that breaks its promise is a fault of ours, not shown to anybody', async () => {
    down.add('*');
    failures.failure = () => new Error('connect ECONNREFUSED postgres://rolemint:hunter2@db:5432 at select * from users');
    clock.advance(1000);
    for (const answer of [
      await server.credentials(),
      await server.signIn('b1u'),
      await server.introspect('x'),
      await post(`${server.url}/oauth/revoke`, { token: 'x', client_id: 'spa' }),
    ]) {
      expectRefusal(answer, { status: 500, error: 'server_error' });
      expect(answer.text).not.toMatch(/hunter2|postgres|ECONN|select/);
    }
    down.clear();
    await server.stillWorks();
  });
});
