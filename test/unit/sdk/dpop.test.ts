import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { localReplays } from '../../../src/sdk/replays.ts';
import { createTestIssuer, type TestIssuer } from '../../../src/sdk/testing.ts';
import { createVerifier, type Verifier, type VerifierOptions } from '../../../src/sdk/verifier.ts';

const API = 'https://orders.example.com';

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}
interface Change {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly by?: Key;
}

let issuer: TestIssuer;
let key: Key;
let other: Key;
let token: string;
let verifier: Verifier;
let proofs = 0;

async function makeKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: API });
  [key, other] = await Promise.all([makeKey(), makeKey()]);
  token = await issuer.token({ subject: 'ada', boundTo: await calculateJwkThumbprint(key.jwk) });
});
beforeEach(() => {
  verifier = open({});
});

const open = (options: Partial<VerifierOptions>): Verifier => createVerifier({ ...issuer, ...options });
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
const seconds = (from = 0): number => Math.floor(Date.now() / 1000) + from;

function proof({ claims = {}, header = {}, by = key }: Change = {}): Promise<string> {
  const all = { htm: 'GET', htu: `${API}/orders/1`, iat: seconds(), jti: `proof-${(proofs += 1)}`, ath: hashOf(token), ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk, ...header }).sign(by.privateKey);
}

async function outcome(dpop: string | undefined, given: { readonly by?: Verifier; readonly url?: string; readonly authorization?: string } = {}) {
  const { by = verifier, url = `${API}/orders/1?x=1`, authorization = `DPoP ${token}` } = given;
  const headers = new Headers({ authorization, ...(dpop === undefined ? {} : { dpop }) });
  return by.verify({ method: 'GET', url, headers }).then(
    ({ subject }) => subject,
    (error: { readonly code: string; readonly message: string; readonly headers: Record<string, string> }) => {
      expect(error.headers['www-authenticate']).toMatch(/^DPoP error="invalid_(?:token|dpop_proof)", error_description="[^"]+", algs="ES256 [^"]+"$/);
      return `${error.code}: ${error.message}`;
    },
  );
}

describe('a token that is bound to a key', () => {
  it('is accepted with a proof, for the URL without its query', async () => {
    expect(await outcome(await proof())).toBe('ada');
  });

  it('is accepted under the public URL alone, whatever host the request names', async () => {
    expect(await outcome(await proof(), { url: '/orders/1?x=1' })).toBe('ada');
    expect(await outcome(await proof(), { url: 'http://internal:8080/orders/1' })).toBe('ada');
    const evil = { htu: 'https://evil.example.com/orders/1' };
    expect(await outcome(await proof({ claims: evil }), { url: 'https://evil.example.com/orders/1' })).toMatch(/another URL/);
    expect(await outcome(await proof({ claims: evil }), { url: '//evil.example.com/orders/1' })).toMatch(/another URL/);
    const behind = open({ publicUrl: 'https://api.example.com/shop/' });
    expect(await outcome(await proof({ claims: { htu: 'HTTPS://API.example.com:443/shop/orders/1' } }), { by: behind, url: '/orders/1' })).toBe(
      'ada',
    );
  });

  it('cannot be judged when the API does not know its URL', async () => {
    const urn = await createTestIssuer({ audience: 'urn:orders' });
    const bound = await urn.token({ boundTo: await calculateJwkThumbprint(key.jwk) });
    const given = { by: createVerifier(urn), authorization: `DPoP ${bound}` };
    expect(await outcome(await proof({ claims: { ath: hashOf(bound) } }), given)).toMatch(/another URL/);
  });

  it.each<[string, () => Change]>([
    ['another method', () => ({ claims: { htm: 'POST' } })],
    ['the method in small letters', () => ({ claims: { htm: 'get' } })],
    ['another path', () => ({ claims: { htu: `${API}/orders/2` } })],
    ['no URL', () => ({ claims: { htu: 7 } })],
    ['another time', () => ({ claims: { iat: seconds(-120) } })],
    ['a time to come', () => ({ claims: { iat: seconds(120) } })],
    ['no time', () => ({ claims: { iat: undefined } as never })],
    ['no id', () => ({ claims: { jti: undefined } as never })],
    ['a huge id', () => ({ claims: { jti: 'x'.repeat(1000) } })],
    ['another token', () => ({ claims: { ath: hashOf('another') } })],
    ['no token', () => ({ claims: { ath: undefined } })],
    ['another key', () => ({ by: other })],
    ['a key that did not sign it', () => ({ header: { jwk: other.jwk } })],
    ['no key', () => ({ header: { jwk: undefined } })],
    ['another type', () => ({ header: { typ: 'JWT' } })],
  ])('is refused with a proof for %s', async (_what, change) => {
    expect(await outcome(await proof(change()))).toMatch(/^invalid_dpop_proof: /);
  });

  it('is refused with a proof that shows its private key', async () => {
    const jwk = await exportJWK(key.privateKey);
    expect(await outcome(await proof({ header: { jwk } }))).toMatch(/^invalid_dpop_proof: /);
  });

  it.each([undefined, '', 'a.b.c', 'nonsense'])('is refused with %j for a proof', async (dpop) => {
    expect(await outcome(dpop)).toMatch(/^invalid_dpop_proof: /);
  });

  it('is refused with two proofs', async () => {
    expect(await outcome(`${await proof()}, ${await proof()}`)).toMatch(/one proof/);
  });

  it('is refused with a proof that was used before, and only then', async () => {
    const once = await proof();
    expect(await Promise.all([outcome(once), outcome(once), outcome(once)]).then((all) => all.sort())).toEqual([
      'ada',
      'invalid_dpop_proof: The proof was used before.',
      'invalid_dpop_proof: The proof was used before.',
    ]);
    const kept = await proof();
    expect(await outcome(kept, { url: '/orders/2' })).toMatch(/another URL/);
    expect(await outcome(kept)).toBe('ada');
  });

  it('shares its memory of proofs when it is told to', async () => {
    const replays = localReplays({ now: () => Date.now() });
    const once = await proof();
    expect(await outcome(once, { by: open({ replays }) })).toBe('ada');
    expect(await outcome(once, { by: open({ replays }) })).toMatch(/used before/);
  });

  it('is refused as a bearer token, proof or not', async () => {
    expect(await outcome(await proof(), { authorization: `Bearer ${token}` })).toMatch(/^invalid_token: /);
    expect(await outcome(undefined, { authorization: `Bearer ${token}` })).toMatch(/^invalid_token: /);
  });
});

describe('a token that is not bound', () => {
  it('is refused with a proof: it would prove nothing', async () => {
    const free = await issuer.token();
    expect(await outcome(await proof({ claims: { ath: hashOf(free) } }), { authorization: `DPoP ${free}` })).toMatch(/^invalid_token: /);
  });
});

describe('the memory of used proofs', () => {
  let time = 0;
  const memory = (limit: number) => localReplays({ now: () => time, limit });

  it('knows an id until it ends', () => {
    time = 0;
    const { useOnce } = memory(10);
    expect([useOnce('a', 60), useOnce('a', 60), useOnce('b', 60)]).toEqual([true, false, true]);
    time = 61_000;
    expect(useOnce('a', 120)).toBe(true);
  });

  it('lets nothing through twice when it is full: what ends first is good no more', () => {
    time = 0;
    const { useOnce } = memory(3);
    expect([useOnce('a', 10), useOnce('b', 20), useOnce('c', 30), useOnce('d', 40)]).toEqual([true, true, true, true]);
    expect([useOnce('a', 10), useOnce('new', 10), useOnce('b', 20), useOnce('e', 20)]).toEqual([false, false, false, false]);
    expect(useOnce('f', 50)).toBe(true);
  });
});
