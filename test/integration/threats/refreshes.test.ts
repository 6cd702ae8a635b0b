import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '../../../src/domain/client.ts';
import type { StoreTransaction } from '../../../src/domain/ports.ts';
import { assignment, AUDIENCE, client, organization, PASSWORD, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { CALLBACK, DEVICE_GRANT, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { post, type Answer, type Form } from '../../support/token-client.ts';
import { expectRefusal, tokensOf, turnableClock, type Tokens } from './endpoint.ts';

const GONE = { status: 400, error: 'invalid_grant' };

/** A client for each way to come by a refresh token. */
const CLIENTS: readonly Client[] = [
  client('by-password', { grantTypes: ['password', 'refresh_token'] }),
  client('by-code', { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], requireConsent: false }),
  client('by-device', { grantTypes: [DEVICE_GRANT, 'refresh_token'] }),
].map((made) => ({ ...made, tokenEndpointAuthMethod: 'client_secret_post' }));

let server: SignInServer;
const clock = turnableClock();

beforeAll(async () => {
  server = await startSignIn({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
  await change(async (tx) => {
    await tx.clients.put(CLIENTS);
    for (const { clientId } of CLIENTS) await tx.addClientSecret(clientId, secret(secretOf(clientId)));
  });
});
afterAll(() => server.close());

const change = (work: (tx: StoreTransaction) => Promise<void>): Promise<void> => server.app.store.transaction(work);
const credentialsOf = (clientId: string) => ({ client_id: clientId, client_secret: secretOf(clientId) });

interface Asked {
  readonly scope: string;
  readonly resource: string;
}

const WAYS: Readonly<Record<string, (asked: Asked) => Promise<Answer>>> = {
  'by-password': (asked) =>
    post(`${server.url}/oauth/token`, { grant_type: 'password', username: 'b2u', password: PASSWORD, ...credentialsOf('by-password'), ...asked }),
  'by-code': async (asked) => {
    const { code, verifier } = await server.code(server.browser(), { client_id: 'by-code', ...asked }, 'b2u');
    const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code, code_verifier: verifier };
    return post(`${server.url}/oauth/token`, { ...form, ...credentialsOf('by-code') });
  },
  'by-device': async (asked) => {
    const started = await server.startDevice({ ...credentialsOf('by-device'), ...asked });
    await server.connect(server.browser(), started, 'b2u');
    return server.poll(started.body['device_code'], credentialsOf('by-device'));
  },
};

const signIn = async (clientId: string, asked: Partial<Asked> = {}): Promise<Tokens> =>
  tokensOf(await WAYS[clientId]!({ scope: 'Shopper OrderReader', resource: AUDIENCE.seller, ...asked }));
const refresh = (clientId: string, token: string, form: Form = {}): Promise<Answer> =>
  post(`${server.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: token, ...credentialsOf(clientId), ...form });
const introspect = async (clientId: string, token: string) =>
  (await post(`${server.url}/oauth/introspect`, { token, ...credentialsOf(clientId) })).body;

describe.each(CLIENTS)('T-46 a refresh of what $clientId got', (made) => {
  const { clientId } = made;
  const restore = async (): Promise<void> => {
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('shopping', ['Shopper', 'OrderReader'])]);
      await tx.organizations.put([organization('B2', 'buyer', { parent: 'S' })]);
      await tx.users.put([user('b2u', 'B2')]);
    });
  };

  test('with more than was first asked for gives nothing more, silently, also when it is held meanwhile', async () => {
    const first = await signIn(clientId, { scope: 'Shopper' });
    await change((tx) => tx.assignments.put([assignment('ab', to.user('b2u'), { id: 'more-for-b2u' })]));
    const second = tokensOf(await refresh(clientId, first.refresh, { scope: 'Shopper OrderReader A FullAccess' }));
    expect(second.scope).toBe('Shopper');
    expect(tokensOf(await refresh(clientId, second.refresh)).scope).toBe('Shopper');
    await change((tx) => tx.assignments.remove(['more-for-b2u']));
  });

  test('with less narrows that token alone', async () => {
    const narrowed = tokensOf(await refresh(clientId, (await signIn(clientId)).refresh, { scope: 'Shopper' }));
    expect(narrowed.scope).toBe('Shopper');
    expect(tokensOf(await refresh(clientId, narrowed.refresh)).scope).toBe('OrderReader Shopper');
  });

  test.each([AUDIENCE.b1, 'https://unknown.example.com', 'not a uri'])('for another API is refused and uses nothing up: %s', async (resource) => {
    const first = await signIn(clientId);
    expectRefusal(await refresh(clientId, first.refresh, { resource }), { status: 400, error: 'invalid_target' });
    tokensOf(await refresh(clientId, first.refresh));
  });

  test('loses the roles that are lost, comes back to those that come back, and is good without any', async () => {
    let tokens = await signIn(clientId);
    const next = async () => (tokens = tokensOf(await refresh(clientId, tokens.refresh))).scope;
    await change((tx) => tx.securityProfiles.put([profile('shopping', ['Shopper'])]));
    expect(await next()).toBe('Shopper');
    await change((tx) => tx.securityProfiles.put([profile('shopping', [])]));
    expect(await next()).toBe('');
    await restore();
    expect(await next()).toBe('OrderReader Shopper');
  });

  test('gives nothing of a profile that was deleted', async () => {
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('passing', ['A'])]);
      await tx.assignments.put([assignment('passing', to.user('b2u'), { id: 'passing-b2u' })]);
    });
    const first = await signIn(clientId, { scope: 'A Shopper' });
    expect(first.scope).toBe('A Shopper');
    await change(async (tx) => {
      await tx.assignments.remove(['passing-b2u']);
      await tx.securityProfiles.remove(['passing']);
    });
    expect(tokensOf(await refresh(clientId, first.refresh)).scope).toBe('Shopper');
  });

  test('is refused when the client lost the grant type, and good again when it has it back', async () => {
    const first = await signIn(clientId);
    await change((tx) => tx.clients.put([{ ...made, grantTypes: made.grantTypes.filter((grant) => grant !== 'refresh_token') }]));
    expectRefusal(await refresh(clientId, first.refresh), { status: 400, error: 'unauthorized_client' });
    expect(await introspect(clientId, first.refresh)).toEqual({ active: false });
    await change((tx) => tx.clients.put([made]));
    tokensOf(await refresh(clientId, first.refresh));
  });
});

test('T-46 a refresh never reaches beyond the life of the sign-in, whether it rotates or nobody comes', async () => {
  const lifetime = server.app.config.refreshTokenLifetimeSeconds * 1000;
  const signIns = await Promise.all(
    CLIENTS.map(async ({ clientId }) => {
      const [used, idle] = [await signIn(clientId), await signIn(clientId)];
      return { clientId, newest: used.refresh, idle: idle.refresh, endsAt: (await introspect(clientId, used.refresh))['exp'] };
    }),
  );
  const steps = 4;
  for (let step = 1; step < steps; step += 1) {
    clock.advance(lifetime / steps);
    for (const one of signIns) {
      one.newest = tokensOf(await refresh(one.clientId, one.newest)).refresh;
      expect((await introspect(one.clientId, one.newest))['exp']).toBe(one.endsAt);
    }
  }
  clock.advance(lifetime / steps);
  for (const { clientId, newest, idle } of signIns) {
    for (const token of [newest, idle]) {
      expect(await introspect(clientId, token)).toEqual({ active: false });
      expectRefusal(await refresh(clientId, token), GONE);
    }
  }
});
