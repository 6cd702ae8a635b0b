import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { ISSUER } from '../support/server.ts';
import { authorizeUrl, pkce, signIn, SIGNED_OUT, startSignIn, type SignInServer } from '../support/sign-in.ts';
import { claimsOf } from '../support/token-client.ts';
import { table } from './table.ts';

let server: SignInServer;
const told: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
const application = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    told.push({ headers: request.headers, body });
    response.end();
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  server = await startSignIn({ env: { ROLEMINT_LOGOUT_NETWORKS: '127.0.0.0/8' } });
  const { port } = application.address() as AddressInfo;
  await server.store.transaction(async (tx) => {
    const shop = (await tx.clients.findMany(['shop'])).get('shop')!;
    await tx.clients.put([{ ...shop, backchannelLogoutUri: `http://127.0.0.1:${port}/` }]);
  });
});
afterAll(async () => {
  await server.close();
  application.closeAllConnections();
  await new Promise((resolve) => application.close(resolve));
});

const ask = (more: Record<string, string> = {}) => authorizeUrl(pkce().challenge, { scope: 'openid', ...more });
/** A browser in which somebody is signed in, and the tokens that the shop got. */
async function signedIn(more: Record<string, string> = {}, username?: string) {
  const browser = server.browser();
  const answer = await server.tokens(browser, { scope: 'openid', ...more }, username);
  return { browser, answer, idToken: String(answer.body['id_token']), claims: claimsOf(answer.body['id_token']) };
}
const document = async () => (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as Record<string, unknown>;
const userinfo = (token: unknown, init: RequestInit = {}) =>
  fetch(`${server.url}/oauth/userinfo`, { ...init, headers: { authorization: `Bearer ${String(token)}` } });

table('OpenID Connect Core 1.0, the code flow', [
  [
    '2',
    'an ID token says who issued it, about whom, for whom, when, and when the person signed in',
    async () => {
      const { claims } = await signedIn({ nonce: 'n', max_age: '1000' });
      const seconds = expect.any(Number);
      expect(claims).toEqual({
        iss: ISSUER,
        sub: 'b1u',
        aud: 'shop',
        iat: seconds,
        exp: seconds,
        auth_time: seconds,
        nonce: 'n',
        sid: expect.any(String),
      });
      expect(Number(claims['auth_time'])).toBeLessThanOrEqual(Number(claims['iat']) + 1);
      expect(Number(claims['exp'])).toBeGreaterThan(Number(claims['iat']));
    },
  ],
  [
    '3.1.2.1',
    'without the scope openid it is no OpenID Connect: there is no ID token',
    async () => expect((await server.tokens(server.browser(), { scope: 'Shopper' })).body['id_token']).toBeUndefined(),
  ],
  [
    '3.1.2.1',
    'prompt=none shows no page',
    async () => {
      const { browser } = await signedIn();
      expect((await browser.open(ask({ prompt: 'none' }))).url.searchParams.has('code')).toBe(true);
      expect((await server.browser().open(ask({ prompt: 'none' }))).url.searchParams.get('error')).toBe('login_required');
      expect((await browser.open(ask({ prompt: 'none', client_id: 'asking' }))).url.searchParams.get('error')).toBe('consent_required');
    },
  ],
  [
    '3.1.2.1',
    'prompt=none goes with nothing else',
    async () => expect((await server.browser().open(ask({ prompt: 'none login' }))).url.searchParams.get('error')).toBe('invalid_request'),
  ],
  [
    '3.1.2.1',
    'prompt=login asks whoever is signed in to sign in again, and auth_time is of then',
    async () => {
      const { browser, claims } = await signedIn();
      const { code, verifier } = await server.code(browser, { scope: 'openid', prompt: 'login' });
      const { body } = await server.redeem({ code, code_verifier: verifier });
      expect(Number(claimsOf(body['id_token'])['auth_time'])).toBeGreaterThanOrEqual(Number(claims['auth_time']));
      expect((await browser.open(ask({ prompt: 'login' }))).url.pathname).toBe('/sign-in/login');
    },
  ],
  [
    '3.1.2.1',
    'prompt=consent asks before the code is given',
    async () => {
      const { browser } = await signedIn();
      expect((await browser.open(ask({ prompt: 'consent' }))).url.pathname).toBe('/sign-in/consent');
    },
  ],
  [
    '3.1.2.1',
    'max_age asks whoever signed in longer ago to sign in again',
    async () => {
      const { browser } = await signedIn();
      expect((await browser.open(ask({ max_age: '1000' }))).url.searchParams.has('code')).toBe(true);
      const page = await browser.open(ask({ max_age: '0' }));
      expect(page.url.pathname).toBe('/sign-in/login');
      expect((await signIn(browser, page)).url.searchParams.has('code')).toBe(true);
      expect((await server.browser().open(ask({ prompt: 'none', max_age: '1000' }))).url.searchParams.get('error')).toBe('login_required');
    },
  ],
  [
    '3.1.2.1',
    'ui_locales chooses the language',
    async () => expect((await server.browser().open(ask({ ui_locales: 'fr de en' }))).text).toContain('<html lang="de"'),
  ],
  ['3.1.2.1', 'login_hint is filled in', async () => expect((await server.browser().open(ask({ login_hint: 'b2u' }))).text).toContain('value="b2u"')],
  [
    '3.1.2.1',
    'id_token_hint says who is expected',
    async () => {
      const { browser, idToken } = await signedIn();
      expect((await browser.open(ask({ prompt: 'none', id_token_hint: idToken }))).url.searchParams.has('code')).toBe(true);
      const other = await signedIn({}, 'b2u');
      expect((await other.browser.open(ask({ prompt: 'none', id_token_hint: idToken }))).url.searchParams.get('error')).toBe('login_required');
      for (const hint of ['a.b.c', String(other.answer.body['access_token'])]) {
        expect((await browser.open(ask({ prompt: 'none', id_token_hint: hint }))).url.searchParams.get('error')).toBe('invalid_request');
      }
    },
  ],
  [
    '3.1.2.1',
    'parameters that are not understood are ignored',
    async () => expect((await server.browser().open(ask({ unheard_of: 'x', display: 'page' }))).url.pathname).toBe('/sign-in/login'),
  ],
  [
    '3.1.2.6',
    'an error goes back with the state',
    async () => {
      const { searchParams } = (await server.browser().open(ask({ prompt: 'none', state: 'xyz' }))).url;
      expect([searchParams.get('state'), searchParams.has('code')]).toEqual(['xyz', false]);
    },
  ],
  [
    '3.1.3.3',
    'the token answer has the ID token and is not kept by caches',
    async () => {
      const { answer } = await signedIn();
      expect(answer.body).toMatchObject({ token_type: 'Bearer', id_token: expect.any(String), expires_in: expect.any(Number) });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  ],
  [
    '3.1.3.6',
    'at_hash may be left out where the access token comes from the token endpoint, and is',
    async () => expect((await signedIn()).claims).not.toHaveProperty('at_hash'),
  ],
  [
    '5.3',
    'userinfo takes the token by GET and by POST, and its sub is that of the ID token',
    async () => {
      const { answer, claims } = await signedIn({ scope: 'openid profile email' });
      for (const method of ['GET', 'POST']) {
        const response = await userinfo(answer.body['access_token'], { method });
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ sub: claims['sub'], preferred_username: 'b1u' });
      }
    },
  ],
  [
    '5.3.3',
    'userinfo refuses as RFC 6750 says',
    async () => {
      const response = await userinfo('x');
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    },
  ],
  [
    '6',
    'requests by object are not supported, and say so',
    async () => {
      expect((await server.browser().open(ask({ request: 'x.y.z' }))).url.searchParams.get('error')).toBe('request_not_supported');
      expect((await server.browser().open(ask({ request_uri: 'https://shop.example.com/r' }))).url.searchParams.get('error')).toBe(
        'request_uri_not_supported',
      );
    },
  ],
  [
    '12.2',
    'the ID token of a refresh is about the same person and sign-in, and has no nonce',
    async () => {
      const { answer, claims } = await signedIn({ nonce: 'n' });
      const form = { grant_type: 'refresh_token', redirect_uri: undefined, refresh_token: String(answer.body['refresh_token']) };
      const again = claimsOf((await server.redeem(form)).body['id_token']);
      const { iss, sub, aud, auth_time, sid } = claims;
      expect(again).toEqual({ iss, sub, aud, auth_time, sid, iat: expect.any(Number), exp: expect.any(Number) });
    },
  ],
]);

const leave = (parameters: Record<string, string>) => `${ISSUER}/oauth/logout?${new URLSearchParams(parameters).toString()}`;

table('OpenID Connect RP-Initiated Logout 1.0', [
  [
    '2',
    'the ID token of the session ends it',
    async () => {
      const { browser, idToken } = await signedIn();
      expect((await browser.open(leave({ id_token_hint: idToken }))).text).toContain('You are signed out');
      expect((await browser.open(ask({ prompt: 'none' }))).url.searchParams.get('error')).toBe('login_required');
    },
  ],
  [
    '2',
    'the endpoint takes GET and POST',
    async () => {
      const { browser, idToken } = await signedIn();
      expect((await browser.send('/oauth/logout', { id_token_hint: idToken, post_logout_redirect_uri: SIGNED_OUT })).url.href).toBe(SIGNED_OUT);
    },
  ],
  [
    '2',
    'without a hint, and with that of another session, the person is asked',
    async () => {
      const { browser } = await signedIn();
      const { idToken } = await signedIn();
      for (const parameters of [{}, { id_token_hint: idToken }]) {
        expect((await browser.open(leave(parameters as Record<string, string>))).text).toContain('Sign out?');
      }
      expect((await browser.open(ask({ prompt: 'none' }))).url.searchParams.has('code')).toBe(true);
    },
  ],
  ['2.1', 'the metadata name the endpoint', async () => expect((await document())['end_session_endpoint']).toBe(`${ISSUER}/oauth/logout`)],
  [
    '3',
    'the browser goes to a registered address, with the state',
    async () => {
      const { browser, idToken } = await signedIn();
      const back = await browser.open(leave({ id_token_hint: idToken, post_logout_redirect_uri: SIGNED_OUT, state: 'xyz' }));
      expect(back.url.href).toBe(`${SIGNED_OUT}?state=xyz`);
    },
  ],
  [
    '3',
    'the browser goes to no other address',
    async () => {
      const { browser, idToken } = await signedIn();
      for (const address of ['https://evil.example.com/', `${SIGNED_OUT}/`]) {
        expect((await browser.open(leave({ id_token_hint: idToken, post_logout_redirect_uri: address }))).status).toBe(400);
      }
    },
  ],
]);

/** What an application hears of the end of a session of its own. */
async function heard(): Promise<{ readonly headers: IncomingHttpHeaders; readonly token: string; readonly sid: unknown }> {
  const { browser, idToken, claims } = await signedIn();
  told.length = 0;
  await browser.open(leave({ id_token_hint: idToken }));
  await server.app.services.backchannel.idle();
  expect(told).toHaveLength(1);
  const { headers, body } = told[0]!;
  const form = new URLSearchParams(body);
  expect([...form.keys()]).toEqual(['logout_token']);
  return { headers, token: form.get('logout_token')!, sid: claims['sid'] };
}

table('OpenID Connect Back-Channel Logout 1.0', [
  [
    '2.1',
    'the metadata say that it is there, with sid',
    async () => expect(await document()).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true }),
  ],
  [
    '2.4',
    'a logout token has its claims and no nonce, and lives two minutes',
    async () => {
      const { token, sid } = await heard();
      const claims = claimsOf(token);
      expect(claims).toMatchObject({ iss: ISSUER, sub: 'b1u', aud: 'shop', sid, jti: expect.any(String) });
      expect(claims['events']).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} });
      expect(claims).not.toHaveProperty('nonce');
      expect(Number(claims['exp']) - Number(claims['iat'])).toBe(120);
    },
  ],
  [
    '2.4',
    'its typ is logout+jwt, and it is signed as ID tokens are',
    async () => {
      const header = JSON.parse(Buffer.from((await heard()).token.split('.')[0]!, 'base64url').toString()) as Record<string, unknown>;
      expect(header).toMatchObject({ typ: 'logout+jwt', alg: 'ES256', kid: expect.any(String) });
    },
  ],
  ['2.5', 'it comes as a form', async () => expect((await heard()).headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)],
]);
