import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
let root: ApiClient;
const CLIENT = { client_name: 'Shop', organization: 'S', grant_types: ['authorization_code'], redirect_uris: ['https://shop.example.com/cb'] };

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app);
  root = await signedIn(server, 'root');
  expect((await root.post('/clients', { client_id: 'shop', ...CLIENT })).status).toBe(201);
});
afterAll(() => server.close());

/** By every way on which a client is written; none of them leaves anything. */
async function expectRefused(fields: object, pointer: string): Promise<void> {
  const before = (await root.get('/clients/shop')).body;
  const others = (await root.get('/clients?total=true')).body.total;
  const written = { ...CLIENT, ...fields };
  const ways: readonly (readonly [string, () => Promise<ApiAnswer>, string])[] = [
    ['POST', () => root.post('/clients', { client_id: 'other', ...written }), pointer],
    ['POST with another of the same', () => root.post('/clients', written), pointer],
    ['PUT', () => root.put('/clients/shop', written), pointer],
    ['PATCH', () => root.patch('/clients/shop', fields), pointer],
    ['workspace', () => root.post('/workspace', { rolemint: 1, clients: [{ client_id: 'shop', ...written }] }), `/clients/0${pointer}`],
  ];
  for (const [way, ask, expected] of ways) {
    const { status, body, text } = await ask();
    const pointers = [body.pointer, ...(body.problems ?? []).map((problem: { pointer?: string }) => problem.pointer)];
    expect({ way, status, code: body.code, pointers, text }).toMatchObject({
      status: 400,
      code: 'invalid_input',
      pointers: expect.arrayContaining([expected]),
    });
  }
  expect((await root.get('/clients/shop')).body).toEqual(before);
  expect((await root.get('/clients?total=true')).body.total).toBe(others);
}

/** T-49: an address to which codes could be sent is https, or of this very machine. */
describe('addresses to return to', () => {
  const HOSTILE = [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'about:blank',
    'urn:ietf:wg:oauth:2.0:oob',
    'com.example.app:/cb',
    'http://shop.example.com/cb',
    'http://localhost.evil.com/cb',
    'http://127.0.0.1.evil.com/cb',
    'http://127.0.0.1@evil.com/cb',
    'http://10.0.0.1/cb',
    'https://shop.example.com/cb#fragment',
    'https://shop.example.com/cb#',
    'https://*.example.com/cb',
    'https://shop.example.com/*',
    'https://somebody@shop.example.com/cb',
    'https://shop.example.com@evil.com/cb',
    'https://shop.example.com\\@evil.com/cb',
    'https://shop.example.com/a b',
    '//evil.com/cb',
    '/cb',
    'shop.example.com',
    '',
    `https://shop.example.com/${'x'.repeat(2000)}`,
  ];

  it.each(HOSTILE)('are not %j', async (address) => {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris']) {
      const addresses = ['https://shop.example.com/cb', address];
      await expectRefused({ [field]: addresses, ...(field === 'redirect_uris' ? {} : { redirect_uris: CLIENT.redirect_uris }) }, `/${field}/1`);
    }
  });

  it('are a hundred at most', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `https://shop.example.com/${index}`);
    await expectRefused({ redirect_uris: many(101) }, '/redirect_uris');
    await expectRefused({ post_logout_redirect_uris: many(5000) }, '/post_logout_redirect_uris');
    expect((await root.post('/clients', { ...CLIENT, redirect_uris: many(20_000) })).body).toMatchObject({ code: 'too_large' });
    expect((await root.post('/clients?dry_run=true', { ...CLIENT, redirect_uris: many(100) })).status).toBe(200);
  });

  it('may be of this machine, for programs of it', async () => {
    const own = ['http://localhost/cb', 'http://127.0.0.1:8400/cb', 'http://[::1]/cb'];
    const answer = await root.post('/clients?dry_run=true', { ...CLIENT, redirect_uris: own });
    expect(answer.body).toMatchObject({ object: { redirect_uris: [...own].sort() } });
  });
});

/** T-56: nothing of a client makes the server fetch anything, or anybody's browser load anything. */
describe('metadata that names an address to fetch', () => {
  it.each([
    'jwks_uri',
    'logo_uri',
    'client_uri',
    'policy_uri',
    'tos_uri',
    'sector_identifier_uri',
    'initiate_login_uri',
    'frontchannel_logout_uri',
    'request_uris',
    'software_statement',
    'webhook_url',
  ])('is not offered: %s', async (member) => {
    for (const value of ['https://shop.example.com/x', 'http://169.254.169.254/latest/meta-data', 'javascript:alert(1)']) {
      await expectRefused({ [member]: member.endsWith('s') ? [value] : value }, `/${member}`);
    }
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'http://shop.example.com/x', 'javascript:alert(1)', 'https://shop.example.com/x#y', '/x'])(
    'is told of the end of a session by https alone: not %s',
    (value) => expectRefused({ backchannel_logout_uri: value }, '/backchannel_logout_uri'),
  );

  it('cannot stand in a key either, and a key has no private part', async () => {
    const key = { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' };
    await expectRefused({ jwks: { keys: [{ ...key, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }] } }, '/jwks/keys/0');
    await expectRefused({ jwks: 'https://shop.example.com/jwks' }, '/jwks');
    await expectRefused({ jwks: { keys: [key], jwks_uri: 'https://shop.example.com/jwks' } }, '/jwks/jwks_uri');
  });
});
