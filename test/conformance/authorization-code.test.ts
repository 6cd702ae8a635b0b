import { afterAll, beforeAll, expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { secretOf } from '../support/market.ts';
import { ISSUER } from '../support/server.ts';
import { authorizeUrl, pkce, signIn, startSignIn, type SignInServer } from '../support/sign-in.ts';
import { basic, post, type Form } from '../support/token-client.ts';
import { outcome, table } from './table.ts';

let server: SignInServer;
let skipped = 0;
beforeAll(async () => {
  server = await startSignIn({ clock: { now: () => Date.now() + skipped } });
});
afterAll(() => server.close());

const document = async () => (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as Record<string, unknown>;
/** What an authorization request is answered by a redirect. */
const answer = async (more: Record<string, string>) =>
  Object.fromEntries((await server.browser().open(authorizeUrl(pkce().challenge, more))).url.searchParams);

table('RFC 7636, proof key for code exchange', [
  [
    '4.1',
    'a code verifier has 43 to 128 unreserved characters',
    async () => {
      for (const verifier of ['x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(43)}+`]) {
        const challenge = createHash('sha256').update(verifier).digest('base64url');
        const back = await signIn(...(await opened(authorizeUrl(challenge))));
        const form = { code: back.url.searchParams.get('code')!, code_verifier: verifier };
        expect(outcome(await server.redeem(form))).toEqual([400, 'invalid_grant']);
      }
    },
  ],
  ['4.2', 'S256 is understood', async () => expect((await server.tokens(server.browser(), { scope: 'Shopper' })).status).toBe(200)],
  [
    '4.3',
    'no method means plain, which is not understood',
    async () => {
      for (const code_challenge_method of ['', 'plain', 's256'])
        expect(await answer({ code_challenge_method })).toMatchObject({ error: 'invalid_request' });
    },
  ],
  [
    '4.4.1',
    'a request without a challenge is invalid_request',
    async () => expect(await answer({ code_challenge: '', code_challenge_method: '' })).toMatchObject({ error: 'invalid_request', state: 's' }),
  ],
  [
    '4.6',
    'another verifier is invalid_grant, and none invalid_request',
    async () => {
      const { code } = await server.code(server.browser());
      expect(outcome(await server.redeem({ code, code_verifier: pkce().verifier }))).toEqual([400, 'invalid_grant']);
      expect(outcome(await server.redeem({ code }))).toEqual([400, 'invalid_request']);
    },
  ],
  ['6.2.1', 'the metadata say which methods there are', async () => expect((await document())['code_challenge_methods_supported']).toEqual(['S256'])],
]);

const opened = async (address: string) => {
  const browser = server.browser();
  return [browser, await browser.open(address)] as const;
};

table('RFC 9207, the issuer in authorization responses', [
  ['2', 'a response with a code has iss', async () => expect((await server.code(server.browser())).back.searchParams.get('iss')).toBe(ISSUER)],
  [
    '2',
    'a response with an error has iss',
    async () => expect(await answer({ prompt: 'none' })).toMatchObject({ error: 'login_required', iss: ISSUER }),
  ],
  ['2', 'iss is the issuer of the metadata, character by character', async () => expect((await document())['issuer']).toBe(ISSUER)],
  ['3', 'the metadata say so', async () => expect((await document())['authorization_response_iss_parameter_supported']).toBe(true)],
]);

const SHOP = () => basic('shop', secretOf('shop'));
const push = (more: Form = {}, headers: Record<string, string> = SHOP()) =>
  post(`${server.url}/oauth/par`, { ...Object.fromEntries(new URL(authorizeUrl(pkce().challenge)).searchParams), ...more }, headers);
const pushed = (requestUri: unknown, clientId = 'shop') =>
  `${ISSUER}/oauth/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(requestUri) }).toString()}`;

table('RFC 9126, pushed authorization requests', [
  [
    '2.1',
    'the client authenticates as at the token endpoint',
    async () => {
      expect(outcome(await push({}, basic('shop', 'wrong')))).toEqual([401, 'invalid_client']);
      expect(outcome(await push({}, {}))).toEqual([401, 'invalid_client']);
    },
  ],
  ['2.1', 'request_uri is refused', async () => expect(outcome(await push({ request_uri: 'urn:x' }))).toEqual([400, 'request_uri_not_supported'])],
  [
    '2.1',
    'the request is checked as one at the authorization endpoint',
    async () => {
      expect((await push({ redirect_uri: 'https://evil.example.com/' })).status).toBe(400);
      expect(outcome(await push({ response_type: 'token' }))[0]).toBe(400);
      expect(outcome(await push({ code_challenge: undefined }))).toEqual([400, 'invalid_request']);
    },
  ],
  [
    '2.2',
    'the answer is 201 with request_uri and expires_in, and is not kept by caches',
    async () => {
      const { status, body, headers } = await push();
      expect(status).toBe(201);
      expect(body).toEqual({ request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:.{20,}$/), expires_in: expect.any(Number) });
      expect(body['expires_in']).toBeGreaterThan(4);
      expect(body['expires_in']).toBeLessThanOrEqual(600);
      expect(headers.get('cache-control')).toBe('no-store');
    },
  ],
  ['2.3', 'another method than POST is 405', async () => expect((await fetch(`${server.url}/oauth/par`)).status).toBe(405)],
  [
    '4',
    'the browser brings request_uri and client_id alone',
    async () => {
      const { body } = await push({ state: 'from far away' });
      const back = await signIn(...(await opened(pushed(body['request_uri']))));
      expect(Object.fromEntries(back.url.searchParams)).toEqual({ code: expect.any(String), state: 'from far away', iss: ISSUER });
    },
  ],
  [
    '4',
    'a request_uri is of the client that pushed it, not too old, and not used again',
    async () => {
      const { body } = await push();
      expect((await opened(pushed(body['request_uri'], 'app')))[1].status).toBe(400);
      const [browser, page] = await opened(pushed(body['request_uri']));
      expect((await signIn(browser, page)).url.searchParams.has('code')).toBe(true);
      expect((await browser.open(pushed(body['request_uri']))).status).toBe(400);
      const old = (await push()).body;
      skipped += 1000 * Number(old['expires_in']) + 1000;
      expect((await opened(pushed(old['request_uri'])))[1].status).toBe(400);
    },
  ],
  [
    '5',
    'the metadata name the endpoint',
    async () => expect((await document())['pushed_authorization_request_endpoint']).toBe(`${ISSUER}/oauth/par`),
  ],
]);
