import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AUDIENCE, secretOf } from '../../support/market.ts';
import { basic } from '../../support/token-client.ts';
import { startThreatened, type Threatened } from './endpoint.ts';

let server: Threatened;
let tokens: Record<string, unknown>;

beforeAll(async () => {
  server = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' } });
  tokens = (await server.signIn('b1u', { resource: AUDIENCE.seller })).body;
});
afterAll(() => server.close());

const PATHS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'];
const METHODS = ['POST', 'POST', 'POST', 'POST', 'GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'QUERY'];
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-16',
  'application/json',
  'multipart/form-data; boundary=',
  'text/plain; charset="',
  ';;;',
  'application/x-www-form-urlencoded; charset=utf-8; charset=utf-7',
  '',
];
const NAMES = [
  'grant_type',
  'scope',
  'username',
  'password',
  'client_id',
  'client_secret',
  'refresh_token',
  'resource',
  'token',
  'token_type_hint',
  'client_assertion',
  'client_assertion_type',
  'code',
  'authorization_details',
  'claims',
  'request',
  '__proto__',
  'constructor[prototype][polluted]',
  '__proto__[polluted]',
  'scope[]',
  'scope[a]',
  'toString',
  '',
];
const HEADERS = [
  'authorization',
  'dpop',
  'accept',
  'origin',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'forwarded',
  'content-encoding',
  'expect',
  'cookie',
  'if-none-match',
  'range',
  'access-control-request-method',
  'oauth-client-attestation',
  'oauth-client-attestation-pop',
  'host',
  'upgrade',
  'content-type',
];

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const known = () =>
  fc.constantFrom(
    'password',
    'client_credentials',
    'refresh_token',
    'authorization_code',
    'b1u',
    'root',
    'svc',
    'pw',
    'spa',
    'web',
    secretOf('svc'),
    secretOf('pw'),
    'A',
    'A B',
    AUDIENCE.seller,
    'access_token',
    assertionType,
    String(tokens['access_token']),
    String(tokens['refresh_token']),
    'e30.e30.e30',
    'null',
    'undefined',
    '[object Object]',
    '',
    '\0',
    '\ud800',
    '%',
    '%00',
    '%ff',
    '\u202e',
  );
const value = () =>
  fc.oneof(
    known(),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.webUrl(),
    fc.json({ maxDepth: 2 }),
    fc.integer({ min: 1, max: 3000 }).map((length) => 'x '.repeat(length)),
  );
const pair = () =>
  fc.tuple(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.string({ maxLength: 20 }) }), value());

/** Visible ASCII and bytes above, no line ends: the rest ends in the parser of HTTP and never reaches us. */
const headerText = () =>
  fc
    .oneof(
      value(),
      fc.constantFrom(
        ...[basic('svc', secretOf('svc')), basic('pw', secretOf('pw')), basic('rsS', secretOf('rsS'))].map(({ authorization }) => authorization!),
      ),
    )
    .map((text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 4000));

/** Half a surrogate pair cannot be sent in UTF-8. */
const wellFormed = (text: string) => Buffer.from(text).toString();
const encode = (text: string) => encodeURIComponent(wellFormed(text));

const request = () =>
  fc.record({
    path: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...PATHS) },
      { weight: 1, arbitrary: fc.string({ maxLength: 30 }).map((text) => `/${encodeURI(wellFormed(text))}`) },
    ),
    query: fc.option(fc.webQueryParameters(), { freq: 5 }),
    method: fc.constantFrom(...METHODS),
    type: fc.constantFrom(...TYPES),
    headers: fc.dictionary(fc.constantFrom(...HEADERS), headerText(), { maxKeys: 3 }),
    authorized: fc.option(fc.constantFrom('svc', 'pw', 'web', 'rsS')),
    body: fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .array(pair(), { maxLength: 8 })
          .map((pairs) => Buffer.from(pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&'))),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)) },
    ),
  });

/** Requests that are good but for a parameter or a header more. */
const nearlyGood = () =>
  fc
    .record({
      good: fc.constantFrom(
        { path: '/oauth/token', authorized: 'svc', form: 'grant_type=client_credentials&scope=A' },
        { path: '/oauth/introspect', authorized: 'rsS', form: `token=${String(tokens['access_token'])}` },
        { path: '/oauth/revoke', authorized: 'web', form: `token=${String(tokens['access_token'])}` },
        { path: '/oauth/token', authorized: 'pw', form: 'grant_type=password&username=b1u&password=wrong' },
      ),
      more: fc.option(pair()),
      headers: fc.dictionary(fc.constantFrom(...HEADERS.filter((name) => name !== 'authorization')), headerText(), { maxKeys: 1 }),
    })
    .map(({ good: { path, authorized, form }, more, headers }): Fuzzed => ({
      path,
      authorized,
      headers,
      query: null,
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      body: Buffer.from(more === null ? form : `${form}&${encode(more[0])}=${encode(more[1])}`),
    }));

type Fuzzed = ReturnType<typeof request> extends fc.Arbitrary<infer T> ? T : never;

/** The status of the answer; 0 when the connection was closed without one. */
function send({ path, query, method, type, headers, authorized, body }: Fuzzed): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const all: Record<string, string> = {
    host: 'x',
    'content-type': type,
    ...(authorized === null ? {} : basic(authorized, secretOf(authorized))),
    ...headers,
  };
  const head = Object.entries(all)
    .map(([name, text]) => `${name}: ${text}\r\n`)
    .join('');
  const target = query === null ? path : `${path}?${query.replaceAll(' ', '+')}`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`, 'latin1'));
      socket.write(body);
    });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(status(text)) : reject(error),
    );
    socket.on('close', () => resolve(status(text)));
  });
}

const status = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''))?.[1] ?? 0);

test('no request whatever makes a fault of ours, or pollutes a prototype', async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: request() }, { weight: 1, arbitrary: nearlyGood() }), async (fuzzed) => {
      const answered = await send(fuzzed);
      seen.set(answered, (seen.get(answered) ?? 0) + 1);
      expect(answered).toBeLessThan(500);
      expect(answered).not.toBe(0);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    }),
    { numRuns: 500, endOnFailure: true },
  );
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 405]));
  expect(server.log.lines.filter((line) => line['event'] === 'request_failed')).toEqual([]);
  await server.stillWorks();
}, 60_000);

test('a body that never comes, or stops half way, harms nobody else', async () => {
  const { hostname, port } = new URL(server.url);
  const sockets = await Promise.all(
    ['Content-Length: 100\r\n\r\ngrant_type=', 'Transfer-Encoding: chunked\r\n\r\n5\r\nab', 'Content-Length: 100\r\n\r\n', ''].map(
      (rest) =>
        new Promise<ReturnType<typeof connect>>((resolve) => {
          const socket = connect(Number(port), hostname, () => {
            socket.write(`POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n${rest}`, () =>
              resolve(socket),
            );
          });
          socket.on('error', () => undefined);
        }),
    ),
  );
  await server.stillWorks();
  for (const socket of sockets) socket.destroy();
  await server.stillWorks();
});
