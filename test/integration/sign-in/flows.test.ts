import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAuditEvents } from '../../support/audit.ts';
import { PASSWORD } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { authorizeUrl, pkce, signIn, SIGNED_OUT, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { claimsOf } from '../../support/token-client.ts';

let server: SignInServer;
let skipped = 0;
beforeAll(async () => {
  server = await startSignIn({ clock: { now: () => Date.now() + skipped } });
});
afterAll(() => server.close());

const introspect = async (token: unknown) => server.app.services.introspection.introspect(String(token), String(claimsOf(token)['client_id']));

describe('consent', () => {
  test('a person sees what they can give, crosses something out, and is not asked again', async () => {
    const browser = server.browser();
    const { verifier, challenge } = pkce();
    const request = authorizeUrl(challenge, { client_id: 'asking', scope: 'openid email Shopper OrderReader FullAccess' });
    const page = await signIn(browser, await browser.open(request));
    expect(page.url.pathname).toBe('/sign-in/consent');
    expect(page.text).toContain('Let Order Dashboard in?');
    expect(page.text).toMatch(/value="Shopper" checked/);
    expect(page.text).not.toContain('value="FullAccess"');
    expect(page.text).toContain('<li>FullAccess</li>');
    const back = await browser.submit(page, { role: 'Shopper' }, { name: 'decision', value: 'allow' });
    const answer = await server.redeem({ code: back.url.searchParams.get('code')!, code_verifier: verifier }, 'asking');
    expect(answer.body['scope']).toBe('Shopper email openid');
    const again = pkce();
    const silent = await browser.open(authorizeUrl(again.challenge, { client_id: 'asking', scope: 'openid Shopper OrderReader', prompt: 'none' }));
    const second = await server.redeem({ code: silent.url.searchParams.get('code')!, code_verifier: again.verifier }, 'asking');
    expect(second.body['scope']).toBe('Shopper openid');
    const more = await browser.open(authorizeUrl(pkce().challenge, { client_id: 'asking', scope: 'OrderAdmin', prompt: 'none' }));
    expect(more.url.searchParams.get('error')).toBe('consent_required');
  });

  test('a person refuses', async () => {
    const browser = server.browser();
    const page = await signIn(browser, await browser.open(authorizeUrl(pkce().challenge, { client_id: 'asking', scope: 'Shopper' })), 'b2u');
    const back = await browser.submit(page, {}, { name: 'decision', value: 'refuse' });
    expect(Object.fromEntries(back.url.searchParams)).toMatchObject({ error: 'access_denied', state: 's', iss: ISSUER });
  });
});

describe('a device', () => {
  test('is connected by a person who signs in on the way, once', async () => {
    const started = await server.startDevice({ scope: 'openid Shopper Bogus' });
    expect(started.body).toMatchObject({
      device_code: expect.any(String),
      user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verification_uri: `${ISSUER}/sign-in/device`,
      interval: 5,
      expires_in: 600,
    });
    const { device_code: code, user_code: userCode } = started.body;
    expect((await server.poll(code)).body['error']).toBe('authorization_pending');
    expect((await server.poll(code)).body['error']).toBe('slow_down');
    const browser = server.browser();
    const login = await browser.open(String(started.body['verification_uri_complete']));
    expect(login.url.pathname).toBe('/sign-in/login');
    const entry = await signIn(browser, login);
    expect(entry.url.pathname).toBe('/sign-in/device');
    expect(entry.text).toContain(`value="${String(userCode)}"`);
    const confirm = await browser.submit(entry, { user_code: String(userCode).toLowerCase() });
    expect(confirm.text).toContain('Connect Scanner?');
    const done = await browser.submit(confirm, { role: 'Shopper' }, { name: 'decision', value: 'allow' });
    expect(done.text).toContain('The device is connected');
    expect((await browser.submit(confirm, { role: 'Shopper' }, { name: 'decision', value: 'allow' })).status).toBe(400);
    skipped += 10_000;
    const answer = await server.poll(code);
    expect(answer.body).toMatchObject({ scope: 'Shopper openid', id_token: expect.any(String), refresh_token: expect.any(String) });
    expect((await introspect(answer.body['access_token'])).active).toBe(true);
    expect((await server.poll(code)).body['error']).toBe('invalid_grant');
    expect(await introspect(answer.body['access_token'])).toEqual({ active: false });
  });
});

describe('signing out', () => {
  test('with the ID token of the session at once, with everything that came of it', async () => {
    const browser = server.browser();
    const { body } = await server.tokens(browser, { scope: 'openid Shopper' });
    const address = `${ISSUER}/oauth/logout?${new URLSearchParams({ id_token_hint: String(body['id_token']), post_logout_redirect_uri: SIGNED_OUT, state: 'x' }).toString()}`;
    const back = await browser.open(address);
    expect(back.url.href).toBe(`${SIGNED_OUT}?state=x`);
    expect(await introspect(body['access_token'])).toEqual({ active: false });
    expect(
      (await server.redeem({ grant_type: 'refresh_token', redirect_uri: undefined, refresh_token: String(body['refresh_token']) })).body['error'],
    ).toBe('invalid_grant');
    expect((await browser.open(authorizeUrl(pkce().challenge, { prompt: 'none' }))).url.searchParams.get('error')).toBe('login_required');
    expect((await listAuditEvents(server.store, { limit: 1, type: 'browser_session_ended' }))[0]).toMatchObject({ target: { id: 'b1u' } });
  });

  test('without it after a question, by a form that nobody else can make', async () => {
    const browser = server.browser();
    await server.code(browser);
    const page = await browser.open('/oauth/logout');
    expect(page.text).toContain('Sign out?');
    expect((await browser.send('/oauth/logout', { decision: 'leave', csrf: 'x' })).status).toBe(403);
    expect((await browser.open(authorizeUrl(pkce().challenge, { prompt: 'none' }))).url.searchParams.has('code')).toBe(true);
    const done = await browser.submit(page, {}, { name: 'decision', value: 'leave' });
    expect(done.text).toContain('You are signed out');
    expect((await browser.open(authorizeUrl(pkce().challenge, { prompt: 'none' }))).url.searchParams.get('error')).toBe('login_required');
  });

  test.each([
    ['an address that is not registered', { client_id: 'shop', post_logout_redirect_uri: 'https://evil.example.com/' }],
    ['an address of nobody', { post_logout_redirect_uri: SIGNED_OUT }],
    ['a hint that is no ID token', { id_token_hint: 'a.b.c' }],
  ])('is refused with %s', async (_name, parameters) => {
    const page = await server.browser().open(`/oauth/logout?${new URLSearchParams(parameters as Record<string, string>).toString()}`);
    expect(page.status).toBe(400);
  });
});

describe('userinfo', () => {
  const userinfo = (token: unknown) => fetch(`${server.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${String(token)}` } });

  test('tells what the scope says', async () => {
    const { body } = await server.tokens(server.browser(), { scope: 'openid profile email' });
    const answer = await userinfo(body['access_token']);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ sub: 'b1u', preferred_username: 'b1u', org_id: 'B1' });
  });

  test('is for tokens with openid only', async () => {
    const { body } = await server.tokens(server.browser(), { scope: 'Shopper' });
    const answer = await userinfo(body['access_token']);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect((await userinfo('x')).status).toBe(401);
  });
});

describe('the page of sessions', () => {
  test('shows and ends what the person has', async () => {
    const other = server.browser();
    other.headers['user-agent'] = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';
    const { body } = await server.tokens(other, { scope: 'Shopper' }, 'b2u');
    const browser = server.browser();
    const page = await signIn(browser, await browser.open('/sign-in/sessions'), 'b2u', PASSWORD);
    expect(page.url.pathname).toBe('/sign-in/sessions');
    expect(page.text).toContain('Firefox, Linux');
    expect(page.text).toContain('this browser');
    expect(page.text).toContain('The shop');
    const ended = await browser.submit(page, {});
    expect(ended.text).toContain('It is signed out.');
    expect(ended.text).not.toContain('Firefox');
    expect(await introspect(body['access_token'])).toEqual({ active: false });
  });
});
