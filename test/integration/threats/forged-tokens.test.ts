import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { createPrivateKey, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CompactEncrypt, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, type JWTPayload } from 'jose';
import { openSigningKeyFile } from '../../../src/storage/files/signing-keys.ts';
import type { SigningKey } from '../../../src/domain/signing-key.ts';
import { AUDIENCE, client, PASSWORD, secret, secretOf, user } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { basic, claimsOf, type Answer } from '../../support/token-client.ts';
import { startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';

let server: Threatened;
let signing: SigningKey;
let next: SigningKey;
let listener: Server;
let connections = 0;
/** A token of `b1u` for the seller's API, which `rsS` introspects. */
let good: string;
let garbage: unknown;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock });
  const { keys } = await openSigningKeyFile({ folder: path.resolve(server.app.config.keysDir), strict: false, clock }).read();
  signing = keys.find((key) => key.alg === 'ES256' && key.activatesAt !== undefined)!;
  next = keys.find((key) => key.alg === 'ES256' && key.activatesAt === undefined)!;
  good = String((await server.signIn('b1u', { scope: 'Shopper A', resource: AUDIENCE.seller })).body['access_token']);
  garbage = visible(await server.introspect('garbage'));
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await server.close();
  await new Promise((resolve) => listener.close(resolve));
});

const now = () => Math.floor(clock.now() / 1000);

/** Claims that a token of ours could have. */
const like = (changes: Record<string, unknown> = {}): JWTPayload => ({ ...claimsOf(good), iat: now(), exp: now() + 300, ...changes });

/** Exactly these bytes, signed with the key that signs now. */
function signed(header: string, payload: string, jwk: Record<string, unknown> = signing.privateJwk): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' } as never);
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const header = (changes: Record<string, unknown> = {}) => JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: signing.kid, ...changes });
const withClaims = (changes: Record<string, unknown>) => signed(header(), JSON.stringify(like(changes)));
const withHeader = (changes: Record<string, unknown>) => signed(header(changes), JSON.stringify(like()));

/** For everybody who could see the token if it were good, and as a refresh token too. */
async function expectInactive(token: string): Promise<void> {
  for (const answer of [
    await server.introspect(token),
    await server.introspect(token, 'pw'),
    await server.introspect(token, 'rsS', { token_type_hint: 'refresh_token' }),
  ]) {
    expect(visible(answer)).toEqual(garbage);
    expect(answer.text).toBe('{"active":false}');
  }
}

const active = (answer: Answer) => ({ status: answer.status, active: answer.body['active'] });

test('what the forgeries differ from is active', async () => {
  expect(active(await server.introspect(good))).toEqual({ status: 200, active: true });
  expect(active(await server.introspect(withClaims({})))).toEqual({ status: 200, active: true });
});

describe('T-24 the form of a token', () => {
  const segments = () => good.split('.') as [string, string, string];

  test.each(['none', 'None', 'nOnE', 'NONE', ''])('alg %j', async (alg) => {
    const [, payload, signature] = segments();
    const unsigned = Buffer.from(header({ alg })).toString('base64url');
    for (const forged of [`${unsigned}.${payload}.`, `${unsigned}.${payload}`, `${unsigned}.${payload}.${signature}`]) await expectInactive(forged);
  });

  test.each<[string, (h: string, p: string, s: string) => string]>([
    ['no signature', (h, p) => `${h}.${p}.`],
    ['two segments', (h, p) => `${h}.${p}`],
    ['one segment', (h) => h],
    ['four segments', (h, p, s) => `${h}.${p}.${s}.`],
    ['five segments', (h, p, s) => `${h}.${p}.${s}.${s}.${s}`],
    ['a space before', (h, p, s) => ` ${h}.${p}.${s}`],
    ['a space after', (h, p, s) => `${h}.${p}.${s} `],
    ['a line end after', (h, p, s) => `${h}.${p}.${s}\n`],
    ['a line end within', (h, p, s) => `${h}.\n${p}.${s}`],
    ['padding', (h, p, s) => `${h}.${p}.${s}==`],
    ['padding everywhere', (h, p, s) => `${h}=.${p}=.${s}=`],
    ['NUL after', (h, p, s) => `${h}.${p}.${s}\0`],
    ['the other base64 alphabet', (h, p, s) => `${h}.${p}.${s.slice(0, -4)}+/+/`],
    ['another last character for the same bytes', (h, p, s) => `${h}.${p}.${s.slice(0, -1)}${otherSpelling(s)}`],
    ['a flipped bit in the signature', (h, p, s) => `${h}.${p}.${s.startsWith('A') ? 'B' : 'A'}${s.slice(1)}`],
    ['another payload', (h, _p, s) => `${h}.${Buffer.from(JSON.stringify(like({ sub: 'root' }))).toString('base64url')}.${s}`],
    ['"Bearer " before', (h, p, s) => `Bearer ${h}.${p}.${s}`],
    ['a signature of zeros', (h, p) => `${h}.${p}.${Buffer.alloc(64).toString('base64url')}`],
    ['a signature in DER', (h, p) => `${h}.${p}.${Buffer.from('3006020101020101', 'hex').toString('base64url')}`],
    ['dots alone', () => '..'],
  ])('%s', async (_what, forge) => {
    await expectInactive(forge(...segments()));
  });

  test('the encoding of one token is the only one', () => {
    const [, , signature] = segments();
    expect(Buffer.from(signature.slice(0, -1) + otherSpelling(signature), 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
  });

  test('an encrypted token', async () => {
    const { publicKey } = await generateKeyPair('ECDH-ES');
    await expectInactive(
      await new CompactEncrypt(Buffer.from(good)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', cty: 'JWT' }).encrypt(publicKey),
    );
  });

  test.each([
    ['a key twice in the header', () => signed(`{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${signing.kid}"}`, JSON.stringify(like()))],
    ['a space in the header', () => signed(`{"alg": "ES256","typ":"at+jwt","kid":"${signing.kid}"}`, JSON.stringify(like()))],
    ['a payload that is no object', () => signed(header(), '[]')],
    ['a payload that is null', () => signed(header(), 'null')],
    ['a payload that is no JSON', () => signed(header(), '{"sub":')],
    ['an empty payload', () => signed(header(), '')],
    ['a payload with a byte order mark', () => signed(header(), `\ufeff${JSON.stringify(like())}`)],
    ['an endless payload', () => signed(header(), JSON.stringify(like({ filler: 'x'.repeat(30_000) }))).slice(0, 40_000)],
  ])('%s', async (_what, forge) => {
    await expectInactive(forge());
  });
});

describe('T-25 keys put to another use', () => {
  test.each(['HS256', 'HS384', 'HS512'])('%s with anything that JWKS publishes as the secret', async (alg) => {
    const jwks = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: Record<string, string>[] };
    const jwk = jwks.keys.find(({ kid }) => kid === signing.kid)!;
    const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as never);
    for (const text of [pem, pem.trim(), JSON.stringify(jwk), jwk['x']!, signing.kid, JSON.stringify(jwks)]) {
      const shared = new TextEncoder().encode(text);
      await expectInactive(await new SignJWT(like()).setProtectedHeader({ alg, typ: 'at+jwt', kid: signing.kid }).sign(shared));
    }
  });

  test.each(['RS256', 'PS256', 'EdDSA', 'ES384'])('%s with a key of another owner, under our kid or none', async (alg) => {
    const { privateKey } = await generateKeyPair(alg);
    for (const kid of [signing.kid, undefined, 'other']) {
      await expectInactive(
        await new SignJWT(like()).setProtectedHeader({ alg, typ: 'at+jwt', ...(kid === undefined ? {} : { kid }) }).sign(privateKey),
      );
    }
  });

  test('ES256 with a key of another owner', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    for (const kid of [signing.kid, next.kid, 'keystore-CHANGE-ME'])
      await expectInactive(await new SignJWT(like()).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(privateKey));
  });
});

test('T-27 parameters that would fetch, bring or demand something do nothing, and nothing is fetched', async () => {
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: signing.kid };
  const own = (await exportJWK(privateKey)) as Record<string, unknown>;
  for (const more of [{ jku: url }, { x5u: url }, { jwk }, { x5c: ['MIIB'] }, { jku: url, x5u: url, jwk }]) {
    await expectInactive(signed(header(more), JSON.stringify(like()), own));
    await expectInactive(withHeader(more));
  }
  for (const more of [
    { crit: ['exp'] },
    { crit: [] },
    { crit: ['b64'], b64: false },
    { zip: 'DEF' },
    { cty: 'JWT' },
    { kid: [signing.kid] },
    { kid: '../../etc/passwd' },
    { kid: "' OR 1=1 --" },
    { kid: undefined },
  ]) {
    await expectInactive(withHeader(more));
  }
  await expectInactive(withClaims({ iss: url }));
  expect(connections).toBe(0);
});

test.each([
  'JWT',
  'jwt',
  'at+JWT',
  'AT+JWT',
  'application/at+jwt',
  'logout+jwt',
  'token-introspection+jwt',
  'dpop+jwt',
  'id_token',
  '',
  undefined,
  null,
  7,
])('T-28 typ %j is no access token', async (typ) => {
  await expectInactive(withHeader({ typ }));
});

describe('T-29 audience and issuer', () => {
  test.each<[string, unknown]>([
    ['of another API', 'https://other.example.com'],
    ['with a slash', `${AUDIENCE.seller}/`],
    ['in capitals', AUDIENCE.seller.toUpperCase()],
    ['in a list', [AUDIENCE.seller]],
    ['in a list with a foreign one', [AUDIENCE.seller, 'https://evil.example']],
    ['in a list with a foreign one first', ['https://evil.example', AUDIENCE.seller]],
    ['missing', undefined],
    ['empty', ''],
    ['an object', { toString: AUDIENCE.seller }],
    ['true', true],
  ])('audience %s', async (_what, aud) => {
    const token = withClaims({ aud });
    const answer = await server.introspect(token);
    expect(visible(answer)).toEqual(garbage);
  });

  test.each<[string, unknown]>([
    ['of another tenant', 'https://other.example.com'],
    ['with a slash', `${ISSUER}/`],
    ['over http', ISSUER.replace('https', 'http')],
    ['with a path', `${ISSUER}/tenant`],
    ['in capitals', ISSUER.toUpperCase()],
    ['in a list', [ISSUER]],
    ['missing', undefined],
    ['empty', ''],
    ['null', null],
  ])('issuer %s', async (_what, iss) => {
    await expectInactive(withClaims({ iss }));
  });
});

describe('T-30 times', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['ended a second ago', () => ({ exp: now() - 1 })],
    ['ends now', () => ({ exp: now() })],
    ['ended an hour ago', () => ({ exp: now() - 3600 })],
    ['ends with a fraction', () => ({ exp: now() + 300.5 })],
    ['ends with a string', () => ({ exp: String(now() + 300) })],
    ['never ends', () => ({ exp: undefined })],
    ['ends in null', () => ({ exp: null })],
    ['ends at 1e20', () => ({ exp: 1e20 })],
    ['ends in a list', () => ({ exp: [now() + 300] })],
    ['ends negative', () => ({ exp: -1 })],
    ['is not yet valid', () => ({ nbf: now() + 120 })],
    ['is not yet valid, with a string', () => ({ nbf: String(now() - 1) })],
    ['was issued tomorrow', () => ({ iat: now() + 86_400 })],
    ['was issued at no time', () => ({ iat: undefined })],
    ['was issued at a string', () => ({ iat: String(now()) })],
  ])('a token that %s', async (_what, changes) => {
    await expectInactive(withClaims(changes()));
  });

  test('a token is active until its last second and never after, remembered or not', async () => {
    const token = withClaims({ exp: now() + 10 });
    clock.advance(9000);
    expect(active(await server.introspect(token)).active).toBe(true);
    clock.advance(1000);
    await expectInactive(token);
    clock.advance(60_000);
    await expectInactive(token);
  });
});

describe('T-31 keys that do not count', () => {
  test('the next key, although it is published', async () => {
    const jwks = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
    expect(jwks).toContain(next.kid);
    await expectInactive(signed(header({ kid: next.kid }), JSON.stringify(like()), next.privateJwk));
  });

  test('the key that the engine ships for development, and the one it was built with', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await expectInactive(await new SignJWT(like()).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'keystore-CHANGE-ME' }).sign(privateKey));
    expect(await (await fetch(`${server.url}/.well-known/jwks.json`)).text()).not.toContain('CHANGE-ME');
  });

  test('a key that was retired by hand, from that moment on', async () => {
    const own = await startThreatened();
    try {
      const token = String((await own.credentials({ scope: 'A', resource: AUDIENCE.seller })).body['access_token']);
      expect(active(await own.introspect(token)).active).toBe(true);
      const kid = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string };
      await own.app.services.keys.retire(kid.kid, { actor: { kind: 'operator', id: 'test' } });
      await own.app.signer.reload();
      expect((await own.introspect(token)).text).toBe('{"active":false}');
      expect(await (await fetch(`${own.url}/.well-known/jwks.json`)).text()).not.toContain(kid.kid);
      await own.stillWorks();
    } finally {
      await own.close();
    }
  });
});

describe('T-32 tokens of those who are gone', () => {
  const issue = async () => {
    const answer = await server.signIn('b2u', { scope: 'Shopper', resource: AUDIENCE.seller });
    return { access: String(answer.body['access_token']), refresh: String(answer.body['refresh_token']) };
  };
  const both = async ({ access, refresh }: { access: string; refresh: string }) => [
    active(await server.introspect(access)).active,
    active(await server.introspect(refresh, 'pw')).active,
  ];
  const change = (work: Parameters<Threatened['app']['store']['transaction']>[0]) => server.app.store.transaction(work);

  test('a user who was disabled, and enabled again', async () => {
    const tokens = await issue();
    expect(await both(tokens)).toEqual([true, true]);
    await change((tx) => tx.users.put([user('b2u', 'B2', { active: false })]));
    expect(await both(tokens)).toEqual([false, false]);
    await change((tx) => tx.users.put([user('b2u', 'B2')]));
    expect(await both(tokens)).toEqual([true, true]);
  });

  test.each(['B2', 'S'])('a user of a disabled organization, or below one: %s', async (id) => {
    const tokens = await issue();
    const found = (await server.store.transaction((tx) => tx.organizations.findMany([id]))).get(id)!;
    await change((tx) => tx.organizations.put([{ ...found, active: false }]));
    expect(await both(tokens)).toEqual([false, false]);
    await change((tx) => tx.organizations.put([found]));
    expect(await both(tokens)).toEqual([true, true]);
  });

  test('a user who was moved to an organization that the client does not admit', async () => {
    const form = { grant_type: 'password', username: 'b2u', password: PASSWORD, resource: AUDIENCE.seller };
    const token = String((await server.token(form, basic('b2only', secretOf('b2only')))).body['access_token']);
    expect(active(await server.introspect(token)).active).toBe(true);
    await change((tx) => tx.users.put([user('b2u', 'B1')]));
    await expectInactive(token);
    await change((tx) => tx.users.put([user('b2u', 'B2')]));
  });

  test('a client that was disabled', async () => {
    const tokens = await issue();
    const found = (await server.store.transaction((tx) => tx.clients.findMany(['pw']))).get('pw')!;
    await change((tx) => tx.clients.put([{ ...found, active: false }]));
    expect(active(await server.introspect(tokens.access)).active).toBe(false);
    expect((await server.introspect(tokens.refresh, 'pw')).status).toBe(401);
    await change((tx) => tx.clients.put([found]));
    expect(await both(tokens)).toEqual([true, true]);
  });

  test('a client that was removed', async () => {
    await change(async (tx) => {
      await tx.clients.put([client('passing')]);
      await tx.addClientSecret('passing', secret(secretOf('passing')));
    });
    const answer = await server.token({ grant_type: 'client_credentials', resource: AUDIENCE.seller }, basic('passing', secretOf('passing')));
    const token = String(answer.body['access_token']);
    expect(active(await server.introspect(token)).active).toBe(true);
    await change((tx) => tx.clients.remove(['passing']));
    await expectInactive(token);
  });

  test('a user who was removed, also when somebody else comes under the same id', async () => {
    await change(async (tx) => {
      await tx.users.put([user('fleeting', 'B2')]);
      await tx.setPassword('fleeting', await server.app.hasher.hash(PASSWORD), new Date());
    });
    const answer = await server.signIn('fleeting', { resource: AUDIENCE.seller });
    await change((tx) => tx.users.remove(['fleeting']));
    await expectInactive(String(answer.body['access_token']));
    await expectInactive(String(answer.body['refresh_token']));
    await change((tx) => tx.users.put([user('fleeting', 'B2')]));
    await expectInactive(String(answer.body['refresh_token']));
  });

  test.each(['user', 'client'] as const)('everything issued so far to a %s, but not what comes after', async (kind) => {
    const tokens = await issue();
    clock.advance(5);
    await server.app.services.revocation.revokeAll(kind, kind === 'user' ? 'b2u' : 'pw', { actor: { kind: 'operator', id: 'test' } });
    expect(await both(tokens)).toEqual([false, false]);
    clock.advance(1000);
    expect(await both(await issue())).toEqual([true, true]);
    const refreshed = await server.token({
      grant_type: 'refresh_token',
      client_id: 'pw',
      client_secret: secretOf('pw'),
      refresh_token: tokens.refresh,
    });
    expect({ status: refreshed.status, error: refreshed.body['error'] }).toEqual({ status: 400, error: 'invalid_grant' });
  });

  test('a revoked grant', async () => {
    const tokens = await issue();
    expect((await server.revoke(tokens.refresh)).status).toBe(200);
    expect(await both(tokens)).toEqual([false, false]);
  });

  test('a role that was taken away is gone from the answer, and the token stays', async () => {
    const { access } = await issue();
    expect((await server.introspect(access)).body).toMatchObject({ active: true, scope: 'Shopper', roles: ['Shopper'] });
    const before = await server.store.transaction((tx) => tx.assignments.list({ limit: 100 }));
    const ofB2 = before.filter(({ party }) => party.id === 'B2');
    await change((tx) => tx.assignments.remove(ofB2.map(({ id }) => id)));
    expect((await server.introspect(access)).body).toMatchObject({ active: true, scope: '', roles: [] });
    await change((tx) => tx.assignments.put(ofB2));
    expect((await server.introspect(access)).body).toMatchObject({ active: true, scope: 'Shopper', roles: ['Shopper'] });
  });
});

test('T-33 roles named like claims stay roles', async () => {
  const answer = await server.signIn('root', { scope: 'sub client_id FullAccess iss exp act cnf', resource: AUDIENCE.oc });
  const claims = claimsOf(answer.body['access_token']);
  expect(claims).toMatchObject({
    iss: ISSUER,
    sub: 'root',
    client_id: 'pw',
    aud: AUDIENCE.oc,
    scope: 'FullAccess client_id sub',
    roles: ['FullAccess', 'client_id', 'sub'],
  });
  expect(Object.keys(claims).sort()).toEqual([
    'aud',
    'cid',
    'client_id',
    'exp',
    'iat',
    'iss',
    'jti',
    'nbf',
    'org_id',
    'org_ids',
    'org_path',
    'org_type',
    'role',
    'roles',
    'scope',
    'sub',
    'username',
    'usr',
    'usrtype',
  ]);
  const introspected = await server.introspect(String(answer.body['access_token']));
  expect(introspected.body).toMatchObject({ active: true, sub: 'root', client_id: 'pw', roles: ['FullAccess', 'client_id', 'sub'] });
});

/** Another character whose decoded bits are the same: the last one of 64 bytes carries four bits that nobody reads. */
function otherSpelling(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const value = alphabet.indexOf(signature.at(-1)!);
  return alphabet[(value & 0b110000) | ((value & 0b001111) ^ 1)]!;
}
