/** @module What every store can be given. */
import type { Clock } from '../domain/ports.ts';
import type { RedisConnection } from './redis/connection.ts';

export interface StoreOptions {
  /** Tells what has expired where the caller does not say what time it is; unset: the system's clock. */
  readonly clock?: Clock | undefined;
}

export interface SharedStoreOptions extends StoreOptions {
  /** Takes what may be lost. The store does not close it. */
  readonly redis?: RedisConnection | undefined;
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/** How long what changed stays in the change log at least; who slept longer must take everything for changed. */
export const CHANGES_KEPT_MS = 3_600_000;

/** More profiles put at once than this are not worth naming: everybody reads the whole catalogue anew. */
export const MAXIMUM_NAMED_PROFILES = 100;

/** More changes than this are not worth listing: a reader that far behind drops everything. */
export const MAXIMUM_CHANGES = 10_000;
