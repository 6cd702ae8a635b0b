import { beforeAll, expect, it } from '@jest/globals';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, DAY, expectRefusal, fresh, grant, HOUR, putMarket, type Market } from './samples.ts';

describeEachStore('grants', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const create = async (given: Parameters<typeof grant>[2] = {}) => {
    const created = grant(market.user, market.client, given);
    const token = fresh('token');
    await suite.store.grants.create(created, token);
    return { grant: created, token };
  };
  const revoke = (kind: 'grant' | 'user' | 'client', id: string, notBefore: Date) =>
    suite.store.revocations.add({ kind, id, notBefore, expiresAt: at(HOUR) }, auditEvent());

  it('finds a refresh token with its grant', async () => {
    const { grant: given, token } = await create({ dpopThumbprint: 'thumb', requestedScope: ['B', 'A'] });
    expect(await suite.store.grants.findRefreshToken(token)).toEqual({ hash: token, grant: given, createdAt: at(0) });
    expect(await suite.store.grants.findRefreshToken('nothing')).toBeUndefined();
  });

  it('no longer finds it when the grant has expired', async () => {
    const { token } = await create({ expiresAt: at(HOUR) });
    suite.clock.set(at(HOUR).getTime() - 1);
    expect(await suite.store.grants.findRefreshToken(token)).toBeDefined();
    suite.clock.set(at(HOUR));
    expect(await suite.store.grants.findRefreshToken(token)).toBeUndefined();
    suite.clock.set(at(0));
  });

  it('consumes a token and keeps its successor under the same grant', async () => {
    const { grant: given, token } = await create();
    const successor = fresh('token');
    expect(await suite.store.grants.rotate(token, successor, at(5))).toBe(true);
    expect(await suite.store.grants.findRefreshToken(token)).toEqual({ hash: token, grant: given, createdAt: at(0), consumedAt: at(5) });
    expect(await suite.store.grants.findRefreshToken(successor)).toEqual({ hash: successor, grant: given, createdAt: at(5) });
    expect(await suite.store.grants.rotate(token, fresh('token'), at(6))).toBe(false);
  });

  it('lets one of twenty at once succeed', async () => {
    const { token } = await create();
    const successors = Array.from({ length: 20 }, () => fresh('token'));
    const outcomes = await Promise.all(successors.map((successor) => suite.store.grants.rotate(token, successor, at(1))));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const kept = await Promise.all(successors.map((successor) => suite.store.grants.findRefreshToken(successor)));
    expect(kept.map((found) => found !== undefined)).toEqual(outcomes);
  });

  it('does not rotate after the grant has expired', async () => {
    const { token } = await create({ expiresAt: at(HOUR) });
    expect(await suite.store.grants.rotate(token, fresh('token'), at(HOUR))).toBe(false);
    expect(await suite.store.grants.rotate(token, fresh('token'), at(HOUR - 1))).toBe(true);
  });

  it('does not rotate what a revocation hits: by grant, by user, by client', async () => {
    const { grant: given, token } = await create();
    await revoke('grant', given.id, at(0));
    expect(await suite.store.grants.rotate(token, fresh('token'), at(1))).toBe(false);
    expect(await suite.store.grants.findRefreshToken(token)).toMatchObject({ hash: token });
    for (const kind of ['user', 'client'] as const) {
      const own = await putMarket(suite.store);
      const [old, recent] = [fresh('token'), fresh('token')];
      await suite.store.grants.create(grant(own.user, own.client, { createdAt: at(10) }), old);
      await suite.store.grants.create(grant(own.user, own.client, { createdAt: at(11) }), recent);
      await revoke(kind, own[kind], at(10));
      expect(await suite.store.grants.rotate(old, fresh('token'), at(20))).toBe(false);
      expect(await suite.store.grants.rotate(recent, fresh('token'), at(20))).toBe(true);
    }
  });

  it('refuses a grant of nobody, and one that is there already', async () => {
    const { grant: given, token } = await create();
    const putAgain = (other: Parameters<typeof suite.store.grants.create>[0], hash: string) => suite.store.grants.create(other, hash);
    await expectRefusal(
      putAgain(grant('nobody', market.client), fresh('token')),
      'invalid_input',
      'The user "nobody", named by a grant, does not exist.',
    );
    await expectRefusal(
      putAgain(grant(market.user, 'nobody'), fresh('token')),
      'invalid_input',
      'The client "nobody", named by a grant, does not exist.',
    );
    await expectRefusal(putAgain(given, fresh('token')), 'already_exists', 'The grant already exists.');
    const other = grant(market.user, market.client);
    await expectRefusal(putAgain(other, token), 'already_exists', 'The refresh token already exists.');
    await putAgain(other, fresh('token'));
  });

  it('does not lose the token when its successor cannot be kept', async () => {
    const [one, other] = [await create(), await create()];
    await expectRefusal(suite.store.grants.rotate(one.token, other.token, at(1)), 'already_exists');
    expect(await suite.store.grants.rotate(one.token, fresh('token'), at(1))).toBe(true);
    expect((await suite.store.grants.findRefreshToken(other.token))?.grant.expiresAt).toEqual(at(30 * DAY));
  });

  it('finds what came of a sign-in in a browser, the newest first, revoked or not, and nothing else', async () => {
    const [sessionId, other] = [fresh('session'), fresh('session')];
    const browser = { sessionId, signedInAt: at(0) };
    const { grant: older } = await create({ browser, createdAt: at(1) });
    const { grant: newer } = await create({ browser, createdAt: at(2) });
    // Also without a refresh token.
    const bare = grant(market.user, market.client, { browser, createdAt: at(3) });
    await suite.store.grants.create(bare, undefined);
    const { grant: short } = await create({ browser, createdAt: at(4), expiresAt: at(HOUR) });
    await create({ browser: { sessionId: other, signedInAt: at(0) } });
    await create();
    await revoke('grant', newer.id, at(5));
    expect(await suite.store.grants.ofSession(sessionId)).toEqual([short, bare, newer, older]);
    suite.clock.set(at(HOUR));
    expect(await suite.store.grants.ofSession(sessionId)).toEqual([bare, newer, older]);
    suite.clock.set(at(0));
    for (const nobody of [fresh('session'), '', 'a\0b']) expect(await suite.store.grants.ofSession(nobody)).toEqual([]);
  });

  it('of an ended session have no successor, however many there are', async () => {
    const sessionId = fresh('session');
    const { token } = await create({ browser: { sessionId, signedInAt: at(0) } });
    const { token: elsewhere } = await create({ browser: { sessionId: fresh('session'), signedInAt: at(0) } });
    await revoke('grant', sessionId, at(1));
    expect(await suite.store.grants.rotate(token, fresh('token'), at(2))).toBe(false);
    expect(await suite.store.grants.rotate(elsewhere, fresh('token'), at(2))).toBe(true);
  });
});
