import { afterAll, beforeAll, expect } from '@jest/globals';
import { calculateJwkThumbprint, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { AUDIENCE, assignment, client, PASSWORD, secretOf, to } from '../support/market.ts';
import { ISSUER } from '../support/server.ts';
import { basic, claimsOf, post, type Answer, type Form } from '../support/token-client.ts';
import { table } from './table.ts';
import { startThreatened, type Threatened } from '../integration/threats/endpoint.ts';

let server: Threatened;
let key: CryptoKey;
let jwk: JWK;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  key = pair.privateKey;
  jwk = await exportJWK(pair.publicKey);
  server = await startThreatened({
    more: async (tx) => {
      await tx.clients.put([
        client('pk', {
          grantTypes: ['client_credentials'],
          tokenEndpointAuthMethod: 'private_key_jwt',
          jwks: { keys: [{ ...jwk, kid: 'k', alg: 'ES256' }] },
        }),
      ]);
      await tx.assignments.put([assignment('ab', to.client('pk'))]);
    },
  });
});
afterAll(() => server.close());

const svc = () => basic('svc', secretOf('svc'));
const credentials = (form: Form = {}, headers: Record<string, string> = svc()) =>
  server.token({ grant_type: 'client_credentials', ...form }, headers);
const signIn = (form: Form = {}) => server.signIn('b1u', { scope: 'Shopper', ...form });
const refresh = (previous: Answer, form: Form = {}) =>
  server.token({
    grant_type: 'refresh_token',
    client_id: 'pw',
    client_secret: secretOf('pw'),
    refresh_token: String(previous.body['refresh_token']),
    ...form,
  });
const outcome = ({ status, body }: Answer) => [status, body['error']];

async function raw(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...svc(), ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> };
}

table('RFC 6749, the token endpoint', [
  [
    '2.3',
    'a client uses one authentication method in a request',
    async () => expect(outcome(await credentials({ client_id: 'svc', client_secret: secretOf('svc') }))).toEqual([400, 'invalid_request']),
  ],
  ['2.3.1', 'HTTP Basic is supported for clients with a password', async () => expect(outcome(await credentials())).toEqual([200, undefined])],
  [
    '2.3.1',
    'id and secret in Basic are form-encoded',
    async () =>
      expect(outcome(await credentials({}, { authorization: `Basic ${Buffer.from('%73vc:svc%2Dsecret').toString('base64')}` }))).toEqual([
        200,
        undefined,
      ]),
  ],
  [
    '2.3.1',
    'credentials in the body are not taken from the URI',
    async () =>
      expect(
        outcome(await post(`${server.url}/oauth/token?client_id=svc&client_secret=${secretOf('svc')}`, { grant_type: 'client_credentials' })),
      ).toEqual([400, 'invalid_request']),
  ],
  [
    '3.1',
    'parameters without a value are treated as omitted',
    async () => expect((await credentials({ scope: '', resource: '' })).body).toMatchObject({ scope: '' }),
  ],
  ['3.2', 'the client uses POST', async () => expect((await fetch(`${server.url}/oauth/token`, { headers: svc() })).status).toBe(405)],
  [
    '3.2',
    'unrecognized parameters are ignored',
    async () => expect((await credentials({ scope: 'A', foo: 'bar', username: 'x' })).body['scope']).toBe('A'),
  ],
  [
    '3.2',
    'a parameter is not included more than once',
    async () => expect(outcome(await raw('grant_type=client_credentials&scope=A&scope=A'))).toEqual([400, 'invalid_request']),
  ],
  [
    '3.2',
    'an unrecognized one may be',
    async () => expect(outcome(await raw('grant_type=client_credentials&foo=1&foo=2'))).toEqual([200, undefined]),
  ],
  [
    '3.2.1',
    'confidential clients authenticate',
    async () => expect(outcome(await credentials({ client_id: 'svc' }, {}))).toEqual([401, 'invalid_client']),
  ],
  [
    '3.3',
    'scope is space-delimited, case-sensitive, and its order does not matter',
    async () =>
      expect([
        (await credentials({ scope: 'B A' })).body['scope'],
        (await credentials({ scope: 'A B' })).body['scope'],
        (await credentials({ scope: 'a b' })).body['scope'],
      ]).toEqual(['A B', 'A B', '']),
  ],
  [
    '3.3',
    'a scope that differs from the requested one is told',
    async () => expect((await credentials({ scope: 'A Bogus' })).body).toHaveProperty('scope', 'A'),
  ],
  [
    '4.3.2',
    'the password grant needs username and password',
    async () =>
      expect([outcome(await signIn({ username: undefined })), outcome(await signIn({ password: undefined }))]).toEqual([
        [400, 'invalid_request'],
        [400, 'invalid_request'],
      ]),
  ],
  [
    '4.3.2',
    'guessing of passwords is held up',
    async () => {
      const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_NAME: '2' } });
      const statuses = [];
      for (let guess = 0; guess < 3; guess += 1) statuses.push((await strict.signIn('b1u', { password: 'wrong' })).status);
      await strict.close();
      expect(statuses).toEqual([400, 400, 429]);
    },
  ],
  [
    '4.4',
    'client credentials are for confidential clients only',
    async () => expect(outcome(await server.token({ grant_type: 'client_credentials', client_id: 'spa' }))).toEqual([400, 'unauthorized_client']),
  ],
  ['4.4.3', 'client credentials bring no refresh token', async () => expect((await credentials()).body).not.toHaveProperty('refresh_token')],
  [
    '5.1',
    'access_token, token_type and expires_in are in the answer',
    async () => expect((await credentials()).body).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 600 }),
  ],
  [
    '5.1',
    'the answer is JSON, and not to be stored',
    async () => {
      const { headers } = await credentials();
      expect([headers.get('content-type'), headers.get('cache-control')]).toEqual(['application/json; charset=utf-8', 'no-store']);
    },
  ],
  [
    '5.2',
    'invalid_client is 401, with a challenge of the scheme that was used',
    async () => {
      const answer = await credentials({}, basic('svc', 'wrong'));
      expect([...outcome(answer), answer.headers.get('www-authenticate')?.split(' ')[0]]).toEqual([401, 'invalid_client', 'Basic']);
    },
  ],
  [
    '5.2',
    'every other refusal is 400',
    async () =>
      expect([
        outcome(await server.token({}, svc())),
        outcome(await signIn({ password: 'wrong' })),
        outcome(await server.token({ grant_type: 'password', username: 'b1u', password: PASSWORD }, svc())),
        outcome(await server.token({ grant_type: 'urn:x' }, svc())),
        outcome(await credentials({ scope: 'A  B' })),
      ]).toEqual([
        [400, 'invalid_request'],
        [400, 'invalid_grant'],
        [400, 'unauthorized_client'],
        [400, 'unsupported_grant_type'],
        [400, 'invalid_scope'],
      ]),
  ],
  [
    '5.2',
    'error and error_description hold the characters that are allowed',
    async () => {
      for (const answer of [
        await server.token({ grant_type: '"\\é\u0001' }, svc()),
        await credentials({ scope: '"\\é' }),
        await credentials({ resource: 'é"' }),
        await signIn({ username: 'é"\\' }),
      ]) {
        expect(String(answer.body['error_description'])).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
        expect(answer.body['error']).toMatch(/^[a-z_]+$/);
      }
    },
  ],
  [
    '6',
    'a refresh token is bound to the client that it was issued to',
    async () =>
      expect(
        outcome(
          await server.token(
            { grant_type: 'refresh_token', refresh_token: String((await signIn()).body['refresh_token']) },
            basic('web', secretOf('web')),
          ),
        ),
      ).toEqual([400, 'invalid_grant']),
  ],
  [
    '6',
    'a refresh gives no scope that was not granted before',
    async () => expect((await refresh(await signIn(), { scope: 'Shopper OrderReader' })).body['scope']).toBe('Shopper'),
  ],
  ['6', 'an omitted scope is the one of the first request', async () => expect((await refresh(await signIn())).body['scope']).toBe('Shopper')],
  [
    '10.4',
    'a refresh token is replaced, and using one twice is noticed',
    async () => {
      const first = await signIn();
      const second = await refresh(first);
      expect(second.body['refresh_token']).not.toBe(first.body['refresh_token']);
      expect([outcome(await refresh(first)), outcome(await refresh(second))]).toEqual([
        [400, 'invalid_grant'],
        [400, 'invalid_grant'],
      ]);
    },
  ],
  [
    '10.10',
    'tokens cannot be guessed: a refresh token has 256 bits',
    async () => expect(String((await signIn()).body['refresh_token'])).toMatch(/^[\w-]{43}$/),
  ],
]);

table('RFC 8707, resource indicators', [
  [
    '2',
    'an unknown resource is invalid_target',
    async () => expect(outcome(await credentials({ resource: 'https://unknown.example.com' }))).toEqual([400, 'invalid_target']),
  ],
  [
    '2',
    'a resource that is no absolute URI is invalid_target',
    async () =>
      expect([outcome(await credentials({ resource: 'seller' })), outcome(await credentials({ resource: `${AUDIENCE.seller}#part` }))]).toEqual([
        [400, 'invalid_target'],
        [400, 'invalid_target'],
      ]),
  ],
  [
    '2',
    'several resources may be refused',
    async () =>
      expect(outcome(await raw(`grant_type=client_credentials&resource=${AUDIENCE.seller}&resource=${AUDIENCE.b1}`))).toEqual([
        400,
        'invalid_target',
      ]),
  ],
  [
    '2.2',
    'the token is restricted to the resource',
    async () => expect(claimsOf((await credentials({ resource: AUDIENCE.seller })).body['access_token'])['aud']).toBe(AUDIENCE.seller),
  ],
  [
    '2.2',
    'a refresh stays within the resource of the grant',
    async () =>
      expect(outcome(await refresh(await signIn({ resource: AUDIENCE.seller }), { resource: AUDIENCE.b1 }))).toEqual([400, 'invalid_target']),
  ],
  [
    '2.2',
    'the scope is that part which means something to the resource',
    async () => expect((await signIn({ scope: 'Shopper OrderReader', resource: AUDIENCE.b1 })).body['scope']).toBe('Shopper'),
  ],
]);

const token = async () => String((await signIn({ resource: AUDIENCE.seller })).body['access_token']);

table('RFC 9068, the access token', [
  [
    '2.1',
    'typ is at+jwt, alg is asymmetric and not none',
    async () => expect(decodeProtectedHeader(await token())).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) }),
  ],
  [
    '2.2',
    'iss, exp, aud, sub, client_id, iat and jti are there',
    async () => expect(Object.keys(claimsOf(await token()))).toEqual(expect.arrayContaining(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])),
  ],
  ['2.2', 'jti is different every time', async () => expect(new Set([claimsOf(await token())['jti'], claimsOf(await token())['jti']]).size).toBe(2)],
  [
    '2.2',
    'sub is the client where there is no person',
    async () => expect(claimsOf((await credentials()).body['access_token'])).toMatchObject({ sub: 'svc', client_id: 'svc' }),
  ],
  ['2.2.3', 'scope is there when one was asked for', async () => expect(claimsOf(await token())['scope']).toBe('Shopper')],
  ['3', 'without resource the audience is a default', async () => expect(claimsOf((await credentials()).body['access_token'])['aud']).toBe(ISSUER)],
  [
    '4',
    'the keys are found through metadata',
    async () => {
      const metadata = (await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json()) as { jwks_uri: string };
      const { keys } = (await (await fetch(metadata.jwks_uri.replace(ISSUER, server.url))).json()) as { keys: { kid: string }[] };
      expect(keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(await token()).kid);
    },
  ],
]);

let made = 0;
const now = () => Math.floor(Date.now() / 1000);

const proof = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  new SignJWT({ htm: 'POST', htu: `${ISSUER}/oauth/token`, jti: `p${(made += 1)}`, iat: now(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(key);
const proven = async (claims?: Record<string, unknown>, header?: Record<string, unknown>) =>
  credentials({ scope: 'A' }, { ...svc(), dpop: await proof(claims, header) });

table('RFC 9449, DPoP at the token endpoint', [
  [
    '4.3 (1)',
    'there is not more than one DPoP header',
    async () => expect(outcome(await credentials({}, { ...svc(), dpop: `${await proof()}, ${await proof()}` }))).toEqual([400, 'invalid_dpop_proof']),
  ],
  [
    '4.3 (2)',
    'it is a well-formed JWT',
    async () => expect(outcome(await credentials({}, { ...svc(), dpop: 'proof' }))).toEqual([400, 'invalid_dpop_proof']),
  ],
  [
    '4.3 (3)',
    'all required claims are there',
    async () => {
      for (const name of ['jti', 'htm', 'htu', 'iat']) expect(outcome(await proven({ [name]: undefined }))).toEqual([400, 'invalid_dpop_proof']);
    },
  ],
  ['4.3 (4)', 'typ is dpop+jwt', async () => expect(outcome(await proven({}, { typ: 'at+jwt' }))).toEqual([400, 'invalid_dpop_proof'])],
  [
    '4.3 (6)',
    'the signature is made by the key in the header',
    async () =>
      expect(outcome(await proven({}, { jwk: await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey) }))).toEqual([
        400,
        'invalid_dpop_proof',
      ]),
  ],
  [
    '4.3 (7)',
    'the key in the header is not private',
    async () => expect(outcome(await proven({}, { jwk: { ...jwk, d: 'AAAA' } }))).toEqual([400, 'invalid_dpop_proof']),
  ],
  ['4.3 (8)', 'htm is the method', async () => expect(outcome(await proven({ htm: 'PUT' }))).toEqual([400, 'invalid_dpop_proof'])],
  [
    '4.3 (9)',
    'htu is the URI, without query and fragment',
    async () =>
      expect([outcome(await proven({ htu: `${ISSUER}/oauth/revoke` })), outcome(await proven({ htu: `${ISSUER}/oauth/token?x=1#y` }))]).toEqual([
        [400, 'invalid_dpop_proof'],
        [200, undefined],
      ]),
  ],
  ['4.3 (11)', 'iat is recent', async () => expect(outcome(await proven({ iat: now() - 3600 }))).toEqual([400, 'invalid_dpop_proof'])],
  ['5', 'the token type is DPoP', async () => expect((await proven()).body['token_type']).toBe('DPoP')],
  [
    '6.1',
    'the token is bound by the thumbprint of the key',
    async () => expect(claimsOf((await proven()).body['access_token'])['cnf']).toEqual({ jkt: await calculateJwkThumbprint(jwk) }),
  ],
  [
    '6.2',
    'introspection tells the binding',
    async () => {
      const answer = await server.signIn('b1u', {});
      expect(answer.status).toBe(200);
      const bound = await server.token({ grant_type: 'client_credentials', resource: AUDIENCE.seller }, { ...svc(), dpop: await proof() });
      expect((await server.introspect(String(bound.body['access_token']))).body).toMatchObject({
        active: true,
        token_type: 'DPoP',
        cnf: { jkt: await calculateJwkThumbprint(jwk) },
      });
    },
  ],
  [
    '11.1',
    'a proof is used once',
    async () => {
      const dpop = await proof();
      expect([outcome(await credentials({}, { ...svc(), dpop })), outcome(await credentials({}, { ...svc(), dpop }))]).toEqual([
        [200, undefined],
        [400, 'invalid_grant'],
      ]);
    },
  ],
]);

const assertion = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ iss: 'pk', sub: 'pk', aud: ISSUER, jti: `a${(made += 1)}`, exp: now() + 60, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .sign(key);
const asserted = async (claims?: Record<string, unknown>, form: Form = {}) =>
  server.token({
    grant_type: 'client_credentials',
    scope: 'A',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(claims),
    ...form,
  });

table('RFC 7523, client authentication with a JWT', [
  [
    '2.2',
    'client_assertion_type says that it is a JWT',
    async () =>
      expect(outcome(await asserted({}, { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }))).toEqual([
        400,
        'invalid_request',
      ]),
  ],
  [
    '2.2',
    'client_id may be left out; when it is there it is the same',
    async () =>
      expect([
        outcome(await asserted()),
        outcome(await asserted({}, { client_id: 'pk' })),
        outcome(await asserted({}, { client_id: 'svc' })),
      ]).toEqual([
        [200, undefined],
        [200, undefined],
        [400, 'invalid_request'],
      ]),
  ],
  [
    '3 (1)',
    'iss is there and is the client',
    async () =>
      expect([outcome(await asserted({ iss: undefined })), outcome(await asserted({ iss: 'other' }))]).toEqual([
        [401, 'invalid_client'],
        [401, 'invalid_client'],
      ]),
  ],
  ['3 (2)', 'sub is there and is the client', async () => expect(outcome(await asserted({ sub: undefined }))).toEqual([401, 'invalid_client'])],
  [
    '3 (3)',
    'aud identifies this server',
    async () =>
      expect([
        outcome(await asserted({ aud: undefined })),
        outcome(await asserted({ aud: 'https://other.example.com' })),
        outcome(await asserted({ aud: `${ISSUER}/oauth/token` })),
      ]).toEqual([
        [401, 'invalid_client'],
        [401, 'invalid_client'],
        [200, undefined],
      ]),
  ],
  [
    '3 (4)',
    'exp is there, not passed, and not unreasonably far',
    async () =>
      expect([
        outcome(await asserted({ exp: undefined })),
        outcome(await asserted({ exp: now() - 60 })),
        outcome(await asserted({ exp: now() + 86_400 })),
      ]).toEqual(Array.from({ length: 3 }, () => [401, 'invalid_client'])),
  ],
  ['3 (5)', 'nbf is not in the future', async () => expect(outcome(await asserted({ nbf: now() + 60 }))).toEqual([401, 'invalid_client'])],
  [
    '3 (7)',
    'a jti is used once',
    async () =>
      expect([outcome(await asserted({ jti: 'once' })), outcome(await asserted({ jti: 'once' }))]).toEqual([
        [200, undefined],
        [401, 'invalid_client'],
      ]),
  ],
  [
    '3 (9)',
    'the signature holds',
    async () =>
      expect(
        outcome(
          await server.token({
            grant_type: 'client_credentials',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: `${(await assertion()).split('.').slice(0, 2).join('.')}.AAAA`,
          }),
        ),
      ).toEqual([401, 'invalid_client']),
  ],
]);
