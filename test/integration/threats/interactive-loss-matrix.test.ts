import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestBrowser } from '../../support/browser.ts';
import { PASSWORD, secretOf } from '../../support/market.ts';
import { authorizeUrl, CALLBACK, DEVICE_GRANT, pkce, signIn, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { post, type Answer, type Form } from '../../support/token-client.ts';
import { turnableClock } from './endpoint.ts';
import { LOSSES, OF_THE_CELL, openCell, type Cell, type Loss } from './losses.ts';

/** T-53 for whoever signs in with a browser: what is lost is lost to a code, a device, what came of them, and the session. */
let server: SignInServer;
let passwordHash: string;
const clock = turnableClock();

beforeAll(async () => {
  server = await startSignIn({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' } });
  await server.app.store.transaction((tx) => tx.securityProfiles.put([OF_THE_CELL]));
  passwordHash = await server.app.hasher.hash(PASSWORD);
});
afterAll(() => server.close());

interface SignedInCell extends Cell {
  readonly browser: TestBrowser;
  /** A request of the client. */
  token(form: Form): Promise<Answer>;
  /** The person signs in. @returns what redeems the code */
  code(): Promise<Form>;
  /** The person connects a device. @returns what redeems its code */
  device(): Promise<Form>;
}

async function open(): Promise<SignedInCell> {
  const cell = await openCell({ app: server.app, clock, passwordHash }, () => ({
    grantTypes: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    tokenEndpointAuthMethod: 'client_secret_post',
    redirectUris: [CALLBACK],
    requireConsent: false,
  }));
  const { clientId } = cell.client;
  const credentials = { client_id: clientId, client_secret: secretOf(clientId) };
  const browser = server.browser();
  return {
    ...cell,
    browser,
    token: (form) => post(`${server.url}/oauth/token`, { ...credentials, ...form }),
    code: async () => {
      const { code, verifier } = await server.code(browser, { client_id: clientId, scope: 'openid A' }, cell.id);
      return { grant_type: 'authorization_code', redirect_uri: CALLBACK, code, code_verifier: verifier };
    },
    device: async () => {
      const started = await server.startDevice({ ...credentials, scope: 'openid A' });
      expect((await server.connect(browser, started, cell.id)).text).toContain('The device is connected');
      return { grant_type: DEVICE_GRANT, device_code: String(started.body['device_code']) };
    },
    guess: async () => {
      const stranger = server.browser();
      const page = await stranger.open(authorizeUrl(pkce().challenge));
      for (let attempt = 0; attempt < 10; attempt += 1) expect((await signIn(stranger, page, cell.id, 'a guess')).status).toBe(400);
      // A lock is a lock: the right password is no better.
      expect((await signIn(stranger, page, cell.id)).status).toBe(400);
    },
  };
}

const tokensOf = ({ status, body }: Answer): { readonly access: string; readonly refresh: string } => {
  expect({ status, error: body['error'], scope: body['scope'] }).toEqual({ status: 200, error: undefined, scope: 'A openid' });
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
};

/** What a new token carries, or why there is none. */
const told = ({ status, body }: Answer): string => (status === 200 ? `token for "${String(body['scope'])}"` : String(body['error']));

/** What an earlier access token is worth here. */
async function worth(token: string): Promise<string> {
  const live = await server.app.services.introspection.live((await server.app.signer.verify(token))!);
  return live === undefined ? 'inactive' : `active with "${live.roles.join(' ')}"`;
}

async function refreshed({ token }: SignedInCell, first: Answer, other: Answer): Promise<() => Promise<readonly string[]>> {
  const { refresh } = tokensOf(first);
  const { access } = tokensOf(other);
  return async () => [told(await token({ grant_type: 'refresh_token', refresh_token: refresh })), await worth(access)];
}

/** Each is asked for something before; what it answers can be asked for after. */
const WAYS = {
  'authorization code': async ({ code, token }: SignedInCell) => {
    const before = tokensOf(await token(await code()));
    const waiting = await code();
    return async () => [told(await token(waiting)), await worth(before.access)];
  },
  'device code': async ({ device, token }: SignedInCell) => {
    const before = tokensOf(await token(await device()));
    const waiting = await device();
    return async () => [told(await token(waiting)), await worth(before.access)];
  },
  'refresh after a code': async (cell: SignedInCell) => refreshed(cell, await cell.token(await cell.code()), await cell.token(await cell.code())),
  'refresh after a device code': async (cell: SignedInCell) =>
    refreshed(cell, await cell.token(await cell.device()), await cell.token(await cell.device())),
  'session in the browser': async ({ browser, code, client }: SignedInCell) => {
    await code();
    return async () => {
      const back = await browser.open(authorizeUrl(pkce().challenge, { client_id: client.clientId, prompt: 'none' }));
      const { searchParams } = back.url;
      const refusal = /\b(invalid_client|invalid_redirect_uri)\b/.exec(back.text)?.[1];
      const page = await browser.open('/sign-in/sessions');
      return [searchParams.has('code') ? 'a code' : (searchParams.get('error') ?? refusal), page.url.pathname];
    };
  },
  userinfo: async ({ code, token }: SignedInCell) => {
    const { access } = tokensOf(await token(await code()));
    const ask = async () => (await fetch(`${server.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${access}` } })).status;
    expect(await ask()).toBe(200);
    return async () => [await ask()];
  },
} as const;
type Way = keyof typeof WAYS;

/** Of a person who may not be here any more. */
const PERSON_GONE = {
  'authorization code': ['invalid_grant', 'inactive'],
  'device code': ['invalid_grant', 'inactive'],
  'refresh after a code': ['invalid_grant', 'inactive'],
  'refresh after a device code': ['invalid_grant', 'inactive'],
  'session in the browser': ['login_required', '/sign-in/login'],
  userinfo: [401],
} as const;

/** The person is still signed in: it is the client that lost what it had. */
const CLIENT_GONE = {
  'authorization code': ['invalid_client', 'inactive'],
  'device code': ['invalid_client', 'inactive'],
  'refresh after a code': ['invalid_client', 'inactive'],
  'refresh after a device code': ['invalid_client', 'inactive'],
  'session in the browser': ['invalid_client', '/sign-in/sessions'],
  userinfo: [401],
} as const;

/** By loss and way: what a new request gets, and what became of what was had before. */
const MATRIX: { readonly [L in Loss]: { readonly [W in Way]: readonly (string | number)[] } } = {
  'disabled user': PERSON_GONE,
  // Only signing in by the password is locked, see "A lock keeps out passwords, not sessions": what was begun, goes on.
  'locked user': {
    'authorization code': ['token for "A openid"', 'active with "A"'],
    'device code': ['token for "A openid"', 'active with "A"'],
    'refresh after a code': ['token for "A openid"', 'active with "A"'],
    'refresh after a device code': ['token for "A openid"', 'active with "A"'],
    'session in the browser': ['a code', '/sign-in/sessions'],
    userinfo: [200],
  },
  'deleted user': PERSON_GONE,
  'disabled client': CLIENT_GONE,
  'deleted client': CLIENT_GONE,
  'removed grant types': {
    'authorization code': ['unauthorized_client', 'inactive'],
    'device code': ['unauthorized_client', 'inactive'],
    'refresh after a code': ['unauthorized_client', 'inactive'],
    'refresh after a device code': ['unauthorized_client', 'inactive'],
    // A client that gets no codes has no address to go back to: the person is told.
    'session in the browser': ['invalid_redirect_uri', '/sign-in/sessions'],
    userinfo: [401],
  },
  'suspended organization': PERSON_GONE,
  'changed password': PERSON_GONE,
  'removed role': {
    'authorization code': ['token for "openid"', 'active with ""'],
    'device code': ['token for "openid"', 'active with ""'],
    'refresh after a code': ['token for "openid"', 'active with ""'],
    'refresh after a device code': ['token for "openid"', 'active with ""'],
    'session in the browser': ['a code', '/sign-in/sessions'],
    userinfo: [200],
  },
};

describe.each(Object.keys(LOSSES) as Loss[])('T-53 %s', (loss) => {
  test.each(Object.keys(WAYS) as Way[])('%s', async (way) => {
    const cell = await open();
    const after = await WAYS[way](cell);
    // Somebody signs in from the next instant on: what happens at this very one is older.
    clock.advance(2);
    await LOSSES[loss](cell);
    expect(await after()).toEqual(MATRIX[loss][way]);
  });
});
