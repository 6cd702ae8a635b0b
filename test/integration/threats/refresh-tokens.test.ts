import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AUDIENCE, secretOf } from '../../support/market.ts';
import type { Answer, Form } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, tokensOf, turnableClock, visible, type Threatened, type Tokens } from './endpoint.ts';

const DAY = 86_400_000;
const GONE = { status: 400, error: 'invalid_grant' };

let server: Threatened;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
});
afterAll(() => server.close());

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
