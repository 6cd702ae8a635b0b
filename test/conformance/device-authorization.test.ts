import { afterAll, beforeAll, expect } from '@jest/globals';
import { ISSUER } from '../support/server.ts';
import { signIn, startSignIn, type SignInServer } from '../support/sign-in.ts';
import { claimsOf } from '../support/token-client.ts';
import { outcome, table } from './table.ts';

let server: SignInServer;
let skipped = 0;
beforeAll(async () => {
  server = await startSignIn({ clock: { now: () => Date.now() + skipped } });
});
afterAll(() => server.close());

const start = () => server.startDevice({ scope: 'openid Shopper' });
const errorOf = async (code: unknown) => (await server.poll(code)).body['error'];

/** Somebody who is signed in, where the code is entered. */
async function entering(address = '/sign-in/device', username = 'b1u') {
  const browser = server.browser();
  const page = await signIn(browser, await browser.open(address), username);
  return { page, enter: (user_code: string) => browser.submit(page, { user_code }), browser };
}

table('RFC 8628, the device grant', [
  [
    '3.1',
    'the client says who it is, and must be allowed to ask',
    async () => {
      expect(outcome(await server.startDevice({ client_id: undefined }))).toEqual([400, 'invalid_request']);
      expect(outcome(await server.startDevice({ client_id: 'nobody' }))).toEqual([401, 'invalid_client']);
      expect(outcome(await server.startDevice({ client_id: 'app' }))[0]).toBe(400);
    },
  ],
  [
    '3.2',
    'the answer has both codes, where to go, how long they are good, and the interval',
    async () => {
      const { status, body, headers } = await start();
      expect(status).toBe(200);
      expect(body).toEqual({
        device_code: expect.stringMatching(/^.{40,}$/),
        user_code: expect.any(String),
        verification_uri: `${ISSUER}/sign-in/device`,
        verification_uri_complete: `${ISSUER}/sign-in/device?user_code=${String(body['user_code'])}`,
        expires_in: 600,
        interval: 5,
      });
      expect(headers.get('cache-control')).toBe('no-store');
    },
  ],
  [
    '3.3',
    'the person sees for which application and what, and says yes or no',
    async () => {
      const { body } = await start();
      const { page, enter, browser } = await entering();
      const confirmation = await enter(String(body['user_code']));
      expect(confirmation.text).toContain('Connect Scanner?');
      expect(confirmation.text).toContain('value="Shopper"');
      await browser.submit(confirmation, {}, { name: 'decision', value: 'refuse' });
      expect(outcome(await server.poll(body['device_code']))).toEqual([400, 'access_denied']);
      expect(page.url.pathname).toBe('/sign-in/device');
    },
  ],
  [
    '3.3.1',
    'a code in the address is filled in, and the person still confirms it',
    async () => {
      const { body } = await start();
      const { page } = await entering(String(body['verification_uri_complete']), 'b2u');
      expect(page.text).toContain(`value="${String(body['user_code'])}"`);
      expect(await errorOf(body['device_code'])).toBe('authorization_pending');
    },
  ],
  [
    '3.4',
    'a device code is of the client that got it',
    async () => {
      const { body } = await start();
      expect(outcome(await server.poll(body['device_code'], { client_id: 'app' }))).toEqual([400, 'unauthorized_client']);
      expect(outcome(await server.poll('x'.repeat(43)))).toEqual([400, 'invalid_grant']);
      expect(outcome(await server.poll(undefined, { device_code: undefined }))).toEqual([400, 'invalid_request']);
    },
  ],
  [
    '3.5',
    'slow_down makes the interval five seconds longer, for this and all further requests of that code alone',
    async () => {
      const [{ body }, other] = [await start(), await start()];
      expect(await errorOf(body['device_code'])).toBe('authorization_pending');
      expect(await errorOf(body['device_code'])).toBe('slow_down');
      skipped += 7000;
      expect(await errorOf(body['device_code'])).toBe('slow_down');
      skipped += 15_000;
      expect(await errorOf(body['device_code'])).toBe('authorization_pending');
      skipped += 7000;
      expect(await errorOf(body['device_code'])).toBe('slow_down');
      expect(await errorOf(other.body['device_code'])).toBe('authorization_pending');
      skipped += 7000;
      expect(await errorOf(other.body['device_code'])).toBe('authorization_pending');
    },
  ],
  [
    '3.5',
    'an old code is expired_token',
    async () => {
      const { body } = await start();
      skipped += 1000 * Number(body['expires_in']);
      expect(outcome(await server.poll(body['device_code']))).toEqual([400, 'expired_token']);
    },
  ],
  [
    '3.5',
    'a person who agreed gives the answer of the token endpoint, once',
    async () => {
      const started = await start();
      await server.connect(server.browser(), started);
      const { status, body } = await server.poll(started.body['device_code']);
      expect(status).toBe(200);
      expect(body).toMatchObject({ token_type: 'Bearer', scope: 'Shopper openid', refresh_token: expect.any(String) });
      expect(claimsOf(body['access_token'])).toMatchObject({ sub: 'b1u', client_id: 'dev', roles: ['Shopper'] });
      expect(await errorOf(started.body['device_code'])).toBe('invalid_grant');
    },
  ],
  [
    '4',
    'the metadata name the endpoint and the grant type',
    async () => {
      const document = (await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json()) as Record<string, unknown>;
      expect(document['device_authorization_endpoint']).toBe(`${ISSUER}/oauth/device`);
      expect(document['grant_types_supported']).toContain('urn:ietf:params:oauth:grant-type:device_code');
    },
  ],
  [
    '5.1',
    'a user code cannot be guessed while it is good',
    async () => {
      const { enter } = await entering('/sign-in/device', 'deleg');
      for (let count = 0; count < 10; count += 1) expect((await enter('BCDF-GHJK')).status).toBe(400);
      expect((await enter('BCDF-GHJK')).status).toBe(429);
    },
  ],
  [
    '6.1',
    'a user code has no vowels and no digits; case and punctuation do not matter',
    async () => {
      const code = String((await start()).body['user_code']);
      expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
      // From another address than that of the guesses before.
      const found = await server.app.services.devices.enter(` ${code.toLowerCase().replace('-', '')} `, { userId: 'b1u', address: '192.0.2.77' });
      expect(found?.userCode).toBe(code);
    },
  ],
]);
