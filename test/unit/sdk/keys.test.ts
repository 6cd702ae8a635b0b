import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { createVerifier, type Verifier } from '../../../src/sdk/verifier.ts';

const ISSUER = 'https://id.example.com';
const API = 'https://orders.example.com';

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const keys: Record<string, Key> = {};
let published: string[];
let answer: (() => Response | Promise<Response>) | undefined;
let asked: string[];
let time: number;
let verifier: Verifier;

beforeAll(async () => {
  for (const kid of ['a', 'b']) {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    keys[kid] = { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
  }
});

beforeEach(() => {
  published = ['a'];
  answer = undefined;
  asked = [];
  time = Date.UTC(2026, 0, 1);
  verifier = createVerifier({
    issuer: ISSUER,
    audience: API,
    now: () => new Date(time),
    fetch: async (url, init) => {
      asked.push(url);
      expect(init).toMatchObject({ redirect: 'manual' });
      return answer === undefined ? Response.json({ keys: published.map((kid) => keys[kid]!.jwk) }) : answer();
    },
  });
});

async function verify(by: string, kid = by): Promise<string> {
  const now = Math.floor(time / 1000);
  const claims = { iss: ISSUER, aud: API, sub: 'alice', client_id: 'shop', jti: 't', iat: now, exp: now + 60, roles: [] };
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(keys[by]!.privateKey);
  return verifier.verify(token).then(
    () => 'accepted',
    (error: { readonly code: string }) => error.code,
  );
}

const pass = (seconds: number) => void (time += seconds * 1000);

describe('the keys of the issuer', () => {
  it('are fetched from the configured issuer once, however many tokens wait for them', async () => {
    expect(await Promise.all(Array.from({ length: 50 }, () => verify('a')))).toEqual(Array.from({ length: 50 }, () => 'accepted'));
    pass(200);
    expect(await verify('a')).toBe('accepted');
    expect(asked).toEqual([`${ISSUER}/.well-known/jwks.json`]);
  });

  it('are fetched anew after five minutes', async () => {
    await verify('a');
    pass(301);
    published = ['b'];
    expect(await verify('a')).toBe('invalid_token');
    expect(await verify('b')).toBe('accepted');
    expect(asked).toHaveLength(2);
  });

  it('are fetched anew for an unknown key id, at most every 30 seconds', async () => {
    await verify('a');
    pass(31);
    published = ['a', 'b'];
    expect(await Promise.all([verify('b'), verify('b'), verify('b')])).toEqual(['accepted', 'accepted', 'accepted']);
    expect(asked).toHaveLength(2);
    for (let count = 0; count < 100; count += 1) expect(await verify('a', `unknown-${count}`)).toBe('invalid_token');
    expect(asked).toHaveLength(2);
    pass(31);
    await Promise.all(Array.from({ length: 100 }, (_, count) => verify('a', `unknown-${count}`)));
    expect(asked).toHaveLength(3);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ['is down', () => Promise.reject(new TypeError('fetch failed'))],
    ['answers 500', () => new Response('oops', { status: 500 })],
    ['sends elsewhere', () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com' } })],
    ['answers with a page', () => new Response('<html>', { status: 200 })],
    ['answers with something else', () => Response.json({ keys: 'none' })],
  ])('are good for a day while the issuer %s, and it is not asked by every token', async (_what, bad) => {
    await verify('a');
    answer = bad;
    pass(301);
    for (let count = 0; count < 20; count += 1) expect(await verify('a')).toBe('accepted');
    expect(asked).toHaveLength(2);
    pass(86_400);
    expect(await verify('a')).toBe('keys_unavailable');
    answer = undefined;
    pass(30);
    expect(await verify('a')).toBe('accepted');
  });

  it('are asked for again soon when there are none at all', async () => {
    answer = () => new Response('', { status: 503 });
    expect(await Promise.all([verify('a'), verify('a')])).toEqual(['keys_unavailable', 'keys_unavailable']);
    expect(asked).toHaveLength(1);
    answer = undefined;
    expect(await verify('a')).toBe('keys_unavailable');
    pass(2);
    expect(await verify('a')).toBe('accepted');
  });

  it('are never fetched from where a token says', async () => {
    const now = Math.floor(time / 1000);
    const claims = { iss: 'https://evil.example.com', aud: API, sub: 'alice', client_id: 'shop', jti: 't', iat: now, exp: now + 60 };
    const header = {
      alg: 'ES256',
      typ: 'at+jwt',
      kid: 'b',
      jku: 'https://evil.example.com/jwks',
      x5u: 'https://evil.example.com/x',
      jwk: keys['b']!.jwk,
    };
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(keys['b']!.privateKey);
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'invalid_token', reason: 'foreign' });
    expect(asked).toEqual([`${ISSUER}/.well-known/jwks.json`]);
  });
});
