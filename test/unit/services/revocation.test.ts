import { describe, expect, it } from '@jest/globals';
import { openWorld } from './fixtures.ts';
import { listAuditEvents } from '../../support/audit.ts';

const ADMIN = { kind: 'operator', id: 'ada' } as const;

async function signedIn() {
  const world = await openWorld();
  const issued = await world.tokens.password(await world.request(), world.credentials);
  const activity = async ({ accessToken, refreshToken }: { accessToken: string; refreshToken?: string | undefined } = issued) =>
    Promise.all([accessToken, refreshToken!].map(async (token) => (await world.introspection.introspect(token, 'shop')).active));
  const events = async () =>
    (await listAuditEvents(world.store, { limit: 10 })).map(({ type, actor, target }) => ({ type, actor: actor.id, target: target.kind }));
  return { ...world, ...issued, activity, events };
}

describe('revoking', () => {
  it('an access token ends it alone', async () => {
    const { revocation, accessToken, activity, events } = await signedIn();
    await revocation.revokeToken(accessToken, 'shop');
    expect(await activity()).toEqual([false, true]);
    expect(await events()).toEqual([{ type: 'token_revoked', actor: 'shop', target: 'token' }]);
  });

  it('a refresh token ends its family', async () => {
    const { revocation, refreshToken, activity, events, tokens, request } = await signedIn();
    const next = await tokens.refresh(await request(), refreshToken!);
    await revocation.revokeToken(refreshToken!, 'shop');
    expect([await activity(), await activity(next)]).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(await events()).toEqual([{ type: 'grant_revoked', actor: 'shop', target: 'grant' }]);
  });

  it.each(['other', 'api', ''])('by somebody else (%j) changes and records nothing', async (caller) => {
    const { revocation, accessToken, refreshToken, activity, events } = await signedIn();
    for (const token of [accessToken, refreshToken!, 'garbage', 'a.b.c']) await revocation.revokeToken(token, caller);
    expect(await activity()).toEqual([true, true]);
    expect(await events()).toEqual([]);
  });

  it.each([
    ['user', 'alice'],
    ['client', 'shop'],
  ] as const)('all of a %s ends what was issued so far, and nothing that comes after', async (kind, id) => {
    const { revocation, activity, events, tokens, request, credentials, clock } = await signedIn();
    await revocation.revokeAll(kind, id, { actor: ADMIN });
    expect(await activity()).toEqual([false, false]);
    clock.advance(1);
    expect(await activity(await tokens.password(await request(), credentials))).toEqual([true, true]);
    expect(await events()).toEqual([{ type: `${kind}_tokens_revoked`, actor: 'ada', target: kind }]);
  });

  it('outlives the token, also when it is done in its last moment', async () => {
    const { revocation, accessToken, activity, clock, store } = await signedIn();
    clock.advance(599_999);
    await revocation.revokeToken(accessToken, 'shop');
    for (const later of [1, 1000, 3_600_000]) {
      clock.advance(later);
      await store.reap(new Date(clock.now()), 100);
      expect((await activity())[0]).toBe(false);
    }
  });
});
