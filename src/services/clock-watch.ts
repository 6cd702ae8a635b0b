/**
 * @module Whether the clock of this process is that of its store. Ends of tokens, revocations and what is reaped are
 * compared with times that other nodes wrote: with a wrong clock a token would live longer than it says, or outlive its
 * revocation.
 */
import { DomainError } from '../domain/errors.ts';
import type { Clock, Store } from '../domain/ports.ts';

/** Far more than clocks that are kept by NTP differ, far less than anything here lives. */
export const TOLERATED_SKEW_MS = 10_000;

export interface ClockWatchOptions {
  readonly store: Pick<Store, 'time'>;
  readonly clock: Clock;
  /** The clock went wrong: by so many milliseconds, positive when it is ahead. Told once until it is right again. */
  readonly onSkew: (milliseconds: number) => void;
}

/** @returns asks the store; rejects with `unavailable` when the clock is wrong, and when the store does not answer */
export function clockWatch({ store, clock, onSkew }: ClockWatchOptions): () => Promise<void> {
  let wrong = false;
  return async () => {
    const before = clock.now();
    const there = (await store.time()).getTime();
    const after = clock.now();
    // The store looked at its clock at some time in between.
    const skew = there < before ? before - there : Math.min(0, after - there);
    const told = wrong;
    wrong = Math.abs(skew) > TOLERATED_SKEW_MS;
    if (!wrong) return;
    if (!told) onSkew(skew);
    throw new DomainError('unavailable', 'The clock of this server is not that of its database.', { retryAfterSeconds: 1 });
  };
}
