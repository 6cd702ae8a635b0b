import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, it } from '@jest/globals';
import type { Revocation } from '../../src/domain/revocation.ts';
import type { RevocationNews, RoleLoss } from '../../src/domain/revocation-feed.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, DAY, expectRefusal, fresh, HOUR } from './samples.ts';

describeEachStore('the feed of revocations', (suite) => {
  const news = (since?: string, now = at(0)): Promise<RevocationNews> =>
    suite.store.revocationFeed.news({ since, now, notBeforeAfter: new Date(now.getTime() - HOUR * 1000) });
  const revocation = (given: Partial<Revocation> = {}): Revocation => ({
    kind: 'user',
    id: fresh('user'),
    notBefore: at(0),
    expiresAt: at(DAY),
    ...given,
  });
  const loss = (given: Partial<RoleLoss> = {}): RoleLoss => ({
    subject: { kind: 'user', id: fresh('user') },
    role: 'OrderAdmin',
    notBefore: at(0),
    expiresAt: at(HOUR),
    ...given,
  });
  const revoke = (given: Revocation) => suite.store.revocations.add(given, auditEvent());
  const lose = (...losses: RoleLoss[]) => suite.store.transaction((tx) => tx.loseRoles(losses));
  let cursor: string;
  /**
   * A cursor behind everything that was written so far. A store may tell again what it has told while transactions are
   * under way that began earlier, on Postgres also those of other databases of the same server.
   */
  const settled = async (): Promise<string> => {
    for (;;) {
      const { cursor: reached } = await news();
      const { revocations, roleLosses } = await news(reached);
      if (revocations.length + roleLosses.length === 0) return reached;
      await delay(5);
    }
  };
  beforeEach(async () => {
    cursor = await settled();
  });

  it('tells everything at first, and then what was written since', async () => {
    const [first, second] = [revocation(), loss()];
    await revoke(first);
    const told = await news(cursor);
    expect(told).toMatchObject({ complete: false, revocations: [first], roleLosses: [] });
    const after = await settled();
    await lose(second);
    expect(await news(after)).toMatchObject({ complete: false, revocations: [], roleLosses: [second] });
    const all = await news();
    expect(all.complete).toBe(true);
    expect(all.revocations).toContainEqual(first);
    expect(all.roleLosses).toContainEqual(second);
    expect(await news(await settled())).toMatchObject({ revocations: [], roleLosses: [] });
  });

  it.each(['token', 'grant', 'user', 'client'] as const)('tells of a %s', async (kind) => {
    const given = revocation({ kind, id: fresh(kind) });
    await suite.store.transaction((tx) => tx.revoke(given));
    expect((await news(cursor)).revocations).toEqual([given]);
  });

  it('tells of losses of anybody, of clients, and in one client only', async () => {
    const all: RoleLoss[] = [
      { role: 'A', notBefore: at(0), expiresAt: at(HOUR) },
      { client: fresh('client'), role: '*', notBefore: at(0), expiresAt: at(HOUR) },
      loss({ subject: { kind: 'client', id: fresh('client') } }),
      loss({ client: fresh('client') }),
    ];
    await lose(...all);
    const { roleLosses } = await news(cursor);
    expect(roleLosses).toHaveLength(4);
    expect(roleLosses).toEqual(expect.arrayContaining(all));
  });

  it('keeps the later instants of two losses of the same, and tells it again', async () => {
    const given = loss({ notBefore: at(10), expiresAt: at(HOUR) });
    await lose(given);
    const told = await settled();
    await lose({ ...given, notBefore: at(5), expiresAt: at(2 * HOUR) }, { ...given, notBefore: at(7) });
    expect((await news(told)).roleLosses).toEqual([{ ...given, expiresAt: at(2 * HOUR) }]);
  });

  it('tells again of what was revoked again', async () => {
    const given = revocation();
    await revoke(given);
    const told = await settled();
    await revoke({ ...given, notBefore: at(9) });
    expect((await news(told)).revocations).toEqual([{ ...given, notBefore: at(9) }]);
  });

  it('tells nothing that has ended, or hits no token that is alive', async () => {
    await revoke(revocation({ notBefore: at(0), expiresAt: at(30 * DAY) }));
    await revoke(revocation({ notBefore: at(0), expiresAt: at(60) }));
    await lose(loss({ expiresAt: at(60) }));
    expect(await news(cursor, at(61))).toMatchObject({ revocations: [expect.anything()], roleLosses: [] });
    expect(await news(cursor, at(HOUR))).toMatchObject({ revocations: [], roleLosses: [] });
  });

  it('tells nothing of a change that was taken back', async () => {
    await suite.store.transaction((tx) => tx.loseRoles([loss()]), { rollback: true });
    expect(await news(cursor)).toMatchObject({ revocations: [], roleLosses: [] });
  });

  it('misses nothing that was begun before it was asked and committed after', async () => {
    const [slow, quick] = [loss(), revocation()];
    let asked: RevocationNews | undefined;
    const changed = suite.store.transaction(async (tx) => {
      await tx.loseRoles([slow]);
      await between;
    });
    let proceed: () => void = () => undefined;
    const between = new Promise<void>((resolve) => (proceed = resolve));
    if (suite.kind.startsWith('postgres')) {
      // Only a store with several connections can be asked meanwhile.
      await revoke(quick);
      asked = await news(cursor);
      expect(asked.roleLosses).toEqual([]);
      expect(asked.revocations).toEqual([quick]);
    }
    proceed();
    await changed;
    expect((await news(asked?.cursor ?? cursor)).roleLosses).toEqual([slow]);
  });

  it.each(['9'.repeat(18), 'nonsense', '-1', ''])('tells everything when it does not know the cursor %j', async (since) => {
    const given = revocation();
    await revoke(given);
    const told = await news(since);
    expect(told.complete).toBe(true);
    expect(told.revocations).toContainEqual(given);
  });

  it('forgets with the other expired rows', async () => {
    const [ended, running] = [loss({ expiresAt: at(60) }), loss({ expiresAt: at(9 * DAY) })];
    await lose(ended, running);
    while ((await suite.store.reap(at(61), 1000)) > 0);
    expect((await news(cursor)).roleLosses).toEqual([running]);
  });

  it('refuses what cannot be kept, and keeps nothing of it', async () => {
    await expectRefusal(lose(loss(), loss({ role: '' })), 'invalid_input');
    await expectRefusal(lose(loss(), loss({ subject: { kind: 'user', id: 'a\0' } })), 'invalid_input');
    expect((await news(cursor)).roleLosses).toEqual([]);
  });
});
