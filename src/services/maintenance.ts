/** @module Keeps the store small: expired rows go by themselves, a few at a time, on every node. */
import type { Clock, Store } from '../domain/ports.ts';
import { dayAfter, dayOf } from '../domain/usage.ts';

const EVERY_MS = 30_000;
const BATCH = 500;
/** Batches in a row before others get their turn again. */
const MOST_BATCHES = 20;

export interface ReaperOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Days for which counts of use are kept, today included. */
  readonly usageDays: number;
  /** Rejects while nothing must be reaped: with a clock that is ahead, what is alive would look expired. */
  readonly assertClock: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Starts reaping at intervals; never keeps the process alive.
 * @returns stops it and waits for a batch under way
 */
export function startReaper({ store, clock, usageDays, assertClock, onError }: ReaperOptions): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const reap = async () => {
    await assertClock();
    for (let batch = 0; batch < MOST_BATCHES && !stopped; batch += 1) {
      const now = clock.now();
      const expired = await store.reap(new Date(now), BATCH);
      const old = await store.usage.reap(dayAfter(dayOf(now), 1 - usageDays), BATCH);
      if (expired + old === 0) return;
    }
  };
  const timer = setInterval(() => {
    running = running.then(reap).catch(onError);
  }, EVERY_MS);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
