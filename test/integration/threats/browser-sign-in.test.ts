import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ALL } from '../../../src/services/one-time-links.ts';
import { PASSWORD } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { authorizeUrl, CALLBACK, DEVICE_GRANT, pkce, signIn, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { testClock, type TestClock } from '../../support/stores.ts';
import { claimsOf, post, type Form } from '../../support/token-client.ts';

const CALLER = { actor: { kind: 'operator', id: 'test' } } as const;
let server: SignInServer;
let clock: TestClock;

beforeAll(async () => {
  clock = testClock(Date.now());
  server = await startSignIn({ clock, env: { ROLEMINT_TRUSTED_PROXY_HOPS: '1' } });
});
afterAll(() => server.close());

const isActive = async (token: unknown) =>
  (await server.app.services.introspection.introspect(String(token), String(claimsOf(token)['client_id']))).active;
const silently = (more: Record<string, string> = {}) => authorizeUrl(pkce().challenge, { prompt: 'none', ...more });

describe('T-47: a code', () => {
  test('works once, for its client, its address, its verifier; all else is told in the same words', async () => {
    const { code, verifier } = await server.code(server.browser(), { scope: 'Shopper' });
    const wrong: readonly Form[] = [
      { code_verifier: pkce().verifier },
      { code_verifier: verifier.slice(0, 42) },
      { code_verifier: 'x'.repeat(129) },
      { code_verifier: verifier, redirect_uri: `${CALLBACK}/` },
      { code_verifier: verifier, code: 'nothing' },
    ];
    for (const form of wrong) expect((await server.redeem({ code, ...form })).body['error']).toBe('invalid_grant');
    expect((await server.redeem({ code, code_verifier: verifier }, 'asking')).body['error']).toBe('invalid_grant');
    expect((await server.redeem({ code })).body['error']).toBe('invalid_request');
    // Nobody who lacked something used it up.
    const { body } = await server.redeem({ code, code_verifier: verifier });
    expect(body['scope']).toBe('Shopper');
    expect((await server.redeem({ code, code_verifier: verifier })).body['error']).toBe('invalid_grant');
    expect(await isActive(body['access_token'])).toBe(false);
    expect(
      (await server.redeem({ grant_type: 'refresh_token', redirect_uri: undefined, refresh_token: String(body['refresh_token']) })).body['error'],
    ).toBe('invalid_grant');
  });

  test('is redeemed by one of twenty at most, and that one gains nothing', async () => {
    const { code, verifier } = await server.code(server.browser());
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.redeem({ code, code_verifier: verifier })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { body } of won) expect(await isActive(body['access_token'])).toBe(false);
  });

  test('is too old after a minute', async () => {
    const { code, verifier } = await server.code(server.browser());
    clock.advance(61_000);
    expect((await server.redeem({ code, code_verifier: verifier })).body['error']).toBe('invalid_grant');
  });

  test.each([
    ['no challenge', { code_challenge: '', code_challenge_method: '' }],
    ['plain', { code_challenge_method: 'plain' }],
    ['no method', { code_challenge_method: '' }],
    ['a short challenge', { code_challenge: 'x'.repeat(42) }],
  ])('is not given for a request with %s', async (_name, more) => {
    const back = await server.browser().open(authorizeUrl(pkce().challenge, more));
    expect(Object.fromEntries(back.url.searchParams)).toMatchObject({ error: 'invalid_request', iss: ISSUER, state: 's' });
  });
});

describe('T-48: an address to go back to', () => {
  test.each([
    `${CALLBACK}/`,
    `${CALLBACK}?x=1`,
    'https://shop.example.com/CALLBACK',
    'https://shop.example.com:443/callback',
    `${CALLBACK}#f`,
    'https://shop.example.com/./callback',
    'https://shop.example.com/callback/..;/evil',
    'https://shop.example.com%2Fcallback',
    'https://shop.example.com@evil.example/callback',
    'https://shop.example.com\\@evil.example/callback',
    'https://SHOP.example.com/callback',
    '//evil.example/callback',
    'https://shöp.example.com/callback',
  ])('%s leads nowhere', async (redirect_uri) => {
    const page = await server.browser().open(authorizeUrl(pkce().challenge, { redirect_uri }));
    expect(page.status).toBe(400);
    expect(page.text).toContain('invalid_redirect_uri');
  });

  test.each([
    ['http://127.0.0.1:51234/callback', true],
    ['http://localhost:51234/callback', false],
    ['http://127.0.0.1.evil.example/callback', false],
    ['http://user@127.0.0.1/callback', false],
    ['https://127.0.0.1/callback', false],
  ])('of an application on the own machine: %s', async (redirect_uri, good) => {
    const page = await server.browser().open(authorizeUrl(pkce().challenge, { client_id: 'local', redirect_uri }));
    expect(page.url.pathname).toBe(good ? '/sign-in/login' : '/oauth/authorize');
  });
});

describe('T-50: the code of a device', () => {
  const start = async () => (await server.startDevice({ scope: 'Shopper' })).body;
  const WRONG = { user_code: 'BCDF-GHJK' };

  /** Somebody who enters codes at an address of their own. */
  async function enterer(username: string, address: string) {
    const browser = server.browser();
    browser.headers['x-forwarded-for'] = address;
    const page = await signIn(browser, await browser.open('/sign-in/device'), username);
    return {
      enter: (fields: Record<string, string>) => browser.submit(page, fields),
      right: async () => browser.submit(page, { user_code: String((await start())['user_code']) }),
      at: (other: string) => Object.assign(browser.headers, { 'x-forwarded-for': other }),
    };
  }

  test('is guessed at by a person ten times in ten minutes, wherever they are, and then not even a right one is taken', async () => {
    const { enter, right, at } = await enterer('deleg', '192.0.2.1');
    for (let count = 0; count < 5; count += 1) expect((await enter(WRONG)).status).toBe(400);
    at('192.0.2.2');
    expect((await right()).text).toContain('Connect Scanner?');
    for (let count = 0; count < 5; count += 1) expect((await enter({ ...WRONG, decision: 'allow' })).status).toBe(400);
    at('192.0.2.3');
    const refused = await right();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  test('is guessed at ten times from an address, whoever does it; right ones do not count', async () => {
    const [first, second, third] = [await enterer('b1u', '192.0.2.9'), await enterer('b2u', '192.0.2.9'), await enterer('root', '192.0.2.9')];
    for (let count = 0; count < 5; count += 1) {
      expect((await first.enter(WRONG)).status).toBe(400);
      expect((await second.enter(WRONG)).status).toBe(400);
      if (count === 0) expect((await third.right()).text).toContain('Connect Scanner?');
    }
    const refused = await third.right();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    third.at('192.0.2.10');
    expect((await third.right()).text).toContain('Connect Scanner?');
  });

  test('is decided on once, and asked for not too often', async () => {
    const started = await start();
    const poll = () => server.poll(started['device_code']);
    const errors = [];
    for (let count = 0; count < 5; count += 1) errors.push((await poll()).body['error']);
    expect(errors).toEqual(['authorization_pending', 'slow_down', 'slow_down', 'slow_down', 'slow_down']);
    // The last four made it wait for 25 seconds.
    clock.advance(24_999);
    expect((await poll()).body['error']).toBe('slow_down');
    clock.advance(29_999);
    expect((await poll()).body['error']).toBe('slow_down');
    clock.advance(35_000);
    expect((await poll()).body['error']).toBe('authorization_pending');
    const { devices } = server.app.services;
    const device = (await devices.enter(String(started['user_code']), { userId: 'b1u', address: '192.0.2.77' }))!;
    const session = { id: 'x', userId: 'b1u', signedInAt: new Date(clock.now()) };
    const decided = await Promise.all([
      devices.decide(device, { session, agreed: undefined }),
      devices.decide(device, 'refused'),
      devices.decide(device, 'refused'),
    ]);
    expect(decided.filter(Boolean)).toHaveLength(1);
    clock.advance(700_000);
    expect((await poll()).body['error']).toBe('expired_token');
  });
});

describe('T-51: another browser, another site', () => {
  test('a request goes on only in the browser that made it', async () => {
    const page = await server.browser().open(authorizeUrl(pkce().challenge));
    const stranger = server.browser();
    expect((await stranger.open(page.url)).status).toBe(404);
    const resumed = await stranger.open(`/oauth/authorize/${page.url.searchParams.get('request')!}`);
    expect(resumed.status).toBe(400);
    expect(resumed.text).toContain('This sign-in is over');
  });

  test('a form of another site is not taken', async () => {
    const browser = server.browser();
    const page = await browser.open(authorizeUrl(pkce().challenge));
    for (const csrf of ['', 'x', 'x'.repeat(43)]) {
      expect((await browser.send(page.url, { username: 'b1u', password: PASSWORD, csrf })).status).toBe(403);
    }
    expect((await browser.open(silently())).url.searchParams.get('error')).toBe('login_required');
  });

  test('cookies are for this host alone, over TLS, for no script, and change when somebody signs in', async () => {
    const browser = server.browser();
    await server.code(browser);
    for (const cookie of browser.setCookies) {
      expect(cookie).toMatch(/^__Host-rolemint-/);
      expect(cookie.toLowerCase()).toMatch(/; path=\/(;|$)/);
      expect(cookie.toLowerCase()).toMatch(/; secure/);
      expect(cookie.toLowerCase()).toMatch(/; httponly/);
      expect(cookie.toLowerCase()).toMatch(/; samesite=lax/);
      expect(cookie.toLowerCase()).not.toContain('domain=');
    }
    const first = browser.cookies.get('__Host-rolemint-session');
    await server.code(browser, { prompt: 'login' });
    expect(browser.cookies.get('__Host-rolemint-session')).not.toBe(first);
  });

  test('somebody else who signs in finds nothing of the former session', async () => {
    const browser = server.browser();
    const { body } = await server.tokens(browser, { scope: 'Shopper' });
    const page = await browser.open(authorizeUrl(pkce().challenge, { prompt: 'login' }));
    await signIn(browser, page, 'b2u');
    expect(await isActive(body['access_token'])).toBe(false);
  });

  test.each([
    // Already their way of answering is off.
    ['token', 'invalid_request'],
    ['code id_token', 'invalid_request'],
    ['none', 'unsupported_response_type'],
  ])('response_type=%s is off', async (response_type, error) => {
    const back = await server.browser().open(authorizeUrl(pkce().challenge, { response_type }));
    expect(back.url.searchParams.get('error') ?? new URLSearchParams(back.url.hash.slice(1)).get('error') ?? back.text).toContain(error);
  });

  test.each([
    ['form_post', 'unsupported_response_mode'],
    ['fragment', 'invalid_request'],
    ['web_message', 'unsupported_response_mode'],
  ])('response_mode=%s is off', async (response_mode, error) => {
    const back = await server.browser().open(authorizeUrl(pkce().challenge, { response_mode }));
    expect(back.text).not.toContain('<script');
    const answer = back.url.hash === '' ? back.url.searchParams : new URLSearchParams(back.url.hash.slice(1));
    expect(answer.get('error')).toBe(error);
    expect(answer.has('code')).toBe(false);
  });
});

describe('T-52: who answers', () => {
  test('stands in answers and refusals; state comes back as it was', async () => {
    const state = 'a\r\nSet-Cookie: x=1 <script> ü '.repeat(20);
    const { back } = await server.code(server.browser(), { state });
    expect([back.searchParams.get('iss'), back.searchParams.get('state')]).toEqual([ISSUER, state]);
    const refused = await server.browser().open(silently({ state }));
    expect([refused.url.searchParams.get('iss'), refused.url.searchParams.get('state')]).toEqual([ISSUER, state]);
  });

  test('a page of a refusal shows what was sent as text', async () => {
    const page = await server.browser().open('/oauth/authorize?client_id=<script>alert(1)</script>&state=<img>');
    expect(page.status).toBe(400);
    expect(page.text).not.toMatch(/<script|<img/);
  });
});

describe('T-14: signing in on the page', () => {
  test('is refused in the same words, whoever it is', async () => {
    const texts = new Set<string>();
    for (const [username, password] of [
      ['nobody', PASSWORD],
      ['b1u', 'wrong'],
      ['gone', PASSWORD],
      ['nopass', PASSWORD],
    ] as const) {
      const browser = server.browser();
      const page = await browser.open(authorizeUrl(pkce().challenge));
      const answer = await signIn(browser, page, username, password);
      expect(answer.status).toBe(400);
      texts.add(answer.text.replaceAll(/csrf" value="[^"]*"|request=[\w-]*|value="(?:nobody|b1u|gone|nopass)"/g, ''));
    }
    expect(texts.size).toBe(1);
  });
});

describe('T-02: nothing asked, nothing held', () => {
  test.each([
    ['Bogus', ''],
    ['', ''],
  ])('scope %j is a success', async (scope, granted) => {
    const { status, body } = await server.tokens(server.browser(), { scope });
    expect(status).toBe(200);
    expect(body['scope']).toBe(granted);
    expect(claimsOf(body['access_token'])['roles']).toEqual([]);
  });
});

describe('T-53: what ends a session in a browser, a code and a device', () => {
  const setActive = (userId: string, active: boolean) =>
    server.app.store.transaction(async (tx) => {
      const user = (await tx.users.findMany([userId])).get(userId)!;
      await tx.users.put([{ ...user, active }]);
    });

  const LOSSES: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>])[] = [
    ['a disabled user', () => setActive('b1u', false), () => setActive('b1u', true)],
    ['everything revoked', () => server.app.services.sessions.revokeAll('b1u', CALLER), async () => clock.advance(1000)],
    [
      'a changed password',
      () => server.app.services.users.setPassword('b1u', `${PASSWORD}!`, CALLER),
      async () => {
        clock.advance(1000);
        await server.app.services.users.setPassword('b1u', PASSWORD, CALLER);
        clock.advance(1000);
      },
    ],
  ];

  test.each(LOSSES)('%s', async (_name, lose, restore) => {
    const browser = server.browser();
    const { code, verifier } = await server.code(browser, { scope: 'Shopper' });
    const started = (await post(`${server.url}/oauth/device`, { client_id: 'dev', scope: 'Shopper' })).body;
    const { devices } = server.app.services;
    const session = { id: 'device-session', userId: 'b1u', signedInAt: new Date(clock.now()) };
    await devices.decide((await devices.enter(String(started['user_code']), { userId: 'b1u', address: '192.0.2.77' }))!, {
      session,
      agreed: undefined,
    });
    clock.advance(1);
    await lose();
    expect((await browser.open(silently())).url.searchParams.get('error')).toBe('login_required');
    expect((await server.redeem({ code, code_verifier: verifier })).body['error']).toBe('invalid_grant');
    const polled = await post(`${server.url}/oauth/token`, {
      grant_type: DEVICE_GRANT,
      client_id: 'dev',
      device_code: String(started['device_code']),
    });
    expect(polled.body['error']).toBe('invalid_grant');
    await restore();
    // What was ended stays ended.
    if (_name !== 'a disabled user') expect((await browser.open(silently())).url.searchParams.get('error')).toBe('login_required');
  });

  test('a role that was lost between signing in and the token is gone', async () => {
    const { code, verifier } = await server.code(server.browser(), { scope: 'OrderAdmin Shopper' });
    const user = (await server.store.directory.find('users', ['b1u'], ALL)).get('b1u')!;
    await server.app.store.transaction((tx) => tx.users.put([{ ...user, memberships: [] }]));
    expect((await server.redeem({ code, code_verifier: verifier })).body['scope']).toBe('Shopper');
    await server.app.store.transaction((tx) => tx.users.put([user]));
  });
});
