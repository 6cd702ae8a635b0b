import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apiWith } from '../../support/administered.ts';
import { AUDIENCE, PASSWORD, profile, secretOf, to } from '../../support/market.ts';
import { post, type Answer, type Form } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, turnableClock, type Threatened } from './endpoint.ts';
import { ACCESS_TOKEN, TOKEN_EXCHANGE } from './impersonation.ts';
import { LOSSES, OF_THE_CELL, openCell, type Cell, type Loss } from './losses.ts';

/**
 * T-53: what is lost is lost by every way, at once. A person of one organization has a client for every grant type, which
 * also acts with the person's roles, and may impersonate somebody. Then one thing is taken away.
 */
let server: Threatened;
let passwordHash: string;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({
    clock,
    env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' },
    more: async (tx) => {
      await tx.securityProfiles.put([OF_THE_CELL, profile('helping', ['Shopper'])]);
    },
  });
  passwordHash = await server.app.hasher.hash(PASSWORD);
});
afterAll(() => server.close());

interface AskingCell extends Cell {
  token(form: Form): Promise<Answer>;
  signIn(form?: Form): Promise<Answer>;
  exchange(actor: string): Promise<Answer>;
}

async function open(): Promise<AskingCell> {
  const cell = await openCell(
    { app: server.app, clock, passwordHash },
    (id) => ({
      grantTypes: ['password', 'refresh_token', 'client_credentials', TOKEN_EXCHANGE],
      tokenEndpointAuthMethod: 'client_secret_post',
      contextUser: id,
    }),
    async (tx, id) => {
      await tx.impersonationRules.put([
        { id: `${id}-rule`, impersonator: to.user(id), target: to.user('b2u'), securityProfile: 'helping', client: `${id}-client` },
      ]);
    },
  );
  const { clientId } = cell.client;
  const token: AskingCell['token'] = (form) => server.token({ client_id: clientId, client_secret: secretOf(clientId), scope: 'A', ...form });
  const signIn: AskingCell['signIn'] = (form = {}) =>
    token({ grant_type: 'password', username: cell.id, password: PASSWORD, scope: 'A Impersonation UserReader', ...form });
  return {
    ...cell,
    token,
    signIn,
    guess: async () => {
      for (let attempt = 0; attempt < 10; attempt += 1) expect((await signIn({ password: 'a guess' })).status).toBe(400);
    },
    exchange: (actor) =>
      token({
        grant_type: TOKEN_EXCHANGE,
        subject_token: actor,
        subject_token_type: ACCESS_TOKEN,
        requested_subject: 'b2u',
        scope: 'Shopper',
        resource: AUDIENCE.seller,
      }),
  };
}

const accessOf = ({ status, body }: Answer): string => {
  expect({ status, error: body['error'] }).toEqual({ status: 200, error: undefined });
  return String(body['access_token']);
};

/** What a new token carries, or why there is none. */
function told(answer: Answer): string {
  if (answer.status === 200) return `token for "${String(answer.body['scope'])}"`;
  expectRefusal(answer, { status: answer.status, error: String(answer.body['error']) });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  return String(answer.body['error']);
}

/** What an earlier token is worth to the API that it is for. */
async function worth(token: string): Promise<string> {
  const { status, body } = await server.introspect(token, 'rsS');
  expect(status).toBe(200);
  if (body['active'] === true) return `active with "${String(body['scope'])}"`;
  expect(body).toEqual({ active: false });
  return 'inactive';
}

/** Each is asked for something before; what it answers can be asked for after. */
const WAYS = {
  password: async ({ signIn }: AskingCell) => {
    const before = accessOf(await signIn({ scope: 'A', resource: AUDIENCE.seller }));
    return async () => [told(await signIn({ scope: 'A' })), await worth(before)];
  },
  'client credentials with a context user': async ({ token }: AskingCell) => {
    const ask = () => token({ grant_type: 'client_credentials', resource: AUDIENCE.seller });
    const before = accessOf(await ask());
    return async () => [told(await ask()), await worth(before)];
  },
  refresh: async ({ token, signIn }: AskingCell) => {
    const { body } = await signIn({ scope: 'A', resource: AUDIENCE.seller });
    const { body: other } = await signIn({ scope: 'A', resource: AUDIENCE.seller });
    return async () => [
      told(await token({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']), scope: undefined })),
      await worth(String(other['access_token'])),
    ];
  },
  'token exchange': async ({ signIn, exchange }: AskingCell) => {
    const actor = accessOf(await signIn());
    const before = accessOf(await exchange(actor));
    return async () => [told(await exchange(actor)), await worth(before)];
  },
  introspection: async ({ signIn, client: { clientId } }: AskingCell) => {
    const { body } = await signIn({ scope: 'A', resource: AUDIENCE.seller });
    return async () => {
      const form = { token: String(body['refresh_token']), client_id: clientId, client_secret: secretOf(clientId) };
      const answer = await post(`${server.url}/oauth/introspect`, form);
      return [
        answer.status === 200 ? `refresh token active: ${String(answer.body['active'])}` : told(answer),
        await worth(String(body['access_token'])),
      ];
    };
  },
  'management API': async ({ signIn }: AskingCell) => {
    const api = apiWith(server, accessOf(await signIn()));
    expect((await api.get('/users')).status).toBe(200);
    return async () => Promise.all(['/me', '/users'].map(async (path) => `${path} ${(await api.get(path)).status}`));
  },
} as const;
type Way = keyof typeof WAYS;

/** By loss and way: what a new request gets, and what became of what was had before. */
const MATRIX: { readonly [L in Loss]: { readonly [W in Way]: readonly [string, string] } } = {
  'disabled user': {
    password: ['invalid_grant', 'inactive'],
    'client credentials with a context user': ['unauthorized_client', 'inactive'],
    refresh: ['invalid_grant', 'inactive'],
    'token exchange': ['invalid_request', 'inactive'],
    introspection: ['refresh token active: false', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  // Whoever guesses at a password must not end what the person has: only signing in by it is locked.
  'locked user': {
    password: ['invalid_grant', 'active with "A"'],
    'client credentials with a context user': ['token for "A"', 'active with "A"'],
    refresh: ['token for "A"', 'active with "A"'],
    'token exchange': ['token for "Shopper"', 'active with "Shopper"'],
    introspection: ['refresh token active: true', 'active with "A"'],
    'management API': ['/me 200', '/users 200'],
  },
  // The client that acted as the user acts for itself now, and nothing is assigned to it.
  'deleted user': {
    password: ['invalid_grant', 'inactive'],
    'client credentials with a context user': ['token for ""', 'active with ""'],
    refresh: ['invalid_grant', 'inactive'],
    'token exchange': ['invalid_request', 'inactive'],
    introspection: ['refresh token active: false', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  'disabled client': {
    password: ['invalid_client', 'inactive'],
    'client credentials with a context user': ['invalid_client', 'inactive'],
    refresh: ['invalid_client', 'inactive'],
    'token exchange': ['invalid_client', 'inactive'],
    introspection: ['invalid_client', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  'deleted client': {
    password: ['invalid_client', 'inactive'],
    'client credentials with a context user': ['invalid_client', 'inactive'],
    refresh: ['invalid_client', 'inactive'],
    'token exchange': ['invalid_client', 'inactive'],
    introspection: ['invalid_client', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  'removed grant types': {
    password: ['unauthorized_client', 'inactive'],
    'client credentials with a context user': ['unauthorized_client', 'inactive'],
    refresh: ['unauthorized_client', 'inactive'],
    'token exchange': ['unauthorized_client', 'inactive'],
    introspection: ['refresh token active: false', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  'suspended organization': {
    password: ['invalid_grant', 'inactive'],
    'client credentials with a context user': ['unauthorized_client', 'inactive'],
    refresh: ['invalid_grant', 'inactive'],
    'token exchange': ['invalid_request', 'inactive'],
    introspection: ['refresh token active: false', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  // The client acts with the roles of the user, not with the password.
  'changed password': {
    password: ['invalid_grant', 'inactive'],
    'client credentials with a context user': ['token for "A"', 'active with "A"'],
    refresh: ['invalid_grant', 'inactive'],
    'token exchange': ['invalid_request', 'inactive'],
    introspection: ['refresh token active: false', 'inactive'],
    'management API': ['/me 401', '/users 401'],
  },
  'removed role': {
    password: ['token for ""', 'active with ""'],
    'client credentials with a context user': ['token for ""', 'active with ""'],
    refresh: ['token for ""', 'active with ""'],
    'token exchange': ['insufficient_scope', 'inactive'],
    introspection: ['refresh token active: true', 'active with ""'],
    'management API': ['/me 200', '/users 403'],
  },
};

describe.each(Object.keys(LOSSES) as Loss[])('T-53 %s', (loss) => {
  test.each(Object.keys(WAYS) as Way[])('%s', async (way) => {
    const cell = await open();
    const after = await WAYS[way](cell);
    await LOSSES[loss](cell);
    const outcome = await after();
    expect(outcome).toEqual(MATRIX[loss][way]);
    await server.stillWorks();
  });
});
