import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import { startReaper } from '../../../src/services/maintenance.ts';
import { openWorld } from './fixtures.ts';

const visibility = { tenancy: EVERYTHING, inherited: true };

describe('the reaper', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  it('lets counts of use go when their days are over, and keeps the others', async () => {
    const { store, clock } = await openWorld();
    const days = ['2026-06-12', '2026-06-13', '2026-06-14', '2026-06-15'];
    await store.usage.add(days.map((day) => ({ day, client: 'shop', kind: 'role' as const, name: `on ${day}`, granted: 1, dropped: 0 })));
    const errors: unknown[] = [];
    const stop = startReaper({ store, clock, usageDays: 3, assertClock: async () => {}, onError: (error) => errors.push(error) });
    await jest.advanceTimersByTimeAsync(30_000);
    await stop();
    expect(await store.usage.grantedRoles({ from: '2026-01-01', to: '2026-12-31', visibility })).toEqual([
      'on 2026-06-13',
      'on 2026-06-14',
      'on 2026-06-15',
    ]);
    expect(errors).toEqual([]);
  });

  it('lets nothing go while the clock is wrong', async () => {
    const { store, clock } = await openWorld();
    await store.usage.add([{ day: '2026-06-12', client: 'shop', kind: 'role', name: 'old', granted: 1, dropped: 0 }]);
    const errors: unknown[] = [];
    const wrong = new DomainError('unavailable', 'The clock is wrong.');
    const stop = startReaper({ store, clock, usageDays: 3, assertClock: () => Promise.reject(wrong), onError: (error) => errors.push(error) });
    await jest.advanceTimersByTimeAsync(30_000);
    await stop();
    expect(await store.usage.grantedRoles({ from: '2026-01-01', to: '2026-12-31', visibility })).toEqual(['old']);
    expect(errors).toEqual([wrong]);
  });

  it('tells of a store that is down, and tries again', async () => {
    const { store, clock } = await openWorld();
    const errors: unknown[] = [];
    const refusing = {
      ...store,
      reap: async () => {
        throw new DomainError('unavailable', 'The database does not answer.');
      },
    };
    const stop = startReaper({ store: refusing, clock, usageDays: 3, assertClock: async () => {}, onError: (error) => errors.push(error) });
    await jest.advanceTimersByTimeAsync(60_000);
    await stop();
    expect(errors).toMatchObject([{ code: 'unavailable' }, { code: 'unavailable' }]);
  });
});
