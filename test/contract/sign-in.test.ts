import { beforeAll, describe, expect, it } from '@jest/globals';
import { MOST_REMEMBERED } from '../../src/domain/password-policy.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, DAY, expectRefusal, fresh, HOUR, MINUTE, putMarket, type Market } from './samples.ts';
import { listAuditEvents } from '../support/audit.ts';

describeEachStore('sign-in', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
    await suite.store.transaction((tx) => tx.setPassword(market.user, 'first', at(0)));
  });

  it('finds the credential by canonical user name and by id', async () => {
    const credential = { userId: market.user, passwordHash: 'first', passwordChangedAt: at(0) };
    expect(await suite.store.signIn.findCredential(market.user)).toEqual(credential);
    expect(await suite.store.signIn.findCredential(market.user.toUpperCase())).toBeUndefined();
    expect(await suite.store.signIn.findCredentialOf(market.user)).toEqual(credential);
    expect(await suite.store.signIn.findCredentialOf('nobody')).toBeUndefined();
  });

  it('replaces a hash only while it is the expected one, and not its date', async () => {
    const { signIn } = suite.store;
    expect(await signIn.replaceHash(market.user, 'other', 'second')).toBe(false);
    expect(await signIn.replaceHash('nobody', 'first', 'second')).toBe(false);
    const race = await Promise.all([signIn.replaceHash(market.user, 'first', 'second'), signIn.replaceHash(market.user, 'first', 'third')]);
    expect(race.filter(Boolean)).toHaveLength(1);
    expect((await signIn.findCredentialOf(market.user))?.passwordChangedAt).toEqual(at(0));
  });

  it('remembers former passwords, newest first, as many as there is room for', async () => {
    const { store } = suite;
    expect(await store.signIn.findPasswordHistory('nobody', 5)).toEqual([]);
    const { user: id } = await putMarket(store);
    expect(await store.signIn.findPasswordHistory(id, 5)).toEqual([]);
    for (let number = 1; number <= MOST_REMEMBERED + 2; number += 1)
      await store.transaction((tx) => tx.setPassword(id, `hash ${number}`, at(number)));
    expect(await store.signIn.findPasswordHistory(id, 3)).toEqual([26, 25, 24].map((number) => `hash ${number}`));
    expect(await store.signIn.findPasswordHistory(id, 100)).toHaveLength(MOST_REMEMBERED);
  });

  it('sets the passwords of many at once, and of none when one of them is unknown', async () => {
    const { store } = suite;
    const [one, other] = [(await putMarket(store)).user, (await putMarket(store)).user];
    await store.transaction((tx) => tx.setPassword(one, 'first', at(0)));
    await store.transaction(async (tx) => {
      await tx.setPasswords(new Map(), at(1));
      await tx.setPasswords(
        new Map([
          [one, 'second'],
          [other, 'only'],
        ]),
        at(1),
      );
    });
    expect([await store.signIn.findPasswordHistory(one, 5), await store.signIn.findPasswordHistory(other, 5)]).toEqual([
      ['second', 'first'],
      ['only'],
    ]);
    const partly = store.transaction((tx) =>
      tx.setPasswords(
        new Map([
          [one, 'third'],
          ['nobody', 'none'],
        ]),
        at(2),
      ),
    );
    await expect(partly).rejects.toMatchObject({ code: 'not_found' });
    expect((await store.signIn.findCredentialOf(one))!.passwordHash).toBe('second');
  });

  describe('counting attempts', () => {
    const limit = { allowed: 3, lockSeconds: 60 };
    const begin = (key: string, seconds: number, given = limit) => suite.store.signIn.beginAttempt(key, given, at(seconds));

    it('lets through as many as are allowed, locks with the last, then tells until when', async () => {
      const key = fresh('key');
      expect(await begin(key, 0)).toEqual({ counted: true, failures: 1 });
      expect(await begin(key, 1)).toEqual({ counted: true, failures: 2 });
      expect(await begin(key, 2)).toEqual({ counted: true, failures: 3, lockedUntil: at(62) });
      expect(await begin(key, 3)).toEqual({ counted: false, failures: 3, lockedUntil: at(62) });
      expect(await begin(key, 61.999)).toEqual({ counted: false, failures: 3, lockedUntil: at(62) });
      expect(await begin(key, 62)).toEqual({ counted: true, failures: 4, lockedUntil: at(62 + 60) });
    });

    it('takes back an attempt with its lock, unless others were counted since', async () => {
      const key = fresh('key');
      await begin(key, 0);
      await begin(key, 1);
      expect(await begin(key, 2)).toEqual({ counted: true, failures: 3, lockedUntil: at(62) });
      await suite.store.signIn.uncountAttempt(key, 2);
      expect(await begin(key, 3)).toMatchObject({ counted: false });
      await suite.store.signIn.uncountAttempt(key, 3);
      expect(await begin(key, 4)).toEqual({ counted: true, failures: 3, lockedUntil: at(64) });
      await suite.store.signIn.uncountAttempt(fresh('key'), 1);
    });

    it('doubles the delay with every further failure, up to an hour', async () => {
      const key = fresh('key');
      const delays: number[] = [];
      for (let now = 0; delays.length < 10;) {
        const { lockedUntil } = await begin(key, now, { allowed: 1, lockSeconds: 0 });
        const next = (lockedUntil!.getTime() - at(0).getTime()) / 1000;
        delays.push(next - now);
        now = next;
      }
      expect(delays).toEqual([30, 60, 120, 240, 480, 960, 1920, HOUR, HOUR, HOUR]);
    });

    it('keeps a lock that a policy makes longer than the growing delay', async () => {
      expect((await begin(fresh('key'), 0, { allowed: 1, lockSeconds: 2 * DAY })).lockedUntil).toEqual(at(2 * DAY));
    });

    it('starts anew after a day of rest, but never while locked', async () => {
      const key = fresh('key');
      await begin(key, 0);
      await begin(key, 10);
      expect(await begin(key, 10 + DAY - 1)).toMatchObject({ failures: 3 });
      expect(await begin(key, 10 + 2 * DAY - 1)).toEqual({ counted: true, failures: 1 });
      const locked = fresh('key');
      await begin(locked, 0, { allowed: 1, lockSeconds: 3 * DAY });
      expect(await begin(locked, 2 * DAY)).toMatchObject({ counted: false, failures: 1 });
      expect(await begin(locked, 3 * DAY)).toMatchObject({ counted: true, failures: 1 });
    });

    it('counts exactly as many as are allowed of fifty at once', async () => {
      const key = fresh('key');
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => begin(key, 0, { allowed: 7, lockSeconds: MINUTE })));
      expect(
        outcomes
          .filter(({ counted }) => counted)
          .map(({ failures }) => failures)
          .sort((a, b) => a - b),
      ).toEqual([1, 2, 3, 4, 5, 6, 7]);
      const refused = outcomes.filter(({ counted }) => !counted);
      expect(refused).toHaveLength(43);
      for (const outcome of refused) expect(outcome).toEqual({ counted: false, failures: 7, lockedUntil: at(MINUTE) });
    });

    it('starts anew after the right password', async () => {
      const key = fresh('key');
      await begin(key, 0);
      await suite.store.signIn.clearAttempts(key);
      expect(await begin(key, 1)).toEqual({ counted: true, failures: 1 });
      await suite.store.signIn.clearAttempts('nobody');
    });

    it('tells how many failed in a row, while they count', async () => {
      const [one, two] = [fresh('key'), fresh('key')];
      await begin(one, 0);
      await begin(one, 1);
      await begin(two, 0);
      await suite.store.signIn.uncountAttempt(two, 1);
      const failures = (seconds: number) => suite.store.signIn.findFailures([one, two, 'nobody', 'x\0'], at(seconds));
      expect(await failures(2)).toEqual(new Map([[one, 2]]));
      expect(await failures(1 + DAY)).toEqual(new Map());
    });

    it('ends a lock together with its audit event', async () => {
      const key = fresh('key');
      const type = fresh('event');
      await begin(key, 0, { allowed: 1, lockSeconds: HOUR });
      await suite.store.signIn.unlock(key, auditEvent({ type }));
      expect(await begin(key, 1)).toEqual({ counted: true, failures: 1 });
      expect(await listAuditEvents(suite.store, { limit: 5, type })).toEqual([auditEvent({ type })]);
    });

    it('keeps the audit event of a lock-out', async () => {
      const event = auditEvent({
        type: fresh('event'),
        before: { failures: 9 },
        after: ['locked', 3, null],
        requestId: 'r1',
        actor: { kind: 'client', id: 'shop' },
      });
      await suite.store.signIn.recordLockOut(event);
      expect(await listAuditEvents(suite.store, { limit: 5, type: event.type })).toEqual([event]);
    });

    it('refuses a key that is none', async () => {
      await expectRefusal(begin('', 0), 'invalid_input', 'The key of an attempt is empty.');
      await expectRefusal(begin('x'.repeat(251), 0), 'invalid_input', 'The key of an attempt is longer than 250 characters.');
    });
  });
});
