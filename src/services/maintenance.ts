/** @module Keeps the store small: expired rows go by themselves, a few at a time, on every node. */
import type { Clock, Store } from '../domain/ports.ts';

const EVERY_MS = 30_000;
const BATCH = 500;
/** Batches in a row before others get their turn again. */
const MOST_BATCHES = 20;

/**
 * Starts reaping at intervals; never keeps the process alive.
 * @returns stops it and waits for a batch under way
 */
export function startReaper(store: Store, clock: Clock, onError: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const reap = async () => {
    for (let batch = 0; batch < MOST_BATCHES && !stopped; batch += 1) {
      if ((await store.reap(new Date(clock.now()), BATCH)) === 0) return;
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
