import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StoreTransaction } from '../../../src/domain/ports.ts';
import { assignment, AUDIENCE, client, organization, profile, secretOf, to, user } from '../../support/market.ts';
import type { Answer, Form } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';

const DAY = 86_400_000;
const GONE = { status: 400, error: 'invalid_grant' };

let server: Threatened;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
});
afterAll(() => server.close());

interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly scope: unknown;
}

function tokensOf({ status, body }: Answer): Tokens {
  expect({ status, error: body['error'] }).toEqual({ status: 200, error: undefined });
  return { access: String(body['access_token']), refresh: String(body['refresh_token']), scope: body['scope'] };
}

const change = (work: (tx: StoreTransaction) => Promise<void>): Promise<void> => server.app.store.transaction(work);
const signIn = async (form: Form = {}): Promise<Tokens> =>
  tokensOf(await server.signIn('b2u', { scope: 'Shopper OrderReader', resource: AUDIENCE.seller, ...form }));
const refresh = (token: string, form: Form = {}, at: Threatened = server): Promise<Answer> =>
  at.token({ grant_type: 'refresh_token', client_id: 'pw', client_secret: secretOf('pw'), refresh_token: token, ...form });
const activity = async ({ access, refresh: token }: Tokens, at: Threatened = server) => [
  (await at.introspect(access)).body['active'],
  (await at.introspect(token, 'pw')).body['active'],
];
const DEAD = [false, false];

describe('T-45 a refresh token that was used before', () => {
  test('ends its family, with all that came of it, in the same instant or weeks later', async () => {
    for (const wait of [0, 999, 20 * DAY]) {
      const first = await signIn();
      const second = tokensOf(await refresh(first.refresh));
      const third = tokensOf(await refresh(second.refresh));
      clock.advance(wait);
      expectRefusal(await refresh(first.refresh), GONE);
      for (const tokens of [first, second, third]) expect(await activity(tokens)).toEqual(DEAD);
      for (const { refresh: token } of [second, third]) expectRefusal(await refresh(token), GONE);
    }
    await server.stillWorks();
  });

  test('ends it also after a restart and on another node, and no other family', async () => {
    const [first, untouched] = [await signIn(), await signIn()];
    const second = tokensOf(await refresh(first.refresh));
    const other = await startThreatened({ store: server.store, clock, furnish: false, env: { ROLEMINT_KEYS_DIR: server.app.config.keysDir } });
    try {
      expectRefusal(await refresh(first.refresh, {}, other), GONE);
      for (const node of [server, other]) {
        expect(await activity(second, node)).toEqual(DEAD);
        expect(await activity(untouched, node)).toEqual([true, true]);
      }
    } finally {
      await other.close();
    }
  });

  test('is refused with the bytes of one that never was', async () => {
    const first = await signIn();
    tokensOf(await refresh(first.refresh));
    const used = visible(await refresh(first.refresh));
    for (const token of ['x'.repeat(43), 'a.b.c', '\0', first.access]) expect(visible(await refresh(token))).toEqual(used);
  });
});

describe('T-46 a refresh', () => {
  const restore = async (): Promise<void> => {
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('shopping', ['Shopper', 'OrderReader'])]);
      await tx.organizations.put([organization('B2', 'buyer', { parent: 'S' })]);
      await tx.users.put([user('b2u', 'B2')]);
    });
  };

  test('with more than was first asked for gives nothing more, silently, also when it is held meanwhile', async () => {
    const first = await signIn({ scope: 'Shopper' });
    await change((tx) => tx.assignments.put([assignment('ab', to.user('b2u'), { id: 'more-for-b2u' })]));
    const second = tokensOf(await refresh(first.refresh, { scope: 'Shopper OrderReader A FullAccess' }));
    expect(second.scope).toBe('Shopper');
    expect(tokensOf(await refresh(second.refresh)).scope).toBe('Shopper');
    await change((tx) => tx.assignments.remove(['more-for-b2u']));
  });

  test('with less narrows that token alone', async () => {
    const narrowed = tokensOf(await refresh((await signIn()).refresh, { scope: 'Shopper' }));
    expect(narrowed.scope).toBe('Shopper');
    expect(tokensOf(await refresh(narrowed.refresh)).scope).toBe('OrderReader Shopper');
  });

  test.each([AUDIENCE.b1, 'https://unknown.example.com', 'not a uri'])('for another API is refused and uses nothing up: %s', async (resource) => {
    const first = await signIn();
    expectRefusal(await refresh(first.refresh, { resource }), { status: 400, error: 'invalid_target' });
    tokensOf(await refresh(first.refresh));
  });

  test('loses the roles that are lost, comes back to those that come back, and is good without any', async () => {
    let tokens = await signIn();
    const next = async () => (tokens = tokensOf(await refresh(tokens.refresh))).scope;
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
    const first = await signIn({ scope: 'A Shopper' });
    expect(first.scope).toBe('A Shopper');
    await change(async (tx) => {
      await tx.assignments.remove(['passing-b2u']);
      await tx.securityProfiles.remove(['passing']);
    });
    expect(tokensOf(await refresh(first.refresh)).scope).toBe('Shopper');
  });

  test('is refused when the client lost the grant type, and good again when it has it back', async () => {
    const first = await signIn();
    const pw = (await server.store.findClient('pw', new Date(clock.now())))!.client;
    await change((tx) => tx.clients.put([client('pw', { ...pw, grantTypes: ['password'] })]));
    expectRefusal(await refresh(first.refresh), { status: 400, error: 'unauthorized_client' });
    expect((await server.introspect(first.refresh, 'pw')).body).toEqual({ active: false });
    await change((tx) => tx.clients.put([pw]));
    tokensOf(await refresh(first.refresh));
  });

  test('never reaches beyond the life of the sign-in, however often it rotates', async () => {
    const lifetime = server.app.config.refreshTokenLifetimeSeconds * 1000;
    let newest = await signIn();
    const endsAt = (await server.introspect(newest.refresh, 'pw')).body['exp'];
    const steps = 6;
    for (let step = 1; step < steps; step += 1) {
      clock.advance(lifetime / steps);
      newest = tokensOf(await refresh(newest.refresh));
      expect((await server.introspect(newest.refresh, 'pw')).body['exp']).toBe(endsAt);
    }
    clock.advance(lifetime / steps);
    expect((await server.introspect(newest.refresh, 'pw')).body).toEqual({ active: false });
    expectRefusal(await refresh(newest.refresh), GONE);
    await server.stillWorks();
  });
});
