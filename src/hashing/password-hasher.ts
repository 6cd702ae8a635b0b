/**
 * @module Argon2id off the event loop. Hashing takes milliseconds of a whole core, so it runs in a few threads of its
 * own behind a bounded queue: logins cannot slow down the tokens of everybody else, and a flood of them is refused
 * early instead of piling up.
 */
import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { hashSync } from '@node-rs/argon2';
import type { PasswordHasher } from '../domain/ports.ts';
import { PasswordThreads, startPasswordWorker, type HashParameters } from './password-threads.ts';
import { isAffordable, isOfToday, parsePhc, TODAY } from './phc.ts';

export interface PasswordHasherOptions {
  /** Unset: one less than there are cores, at least one. */
  readonly threads?: number | undefined;
  /** Passwords that may wait for a thread; unset: 64, about half a second of one core. */
  readonly queueLimit?: number | undefined;
  /** What a hashing thread is started with. */
  readonly startWorker?: (() => Worker) | undefined;
}

export interface PasswordHasherHandle extends PasswordHasher {
  stats(): { readonly queued: number; readonly running: number; readonly threads: number };
  /** Refuses what waits, lets what runs finish, ends the threads. */
  close(): Promise<void>;
}

const PARAMETERS: HashParameters = { memoryCost: TODAY.memoryKib, timeCost: TODAY.passes, parallelism: TODAY.parallelism };
const DEFAULT_QUEUE_LIMIT = 64;

/**
 * Opens the password hasher. Passwords come normalized; hashes of other argon2id or argon2i parameters are verified too,
 * unless one would cost far more than today's.
 */
export function openPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasherHandle {
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  const pool = new PasswordThreads({ threads, queueLimit: options.queueLimit ?? DEFAULT_QUEUE_LIMIT }, options.startWorker ?? startPasswordWorker);
  const decoy = hashSync(randomBytes(32), PARAMETERS);
  return {
    decoy,
    hash: async (password) => String(await pool.run({ password, parameters: PARAMETERS })),
    verify: async (hash, password) => {
      const parameters = parsePhc(hash);
      const usable = parameters !== undefined && isAffordable(parameters);
      // What cannot match costs the same time, so that nobody learns from the clock that an account has no usable hash.
      const matches = await pool.run({ password, hash: usable ? hash : decoy });
      return usable && matches === true;
    },
    needsRehash: (hash) => {
      const parameters = parsePhc(hash);
      return parameters === undefined || !isOfToday(parameters);
    },
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
}
