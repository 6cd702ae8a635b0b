/** @module A market whose people sign in with a browser, and what a client does to get there. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Store } from '../../src/domain/ports.ts';
import { TestBrowser, type Visited } from './browser.ts';
import { failing, type Failures } from './failing-store.ts';
import { client, openMarket, PASSWORD, secret, secretOf } from './market.ts';
import { ISSUER, startServer, type TestServer } from './server.ts';
import type { StoreKind } from './stores.ts';
import { basic, post, type Answer, type Form } from './token-client.ts';

export const CALLBACK = 'https://shop.example.com/callback';
export const SIGNED_OUT = 'https://shop.example.com/signed-out';
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export interface SignInServer extends TestServer {
  readonly store: Store;
  browser(): TestBrowser;
  /** At the token endpoint, as `shop` unless told otherwise. */
  redeem(form: Form, clientId?: string): Promise<Answer>;
  /** Signs somebody in to `shop` and gives the code with its verifier. */
  code(
    browser: TestBrowser,
    more?: Readonly<Record<string, string>>,
    username?: string,
  ): Promise<{ readonly code: string; readonly verifier: string; readonly back: URL }>;
  /** {@link code}, redeemed. */
  tokens(browser: TestBrowser, more?: Readonly<Record<string, string>>, username?: string): Promise<Answer>;
  /** A device asks for a code, as `dev` unless told otherwise. */
  startDevice(form?: Form): Promise<Answer>;
  /** The device asks whether somebody has decided. */
  poll(deviceCode: unknown, form?: Form): Promise<Answer>;
  /** Somebody enters the code of a device and lets it in. @returns the last page */
  connect(browser: TestBrowser, started: Answer, username?: string): Promise<Visited>;
}

export async function startSignIn({
  clock,
  env,
  kind,
  failures,
}: {
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  /** Of its store; unset: that of the run. */
  readonly kind?: StoreKind;
  /** Of the calls of the store; unset: none. */
  readonly failures?: Failures;
} = {}): Promise<SignInServer> {
  // As in `server.ts`: what benchmarks read of here takes no test runner.
  const { openTestStore } = await import('./stores.ts');
  const opened = await openTestStore({ clock, ...(kind === undefined ? {} : { kind }) });
  const store = failures === undefined ? opened : failing(opened, failures);
  const server = await startServer({ store, ...(clock === undefined ? {} : { clock }), ...(env === undefined ? {} : { env }) });
  const byCode = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], requireConsent: false } as const;
  await openMarket(server.app, async (tx) => {
    await tx.clients.put([
      client('shop', { ...byCode, postLogoutRedirectUris: [SIGNED_OUT], clientName: 'The shop' }),
      client('app', { ...byCode, tokenEndpointAuthMethod: 'none' }),
      client('asking', { ...byCode, requireConsent: undefined, clientName: 'Order Dashboard' }),
      client('local', { ...byCode, tokenEndpointAuthMethod: 'none', redirectUris: ['http://127.0.0.1/callback'] }),
      client('dev', { grantTypes: [DEVICE_GRANT, 'refresh_token'], tokenEndpointAuthMethod: 'none', clientName: 'Scanner' }),
    ]);
    for (const id of ['shop', 'asking']) await tx.addClientSecret(id, secret(secretOf(id)));
  });
  const redeem: SignInServer['redeem'] = (form, clientId = 'shop') =>
    post(`${server.url}/oauth/token`, { grant_type: 'authorization_code', redirect_uri: CALLBACK, ...form }, basic(clientId, secretOf(clientId)));
  const code: SignInServer['code'] = async (browser, more = {}, username = 'b1u') => {
    const { verifier, challenge } = pkce();
    const page = await browser.open(authorizeUrl(challenge, more));
    const back = page.status === 0 ? page : await signIn(browser, page, username);
    return { code: back.url.searchParams.get('code') ?? '', verifier, back: back.url };
  };
  return {
    ...server,
    store,
    redeem,
    code,
    browser: () => new TestBrowser(ISSUER, server.url),
    tokens: async (browser, more = {}, username) => {
      const { code: given, verifier } = await code(browser, more, username);
      return redeem({ code: given, code_verifier: verifier }, more['client_id'] ?? 'shop');
    },
    startDevice: (form = {}) => post(`${server.url}/oauth/device`, { client_id: 'dev', ...form }),
    poll: (deviceCode, form = {}) =>
      post(`${server.url}/oauth/token`, { grant_type: DEVICE_GRANT, client_id: 'dev', device_code: String(deviceCode), ...form }),
    connect: (browser, { body }, username) => connectDevice(browser, body, username),
  };
}

export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function authorizeUrl(challenge: string, more: Readonly<Record<string, string>> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: 'shop',
    redirect_uri: CALLBACK,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 's',
    ...more,
  };
  return `${ISSUER}/oauth/authorize?${new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')).toString()}`;
}

export const signIn = (browser: TestBrowser, page: Visited, username = 'b1u', password = PASSWORD): Promise<Visited> =>
  browser.submit(page, { username, password });

/** Somebody enters the code of a device and lets it in, signing in where they are asked to. @returns the last page */
export async function connectDevice(
  browser: TestBrowser,
  { verification_uri_complete: address, user_code: code }: { readonly verification_uri_complete?: unknown; readonly user_code?: unknown },
  username?: string,
): Promise<Visited> {
  const opened = await browser.open(String(address));
  const entry = opened.url.pathname === '/sign-in/login' ? await signIn(browser, opened, username) : opened;
  const confirmation = await browser.submit(entry, { user_code: String(code) });
  return browser.submit(confirmation, {}, { name: 'decision', value: 'allow' });
}
