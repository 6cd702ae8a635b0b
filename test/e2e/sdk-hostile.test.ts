import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, generateKeyPairSync, sign as signWith, type KeyObject } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createVerifier } from '../../src/sdk/verifier.ts';
import { FRAMEWORKS, openSampleApi, type SampleApi } from '../support/sdk-frameworks.ts';

const ISSUER = 'https://id.example.com';
const API = 'https://orders.example.com';

const pair = (type: 'ec' | 'rsa') =>
  type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
const [own, stranger, rsa] = [pair('ec'), pair('ec'), pair('rsa')];
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
const JWKS = {
  keys: [
    { ...jwkOf(own.publicKey), kid: 'own', alg: 'ES256', use: 'sig' },
    { ...jwkOf(rsa.publicKey), kid: 'rsa', use: 'sig' },
  ],
};

const apis = new Map<string, SampleApi>();
/** Would hear of every request that a token asks for. */
let trap: Server;
let trapped = 0;

beforeAll(async () => {
  trap = createServer((_request, response) => {
    trapped += 1;
    response.end(JSON.stringify({ keys: [{ ...jwkOf(stranger.publicKey), kid: 'trap' }] }));
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  for (const framework of FRAMEWORKS) {
    const verifier = createVerifier({ issuer: ISSUER, audience: API, fetch: async () => Response.json(JWKS) });
    apis.set(framework, await openSampleApi(framework, verifier));
  }
});
afterAll(async () => {
  for (const api of apis.values()) await api.close();
  trap.close();
});

const now = Math.floor(Date.now() / 1000);
const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const CLAIMS = {
  iss: ISSUER,
  aud: API,
  sub: 'ada',
  client_id: 'shop',
  jti: 't',
  iat: now,
  exp: now + 600,
  roles: ['OrderReader'],
  scope: 'OrderReader',
  org_id: 'acme',
  org_type: 'buyer',
  org_path: ['acme'],
  org_ids: ['acme'],
};
const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'own' };

/** A token as it is written here, signed by whom it says. */
function token(claims: object = {}, header: object = {}, key: KeyObject = own.privateKey): string {
  const input = `${part({ ...HEADER, ...header })}.${part({ ...CLAIMS, ...claims })}`;
  return `${input}.${signWith('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
/** The same with header and payload written by hand. */
function raw(header: string, payload: string): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${signWith('sha256', Buffer.from(input), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
function hmac(secret: string | Buffer, alg = 'HS256'): string {
  const input = `${part({ ...HEADER, alg })}.${part(CLAIMS)}`;
  return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`;
}
const unsigned = (alg: string, signature = ''): string => `${part({ ...HEADER, alg })}.${part(CLAIMS)}.${signature}`;
const good = token();
const trapUrl = (): string => `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks`;

type Headers_ = Readonly<Record<string, string | string[]>>;
interface Verdict {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly type: string | undefined;
  readonly store: string | undefined;
  readonly body: unknown;
}

/** With node:http, which sends headers as they are, also twice. */
function call(api: SampleApi, path: string, headers: Headers_): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${api.url}${path}`, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          challenge: response.headers['www-authenticate'],
          type: response.headers['content-type']?.replace(/;.*/, ''),
          store: response.headers['cache-control'],
          body: text.startsWith('{') ? JSON.parse(text) : undefined,
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** What all five say; they must say the same. */
async function verdict(headers: Headers_, path = '/orders/1'): Promise<Verdict> {
  const verdicts = await Promise.all([...apis.values()].map((api) => call(api, path, headers)));
  for (const [index, other] of verdicts.entries())
    expect({ framework: FRAMEWORKS[index], ...other }).toEqual({ framework: FRAMEWORKS[index], ...verdicts[0]! });
  return verdicts[0]!;
}
const bearer = (presented: string, path?: string) => verdict({ authorization: `Bearer ${presented}` }, path);

function expectRefused({ status, challenge, type, store, body }: Verdict): void {
  expect({ status, type, store }).toEqual({ status: 401, type: 'application/json', store: 'no-store' });
  expect(challenge).toMatch(/^(?:Bearer|DPoP) error="invalid_token", error_description="[^"]+"/);
  expect(body).toMatchObject({ error: 'invalid_token', error_description: expect.any(String), reason: expect.any(String) });
  expect(JSON.stringify(body)).not.toMatch(/at .*\.(?:ts|js):|jose|JWS|ERR_/);
}

describe('200, in all five', () => {
  it('for a good token', async () => {
    expect(await bearer(good)).toMatchObject({ status: 200, body: { subject: 'ada', roles: ['OrderReader'] } });
    expect((await verdict({ authorization: `bearer   ${good}` })).status).toBe(200);
    expect((await bearer(good, '/companies/acme')).status).toBe(200);
    expect((await bearer(token({ roles: [], scope: '' }), '/any')).status).toBe(200);
  });
});

describe('401 without an error, in all five', () => {
  it.each<[string, Headers_, string]>([
    ['without a token', {}, '/orders/1'],
    ['with a token in the query', {}, `/orders/1?access_token=${good}`],
    ['with a token in a cookie', { cookie: `access_token=${good}` }, '/orders/1'],
    ['with another scheme', { authorization: 'Basic YTpi' }, '/orders/1'],
    ['with a token alone', { authorization: good }, '/orders/1'],
    ['with a token in another header', { 'x-authorization': `Bearer ${good}` }, '/any'],
  ])('%s', async (_what, headers, path) => {
    expect(await verdict(headers, path)).toEqual({
      status: 401,
      challenge: 'Bearer',
      type: 'application/json',
      store: 'no-store',
      body: { error_description: 'An access token is needed.' },
    });
  });
});

describe('403, in all five', () => {
  it.each<[string, object, string]>([
    ['without the role', { roles: ['Shopper'] }, '/orders/1'],
    ['with a role that contains it', { roles: ['MeOrderReader', 'OrderReaders', 'orderreader'] }, '/orders/1'],
    ['with FullAccess that the check does not name', { roles: ['FullAccess'] }, '/orders/1'],
    ['with roles in a text', { roles: 'OrderReader' }, '/orders/1'],
    ['with the role in the scope alone', { roles: [] }, '/orders/1'],
    ['with a list in the list', { roles: [['OrderReader']] }, '/orders/1'],
    ['in another company', {}, '/companies/other'],
    ['in a company that begins like it', {}, '/companies/acm'],
    ['with companies in a text', { org_ids: 'acme' }, '/companies/acme'],
  ])('%s', async (_what, claims, path) => {
    const { status, challenge, body } = await bearer(token(claims), path);
    expect(status).toBe(403);
    expect(challenge).toMatch(/^Bearer error="insufficient_scope", error_description="[^"]+", scope="OrderReader"$/);
    expect(body).toMatchObject({ error: 'insufficient_scope', sufficient_roles: ['OrderReader'], token_roles: expect.any(Array) });
  });
});

describe('500, in all five', () => {
  it('for a fault of the API itself, and nobody is let in', async () => {
    const statuses = await Promise.all([...apis.values()].map(async (api) => (await call(api, '/bug', { authorization: `Bearer ${good}` })).status));
    expect(statuses).toEqual([500, 500, 500, 500, 500]);
  });
});

const [header64, payload64, signature64] = good.split('.') as [string, string, string];
const pem = own.publicKey.export({ type: 'spki', format: 'pem' });

describe('401 invalid_token, in all five: T-24', () => {
  it.each<[string, string]>([
    ...['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg): [string, string][] => [
      [`alg ${alg}, no signature`, unsigned(alg)],
      [`alg ${alg}, the signature of another token`, unsigned(alg, signature64)],
    ]),
    ['an empty signature', `${header64}.${payload64}.`],
    ['two segments', `${header64}.${payload64}`],
    ['one segment', header64],
    ['five segments', `${good}.a.b`],
    ['padding', `${good}==`],
    ['padding within', `${header64}==.${payload64}.${signature64}`],
    ['a zero signature', `${header64}.${payload64}.${Buffer.alloc(64).toString('base64url')}`],
    [
      'a DER signature',
      (() => {
        const input = `${header64}.${payload64}`;
        return `${input}.${signWith('sha256', Buffer.from(input), own.privateKey).toString('base64url')}`;
      })(),
    ],
    ['a changed payload', `${header64}.${part({ ...CLAIMS, roles: ['FullAccess'] })}.${signature64}`],
    ['a changed header', `${part({ ...HEADER, x: 1 })}.${payload64}.${signature64}`],
    ['no JSON', raw('{', '{')],
    ['a payload that is a list', raw(JSON.stringify(HEADER), '[]')],
    ['a payload that is null', raw(JSON.stringify(HEADER), 'null')],
    ['an opaque token', 'opaque'],
    ['a dot', '.'],
    ['two dots', '..'],
  ])('%s', async (_what, presented) => {
    expectRefused(await bearer(presented));
  });

  it('a duplicate algorithm in the header', async () => {
    expectRefused(await bearer(`${part('{"alg":"ES256","typ":"at+jwt","kid":"own","alg":"none"}')}.${payload64}.`));
  });
});

describe('401 invalid_token, in all five: T-25', () => {
  it.each<[string, string]>([
    ['signed with the public key in PEM', hmac(pem)],
    ['signed with the public key in PEM without its end', hmac(pem.toString().trim())],
    ['signed with the public key in JWK', hmac(JSON.stringify(JWKS.keys[0]))],
    ['signed with its x', hmac(Buffer.from(jwkOf(own.publicKey).x!, 'base64url'))],
    ['signed with nothing', hmac('')],
    ['HS512', hmac(pem, 'HS512')],
    ['ES256 by the RSA key id', token({}, { kid: 'rsa' })],
    [
      'RS256, which this API does not accept',
      (() => {
        const input = `${part({ ...HEADER, alg: 'RS256', kid: 'rsa' })}.${part(CLAIMS)}`;
        return `${input}.${signWith('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`;
      })(),
    ],
    ['by a stranger under our key id', token({}, {}, stranger.privateKey)],
    ['by a stranger without a key id', token({}, { kid: undefined }, stranger.privateKey)],
    ['by a key id that is a list', token({}, { kid: ['own'] })],
    ['by a key id that is a path', token({}, { kid: '../../own' }, stranger.privateKey)],
    ['by __proto__', token({}, { kid: '__proto__' }, stranger.privateKey)],
  ])('%s', async (_what, presented) => {
    expectRefused(await bearer(presented));
  });
});

describe('401 invalid_token, in all five: T-27, and nobody is asked', () => {
  it.each<[string, () => object]>([
    ['jku', () => ({ jku: trapUrl(), kid: 'trap' })],
    ['x5u', () => ({ x5u: trapUrl(), kid: 'trap' })],
    ['jwk', () => ({ jwk: jwkOf(stranger.publicKey), kid: undefined })],
    ['x5c', () => ({ x5c: [stranger.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] })],
    ['an issuer that is a trap', () => ({})],
  ])('%s', async (what, header) => {
    expectRefused(await bearer(token(what.startsWith('an issuer') ? { iss: trapUrl() } : {}, header(), stranger.privateKey)));
    expect(trapped).toBe(0);
  });

  it.each<[string, object]>([
    ['crit exp', { crit: ['exp'], exp: 1 }],
    ['crit of something unknown', { crit: ['x-y'], 'x-y': 1 }],
    ['an empty crit', { crit: [] }],
    ['b64 false', { b64: false, crit: ['b64'] }],
  ])('%s, signed by us', async (_what, header) => {
    expectRefused(await bearer(token({}, header)));
  });
});

describe('401 invalid_token, in all five: T-28, T-29, T-30', () => {
  it.each<[string, object, object?]>([
    ['an ID token', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['a logout token', {}, { typ: 'logout+jwt' }],
    ['an introspection answer', {}, { typ: 'token-introspection+jwt' }],
    ['a proof', {}, { typ: 'dpop+jwt' }],
    ['a type that is a list', {}, { typ: ['at+jwt'] }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['another case', { aud: API.toUpperCase() }],
    ['an audience with a slash', { aud: `${API}/` }],
    ['an audience that begins with ours', { aud: `${API}.evil.com` }],
    ['our audience and another', { aud: [API, 'https://other.example.com'] }],
    ['our audience in a list', { aud: [API] }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['our issuer with a slash', { iss: `${ISSUER}/` }],
    ['our issuer over http', { iss: ISSUER.replace('https', 'http') }],
    ['our issuer in a list', { iss: [ISSUER] }],
    ['no issuer', { iss: undefined }],
    ['an end before the tolerance', { exp: now - 30 }],
    ['a fraction of an end', { exp: now + 600.5 }],
    ['an end in a text', { exp: String(now + 600) }],
    ['an end beyond all time', { exp: 1e20 }],
    ['no end', { exp: undefined }],
    ['an end that is null', { exp: null }],
    ['a beginning tomorrow', { nbf: now + 86_400 }],
    ['a beginning in a text', { nbf: '0' }],
    ['issued tomorrow', { iat: now + 86_400, exp: now + 90_000 }],
    ['issued never', { iat: undefined }],
    ['no subject', { sub: undefined }],
    ['a subject that is a number', { sub: 7 }],
    ['no client', { client_id: undefined }],
    ['no id', { jti: undefined }],
    ['a binding to a certificate', { cnf: { 'x5t#S256': 'x' } }],
    ['a binding to nothing', { cnf: {} }],
    ['a binding that is null', { cnf: null }],
    ['a binding to a key, without a proof', { cnf: { jkt: 'x' } }],
  ])('%s', async (_what, claims, header = {}) => {
    expectRefused(await bearer(token(claims, header)));
  });
});

describe('401, in all five: what comes around the token', () => {
  it.each<[string, Headers_]>([
    ['two Authorization headers', { authorization: [`Bearer ${good}`, `Bearer ${good}`] }],
    ['two, the first of another scheme', { authorization: ['Basic YTpi', `Bearer ${good}`] }],
    ['two tokens in one header', { authorization: `Bearer ${good}, Bearer ${good}` }],
    ['two tokens with a space', { authorization: `Bearer ${good} ${good}` }],
    ['a quoted token', { authorization: `Bearer "${good}"` }],
    ['a tab', { authorization: `Bearer\t${good}` }],
    ['no token', { authorization: 'Bearer' }],
    ['the DPoP scheme for a token that is not bound', { authorization: `DPoP ${good}` }],
    ['the DPoP scheme and nonsense', { authorization: `DPoP ${good}`, dpop: 'nonsense' }],
  ])('%s', async (_what, headers) => {
    const { status, body } = await verdict(headers);
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain('ada');
  });
});

describe('proofs of possession, in all five', () => {
  it('let a bound token in once each', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const bound = token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const ath = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(bound))).toString('base64url');
    const proof = await new SignJWT({ htm: 'GET', htu: `${API}/orders/1`, iat: now, jti: 'once', ath })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(privateKey);
    const headers = { authorization: `DPoP ${bound}`, dpop: proof };
    expect((await verdict(headers)).status).toBe(200);
    const again = await verdict(headers);
    expect(again).toMatchObject({ status: 401, body: { error: 'invalid_dpop_proof', error_description: 'The proof was used before.' } });
    expect(again.challenge).toMatch(/^DPoP error="invalid_dpop_proof", .*algs="ES256 /);
    expect((await verdict({ ...headers, dpop: [proof, proof] })).status).toBe(401);
    expect((await verdict({ ...headers, authorization: `Bearer ${bound}` })).status).toBe(401);
  });
});

describe('after all of it', () => {
  it('a good token is good', async () => {
    expect((await bearer(good)).status).toBe(200);
  });
});
