import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, errors, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { AccessError } from '../../../src/sdk/errors.ts';
import { createVerifier, type Verifier } from '../../../src/sdk/verifier.ts';

const ISSUER = 'https://id.example.com';
const API = 'https://orders.example.com';

let key: CryptoKey;
let stranger: CryptoKey;
let verifier: Verifier;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  stranger = (await generateKeyPair('ES256')).privateKey;
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] });
  verifier = createVerifier({ issuer: ISSUER, audience: API, keys });
});

interface Change {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly by?: CryptoKey;
}

async function token({ claims = {}, header = {}, by = key }: Change = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: ISSUER,
    aud: API,
    sub: 'alice',
    client_id: 'shop',
    jti: 't-1',
    iat: now,
    exp: now + 60,
    roles: ['Shopper'],
    scope: 'Shopper',
    ...claims,
  };
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k', ...header }).sign(by);
}

async function refusalOf(presented: string, by: Verifier = verifier): Promise<AccessError> {
  const error: unknown = await by.verify(presented).catch((cause: unknown) => cause);
  if (error instanceof AccessError) return error;
  throw new Error('it was not refused', { cause: error });
}

describe('a verifier', () => {
  it('says who calls and with which roles', async () => {
    expect(await verifier.verify(await token())).toMatchObject({ subject: 'alice', clientId: 'shop', roles: new Set(['Shopper']), actor: undefined });
  });

  const seconds = (from: number) => Math.floor(Date.now() / 1000) + from;
  const SENTENCE = {
    malformed: 'This is not an access token.',
    untrusted: 'The access token is not valid here.',
    foreign: 'The access token is of another issuer, or meant for another API.',
    expired: 'The access token has expired.',
    not_yet_valid: 'The access token is not valid yet.',
  } as const;

  it.each<[string, keyof typeof SENTENCE, () => Change]>([
    ['of another issuer', 'foreign', () => ({ claims: { iss: 'https://evil.example.com' } })],
    ['of another issuer by its own key', 'foreign', () => ({ claims: { iss: 'https://evil.example.com' }, by: stranger, header: { kid: 'e' } })],
    ['of an issuer with a slash', 'foreign', () => ({ claims: { iss: `${ISSUER}/` } })],
    ['for another API', 'foreign', () => ({ claims: { aud: 'https://invoices.example.com' } })],
    ['for this and another API', 'foreign', () => ({ claims: { aud: [API, 'https://invoices.example.com'] } })],
    ['for this API in a list', 'foreign', () => ({ claims: { aud: [API] } })],
    ['without an audience', 'foreign', () => ({ claims: { aud: undefined } as never })],
    ['that has ended', 'expired', () => ({ claims: { exp: seconds(-10) } })],
    ['without an end', 'untrusted', () => ({ claims: { exp: undefined } as never })],
    ['that ends in a fraction', 'untrusted', () => ({ claims: { exp: seconds(60) + 0.5 } })],
    ['that ends in a text', 'untrusted', () => ({ claims: { exp: String(seconds(60)) } as never })],
    ['that ends beyond all numbers', 'untrusted', () => ({ claims: { exp: 1e20 } })],
    ['that is not yet valid', 'not_yet_valid', () => ({ claims: { nbf: seconds(60) } })],
    ['that was issued tomorrow', 'untrusted', () => ({ claims: { iat: seconds(86_400), exp: seconds(90_000) } })],
    ['without a subject', 'untrusted', () => ({ claims: { sub: undefined } as never })],
    ['with an empty subject', 'untrusted', () => ({ claims: { sub: '' } })],
    ['whose client is no string', 'untrusted', () => ({ claims: { client_id: 7 } })],
    ['without an id', 'untrusted', () => ({ claims: { jti: undefined } as never })],
    ['that is an ID token', 'untrusted', () => ({ header: { typ: 'JWT' } })],
    ['of no type', 'untrusted', () => ({ header: { typ: undefined } })],
    ['by an unknown key', 'untrusted', () => ({ header: { kid: 'other' } })],
    ['signed by somebody else', 'untrusted', () => ({ by: stranger })],
  ])('refuses a token %s as %s', async (_what, reason, change) => {
    const error = await refusalOf(await token(change()));
    const message = SENTENCE[reason];
    expect(error).toMatchObject({ code: 'invalid_token', status: 401, reason, message });
    expect(error.headers['www-authenticate']).toBe(`Bearer error="invalid_token", error_description="${message}"`);
    expect(error.body).toEqual({ error: 'invalid_token', error_description: message, reason });
    expect(error.cause).toBeDefined();
  });

  it.each([{ jkt: 'thumbprint' }, { 'x5t#S256': 'thumbprint' }, {}, null, 'jkt'])(
    'refuses a token that is bound by %j as a bearer token',
    async (cnf) => {
      const error = await refusalOf(await token({ claims: { cnf } }));
      expect(error).toMatchObject({ code: 'invalid_token', status: 401, reason: 'bound' });
      expect(error.headers['www-authenticate']).toMatch(/^(?:DPoP|Bearer) error="invalid_token"/);
    },
  );

  it.each(['', 'opaque', 'a.b.c', `${'A'.repeat(10_000)}.x.y`, '..', `${'a.b.'.repeat(100_000)}c`])(
    'refuses %.20j as malformed',
    async (presented) => {
      expect(await refusalOf(presented)).toMatchObject({ code: 'invalid_token', status: 401, reason: 'malformed' });
    },
  );

  it('refuses a good token with white space, padding or more segments about it', async () => {
    const good = await token();
    for (const bad of [` ${good}`, `${good}\n`, `${good}=`, `${good}==`, `${good}.`, `${good}.a.b`, good.replace('.', '.\t')]) {
      expect(await refusalOf(bad)).toMatchObject({ reason: 'malformed' });
    }
  });

  it('takes the token out of a request', async () => {
    const request = (headers: Record<string, string>) => new Request(`${API}/orders`, { headers });
    expect(await verifier.verify(request({ authorization: `bearer  ${await token()}` }))).toMatchObject({ subject: 'alice' });
    await expect(verifier.verify(request({}))).rejects.toMatchObject({ code: 'missing_token', status: 401 });
    await expect(verifier.verify(request({ authorization: 'Basic YTpi' }))).rejects.toMatchObject({ code: 'missing_token' });
    await expect(verifier.verify(request({ authorization: `DPoP ${await token()}` }))).rejects.toMatchObject({
      code: 'invalid_token',
      reason: 'bound',
    });
  });

  it.each([['none'], ['HS256'], ['ES256', 'HS512'], []])('cannot be told to accept %j', (...algorithms) => {
    expect(() => createVerifier({ issuer: ISSUER, audience: API, algorithms })).toThrow(/Tokens cannot be signed with/);
  });

  it.each(['http://id.example.com', 'id.example.com', 'https://id.example.com/', 'https://id.example.com?x=1', 'ftp://id.example.com'])(
    'cannot trust the keys of %s',
    (issuer) => {
      expect(() => createVerifier({ issuer, audience: API })).toThrow(TypeError);
    },
  );

  it.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'https://id.example.com/tenant'])(
    'can trust the keys of %s',
    (issuer) => {
      expect(() => createVerifier({ issuer, audience: API })).not.toThrow();
    },
  );

  it('refuses another algorithm than those that it was told, and none', async () => {
    const strict = createVerifier({ issuer: ISSUER, audience: API, algorithms: ['RS256'], keys: () => key });
    expect(await refusalOf(await token(), strict)).toMatchObject({ code: 'invalid_token', cause: { code: 'ERR_JOSE_ALG_NOT_ALLOWED' } });
    const [, payload] = (await token()).split('.');
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
    expect(await refusalOf(none)).toMatchObject({ code: 'invalid_token' });
  });

  it('does not call a token bad when the keys cannot be had', async () => {
    for (const cause of [
      new errors.JWKSTimeout(),
      new errors.JOSEError('Expected 200 OK from the JSON Web Key Set HTTP response'),
      new TypeError('fetch failed'),
    ]) {
      const without = createVerifier({ issuer: ISSUER, audience: API, keys: () => Promise.reject(cause) });
      await expect(without.verify(await token())).rejects.toMatchObject({
        name: 'KeysUnavailableError',
        code: 'keys_unavailable',
        status: 503,
        headers: { 'retry-after': '5', 'cache-control': 'no-store' },
        cause,
      });
    }
  });
});
