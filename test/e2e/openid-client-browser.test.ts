import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as openid from 'openid-client';
import { TestBrowser } from '../support/browser.ts';
import { client, PASSWORD, secret, secretOf } from '../support/market.ts';
import { DEVICE_GRANT } from '../support/sign-in.ts';
import { startReachable, type ReachableServer } from './reachable.ts';

const CALLBACK = 'https://shop.example.com/callback';
const AFTER = 'https://shop.example.com/';
let server: ReachableServer;

beforeAll(async () => {
  server = await startReachable();
  await server.app.store.transaction(async (tx) => {
    const byCode = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], postLogoutRedirectUris: [AFTER] } as const;
    await tx.clients.put([
      client('shop', { ...byCode, requireConsent: false }),
      client('scanner', { grantTypes: [DEVICE_GRANT], tokenEndpointAuthMethod: 'none' }),
    ]);
    await tx.addClientSecret('shop', secret(secretOf('shop')));
  });
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
  const back = await browser.submit(await browser.open(address), { username: 'b1u', password: PASSWORD });
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
  const entry = await browser.submit(await browser.open(started.verification_uri), { username: 'b1u', password: PASSWORD });
  const confirm = await browser.submit(entry, { user_code: started.user_code });
  await browser.submit(confirm, { role: 'Shopper' }, { name: 'decision', value: 'allow' });
  // It is decided: the client need not wait for its turn.
  const tokens = await openid.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 });
  expect(tokens.scope).toBe('Shopper openid');
});
