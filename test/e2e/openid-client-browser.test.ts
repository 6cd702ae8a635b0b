import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as openid from 'openid-client';
import { TestBrowser } from '../support/browser.ts';
import { secretOf } from '../support/market.ts';
import { CALLBACK, connectDevice, signIn } from '../support/sign-in.ts';
import { AFTER, putBrowserClients, startReachable, type ReachableServer } from './reachable.ts';

let server: ReachableServer;

beforeAll(async () => {
  server = await startReachable();
  await putBrowserClients(server);
});
afterAll(() => server.close());

const discover = (clientId: string, authentication: openid.ClientAuth) =>
  openid.discovery(new URL(server.issuer), clientId, undefined, authentication, { execute: [openid.allowInsecureRequests] });

test('openid-client: a pushed request, a code, a key, refresh, userinfo and signing out', async () => {
  const config = await discover('shop', openid.ClientSecretBasic(secretOf('shop')));
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const address = await openid.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: CALLBACK,
      scope: 'openid profile Shopper Bogus',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      nonce: 'n',
    },
    { DPoP },
  );
  expect(address.searchParams.get('request_uri')).toMatch(/^urn:/);
  const browser = new TestBrowser(server.issuer, server.issuer);
  const back = await signIn(browser, await browser.open(address));
  const tokens = await openid.authorizationCodeGrant(config, back.url, { pkceCodeVerifier, expectedNonce: 'n' }, undefined, { DPoP });
  expect(tokens).toMatchObject({ scope: 'Shopper openid profile', token_type: 'dpop' });
  expect(tokens.claims()).toMatchObject({ sub: 'b1u', aud: 'shop' });
  expect(await openid.fetchUserInfo(config, tokens.access_token, 'b1u', { DPoP })).toMatchObject({ preferred_username: 'b1u' });
  const fresh = await openid.refreshTokenGrant(config, tokens.refresh_token!, undefined, { DPoP });
  expect(fresh.scope).toBe('Shopper openid profile');
  const out = openid.buildEndSessionUrl(config, { id_token_hint: fresh.id_token!, post_logout_redirect_uri: AFTER });
  expect((await browser.open(out)).url.href).toBe(AFTER);
  await expect(openid.refreshTokenGrant(config, fresh.refresh_token!, undefined, { DPoP })).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('openid-client: a device', async () => {
  const config = await discover('scanner', openid.None());
  const started = await openid.initiateDeviceAuthorization(config, { scope: 'openid Shopper' });
  expect(started.interval).toBe(5);
  const browser = new TestBrowser(server.issuer, server.issuer);
  await connectDevice(browser, started);
  // It is decided: the client need not wait for its turn.
  const tokens = await openid.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 });
  expect(tokens.scope).toBe('Shopper openid');
});
