import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestBrowser, type Visited } from '../../support/browser.ts';
import { client, openMarket, PASSWORD, secret, secretOf } from '../../support/market.ts';
import { ISSUER, startServer, type TestServer } from '../../support/server.ts';
import { basic, claimsOf, post, type Form } from '../../support/token-client.ts';

const CALLBACK = 'https://shop.example.com/callback';
let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  await openMarket(server.app, async (tx) => {
    await tx.clients.put([
      client('shop', { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], requireConsent: false }),
      client('app', { grantTypes: ['authorization_code'], redirectUris: [CALLBACK], tokenEndpointAuthMethod: 'none', requireConsent: false }),
    ]);
    await tx.addClientSecret('shop', secret(secretOf('shop')));
  });
  await server.app.services.consoleClient.ensure();
});
afterAll(() => server.close());

const pkce = () => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};

const authorize = (parameters: Record<string, string>) => `${ISSUER}/oauth/authorize?${new URLSearchParams(parameters).toString()}`;
const request = (challenge: string, more: Record<string, string> = {}) =>
  authorize({
    response_type: 'code',
    client_id: 'shop',
    redirect_uri: CALLBACK,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 's',
    ...more,
  });
const signIn = (browser: TestBrowser, page: Visited, username = 'b1u', password = PASSWORD) => browser.submit(page, { username, password });
const redeem = (form: Form, clientId = 'shop') =>
  post(`${server.url}/oauth/token`, { grant_type: 'authorization_code', redirect_uri: CALLBACK, ...form }, basic(clientId, secretOf(clientId)));

describe('authorization code with PKCE', () => {
  test('a person signs in and the client gets what the person holds of what it asked for', async () => {
    const browser = new TestBrowser(ISSUER, server.url);
    const { verifier, challenge } = pkce();
    const page = await browser.open(request(challenge, { scope: 'openid Shopper Bogus', nonce: 'n' }));
    expect(page.url.pathname).toBe('/sign-in/login');
    expect(page.status).toBe(200);
    const back = await signIn(browser, page);
    expect(back.text).toBe('');
    expect(back.url.origin + back.url.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(back.url.searchParams)).toEqual({ code: expect.any(String), state: 's', iss: ISSUER });
    const answer = await redeem({ code: back.url.searchParams.get('code')!, code_verifier: verifier });
    expect(answer.body).toMatchObject({
      scope: 'Shopper openid',
      token_type: 'Bearer',
      refresh_token: expect.any(String),
      id_token: expect.any(String),
    });
    expect(claimsOf(answer.body['access_token'])).toMatchObject({ sub: 'b1u', roles: ['Shopper'], client_id: 'shop', aud: ISSUER });
    expect(claimsOf(answer.body['id_token'])).toMatchObject({
      iss: ISSUER,
      sub: 'b1u',
      aud: 'shop',
      nonce: 'n',
      auth_time: expect.any(Number),
      sid: expect.any(String),
    });
    // The session is there for the next application.
    const second = pkce();
    const again = await browser.open(request(second.challenge, { client_id: 'app', prompt: 'none' }));
    expect(again.url.searchParams.get('code')).not.toBeNull();
  });
});
