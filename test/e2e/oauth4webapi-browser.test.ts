import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { TestBrowser } from '../support/browser.ts';
import { secretOf } from '../support/market.ts';
import { CALLBACK, connectDevice, signIn } from '../support/sign-in.ts';
import { AFTER, putBrowserClients, startReachable, type ReachableServer } from './reachable.ts';

let server: ReachableServer;
let as: oauth.AuthorizationServer;
let skipped = 0;
const insecure = { [oauth.allowInsecureRequests]: true };
const shop: oauth.Client = { client_id: 'shop' };
const scanner: oauth.Client = { client_id: 'scanner' };
const secret = oauth.ClientSecretBasic(secretOf('shop'));

beforeAll(async () => {
  server = await startReachable({ clock: { now: () => Date.now() + skipped } });
  await putBrowserClients(server);
  const issuer = new URL(server.issuer);
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
});
afterAll(() => server.close());

/** What a client does to get tokens for whoever signs in. @param DPoP undefined: without a key */
async function tokensOf(
  browser: TestBrowser,
  { DPoP, pushed = false }: { readonly DPoP?: oauth.DPoPHandle; readonly pushed?: boolean } = {},
): Promise<oauth.TokenEndpointResponse> {
  const options = { ...insecure, ...(DPoP === undefined ? {} : { DPoP }) };
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const request = new URLSearchParams({
    client_id: 'shop',
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid email Shopper Bogus',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const address = new URL(as.authorization_endpoint!);
  if (pushed) {
    const response = await oauth.pushedAuthorizationRequest(as, shop, secret, request, options);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, shop, response);
    address.search = new URLSearchParams({ client_id: 'shop', request_uri }).toString();
  } else {
    address.search = request.toString();
  }
  const back = await signIn(browser, await browser.open(address));
  const parameters = oauth.validateAuthResponse(as, shop, back.url, state);
  const response = await oauth.authorizationCodeGrantRequest(as, shop, secret, parameters, CALLBACK, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(as, shop, response, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, response, insecure);
  expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: 'b1u', aud: 'shop', nonce, sid: expect.any(String) });
  expect(tokens.scope).toBe('Shopper email openid');
  return tokens;
}

const newBrowser = () => new TestBrowser(server.issuer, server.issuer);
const refresh = async (client: oauth.Client, authentication: oauth.ClientAuth, token: string, DPoP?: oauth.DPoPHandle) =>
  oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, authentication, token, { ...insecure, ...(DPoP === undefined ? {} : { DPoP }) }),
  );

describe('oauth4webapi with a browser', () => {
  test('a code with PKCE, userinfo, refresh and signing out', async () => {
    const browser = newBrowser();
    const tokens = await tokensOf(browser);
    const told = await oauth.processUserInfoResponse(as, shop, 'b1u', await oauth.userInfoRequest(as, shop, tokens.access_token, insecure));
    expect(told).toMatchObject({ sub: 'b1u' });
    const fresh = await refresh(shop, secret, tokens.refresh_token!);
    expect(fresh.scope).toBe('Shopper email openid');
    const out = new URL(as.end_session_endpoint!);
    out.search = new URLSearchParams({ id_token_hint: fresh.id_token!, post_logout_redirect_uri: AFTER, state: 's' }).toString();
    expect((await browser.open(out)).url.href).toBe(`${AFTER}?state=s`);
    await expect(refresh(shop, secret, fresh.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    await expect(
      oauth.processUserInfoResponse(as, shop, 'b1u', await oauth.userInfoRequest(as, shop, fresh.access_token, insecure)),
    ).rejects.toMatchObject({ code: oauth.WWW_AUTHENTICATE_CHALLENGE, status: 401 });
  });

  test('a pushed request with a key, to which everything that comes of it is bound', async () => {
    const DPoP = oauth.DPoP(shop, await oauth.generateKeyPair('ES256'));
    const tokens = await tokensOf(newBrowser(), { DPoP, pushed: true });
    expect(tokens.token_type).toBe('dpop');
    const response = await oauth.userInfoRequest(as, shop, tokens.access_token, { ...insecure, DPoP });
    expect(await oauth.processUserInfoResponse(as, shop, 'b1u', response)).toMatchObject({ sub: 'b1u' });
    expect((await refresh(shop, secret, tokens.refresh_token!, DPoP)).token_type).toBe('dpop');
    await expect(
      oauth.processUserInfoResponse(as, shop, 'b1u', await oauth.userInfoRequest(as, shop, tokens.access_token, insecure)),
    ).rejects.toMatchObject({ code: oauth.WWW_AUTHENTICATE_CHALLENGE, status: 401 });
  });

  test('a device that asks too soon waits longer', async () => {
    const started = await oauth.processDeviceAuthorizationResponse(
      as,
      scanner,
      await oauth.deviceAuthorizationRequest(as, scanner, oauth.None(), { scope: 'openid Shopper' }, insecure),
    );
    const ask = async () =>
      oauth.processDeviceCodeResponse(as, scanner, await oauth.deviceCodeGrantRequest(as, scanner, oauth.None(), started.device_code, insecure));
    const told = (error: string) => ({ code: oauth.RESPONSE_BODY_ERROR, error, status: 400 });
    await expect(ask()).rejects.toMatchObject(told('authorization_pending'));
    await expect(ask()).rejects.toMatchObject(told('slow_down'));
    skipped += (started.interval! + 5) * 1000;
    await expect(ask()).rejects.toMatchObject(told('authorization_pending'));
    await connectDevice(newBrowser(), started);
    skipped += (started.interval! + 5) * 1000;
    const tokens = await ask();
    expect(tokens.scope).toBe('Shopper openid');
    expect((await refresh(scanner, oauth.None(), tokens.refresh_token!)).scope).toBe('Shopper openid');
  });
});
