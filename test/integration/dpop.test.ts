import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { AUDIENCE, client, PASSWORD, secret, secretOf } from '../support/market.ts';
import { ISSUER } from '../support/server.ts';
import { basic, claimsOf, post, type Answer, type Form } from '../support/token-client.ts';
import { expectRefusal, startThreatened, type Threatened } from './threats/endpoint.ts';

interface ProofKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

async function proofKey(alg: string): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, publicKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

let server: Threatened;
let key: ProofKey;
let other: ProofKey;
let proofs = 0;

beforeAll(async () => {
  [key, other] = await Promise.all([proofKey('ES256'), proofKey('ES256')]);
  server = await startThreatened({
    env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' },
    more: async (tx) => {
      await tx.clients.put([
        client('bound', { dpopBoundAccessTokens: true }),
        client('bound-spa', { dpopBoundAccessTokens: true, tokenEndpointAuthMethod: 'none' }),
      ]);
      await tx.addClientSecret('bound', secret(secretOf('bound')));
    },
  });
});
afterAll(() => server.close());

const ENDPOINT = `${ISSUER}/oauth/token`;

interface Change {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly by?: ProofKey;
}

async function proof({ claims = {}, header = {}, by = key }: Change = {}): Promise<string> {
  const all = { htm: 'POST', htu: ENDPOINT, jti: `proof-${(proofs += 1)}`, iat: Math.floor(Date.now() / 1000), ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: by.alg, typ: 'dpop+jwt', jwk: by.jwk, ...header }).sign(by.privateKey);
}

/** The three grants, each as a request with these headers. */
const GRANTS: readonly (readonly [string, (headers: Record<string, string>) => Promise<Answer>])[] = [
  [
    'client_credentials',
    (headers) => server.token({ grant_type: 'client_credentials', scope: 'A' }, { ...basic('svc', secretOf('svc')), ...headers }),
  ],
  ['password', (headers) => password(headers)],
  [
    'refresh_token',
    async (headers) => {
      const first = await password({});
      return refresh(first, headers);
    },
  ],
];

const password = (headers: Record<string, string>, clientId = 'spa') =>
  server.token(
    { grant_type: 'password', client_id: clientId, username: 'b1u', password: PASSWORD, scope: 'Shopper', resource: AUDIENCE.seller },
    headers,
  );
const refresh = (previous: Answer, headers: Record<string, string>, form: Form = { client_id: 'spa' }) =>
  server.token({ grant_type: 'refresh_token', refresh_token: String(previous.body['refresh_token']), ...form }, headers);

function expectBound(answer: Answer, to: ProofKey = key): void {
  expect({ status: answer.status, type: answer.body['token_type'] }).toEqual({ status: 200, type: 'DPoP' });
  expect(claimsOf(answer.body['access_token'])['cnf']).toEqual({ jkt: to.thumbprint });
}

describe.each(GRANTS)('a proof of possession with %s', (_grant, ask) => {
  test.each(['ES256', 'EdDSA', 'RS256', 'PS256'])('binds the token to its %s key', async (alg) => {
    const by = alg === 'ES256' ? key : await proofKey(alg);
    expectBound(await ask({ dpop: await proof({ by }) }), by);
  });

  test('works once', async () => {
    const dpop = await proof();
    expectBound(await ask({ dpop }));
    expectRefusal(await ask({ dpop }), { status: 400, error: 'invalid_grant' });
  });

  test('that is absent leaves the token a bearer token', async () => {
    const answer = await ask({});
    expect({ status: answer.status, type: answer.body['token_type'] }).toEqual({ status: 200, type: 'Bearer' });
    expect(claimsOf(answer.body['access_token'])['cnf']).toBeUndefined();
  });

  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, () => Change]>([
    ['for another method', () => ({ claims: { htm: 'GET' } })],
    ['for the method in small letters', () => ({ claims: { htm: 'post' } })],
    ['for another endpoint', () => ({ claims: { htu: `${ISSUER}/oauth/revoke` } })],
    ['for the address that the server listens on', () => ({ claims: { htu: `${server.url}/oauth/token` } })],
    ['for another host', () => ({ claims: { htu: 'https://evil.example/oauth/token' } })],
    ['without an endpoint', () => ({ claims: { htu: undefined } })],
    ['of ten minutes ago', () => ({ claims: { iat: now() - 600 } })],
    ['of in ten minutes', () => ({ claims: { iat: now() + 600 } })],
    ['without a time', () => ({ claims: { iat: undefined as never } })],
    ['with a time in a string', () => ({ claims: { iat: String(now()) as never } })],
    ['without a jti', () => ({ claims: { jti: undefined as never } })],
    ['with a jti that is no string', () => ({ claims: { jti: 7 as never } })],
    ['of another type', () => ({ header: { typ: 'JWT' } })],
    ['without a key', () => ({ header: { jwk: undefined } })],
    ['that shows another key', () => ({ header: { jwk: other.jwk } })],
    ['that shows a private key', () => ({ header: { jwk: { ...key.jwk, d: 'AAAA' } } })],
    ['that shows a shared key', () => ({ header: { jwk: { kty: 'oct', k: 'AAAA' } } })],
    ['with a nonce that nobody gave', () => ({ claims: { nonce: 'x' } })],
  ])('%s is invalid_dpop_proof', async (_what, change) => {
    expectRefusal(await ask({ dpop: await proof(change()) }), { status: 400, error: 'invalid_dpop_proof' });
  });

  test('with a shared secret as its key is invalid_dpop_proof', async () => {
    const shared = new TextEncoder().encode('x'.repeat(32));
    const dpop = await new SignJWT({ htm: 'POST', htu: ENDPOINT, jti: 'hs', iat: now() })
      .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: Buffer.from(shared).toString('base64url') } as never })
      .sign(shared);
    expectRefusal(await ask({ dpop }), { status: 400, error: 'invalid_dpop_proof' });
  });

  test.each(['x', 'a.b.c', 'null', '{}', 'e30.e30.', 'x'.repeat(8000)])('that is no proof (%#) is invalid_dpop_proof', async (dpop) => {
    expectRefusal(await ask({ dpop }), { status: 400, error: 'invalid_dpop_proof' });
  });

  test('twice in one request is invalid_dpop_proof', async () => {
    expectRefusal(await ask({ dpop: `${await proof()}, ${await proof()}` }), { status: 400, error: 'invalid_dpop_proof' });
  });
});

describe('the refresh token of a public client', () => {
  test('is bound to the key of the sign-in', async () => {
    const first = await password({ dpop: await proof() });
    expectBound(first);
    expectRefusal(await refresh(first, { dpop: await proof({ by: other }) }), { status: 400, error: 'invalid_grant' });
    expectRefusal(await refresh(first, {}), { status: 400, error: 'invalid_grant' });
    const second = await refresh(first, { dpop: await proof() });
    expectBound(second);
    expectRefusal(await refresh(second, { dpop: await proof({ by: other }) }), { status: 400, error: 'invalid_grant' });
    expectBound(await refresh(second, { dpop: await proof() }));
  });

  test('of a confidential client is bound to the client: its key may change', async () => {
    const form = { grant_type: 'password', username: 'b1u', password: PASSWORD };
    const first = await server.token(form, { ...basic('web', secretOf('web')), dpop: await proof() });
    expectBound(first);
    const second = await server.token(
      { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) },
      { ...basic('web', secretOf('web')), dpop: await proof({ by: other }) },
    );
    expectBound(second, other);
  });
});

describe('a client with dpop_bound_access_tokens', () => {
  test('gets nothing without a proof, for any grant', async () => {
    const forms: readonly Form[] = [
      { grant_type: 'client_credentials' },
      { grant_type: 'password', username: 'b1u', password: PASSWORD },
      { grant_type: 'refresh_token', refresh_token: 'x' },
    ];
    for (const form of forms)
      expectRefusal(await server.token(form, basic('bound', secretOf('bound'))), { status: 400, error: 'invalid_dpop_proof' });
    expectRefusal(await password({}, 'bound-spa'), { status: 400, error: 'invalid_dpop_proof' });
  });

  test('gets bound tokens with one, and keeps having to', async () => {
    const first = await password({ dpop: await proof() }, 'bound-spa');
    expectBound(first);
    expectRefusal(await refresh(first, {}, { client_id: 'bound-spa' }), { status: 400, error: 'invalid_dpop_proof' });
    expectBound(await refresh(first, { dpop: await proof() }, { client_id: 'bound-spa' }));
  });
});

describe('introspection', () => {
  test('shows the binding', async () => {
    const bound = await password({ dpop: await proof() });
    expect((await server.introspect(String(bound.body['access_token']))).body).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: key.thumbprint },
    });
    const bearer = await password({});
    const { body } = await server.introspect(String(bearer.body['access_token']));
    expect(body).toMatchObject({ active: true, token_type: 'Bearer' });
    expect(body['cnf']).toBeUndefined();
  });

  test("a proof that was used up at one client is no other client's business", async () => {
    const dpop = await proof();
    expectBound(await password({ dpop }));
    expectBound(await server.token({ grant_type: 'client_credentials' }, { ...basic('svc', secretOf('svc')), dpop }));
  });
});

test('the hash of an access token in a proof changes nothing at the token endpoint', async () => {
  const dpop = await proof({ claims: { ath: createHash('sha256').update('x').digest('base64url') } });
  expectBound(await password({ dpop }));
  expect((await post(`${server.url}/oauth/token`, { grant_type: 'client_credentials' }, basic('svc', secretOf('svc')))).status).toBe(200);
});
