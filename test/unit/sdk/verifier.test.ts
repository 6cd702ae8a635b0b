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
  it.each<[string, () => Change]>([
    ['of another issuer', () => ({ claims: { iss: 'https://evil.example.com' } })],
    ['for another API', () => ({ claims: { aud: 'https://invoices.example.com' } })],
    ['without an audience', () => ({ claims: { aud: undefined } as never })],
    ['that has ended', () => ({ claims: { exp: seconds(-10) } })],
    ['without an end', () => ({ claims: { exp: undefined } as never })],
    ['that is not yet valid', () => ({ claims: { nbf: seconds(60) } })],
    ['without a subject', () => ({ claims: { sub: undefined } as never })],
    ['with an empty subject', () => ({ claims: { sub: '' } })],
    ['whose client is no string', () => ({ claims: { client_id: 7 } })],
    ['without an id', () => ({ claims: { jti: undefined } as never })],
    ['that is an ID token', () => ({ header: { typ: 'JWT' } })],
    ['of no type', () => ({ header: { typ: undefined } })],
    ['by an unknown key', () => ({ header: { kid: 'other' } })],
    ['signed by somebody else', () => ({ by: stranger })],
    ['bound to a DPoP key', () => ({ claims: { cnf: { jkt: 'thumbprint' } } })],
    ['bound to a certificate', () => ({ claims: { cnf: { 'x5t#S256': 'thumbprint' } } })],
  ])('refuses a token %s, in the same words as any other', async (_what, change) => {
    const error = await refusalOf(await token(change()));
    expect(error).toMatchObject({ code: 'invalid_token', status: 401, message: 'The access token is not valid here.' });
    expect(error.headers['www-authenticate']).toBe('Bearer error="invalid_token", error_description="The access token is not valid here."');
    expect(error.body).toEqual({ error: 'invalid_token', error_description: 'The access token is not valid here.' });
    expect(error.cause).toBeDefined();
  });

  it.each(['', 'opaque', 'a.b.c', `${'A'.repeat(10_000)}.x.y`, '..'])('refuses %.20j', async (presented) => {
    expect(await refusalOf(presented)).toMatchObject({ code: 'invalid_token', status: 401 });
  });

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
