import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ISSUER } from '../../support/server.ts';
import { authorizeUrl, CALLBACK, pkce, signIn, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { describeKinds } from '../../support/stores.ts';
import { claimsOf } from '../../support/token-client.ts';

describeKinds('signing in with a browser', ['memory', 'postgres', 'postgres+redis'], (kind) => {
  let server: SignInServer;
  let skipped = 0;
  beforeAll(async () => {
    server = await startSignIn({ kind, clock: { now: () => Date.now() + skipped } });
  }, 60_000);
  afterAll(() => server.close());

  test('a person signs in, and the client gets what the person holds of what it asked for, until the person signs out', async () => {
    const browser = server.browser();
    const { verifier, challenge } = pkce();
    const page = await browser.open(authorizeUrl(challenge, { scope: 'openid Shopper Bogus', nonce: 'n' }));
    expect([page.status, page.url.pathname]).toEqual([200, '/sign-in/login']);
    const { url, text } = await signIn(browser, page);
    expect([url.origin + url.pathname, text]).toEqual([CALLBACK, '']);
    expect(Object.fromEntries(url.searchParams)).toEqual({ code: expect.any(String), state: 's', iss: ISSUER });
    const { body } = await server.redeem({ code: url.searchParams.get('code')!, code_verifier: verifier });
    expect(body).toMatchObject({ scope: 'Shopper openid', token_type: 'Bearer', refresh_token: expect.any(String), id_token: expect.any(String) });
    expect(claimsOf(body['access_token'])).toMatchObject({ sub: 'b1u', roles: ['Shopper'], client_id: 'shop', aud: ISSUER });
    expect(claimsOf(body['id_token'])).toMatchObject({ iss: ISSUER, sub: 'b1u', aud: 'shop', nonce: 'n', sid: expect.any(String) });
    // The session is there for the next application.
    const silently = () => browser.open(authorizeUrl(pkce().challenge, { client_id: 'app', prompt: 'none' }));
    expect((await silently()).url.searchParams.get('code')).not.toBeNull();
    const refresh = (token: unknown) => server.redeem({ grant_type: 'refresh_token', redirect_uri: undefined, refresh_token: String(token) });
    const fresh = await refresh(body['refresh_token']);
    expect(fresh.body['scope']).toBe('Shopper openid');
    skipped += 1000;
    await browser.open(`/oauth/logout?id_token_hint=${String(body['id_token'])}`);
    expect((await silently()).url.searchParams.get('error')).toBe('login_required');
    expect((await refresh(fresh.body['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  test('a device is connected by somebody who enters its code', async () => {
    const started = await server.startDevice({ scope: 'openid Shopper Bogus' });
    const poll = () => server.poll(started.body['device_code']);
    expect((await poll()).body['error']).toBe('authorization_pending');
    expect((await poll()).body['error']).toBe('slow_down');
    expect((await server.connect(server.browser(), started, 'b2u')).text).toContain('The device is connected');
    skipped += 10_000;
    expect((await poll()).body['scope']).toBe('Shopper openid');
    expect((await poll()).body['error']).toBe('invalid_grant');
  });

  test('a pushed request is used by one browser, once', async () => {
    const form = Object.fromEntries(new URL(authorizeUrl(pkce().challenge, { client_id: 'app' })).searchParams);
    const pushed = await fetch(`${server.url}/oauth/par`, { method: 'POST', body: new URLSearchParams(form) });
    const { request_uri } = (await pushed.json()) as { readonly request_uri: string };
    const address = `${ISSUER}/oauth/authorize?${new URLSearchParams({ client_id: 'app', request_uri }).toString()}`;
    const browser = server.browser();
    expect((await signIn(browser, await browser.open(address))).url.searchParams.has('code')).toBe(true);
    expect((await browser.open(address)).status).toBe(400);
  });
});
