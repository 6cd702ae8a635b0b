import { beforeAll, expect, it } from '@jest/globals';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, client, clientSecret, DAY, fresh, grant, HOUR, putMarket, type Market } from './samples.ts';
import { listAuditEvents } from '../support/audit.ts';

describeEachStore('reaping', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  it('takes expired rows of every kind, in batches, and nothing else', async () => {
    const { store } = suite;
    const given = client();
    const [ended, running] = [clientSecret({ expiresAt: at(HOUR) }), clientSecret({ expiresAt: at(10 * DAY) })];
    await store.transaction(async (tx) => {
      await tx.clients.put([given]);
      await tx.addClientSecret(given.clientId, ended);
      await tx.addClientSecret(given.clientId, running);
      await tx.revoke({ kind: 'token', id: 'ended', notBefore: at(0), expiresAt: at(HOUR) });
      await tx.revoke({ kind: 'token', id: 'running', notBefore: at(0), expiresAt: at(10 * DAY) });
    });
    const [token, successor, kept] = [fresh('token'), fresh('token'), fresh('token')];
    await store.grants.create(grant(market.user, given.clientId, { expiresAt: at(HOUR) }), token);
    await store.grants.rotate(token, successor, at(1));
    await store.grants.create(grant(market.user, given.clientId, { expiresAt: at(10 * DAY) }), kept);
    await store.replays.useOnce('ended', at(HOUR));
    await store.replays.useOnce('running', at(10 * DAY));
    await store.signIn.beginAttempt('ended', { allowed: 9, lockSeconds: 0 }, at(0));
    await store.signIn.beginAttempt('locked', { allowed: 1, lockSeconds: 10 * DAY }, at(0));
    await store.signIn.recordLockOut(auditEvent({ type: 'kept_for_ever' }));

    expect(await store.reap(at(HOUR - 1), 1000)).toBe(0);
    let total = 0;
    const rounds: number[] = [];
    for (let count = -1; count !== 0; total += count) {
      count = await store.reap(at(2 * DAY), 1);
      rounds.push(count);
    }
    expect(rounds[0]).toBeLessThanOrEqual(7);
    // The changes of the log are among them: those that made the market, the client and its secrets.
    expect(total).toBeGreaterThanOrEqual(7);

    suite.clock.set(at(2 * DAY));
    expect((await store.findClient(given.clientId, at(0)))?.secrets).toEqual([running]);
    expect(await store.grants.findRefreshToken(kept)).toBeDefined();
    expect(await store.grants.rotate(kept, fresh('token'), at(2 * DAY))).toBe(true);
    const trace = { clientId: 'x', issuedAt: at(0) };
    expect(await store.revocations.isRevoked({ ...trace, jti: 'ended' })).toBe(false);
    expect(await store.revocations.isRevoked({ ...trace, jti: 'running' })).toBe(true);
    expect(await store.replays.useOnce('running', at(20 * DAY))).toBe(false);
    expect(await store.signIn.beginAttempt('locked', { allowed: 1, lockSeconds: 0 }, at(2 * DAY))).toMatchObject({ counted: false });
    expect(await listAuditEvents(store, { limit: 1, type: 'kept_for_ever' })).toHaveLength(1);
    expect(await store.reap(at(2 * DAY), 1000)).toBe(0);
  });
});
