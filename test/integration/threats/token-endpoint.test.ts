import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assertRoleName } from '../../../src/domain/role.ts';
import { secretOf } from '../../support/market.ts';
import { basic, claimsOf, post, timelessClaimsOf, type Answer, type Form } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, type Threatened } from './endpoint.ts';

let server: Threatened;
beforeAll(async () => {
  server = await startThreatened();
});
afterAll(() => server.close());

type Ask = (form: Form) => Promise<Answer>;

/** The newest refresh token of one sign-in; a refusal does not use it up. */
let newest: string | undefined;

async function refresh(form: Form): Promise<Answer> {
  newest ??= String((await server.signIn('b1u', { scope: 'Shopper OrderReader' })).body['refresh_token']);
  const answer = await server.token({ grant_type: 'refresh_token', client_id: 'pw', client_secret: secretOf('pw'), refresh_token: newest, ...form });
  newest = answer.status === 200 ? String(answer.body['refresh_token']) : newest;
  return answer;
}

/** All three grants, as somebody who holds `Shopper`, `OrderReader` and more; `svc` holds A and B. */
function grants(): readonly (readonly [string, string, Ask])[] {
  return [
    ['client_credentials', 'A', (form) => server.credentials(form)],
    ['password', 'Shopper', (form) => server.signIn('b1u', form)],
    ['refresh_token', 'Shopper', refresh],
  ];
}

function expectRoles(answer: Answer, roles: readonly string[]): void {
  expect({ status: answer.status, scope: answer.body['scope'] }).toEqual({ status: 200, scope: roles.join(' ') });
  const claims = claimsOf(answer.body['access_token']);
  expect({ scope: claims['scope'], roles: claims['roles'] }).toEqual({ scope: roles.join(' '), roles });
  expect(answer.headers.get('cache-control')).toBe('no-store');
}

describe('T-01 asking for more than is held', () => {
  test('gives exactly what asking for the held role alone gives', async () => {
    const modest = await server.credentials({ scope: 'A' });
    const greedy = await server.credentials({ scope: 'A Bogus FullAccess' });
    expectRoles(greedy, ['A']);
    const rest = ({ body }: Answer) => {
      const { access_token: token, ...members } = body;
      return { members, claims: timelessClaimsOf(token), types: Object.entries(claimsOf(token)).map(([name, value]) => [name, typeof value]) };
    };
    expect(rest(greedy)).toEqual(rest(modest));
  });

  test.each(['FullAccess', 'Shopper FullAccess SecurityProfileAdmin', 'MarketAdmin Shopper', 'ApiClientAdmin'])(
    'password: %s stays within what is held and not barred',
    async (scope) => {
      expectRoles(await server.signIn('b1u', { scope }), scope.includes('Shopper') ? ['Shopper'] : []);
    },
  );
});

describe('T-02 nothing that is held', () => {
  test.each(['client_credentials', 'password', 'refresh_token'])('%s: unknown names give a success with an empty scope', async (name) => {
    const [, , ask] = grants().find(([grant]) => grant === name)!;
    expectRoles(await ask({ scope: 'Bogus' }), []);
  });

  test.each(['client_credentials', 'password'])('%s: an empty scope counts as an absent one, which asks for nothing', async (name) => {
    const [, , ask] = grants().find(([grant]) => grant === name)!;
    expectRoles(await ask({ scope: '' }), []);
    expectRoles(await ask({}), []);
  });

  test('refresh_token: an empty or absent scope asks for what was first asked for', async () => {
    const [, , ask] = grants()[2]!;
    expectRoles(await ask({ scope: '' }), ['OrderReader', 'Shopper']);
    expectRoles(await ask({}), ['OrderReader', 'Shopper']);
  });

  test('a client with omitted_scope all gets everything that is held', async () => {
    const form = { grant_type: 'password', username: 'b1u', password: 'Correct-Horse-7-Battery' };
    const answer = await server.token(form, basic('all', secretOf('all')));
    expectRoles(answer, ['OrderAdmin', 'OrderReader', 'Shopper']);
    expectRoles(await server.token({ ...form, scope: '' }, basic('all', secretOf('all'))), ['OrderAdmin', 'OrderReader', 'Shopper']);
  });
});

describe('T-03 masses of scopes', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `a${index.toString(36)}`).join(' ');

  test.each(['client_credentials', 'password', 'refresh_token'])('%s: more than 1,000 names are invalid_scope, 1,000 are not', async (name) => {
    const [, held, ask] = grants().find(([grant]) => grant === name)!;
    expectRefusal(await ask({ scope: 'x '.repeat(27_000) + 'x' }), { status: 400, error: 'invalid_scope' });
    expectRefusal(await ask({ scope: names(1001) }), { status: 400, error: 'invalid_scope' });
    expectRoles(await ask({ scope: `${names(999)} ${held}` }), [held]);
  });

  test.each([57_345, 100_000, 10_000_000])('a body of %d bytes is refused before it is understood', async (size) => {
    const head = 'grant_type=client_credentials&scope=';
    const answer = await raw('/oauth/token', { body: head + 'x'.repeat(size - head.length), headers: basic('svc', secretOf('svc')) });
    expectRefusal(answer, { status: 400, error: 'invalid_request' });
    await server.stillWorks();
  });

  test.each(['/oauth/introspect', '/oauth/revoke'])('%s refuses a body over the limit too', async (path) => {
    const answer = await raw(path, { body: `token=${'x'.repeat(60_000)}`, headers: basic('svc', secretOf('svc')) });
    expectRefusal(answer, { status: 400, error: 'invalid_request' });
  });

  test('a thousand parameters, or the same one a thousand times, are no way around', async () => {
    const junk = Array.from({ length: 3000 }, (_, index) => `p${index}=1`).join('&');
    const many = await raw('/oauth/token', { body: `${junk}&grant_type=client_credentials`, headers: basic('svc', secretOf('svc')) });
    expect(many.status).toBeLessThan(500);
    const repeated = await raw('/oauth/token', {
      body: `grant_type=client_credentials${'&scope=A'.repeat(1000)}`,
      headers: basic('svc', secretOf('svc')),
    });
    expectRefusal(repeated, { status: 400, error: 'invalid_request' });
  });
});

const MALFORMED = [
  ' A',
  'A ',
  'A  B',
  ' ',
  '\tA',
  'A\tB',
  'A\nB',
  'A\r\nB',
  'A\0',
  '"A"',
  'A\\B',
  'é',
  '\u041erderAdmin',
  'A\u202e',
  '\uff21',
  '\u00a0A',
  'A\u2003B',
  '\ufeffA',
  'A\x7f',
  '\ud83d\ude00',
];

describe('T-04 malformed scopes', () => {
  test.each(MALFORMED.map((scope) => [JSON.stringify(scope), scope] as const))(
    '%s is invalid_scope for every grant, and never trimmed',
    async (_shown, scope) => {
      for (const [, , ask] of grants()) expectRefusal(await ask({ scope }), { status: 400, error: 'invalid_scope' });
    },
  );

  test.each(['%ff', 'A%c3%28', 'A%00', '%ed%a0%80'])('the bytes %s are invalid_scope', async (scope) => {
    const answer = await raw('/oauth/token', { body: `grant_type=client_credentials&scope=${scope}`, headers: basic('svc', secretOf('svc')) });
    expectRefusal(answer, { status: 400, error: 'invalid_scope' });
  });
});

describe('T-05 names that are almost held', () => {
  test.each([
    'a',
    'orderadmin',
    '*',
    'Order*',
    '.*',
    '[A-Z]',
    'OrderAdmin,FullAccess',
    'OrderAdmin%20FullAccess',
    'OrderAdmin+FullAccess',
    'A;B',
    'A,B',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'roles',
    '0',
    'undefined',
    'null',
  ])('%s is dropped', async (scope) => {
    for (const [, held, ask] of grants()) expectRoles(await ask({ scope: `${scope} ${held}` }), [held]);
  });
});

test('T-06 a name asked for a thousand times is carried once', async () => {
  for (const [, held, ask] of grants()) expectRoles(await ask({ scope: Array.from({ length: 1000 }, () => held).join(' ') }), [held]);
});

describe('T-07 scopes of OpenID Connect and odd role names', () => {
  test('they are never roles, and these grants give neither an id token nor, without a person, a refresh token', async () => {
    for (const [grant, held, ask] of grants()) {
      const answer = await ask({ scope: `openid offline_access profile email ${held}` });
      expectRoles(answer, [held]);
      expect(answer.body['id_token']).toBeUndefined();
      expect(typeof answer.body['refresh_token']).toBe(grant === 'client_credentials' ? 'undefined' : 'string');
    }
  });

  test.each([
    'openid',
    'offline_access',
    'OpenID',
    'profile',
    'fullaccess',
    'FULLACCESS',
    '\uff26ullAccess',
    'Order Admin',
    'A B',
    'a"b',
    'a\\b',
    'é',
    'x'.repeat(300),
    '',
    ' A',
    '*',
    'Order*',
    'A\n',
  ])('a role cannot be called %j', (name) => {
    expect(() => assertRoleName(name)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('T-09 other ways of asking', () => {
  const form = 'grant_type=client_credentials&scope=A';
  const headers = basic('svc', secretOf('svc'));
  const paths = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'];

  test.each([
    ['application/json', '{"grant_type":"client_credentials"}'],
    ['text/plain', form],
    ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n'],
    ['application/xml', '<a/>'],
    ['application/x-www-form-urlencodedx', form],
    ['nonsense', form],
  ])('a body of type %s is invalid_request', async (type, body) => {
    for (const path of paths) {
      expectRefusal(await raw(path, { body, headers: { ...headers, 'content-type': type } }), { status: 400, error: 'invalid_request' });
    }
  });

  test.each(['utf-16le', 'UTF-16', 'utf-7', 'iso-8859-1', 'shift_jis', '"utf-16be"', 'nonsense'])(
    'charset %s is invalid_request, so that all read the same words',
    async (charset) => {
      const type = `application/x-www-form-urlencoded; charset=${charset}`;
      expectRefusal(await raw('/oauth/token', { body: Buffer.from(form, 'utf16le'), headers: { ...headers, 'content-type': type } }), {
        status: 400,
        error: 'invalid_request',
      });
      expectRefusal(await raw('/oauth/token', { body: form, headers: { ...headers, 'content-type': type } }), {
        status: 400,
        error: 'invalid_request',
      });
    },
  );

  test('UTF-8 said aloud is fine', async () => {
    const answer = await raw('/oauth/token', {
      body: form,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded;charset="UTF-8"' },
    });
    expectRoles(answer, ['A']);
  });

  test('a body without a type, and no body at all, are invalid_request', async () => {
    expectRefusal(await raw('/oauth/token', { body: form, headers: { ...headers, 'content-type': undefined } }), {
      status: 400,
      error: 'invalid_request',
    });
    expectRefusal(await raw('/oauth/token', { body: '', headers }), { status: 400, error: 'invalid_request' });
  });

  test.each(['gzip', 'br', 'deflate'])('a body compressed with %s is not unpacked', async (encoding) => {
    const answer = await raw('/oauth/token', { body: form, headers: { ...headers, 'content-encoding': encoding } });
    expect([200, 400]).toContain(answer.status);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'])('%s is not allowed and says what is', async (method) => {
    for (const path of paths) {
      const answer = await raw(`${path}?${form}&token=x`, {
        method,
        headers: { ...headers, 'content-type': undefined, 'x-http-method-override': 'POST' },
      });
      expectRefusal(answer, { status: 405, error: 'invalid_request' });
      expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
    }
  });

  test('HEAD is not allowed either', async () => {
    const answer = await raw('/oauth/token', { method: 'HEAD', headers: { 'content-type': undefined } });
    expect({ status: answer.status, allow: answer.headers.get('allow') }).toEqual({ status: 405, allow: 'POST, OPTIONS' });
  });

  test.each([
    '/oauth/TOKEN',
    '/OAUTH/token',
    '/oauth/token/',
    '/oauth/token;a',
    '/oauth//token',
    '/oauth/%74oken',
    '/oauth/./token',
    '/oauth/token%00',
    '/oauth/token%2f',
    '/x/../oauth/token',
    '/oauth\\token',
    '/token',
  ])('%s is not the token endpoint', async (path) => {
    const answer = await raw(path, { body: form, headers });
    expect({ status: answer.status, token: answer.body['access_token'] }).toEqual({ status: 404, token: undefined });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('a target that could be mistaken for a host is refused', async () => {
    const answer = await raw('//oauth/token', { body: form, headers });
    expectRefusal(answer, { status: 400, error: 'invalid_request' });
  });

  test('parameters in the query are never read', async () => {
    const inQuery = await raw(`/oauth/token?${form}`, { body: '', headers });
    expectRefusal(inQuery, { status: 400, error: 'invalid_request' });
    const widened = await raw('/oauth/token?scope=B', { body: form, headers });
    expectRoles(widened, ['A']);
  });

  test.each(['grant_type', 'scope', 'username', 'client_id'])('%s twice is invalid_request', async (name) => {
    const body = `grant_type=password&scope=A&username=b1u&password=x&client_id=pw&client_secret=${secretOf('pw')}`;
    const values = new URLSearchParams(body);
    expectRefusal(await raw('/oauth/token', { body: `${body}&${name}=${encodeURIComponent(values.get(name)!)}` }), {
      status: 400,
      error: 'invalid_request',
    });
  });

  test('brackets make no objects and no arrays', async () => {
    const answer = await raw('/oauth/token', {
      body: 'grant_type=client_credentials&scope[]=A&scope[x]=B&__proto__[polluted]=1&constructor.prototype.polluted=1',
      headers,
    });
    expectRoles(answer, []);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('T-10 asking for a page', () => {
  test.each(['/oauth/token', '/oauth/introspect', '/oauth/revoke'])(
    '%s answers in JSON, and repeats nothing that a browser would run',
    async (path) => {
      const form = {
        grant_type: '<script>alert(1)</script>',
        scope: '<img src=x>',
        token: '<b>',
        token_type_hint: '<svg onload=x>',
        client_id: '<i>',
      };
      for (const accept of ['text/html', 'text/html;q=1, application/json;q=0', 'application/xhtml+xml', 'image/*', 'nonsense']) {
        const answer = await post(server.url + path, form, { accept });
        expectRefusal(answer, { status: 401, error: 'invalid_client' });
        expect(answer.text).not.toContain('<');
      }
    },
  );

  test('neither does a refusal that comes later', async () => {
    const answer = await server.token({ grant_type: '<script>alert(1)</script>' }, { ...basic('svc', secretOf('svc')), accept: 'text/html' });
    expectRefusal(answer, { status: 400, error: 'unsupported_grant_type' });
    expect(answer.text).not.toContain('<');
  });

  test('a path that nobody serves answers in JSON without repeating it', async () => {
    const answer = await raw('/<script>alert(1)</script>', { method: 'GET', headers: { accept: 'text/html', 'content-type': undefined } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.text).not.toContain('<');
  });
});

describe('T-11 grant types', () => {
  test.each(['implicit', '__proto__', 'constructor', 'toString', 'none', 'PASSWORD', 'client_credentials ', 'urn:openid:params:grant-type:ciba'])(
    '%s is unsupported',
    async (grantType) => {
      expectRefusal(await server.token({ grant_type: grantType }, basic('web', secretOf('web'))), { status: 400, error: 'unsupported_grant_type' });
    },
  );

  test('an empty or absent one is invalid_request', async () => {
    expectRefusal(await server.token({ grant_type: '' }, basic('web', secretOf('web'))), { status: 400, error: 'invalid_request' });
    expectRefusal(await server.token({ scope: 'A' }, basic('web', secretOf('web'))), { status: 400, error: 'invalid_request' });
  });

  test.each([
    ['svc', 'password'],
    ['svc', 'refresh_token'],
    ['svc', 'authorization_code'],
    ['svc', 'urn:ietf:params:oauth:grant-type:device_code'],
    ['rsS', 'client_credentials'],
    ['rsS', 'password'],
  ])('%s may not use %s', async (clientId, grantType) => {
    const form = { grant_type: grantType, username: 'b1u', password: 'Correct-Horse-7-Battery', refresh_token: 'x', scope: 'A' };
    expectRefusal(await server.token(form, basic(clientId, secretOf(clientId))), { status: 400, error: 'unauthorized_client' });
  });

  test('a public client gets no client credentials', async () => {
    expectRefusal(await server.token({ grant_type: 'client_credentials', client_id: 'spa' }), { status: 400, error: 'unauthorized_client' });
  });
});

interface RawRequest {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string | undefined>;
}

/** A request as it is written, without the tidying up that fetch does. */
function raw(path: string, { method = 'POST', body, headers = {} }: RawRequest = {}): Promise<Answer> {
  const { port } = new URL(server.url);
  const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
  const present = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, agent: false, headers: present }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const values = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
        resolve({
          status: response.statusCode!,
          headers: new Headers(values),
          text,
          body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('broken HTTP closes the connection and nothing else', async () => {
  const { port } = new URL(server.url);
  for (const bytes of [
    'NONSENSE\r\n\r\n',
    'POST /oauth/token HTTP/1.1\r\n\r\n',
    'POST /oauth/token HTTP/9.9\r\nHost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  ]) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  await server.stillWorks();
});
