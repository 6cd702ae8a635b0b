import { createHmac, createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { planFirstKeys, planRetirement, planRotation } from '../../../src/domain/key-rotation.ts';
import type { Claims } from '../../../src/domain/ports.ts';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../../src/domain/resource-server.ts';
import { currentKey, type FreshKey, type KeyFile, type SigningKey } from '../../../src/domain/signing-key.ts';
import { openTokenSigner, type TokenSignerHandle } from '../../../src/engine/token-signer.ts';
import { generateSigningKey } from '../../../src/services/signing-key-generation.ts';
import { openMemoryKeyFile } from '../../../src/storage/memory/signing-keys.ts';

const ISSUER = 'https://issuer.example';
const START = Date.UTC(2026, 0, 1);
const NOW = START / 1000;
const CLAIMS: Claims = {
  iss: ISSUER,
  aud: 'https://api.example',
  sub: 'alice',
  client_id: 'shop',
  jti: 'j-1',
  iat: NOW,
  exp: NOW + 600,
  scope: 'A B',
  roles: ['A', 'B'],
};

const opened: TokenSignerHandle[] = [];
afterEach(() => {
  for (const signer of opened.splice(0)) signer.close();
});

async function setUp(algorithms: readonly SigningAlgorithm[] = ['ES256']) {
  const clock = { time: START, now: () => clock.time };
  const keyFile = openMemoryKeyFile();
  for (const alg of algorithms) await ensure(keyFile, alg, START);
  const warnings: string[] = [];
  const options = { issuer: ISSUER, keyFile, clock, reloadEveryMs: 1000, log: { warn: (_: object, message: string) => void warnings.push(message) } };
  const signer = await openTokenSigner(options);
  opened.push(signer);
  const key = async (alg: SigningAlgorithm) => currentKey(await keyFile.read(), alg, clock.time)!;
  return { clock, keyFile, signer, warnings, options, key };
}

/** Two keys an algorithm and test file: making RSA keys takes long. Rotations of ES256 get new ones. */
const rsaKeys = new Map<SigningAlgorithm, Promise<FreshKey[]>>();
function fresh(alg: SigningAlgorithm): Promise<FreshKey[]> {
  const made = rsaKeys.get(alg) ?? Promise.all([generateSigningKey(alg), generateSigningKey(alg)]);
  if (alg === 'RS256' || alg === 'PS256') rsaKeys.set(alg, made);
  return made;
}

async function ensure(keyFile: KeyFile, alg: SigningAlgorithm, now: number): Promise<void> {
  const keys = await fresh(alg);
  await keyFile.update((ring) => planFirstKeys(ring, alg, { now, fresh: keys }).ring);
}

async function rotate(keyFile: KeyFile, now: number): Promise<void> {
  const keys = await fresh('ES256');
  await keyFile.update((ring) => planRotation(ring, 'ES256', { now, fresh: keys }).ring);
}

async function retire(keyFile: KeyFile, kid: string, now: number): Promise<void> {
  const keys = await fresh('ES256');
  await keyFile.update((ring) => planRetirement(ring, kid, { now, fresh: keys }).ring);
}

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as Record<string, unknown>;

/** A token as somebody with the real private key could make it, with any header and any claims. */
function forge(key: SigningKey, header: unknown, claims: unknown = CLAIMS): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const privateKey = createPrivateKey({ key: key.privateJwk, format: 'jwk' });
  const digest = key.alg === 'EdDSA' ? null : 'sha256';
  return `${input}.${signBytes(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

describe('a signed token', () => {
  it.each(SIGNING_ALGORITHMS)('of %s is verified by a library that is not ours from the published keys, and by ourselves', async (alg) => {
    const { signer } = await setUp(SIGNING_ALGORITHMS);
    const token = await signer.sign(CLAIMS, alg);
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [...signer.jwks().keys] }), {
      issuer: ISSUER,
      audience: 'https://api.example',
      typ: 'at+jwt',
      algorithms: [alg],
      currentDate: new Date(START),
    });
    expect(payload).toEqual(CLAIMS);
    expect(Object.keys(protectedHeader).sort()).toEqual(['alg', 'kid', 'typ']);
    expect(await signer.verify(token)).toEqual(CLAIMS);
  });

  it('names a key that JWKS shows, with public members only', async () => {
    const { signer } = await setUp(SIGNING_ALGORITHMS);
    const { kid } = headerOf(await signer.sign(CLAIMS, 'RS256'));
    const shown = signer.jwks().keys;
    expect(shown).toHaveLength(8);
    expect(shown.find((key) => key['kid'] === kid)).toMatchObject({ alg: 'RS256', use: 'sig', kty: 'RSA' });
    for (const key of shown) for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(member);
  });

  it('cannot be made with an algorithm that has no key, until it has one', async () => {
    const { signer, keyFile, clock } = await setUp();
    await expect(signer.sign(CLAIMS, 'EdDSA')).rejects.toMatchObject({ code: 'unavailable', message: 'There is no signing key for EdDSA yet.' });
    await ensure(keyFile, 'EdDSA', clock.time);
    expect(headerOf(await signer.sign(CLAIMS, 'EdDSA'))).toMatchObject({ alg: 'EdDSA' });
  });

  it('keeps its claims as they were for every later presentation', async () => {
    const { signer } = await setUp();
    const token = await signer.sign(CLAIMS, 'ES256');
    const claims = (await signer.verify(token))!;
    expect(() => (claims['roles'] as string[]).push('FullAccess')).toThrow(/not extensible/);
    expect(await signer.verify(token)).toEqual(CLAIMS);
  });
});

describe('T-24 what is not a compact JWS of three parts', () => {
  it('is not one of our tokens', async () => {
    const { signer, key } = await setUp();
    const token = await signer.sign(CLAIMS, 'ES256');
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const { kid } = await key('ES256');
    const none = ['none', 'None', 'nOnE', ''].flatMap((alg) => {
      const input = `${encode({ alg, typ: 'at+jwt', kid })}.${payload}`;
      return [`${input}.`, `${input}.${signature}`, input];
    });
    const duplicateHeader = `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${kid}"}`;
    const refused = [
      '',
      '.',
      '..',
      '...',
      'garbage',
      header,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `.${payload}.${signature}`,
      `${header}..${signature}`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}`,
      `${token}.${signature}.${signature}`,
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `${token}\0`,
      `\uFEFF${token}`,
      `${header}.\n${payload}.${signature}`,
      `${token}=`,
      `${token}==`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}=.${signature}`,
      token.replaceAll('-', '+').replaceAll('_', '/') + '+',
      `Bearer ${token}`,
      encodeURIComponent(`${token} `),
      token.toUpperCase(),
      `${encode(duplicateHeader)}.${payload}.${signature}`,
      forge(await key('ES256'), duplicateHeader),
      'é.é.é',
      'a.b.c',
      `${'a'.repeat(300_000)}.b.c`,
      ...none,
    ];
    for (const candidate of refused) expect([candidate.slice(0, 80), await signer.verify(candidate)]).toEqual([candidate.slice(0, 80), undefined]);
  });

  it('a signature or payload that was touched, or spelt in another way, is refused', async () => {
    const { signer } = await setUp();
    const token = await signer.sign(CLAIMS, 'ES256');
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // 64 bytes leave four bits of the last character unused: sixteen spellings of the same bytes.
    const last = alphabet.indexOf(signature.at(-1)!);
    for (let unused = 1; unused < 16; unused++)
      expect(await signer.verify(`${header}.${payload}.${signature.slice(0, -1)}${alphabet[last ^ unused]}`)).toBeUndefined();
    for (const position of [0, 5, 40, 84]) {
      const flipped = alphabet[alphabet.indexOf(signature[position]!) ^ 32]!;
      expect(await signer.verify(`${header}.${payload}.${signature.slice(0, position)}${flipped}${signature.slice(position + 1)}`)).toBeUndefined();
    }
    expect(await signer.verify(`${header}.${encode({ ...CLAIMS, roles: ['FullAccess'] })}.${signature}`)).toBeUndefined();
    expect(await signer.verify(`${header}.${payload}.${encode('short')}`)).toBeUndefined();
    expect(await signer.verify(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`)).toBeUndefined();
    expect(await signer.verify(token)).toEqual(CLAIMS);
  });
});

describe('T-25 a key used with another algorithm', () => {
  it('HS256 with anything that is published as the secret is refused', async () => {
    const { signer, key } = await setUp(SIGNING_ALGORITHMS);
    for (const jwk of signer.jwks().keys) {
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
      const secrets = [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(jwk),
        jwk['n'] ?? jwk['x']!,
        '',
      ];
      for (const secret of secrets) {
        for (const alg of ['HS256', jwk['alg']]) {
          const input = `${encode({ alg, typ: 'at+jwt', kid: jwk['kid'] })}.${encode(CLAIMS)}`;
          expect(await signer.verify(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`)).toBeUndefined();
        }
      }
    }
    expect(await key('ES256')).toBeDefined();
  });

  it('a token of one key under the name or algorithm of another is refused', async () => {
    const { signer, key } = await setUp(SIGNING_ALGORITHMS);
    for (const alg of SIGNING_ALGORITHMS) {
      for (const other of SIGNING_ALGORITHMS) {
        if (other === alg) continue;
        const [mine, theirs] = [await key(alg), await key(other)];
        expect(await signer.verify(forge(mine, { alg: other, typ: 'at+jwt', kid: theirs.kid }))).toBeUndefined();
        expect(await signer.verify(forge(mine, { alg, typ: 'at+jwt', kid: theirs.kid }))).toBeUndefined();
        expect(await signer.verify(forge(mine, { alg: other, typ: 'at+jwt', kid: mine.kid }))).toBeUndefined();
      }
    }
  });
});

describe('T-27 and T-28 a header of another kind, signed with the right key', () => {
  it('is refused, and nothing is fetched', async () => {
    const { signer, key } = await setUp();
    const connections: unknown[] = [];
    const server = createServer((socket) => void connections.push(socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const url = `http://127.0.0.1:${port}/jwks.json`;
    const signing = await key('ES256');
    const ours = { alg: 'ES256', typ: 'at+jwt', kid: signing.kid };
    const headers: unknown[] = [
      { ...ours, jku: url },
      { ...ours, x5u: url },
      { ...ours, jwk: signer.jwks().keys[0] },
      { ...ours, x5c: ['MIIB'] },
      { ...ours, crit: ['exp'], exp: 1 },
      { ...ours, crit: [] },
      { ...ours, b64: false, crit: ['b64'] },
      { ...ours, zip: 'DEF' },
      { ...ours, cty: 'JWT' },
      { ...ours, enc: 'A256GCM' },
      ...[
        'JWT',
        'jwt',
        'AT+JWT',
        'application/at+jwt',
        'id_token+jwt',
        'logout+jwt',
        'token-introspection+jwt',
        'dpop+jwt',
        '',
        null,
        1,
        ['at+jwt'],
      ].map((typ) => ({ ...ours, typ })),
      { alg: 'ES256', kid: signing.kid },
      { alg: 'ES256', typ: 'at+jwt' },
      { typ: 'at+jwt', kid: signing.kid },
      { ...ours, alg: 'es256' },
      { ...ours, alg: ['ES256'] },
      { ...ours, kid: `${signing.kid} ` },
      { ...ours, kid: 'unknown' },
      { ...ours, kid: '__proto__' },
      { ...ours, kid: ['x'] },
      { ...ours, kid: 'keystore-CHANGE-ME' },
      [],
      null,
      'text',
      1,
    ];
    for (const header of headers) expect([header, await signer.verify(forge(signing, header))]).toEqual([header, undefined]);
    expect(await signer.verify(forge(signing, ours))).toEqual(CLAIMS);
    await new Promise((resolve) => server.close(resolve));
    expect(connections).toEqual([]);
  });
});

describe('T-29 and T-30 claims', () => {
  const refused: [string, Record<string, unknown>][] = [
    ['another issuer', { iss: 'https://other.example' }],
    ['a trailing slash', { iss: `${ISSUER}/` }],
    ['http', { iss: 'http://issuer.example' }],
    ['no issuer', { iss: undefined }],
    ['an issuer list', { iss: [ISSUER] }],
    ['an audience list', { aud: ['https://api.example', 'https://foreign.example'] }],
    ['a list of one', { aud: ['https://api.example'] }],
    ['no audience', { aud: undefined }],
    ['exp now', { exp: NOW }],
    ['exp a second ago', { exp: NOW - 1 }],
    ['exp a fraction', { exp: NOW + 10.5 }],
    ['exp a string', { exp: String(NOW + 600) }],
    ['no exp', { exp: undefined }],
    ['exp null', { exp: null }],
    ['exp 10^20', { exp: 1e20 }],
    ['exp negative', { exp: -1 }],
    ['exp true', { exp: true }],
    ['exp a list', { exp: [NOW + 600] }],
    ['nbf to come', { nbf: NOW + 1 }],
    ['nbf a string', { nbf: String(NOW) }],
    ['nbf null', { nbf: null }],
    ['iat tomorrow', { iat: NOW + 86_400 }],
    ['iat a fraction', { iat: NOW - 0.5 }],
    ['iat a string', { iat: String(NOW) }],
    ['no iat', { iat: undefined }],
    ['iat in 61 s', { iat: NOW + 61 }],
  ];
  it.each(refused)('%s is refused', async (_, change) => {
    const { signer } = await setUp();
    expect(await signer.verify(await signer.sign({ ...CLAIMS, ...change }, 'ES256'))).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ['an iat of a clock that is 60 s ahead', { iat: NOW + 60 }],
    ['an nbf of now', { nbf: NOW }],
    ['an exp in a second', { exp: NOW + 1 }],
  ])('%s is accepted', async (_, change) => {
    const { signer } = await setUp();
    expect(await signer.verify(await signer.sign({ ...CLAIMS, ...change }, 'ES256'))).toMatchObject(change);
  });

  it.each(['[]', '"text"', 'null', '1', '{', '', '\uFFFD'])('a payload %j is refused', async (payload) => {
    const { signer, key } = await setUp();
    const signing = await key('ES256');
    expect(await signer.verify(forge(signing, { alg: 'ES256', typ: 'at+jwt', kid: signing.kid }, payload))).toBeUndefined();
  });

  it('a token that was found good is refused from the millisecond in which it ends', async () => {
    const { signer, clock } = await setUp();
    const token = await signer.sign(CLAIMS, 'ES256');
    expect(await signer.verify(token)).toEqual(CLAIMS);
    clock.time = START + 599_999;
    expect(await signer.verify(token)).toEqual(CLAIMS);
    clock.time = START + 600_000;
    expect(await signer.verify(token)).toBeUndefined();
  });
});

describe('T-31 keys that do not sign', () => {
  const header = (key: SigningKey) => ({ alg: key.alg, typ: 'at+jwt', kid: key.kid });

  it('the published next key is shown in JWKS, and its tokens are refused until it signs', async () => {
    const { signer, keyFile, clock } = await setUp();
    const next = (await keyFile.read()).keys[1]!;
    expect(signer.jwks().keys.map(({ kid }) => kid)).toContain(next.kid);
    const early = forge(next, header(next));
    expect(await signer.verify(early)).toBeUndefined();
    await rotate(keyFile, START);
    clock.time = START + 304_999;
    expect(await signer.verify(early)).toBeUndefined();
    expect(headerOf(await signer.sign(CLAIMS, 'ES256'))['kid']).not.toBe(next.kid);
    clock.time = START + 305_000;
    expect(await signer.verify(early)).toEqual(CLAIMS);
    expect(headerOf(await signer.sign(CLAIMS, 'ES256'))['kid']).toBe(next.kid);
  });

  it('a key that was rotated out is accepted while its tokens live, and refused once it has left JWKS', async () => {
    const { signer, keyFile, clock } = await setUp();
    const token = await signer.sign({ ...CLAIMS, exp: NOW + 100_000 }, 'ES256');
    const old = headerOf(token)['kid'];
    clock.time = START + 400_000;
    await rotate(keyFile, clock.time);
    expect(headerOf(await signer.sign(CLAIMS, 'ES256'))['kid']).not.toBe(old);
    clock.time += 3_659_999;
    expect(await signer.verify(token)).toBeDefined();
    expect(signer.jwks().keys.map(({ kid }) => kid)).toContain(old);
    clock.time += 1;
    expect(await signer.verify(token)).toBeUndefined();
    expect(signer.jwks().keys.map(({ kid }) => kid)).not.toContain(old);
  });

  it('a key that was retired takes its tokens with it, those that were found good included', async () => {
    const { signer, keyFile, clock } = await setUp();
    const token = await signer.sign(CLAIMS, 'ES256');
    expect(await signer.verify(token)).toEqual(CLAIMS);
    await retire(keyFile, headerOf(token)['kid'] as string, clock.time);
    await signer.reload();
    expect(await signer.verify(token)).toBeUndefined();
    expect(signer.jwks().keys.map(({ kid }) => kid)).not.toContain(headerOf(token)['kid']);
    expect(await signer.verify(await signer.sign(CLAIMS, 'ES256'))).toEqual(CLAIMS);
  });
});

describe('following the key file', () => {
  it('looks at it at most once in a second, and needs no restart', async () => {
    const { keyFile, clock, options } = await setUp();
    let looks = 0;
    const watched: KeyFile = {
      ...keyFile,
      version: () => {
        looks += 1;
        return keyFile.version();
      },
    };
    const signer = await openTokenSigner({ ...options, keyFile: watched });
    opened.push(signer);
    const before = headerOf(await signer.sign(CLAIMS, 'ES256'))['kid'];
    await retire(keyFile, before as string, clock.time);
    clock.time += 999;
    for (let times = 0; times < 20; times++) expect(headerOf(await signer.sign(CLAIMS, 'ES256'))['kid']).toBe(before);
    expect(looks).toBe(1);
    clock.time += 1;
    const many = await Promise.all(Array.from({ length: 20 }, () => signer.sign(CLAIMS, 'ES256')));
    for (const token of many) expect(headerOf(token)['kid']).not.toBe(before);
    expect(looks).toBe(2);
  });

  it('keeps the last good keys while the file is broken or gone, says so once, and recovers', async () => {
    const { keyFile, clock, options, warnings } = await setUp();
    let broken: 'no' | 'unreadable' | 'gone' = 'no';
    const flaky: KeyFile = {
      update: (change) => keyFile.update(change),
      version: async () => `${broken} ${await keyFile.version()}`,
      read: async () => {
        if (broken === 'unreadable') throw Object.assign(new Error('EIO'), { code: 'EIO' });
        return broken === 'gone' ? { keys: [] } : keyFile.read();
      },
    };
    const signer = await openTokenSigner({ ...options, keyFile: flaky });
    opened.push(signer);
    const token = await signer.sign(CLAIMS, 'ES256');
    for (const fault of ['unreadable', 'gone'] as const) {
      broken = fault;
      for (let seconds = 0; seconds < 3; seconds++) {
        clock.time += 1000;
        expect(await signer.verify(token)).toEqual(CLAIMS);
        expect(headerOf(await signer.sign(CLAIMS, 'ES256'))['kid']).toBe(headerOf(token)['kid']);
      }
    }
    expect(warnings).toEqual([
      'The signing keys cannot be loaded. The keys that were loaded before stay in use.',
      'The signing keys have disappeared. The keys that were loaded before stay in use.',
    ]);
    broken = 'no';
    await retire(keyFile, headerOf(token)['kid'] as string, clock.time);
    clock.time += 1000;
    expect(await signer.verify(token)).toBeUndefined();
    expect(warnings).toHaveLength(2);
  });

  it('does not open with keys that cannot be loaded', async () => {
    const { options, keyFile } = await setUp();
    const failing: KeyFile = { ...keyFile, read: () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })) };
    await expect(openTokenSigner({ ...options, keyFile: failing })).rejects.toMatchObject({ code: 'EACCES' });
  });
});
