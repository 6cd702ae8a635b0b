import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';
import { assignment, client, PASSWORD, secret, secretOf, to } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { basic, post, type Answer, type Form } from '../../support/token-client.ts';
import { expectIndistinguishable, expectRefusal, startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';

const UNAUTHENTICATED = { status: 401, error: 'invalid_client' };
const BROKEN = { status: 400, error: 'invalid_request' };
const HOUR = 3_600_000;

let server: Threatened;
let keys: { readonly own: CryptoKey; readonly other: CryptoKey; readonly rsa: CryptoKey; readonly publicKey: CryptoKey };
const clock = turnableClock();

beforeAll(async () => {
  const [own, other, rsa] = await Promise.all([
    generateKeyPair('ES256', { extractable: true }),
    generateKeyPair('ES256', { extractable: true }),
    generateKeyPair('RS256', { extractable: true }),
  ]);
  keys = { own: own.privateKey, other: other.privateKey, rsa: rsa.privateKey, publicKey: own.publicKey };
  const published = async (key: CryptoKey, kid: string): Promise<Record<string, unknown>> => ({ ...(await exportJWK(key)), kid, use: 'sig' });
  const jwks = {
    keys: [
      { ...(await published(own.publicKey, 'own')), alg: 'ES256' },
      { ...(await published(rsa.publicKey, 'own-rsa')), alg: 'RS256' },
    ],
  };
  const otherJwks = { keys: [{ ...(await published(other.publicKey, 'other')), alg: 'ES256' }] };
  const argon2 = async (value: string) => server.app.hasher.hash(value);
  server = await startThreatened({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
  const chosen = await argon2('a chosen secret');
  await server.app.store.transaction(async (tx) => {
    const byKey = { grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'private_key_jwt' } as const;
    await tx.clients.put([
      client('pk', { ...byKey, jwks }),
      client('pk2', { ...byKey, jwks: otherJwks }),
      client('two'),
      client('chosen'),
      client('bare'),
    ]);
    await tx.assignments.put([assignment('ab', to.client('pk')), assignment('ab', to.client('two'))]);
    await tx.addClientSecret('two', secret('new', { id: 'two-new', createdAt: new Date(clock.now()) }));
    await tx.addClientSecret('two', secret('old', { id: 'two-old', expiresAt: new Date(clock.now() + HOUR) }));
    await tx.addClientSecret('chosen', secret('a chosen secret', { algorithm: 'argon2id', hash: chosen }));
  });
});
afterAll(() => server.close());

const FORM: Form = { grant_type: 'client_credentials', scope: 'A' };
const ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'] as const;

/** The same authentication at each endpoint, with a form that would do there. */
async function everywhere(form: Form, headers: Record<string, string> = {}): Promise<Answer[]> {
  return Promise.all(ENDPOINTS.map((path) => post(server.url + path, { ...(path === '/oauth/token' ? FORM : { token: 'x' }), ...form }, headers)));
}

describe('C-1 whoever cannot prove to be a client', () => {
  test('learns nothing about why', async () => {
    const attempts = [
      await everywhere({}, basic('svc', 'wrong')),
      await everywhere({}, basic('no-such-client', 'wrong')),
      await everywhere({}, basic('off', secretOf('off'))),
      await everywhere({}, basic('off', 'wrong')),
      await everywhere({}, basic('pk', 'wrong')),
      await everywhere({}, basic('bare', 'wrong')),
      await everywhere({}, basic('spa', 'wrong')),
      await everywhere({}, basic('root', PASSWORD)),
      await everywhere({}, basic('chosen', 'wrong')),
      await everywhere({}, basic('svc', 'x'.repeat(5000))),
      await everywhere({}, basic('__proto__', 'wrong')),
    ];
    for (const [index] of ENDPOINTS.entries()) {
      const answers = attempts.map((attempt) => attempt[index]!);
      for (const answer of answers) expectRefusal(answer, UNAUTHENTICATED);
      expectIndistinguishable(answers);
      expect(answers[0]!.headers.get('www-authenticate')).toMatch(/^Basic realm="https:\/\/id\.example\.com"/);
    }
    await server.stillWorks();
  });

  test('is challenged for Basic only when it used the Authorization header', async () => {
    const attempts = [
      await everywhere({ client_id: 'svc', client_secret: 'wrong' }),
      await everywhere({ client_id: 'no-such-client', client_secret: 'wrong' }),
      await everywhere({ client_id: 'off', client_secret: secretOf('off') }),
    ];
    for (const [index] of ENDPOINTS.entries()) {
      const answers = attempts.map((attempt) => attempt[index]!);
      for (const answer of answers) {
        expectRefusal(answer, UNAUTHENTICATED);
        expect(answer.headers.get('www-authenticate')).toBeNull();
      }
      expectIndistinguishable(answers);
    }
  });
});

describe('C-3 the two ways to send a secret', () => {
  test('are one to the server: the secret counts, not where it stands', async () => {
    expect((await server.token({ ...FORM, client_id: 'svc', client_secret: secretOf('svc') })).status).toBe(200);
    const form = { grant_type: 'password', username: 'b1u', password: PASSWORD };
    expect((await server.token(form, basic('pw', secretOf('pw')))).status).toBe(200);
  });

  test('are not open to clients that are registered for neither', async () => {
    for (const id of ['pk', 'spa']) expectRefusal(await server.token({ ...FORM, client_id: id, client_secret: 'x' }), UNAUTHENTICATED);
  });
});

describe('C-4 broken or missing authentication', () => {
  test('a confidential client without its secret is refused at every endpoint, for every grant', async () => {
    for (const id of ['svc', 'web', 'pk', 'chosen', 'bare'])
      for (const answer of await everywhere({ client_id: id })) expectRefusal(answer, UNAUTHENTICATED);
    for (const grantType of ['password', 'refresh_token']) {
      expectRefusal(
        await server.token({ grant_type: grantType, client_id: 'pw', username: 'b1u', password: PASSWORD, refresh_token: 'x' }),
        UNAUTHENTICATED,
      );
    }
  });

  test('two mechanisms at once are invalid_request', async () => {
    for (const answer of await everywhere({ client_secret: secretOf('svc'), client_id: 'svc' }, basic('svc', secretOf('svc'))))
      expectRefusal(answer, BROKEN);
    const presented = { client_assertion: 'a.b.c', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
    for (const answer of await everywhere(presented, basic('svc', secretOf('svc')))) expectRefusal(answer, BROKEN);
    for (const answer of await everywhere({ ...presented, client_id: 'svc', client_secret: secretOf('svc') })) expectRefusal(answer, BROKEN);
  });

  test('a client_id beside the Authorization header must be the same', async () => {
    expect((await server.token({ ...FORM, client_id: 'svc' }, basic('svc', secretOf('svc')))).status).toBe(200);
    for (const answer of await everywhere({ client_id: 'web' }, basic('svc', secretOf('svc')))) expectRefusal(answer, BROKEN);
  });

  test('nothing in the query counts', async () => {
    for (const path of ENDPOINTS) {
      const answer = await post(`${server.url}${path}?client_id=svc&client_secret=${secretOf('svc')}`, { ...FORM, token: 'x' });
      expectRefusal(answer, BROKEN);
    }
  });

  const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  test.each([
    ['an unescaped percent sign', encoded('svc:100%')],
    ['a broken escape', encoded('svc:%zz')],
    ['no colon', encoded('svc')],
    ['no secret', encoded('svc:')],
    ['nothing', 'Basic '],
    ['no base64', 'Basic !!!!'],
    ['base64 with junk', `${encoded('svc:x')}====`],
    ['three parts', `${encoded('svc:x')} more`],
    ['another scheme', `Bearer ${secretOf('svc')}`],
    ['a control character', encoded('svc:%00')],
    ['invalid UTF-8', `Basic ${Buffer.from([0x73, 0x3a, 0xff, 0xfe]).toString('base64')}`],
  ])('an Authorization header with %s is invalid_request, or at most nobody', async (_what, authorization) => {
    for (const answer of await everywhere({}, { authorization })) {
      expectRefusal(answer, answer.status === 401 ? UNAUTHENTICATED : BROKEN);
    }
    await server.stillWorks();
  });

  test.each(['client_id', 'client_secret', 'client_assertion'])('%s twice is invalid_request', async (name) => {
    for (const path of ENDPOINTS) {
      const response = await fetch(server.url + path, {
        method: 'POST',
        body: new URLSearchParams([
          [name, 'svc'],
          [name, 'svc'],
          ['grant_type', 'client_credentials'],
          ['token', 'x'],
        ]),
      });
      expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    }
  });
});

interface Forgery {
  readonly claims?: JWTPayload;
  readonly without?: readonly string[];
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

/** An assertion of `pk` that would do, but for what is forged. */
async function assertion({ claims = {}, without = [], header = {}, key = keys.own }: Forgery = {}): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  const all: JWTPayload = { iss: 'pk', sub: 'pk', aud: ISSUER, jti: `jti-${(assertions += 1)}`, iat: now, exp: now + 60, ...claims };
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
  return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', kid: 'own', ...header }).sign(key, { crit: { odd: true } });
}
let assertions = 0;

const asserted = (value: string, form: Form = {}): Form => ({
  ...FORM,
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: value,
  ...form,
});

const inSeconds = (seconds: number) => Math.floor(clock.now() / 1000) + seconds;

describe('C-6 client assertions', () => {
  test('a good one is accepted for the issuer, the endpoint and the token endpoint', async () => {
    for (const aud of [ISSUER, `${ISSUER}/oauth/token`])
      expect((await server.token(asserted(await assertion({ claims: { aud } })))).body['scope']).toBe('A');
    const answer = await post(`${server.url}/oauth/introspect`, {
      ...asserted(await assertion({ claims: { aud: `${ISSUER}/oauth/introspect` } })),
      token: 'x',
    });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '{"active":false}' });
    expect((await server.token(asserted(await assertion({ header: { alg: 'RS256', kid: 'own-rsa' }, key: keys.rsa })))).status).toBe(200);
  });

  test.each<[string, () => Forgery]>([
    ['an audience of somebody else', () => ({ claims: { aud: 'https://evil.example/oauth/token' } })],
    ['the address that the server listens on', () => ({ claims: { aud: `${server.url}/oauth/token` } })],
    ['the issuer with a slash', () => ({ claims: { aud: `${ISSUER}/` } })],
    ['the issuer in capitals', () => ({ claims: { aud: ISSUER.toUpperCase() } })],
    ['the issuer over http', () => ({ claims: { aud: ISSUER.replace('https', 'http') } })],
    ['a list of audiences with a foreign one', () => ({ claims: { aud: [ISSUER, 'https://evil.example'] } })],
    ['a list with our audience alone', () => ({ claims: { aud: [ISSUER] } })],
    ['no audience', () => ({ without: ['aud'] })],
    ['an end in ten years', () => ({ claims: { exp: inSeconds(315_360_000) } })],
    ['an end in six minutes', () => ({ claims: { exp: inSeconds(360) } })],
    ['an end in the past', () => ({ claims: { exp: inSeconds(-60) } })],
    ['an end that is no number', () => ({ claims: { exp: '9999999999' as never } })],
    ['an end that is a fraction', () => ({ claims: { exp: inSeconds(60) + 0.5 } })],
    ['no end', () => ({ without: ['exp'] })],
    ['no jti', () => ({ without: ['jti'] })],
    ['an empty jti', () => ({ claims: { jti: '' } })],
    ['a jti that is no string', () => ({ claims: { jti: 7 as never } })],
    ['an endless jti', () => ({ claims: { jti: 'x'.repeat(10_000) } })],
    ['nbf in the future', () => ({ claims: { nbf: inSeconds(120) } })],
    ['iat in the future', () => ({ claims: { iat: inSeconds(3600) } })],
    ['no iss', () => ({ without: ['iss'] })],
    ['the iss of another client', () => ({ claims: { iss: 'pk2' } })],
    ['the sub of another client', () => ({ claims: { sub: 'pk2' } })],
    ['the name of another client', () => ({ claims: { iss: 'pk2', sub: 'pk2' } })],
    ['the name of a client with a secret', () => ({ claims: { iss: 'svc', sub: 'svc' } })],
    ['the name of a public client', () => ({ claims: { iss: 'spa', sub: 'spa' } })],
    ['the name of nobody', () => ({ claims: { iss: 'no-such-client', sub: 'no-such-client' } })],
    ['the key of another client', () => ({ key: keys.other })],
    ['the key of another client under its kid', () => ({ key: keys.other, header: { kid: 'other' } })],
    ['a key in the header', () => ({ key: keys.other, header: { kid: undefined, jwk: { kty: 'EC' } } })],
    ['a critical header that nobody knows', () => ({ header: { crit: ['odd'], odd: 1 } })],
  ])('one with %s is refused', async (_what, forge) => {
    let forged: string;
    try {
      forged = await assertion(forge());
    } catch (error) {
      throw new Error('could not forge', { cause: error });
    }
    expectRefusal(await server.token(asserted(forged)), UNAUTHENTICATED);
    await server.stillWorks();
  });

  test('one that is signed with the public key as a shared secret, or not at all, is refused', async () => {
    const pem = new TextEncoder().encode(await exportSPKI(keys.publicKey));
    const jwk = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
    for (const key of [pem, jwk])
      for (const kid of ['own', undefined])
        expectRefusal(await server.token(asserted(await assertion({ key, header: { alg: 'HS256', kid } }))), UNAUTHENTICATED);
    const now = inSeconds(0);
    const unsigned = new UnsecuredJWT({ iss: 'pk', sub: 'pk', aud: ISSUER, jti: 'u', exp: now + 60 }).encode();
    expectRefusal(await server.token(asserted(unsigned)), UNAUTHENTICATED);
    const good = await assertion();
    expectRefusal(await server.token(asserted(good.slice(0, good.lastIndexOf('.') + 1))), UNAUTHENTICATED);
  });

  test.each([
    ['no word at all', '', UNAUTHENTICATED],
    ['no JWT', 'x', BROKEN],
    ['two segments', 'a.b', BROKEN],
    ['three segments of nothing', 'a.b.c', BROKEN],
    ['dots', '....', BROKEN],
    ['JSON', '{}', BROKEN],
    ['empty objects', 'e30.e30.', UNAUTHENTICATED],
    ['an endless header', `${'x'.repeat(20_000)}.e30.x`, UNAUTHENTICATED],
  ])('%s is no assertion', async (_what, value, expected) => {
    expectRefusal(await server.token(asserted(value, value === '' ? { client_id: 'pk' } : {})), expected);
  });

  test('one of another type is invalid_request', async () => {
    for (const type of ['', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer', undefined])
      expectRefusal(await server.token(asserted(await assertion(), { client_assertion_type: type })), BROKEN);
    expectRefusal(await server.token(asserted(await assertion(), { client_id: 'svc' })), BROKEN);
  });

  test('one works once: of eight at the same time a single one gets a token, at whichever endpoint', async () => {
    const value = await assertion();
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.token(asserted(value))));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, ...Array.from({ length: 7 }, () => 401)]);
    for (const answer of answers) if (answer.status !== 200) expectRefusal(answer, UNAUTHENTICATED);
    expectRefusal(await post(`${server.url}/oauth/introspect`, { ...asserted(value), token: 'x' }), UNAUTHENTICATED);
  });

  test('one works once also after a restart, and on another node', async () => {
    const value = await assertion();
    expect((await server.token(asserted(value))).status).toBe(200);
    const other = await startThreatened({ store: server.store, clock, furnish: false });
    try {
      expectRefusal(await other.token(asserted(value)), UNAUTHENTICATED);
      expect((await other.token(asserted(await assertion()))).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  test.each([
    ['Host: evil.example', '/oauth/token', 'Host: evil.example'],
    [
      'a forwarded host',
      '/oauth/token',
      'Host: id.example.com\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example',
    ],
    ['an absolute-form target', 'https://evil.example/oauth/token', 'Host: evil.example'],
    ['an absolute-form target with credentials', 'http://a:b@evil.example:99/oauth/token', 'Host: id.example.com'],
  ])('%s makes no other audience right', async (_what, target, head) => {
    for (const aud of [
      'https://evil.example/oauth/token',
      'http://evil.example/oauth/token',
      'https://evil.example',
      'http://host.invalid/oauth/token',
      'http://a:b@evil.example:99/oauth/token',
    ]) {
      const answer = await rawPost(target, head, asserted(await assertion({ claims: { aud } })));
      expect({ status: answer.status, error: answer.body['error'] }).toEqual({ status: 401, error: 'invalid_client' });
    }
    const right = await rawPost(target, head, asserted(await assertion()));
    expect({ status: right.status, scope: right.body['scope'] }).toEqual({ status: 200, scope: 'A' });
  });

  test.each(['evil.example', 'a b', '', 'evil.example:99999', '[::1', 'a,b', '"'])('Host %j changes nothing in discovery', async (host) => {
    const expected = await (await fetch(`${server.url}/.well-known/openid-configuration`)).text();
    const answer = await rawRequest(
      `GET /.well-known/openid-configuration HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`,
    );
    if (answer.status === 200) expect(answer.text).toContain(expected.slice(0, 40));
    else expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('evil');
  });
});

function rawPost(target: string, head: string, form: Form): Promise<{ status: number; text: string; body: Record<string, unknown> }> {
  const body = new URLSearchParams(Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();
  return rawRequest(
    `POST ${target} HTTP/1.1\r\n${head}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Bytes as they are: no client library would write such a request. */
function rawRequest(bytes: string): Promise<{ status: number; text: string; body: Record<string, unknown> }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', text = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
      const start = text.indexOf('{');
      resolve({
        status: Number(head.split(' ')[1]),
        text,
        body: start === -1 ? {} : (JSON.parse(text.slice(start, text.lastIndexOf('}') + 1)) as Record<string, unknown>),
      });
    });
  });
}

describe('C-7 secrets', () => {
  const ask = (value: string) => server.token(FORM, basic('two', value));

  test('two are good while they overlap; the old one ends when it was said to', async () => {
    expect((await ask('new')).status).toBe(200);
    expect((await ask('old')).status).toBe(200);
    clock.advance(HOUR);
    const expired = await ask('old');
    expectRefusal(expired, UNAUTHENTICATED);
    expect(visible(expired)).toEqual(visible(await ask('never-was')));
    expect((await ask('new')).status).toBe(200);
  });

  test('one that is expired at once is good no more, on the node that did it', async () => {
    await server.app.store.transaction((tx) => tx.addClientSecret('two', secret('third', { id: 'two-third' })));
    expect((await ask('third')).status).toBe(200);
    await server.app.store.transaction((tx) => tx.expireClientSecret('two', 'two-third', new Date(clock.now())));
    expectRefusal(await ask('third'), UNAUTHENTICATED);
  });

  test.each(['new ', ' new', 'NEW', 'ne', 'new\0', 'neww', 'undefined', 'kept as a hash', ''])('%j is not the secret', async (value) => {
    const answer = await server.token({ ...FORM, client_id: 'two', client_secret: value });
    expectRefusal(answer, UNAUTHENTICATED);
  });

  test('the hash of a secret is not the secret', async () => {
    const { secrets } = (await server.store.findClient('two', new Date(clock.now())))!;
    for (const { hash } of secrets) expectRefusal(await ask(hash), UNAUTHENTICATED);
  });

  test('a chosen one costs its hash once while it is right, and each time that it is wrong', async () => {
    const verify = jest.spyOn(server.app.hasher, 'verify');
    const statuses: number[] = [];
    for (const value of ['a chosen secret', 'a chosen secret', 'a guess', 'a guess', 'a chosen secret'])
      statuses.push((await server.token({ grant_type: 'client_credentials' }, basic('chosen', value))).status);
    expect(statuses).toEqual([200, 200, 401, 401, 200]);
    expect(verify).toHaveBeenCalledTimes(3);
    verify.mockRestore();
  });

  test('guessing is ended by the budget of the address, for clients that exist and those that do not', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '20' } });
    try {
      const statuses: number[] = [];
      for (let guess = 0; guess < 25; guess += 1) {
        const path = ENDPOINTS[guess % 3]!;
        const answer = await post(strict.url + path, { ...FORM, token: 'x' }, basic(guess % 2 === 0 ? 'svc' : 'no-such-client', `guess-${guess}`));
        statuses.push(answer.status);
        if (answer.status === 429) {
          expectRefusal(answer, { status: 429, error: 'temporarily_unavailable' });
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        }
      }
      expect(statuses.indexOf(429)).toBeGreaterThanOrEqual(20);
      expect(statuses.slice(21)).toEqual([429, 429, 429, 429]);
      await strict.stillWorks();
    } finally {
      await strict.close();
    }
  });

  test('guessing at a chosen secret ends after a hundred hashes; the right one goes on where it was used before', async () => {
    const other = await startThreatened();
    try {
      const hash = await other.app.hasher.hash('a chosen secret');
      await other.app.store.transaction(async (tx) => {
        await tx.clients.put([client('chosen')]);
        await tx.addClientSecret('chosen', secret('a chosen secret', { algorithm: 'argon2id', hash }));
      });
      const attempt = (value: string) => post(`${other.url}/oauth/token`, FORM, basic('chosen', value));
      expect((await attempt('a chosen secret')).status).toBe(200);
      const verify = jest.spyOn(other.app.hasher, 'verify');
      const statuses: number[] = [];
      for (let guess = 0; guess < 103; guess += 1) statuses.push((await attempt(`guess-${guess}`)).status);
      expect(statuses.slice(98)).toEqual([401, 401, 429, 429, 429]);
      expect(verify).toHaveBeenCalledTimes(100);
      expectRefusal(await attempt('guess-103'), { status: 429, error: 'temporarily_unavailable' });
      expect((await attempt('a chosen secret')).status).toBe(200);
      verify.mockRestore();
    } finally {
      await other.close();
    }
  });

  test('right secrets use up no budget', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '3' } });
    try {
      for (let time = 0; time < 10; time += 1) await strict.stillWorks();
    } finally {
      await strict.close();
    }
  });
});

test('the client authentication of nobody reaches a log or an answer', () => {
  expect(server.log.text()).not.toMatch(/svc-secret|a chosen secret|eyJ|guess-/);
});
