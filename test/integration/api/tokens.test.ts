import { createPrivateKey, sign } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { SigningKey } from '../../../src/domain/signing-key.ts';
import { openSigningKeyFile } from '../../../src/storage/files/signing-keys.ts';
import { assignment, AUDIENCE, client, secret, secretOf, to, user } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { basic, claimsOf } from '../../support/token-client.ts';
import { startThreatened, turnableClock, type Threatened } from '../threats/endpoint.ts';

let server: Threatened;
let ring: readonly SigningKey[];
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({
    clock,
    more: async (tx) => {
      await tx.users.put([user('boss', 'S'), user('clerk', 'B1'), user('leaver', 'S'), user('fleeting', 'S')]);
      await tx.clients.put([client('bound', { dpopBoundAccessTokens: true }), client('nightly', { contextUser: 'boss', organization: 'B1' })]);
      for (const id of ['bound', 'nightly']) await tx.addClientSecret(id, secret(secretOf(id)));
      for (const id of ['boss', 'leaver', 'fleeting']) await tx.assignments.put([assignment('everything', to.user(id))]);
    },
  });
  const passwordHash = await server.app.hasher.hash('Correct-Horse-7-Battery');
  await server.app.store.transaction(async (tx) => {
    for (const id of ['boss', 'clerk', 'leaver', 'fleeting']) await tx.setPassword(id, passwordHash, new Date(clock.now() - 60_000));
  });
  ring = (await openSigningKeyFile({ folder: path.resolve(server.app.config.keysDir), strict: false, clock }).read()).keys;
});
afterAll(() => server.close());

const tokenOf = async (username: string, form: Record<string, string> = {}): Promise<string> =>
  String((await server.signIn(username, { scope: 'FullAccess UserReader Shopper', ...form })).body['access_token']);

async function me(authorization: string | undefined) {
  const response = await fetch(`${server.url}/api/v1/me`, authorization === undefined ? {} : { headers: { authorization } });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

const bearer = (token: string) => me(`Bearer ${token}`);

async function expectUnauthenticated(token: string): Promise<void> {
  const { status, headers, body } = await bearer(token);
  expect({ status, code: body['code'], title: body['title'] }).toEqual({
    status: 401,
    code: 'unauthenticated',
    title: 'The access token is not valid here.',
  });
  expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token", error_description="The access token is not valid here."');
  expect(headers.get('cache-control')).toBe('no-store');
}

describe('GET /me', () => {
  test('says who asks, with which roles, over which part of the tree', async () => {
    const { status, headers, body } = await bearer(await tokenOf('boss'));
    expect(status).toBe(200);
    expect(headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
    expect(body).toEqual({
      subject: { kind: 'user', id: 'boss' },
      username: 'boss',
      client_id: 'pw',
      organization: { id: 'S', type: 'seller', path: ['S'] },
      roles: ['FullAccess', 'Shopper', 'UserReader'],
      tenancy: { kind: 'subtree', organization: 'S' },
      barred_resources: [],
      user: { id: 'boss', username: 'boss', organization: 'S', active: true, user_groups: [], authorized_organizations: [] },
    });
  });

  test('needs no role', async () => {
    const { status, body } = await bearer(await tokenOf('b2u', { scope: '' }));
    expect({ status, roles: body['roles'] }).toEqual({ status: 200, roles: [] });
  });

  test('knows a client from its context user, and one that belongs to nobody', async () => {
    const form = { grant_type: 'client_credentials', scope: 'UserReader A' };
    const nightly = await server.token(form, basic('nightly', secretOf('nightly')));
    expect((await bearer(String(nightly.body['access_token']))).body).toEqual({
      subject: { kind: 'client', id: 'nightly' },
      username: 'boss',
      client_id: 'nightly',
      organization: { id: 'S', type: 'seller', path: ['S'] },
      roles: ['A', 'UserReader'],
      tenancy: { kind: 'subtree', organization: 'S' },
      // The client is of a buyer.
      barred_resources: ['clients', 'resource_servers', 'keys'],
    });
    const alone = await server.token(form, basic('svc', secretOf('svc')));
    expect((await bearer(String(alone.body['access_token']))).body).toEqual({
      subject: { kind: 'client', id: 'svc' },
      client_id: 'svc',
      roles: ['A'],
      tenancy: { kind: 'nothing' },
      barred_resources: [],
    });
  });

  test('says what is held now: a role that was taken away is gone from a token that still lives', async () => {
    const token = await tokenOf('leaver');
    expect((await bearer(token)).body['roles']).toContain('FullAccess');
    await server.app.store.transaction(async (tx) => {
      const held = await tx.access.assignmentsOf({ party: to.user('leaver') }, 10);
      await tx.assignments.remove(held.map(({ id }) => id));
    });
    const { status, body } = await bearer(token);
    expect({ status, roles: body['roles'] }).toEqual({ status: 200, roles: [] });
  });
});

describe('T-75, T-32: a token is good for nothing', () => {
  test('when its user is disabled, at once', async () => {
    const token = await tokenOf('fleeting');
    expect((await bearer(token)).status).toBe(200);
    await server.app.store.transaction((tx) => tx.users.put([user('fleeting', 'S', { active: false })]));
    await expectUnauthenticated(token);
  });

  test('when it was revoked, at once', async () => {
    const token = await tokenOf('boss');
    expect((await server.revoke(token)).status).toBe(200);
    await expectUnauthenticated(token);
  });

  test('when it is meant for another API', async () => {
    await expectUnauthenticated(await tokenOf('boss', { resource: AUDIENCE.seller }));
  });

  test('when it is bound to a key and comes as a bearer token, or as DPoP, which is not understood here', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const proof = await new SignJWT({ htm: 'POST', htu: `${ISSUER}/oauth/token`, jti: 'p1', iat: Math.floor(clock.now() / 1000) })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(privateKey);
    const answer = await server.token({ grant_type: 'client_credentials' }, { ...basic('bound', secretOf('bound')), dpop: proof });
    const token = String(answer.body['access_token']);
    expect(claimsOf(token)['cnf']).toEqual({ jkt: await calculateJwkThumbprint(jwk) });
    await expectUnauthenticated(token);
    expect((await me(`DPoP ${token}`)).status).toBe(401);
  });

  test('when its time is over', async () => {
    const token = await tokenOf('boss');
    expect((await bearer(token)).status).toBe(200);
    clock.advance(601_000);
    await expectUnauthenticated(token);
  });

  test('when it is a refresh token or garbage', async () => {
    await expectUnauthenticated(String((await server.signIn('boss', { scope: 'Shopper' })).body['refresh_token']));
    await expectUnauthenticated('garbage');
    await expectUnauthenticated('a.b.c');
  });
});

describe('T-24, T-28, T-31: a token that is almost one of ours is refused', () => {
  /** A good token's claims under another header, signed with a key of ours. */
  async function resigned(header: Record<string, unknown>, key: SigningKey, changes: Record<string, unknown> = {}): Promise<string> {
    const claims = { ...claimsOf(await tokenOf('boss')), ...changes };
    const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const privateKey = createPrivateKey({ key: key.privateJwk, format: 'jwk' } as never);
    return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
  const signing = () => ring.find((key) => key.alg === 'ES256' && key.activatesAt !== undefined)!;
  const next = () => ring.find((key) => key.alg === 'ES256' && key.activatesAt === undefined)!;

  test('but the same claims under the right header are not: the machinery of this test works', async () => {
    expect((await bearer(await resigned({ alg: 'ES256', typ: 'at+jwt', kid: signing().kid }, signing()))).status).toBe(200);
  });

  test.each<[string, () => Promise<string>]>([
    ['an id token', () => resigned({ alg: 'ES256', typ: 'JWT', kid: signing().kid }, signing())],
    ['without a type', () => resigned({ alg: 'ES256', kid: signing().kid }, signing())],
    ['signed by the key that is published and does not sign yet', () => resigned({ alg: 'ES256', typ: 'at+jwt', kid: next().kid }, next())],
    ['without a signature', async () => `${(await resigned({ alg: 'none', typ: 'at+jwt' }, signing())).split('.').slice(0, 2).join('.')}.`],
    [
      'for several audiences, ours among them',
      () => resigned({ alg: 'ES256', typ: 'at+jwt', kid: signing().kid }, signing(), { aud: [ISSUER, 'https://x.example'] }),
    ],
    ['of an issuer with a slash', () => resigned({ alg: 'ES256', typ: 'at+jwt', kid: signing().kid }, signing(), { iss: `${ISSUER}/` })],
  ])('%s', async (_name, make) => {
    await expectUnauthenticated(await make());
  });
});

describe('what operators see', () => {
  test('is one line for each refusal, with the reason and without the token', async () => {
    const token = await tokenOf('boss', { resource: AUDIENCE.seller });
    await bearer(token);
    const line = server.log.lines.findLast((one) => one['event'] === 'api_refused');
    expect(line).toMatchObject({
      level: 'info',
      endpoint: '/api/v1/me',
      method: 'GET',
      code: 'invalid_token',
      reason: 'unexpected "aud" claim value',
    });
    expect(server.log.text()).not.toContain(token);
  });

  test('is one series for each endpoint, whatever ids come along', async () => {
    await fetch(`${server.url}/api/v1/users/somebody`);
    await fetch(`${server.url}/api/v1/nothing/somebody`);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/rolemint_http_request_seconds_count\{endpoint="\/api\/v1\/me",method="GET",status="200"\}/);
    expect(metrics).toContain('endpoint="/api/v1/users/{id}"');
    expect(metrics).not.toContain('somebody');
  });
});
