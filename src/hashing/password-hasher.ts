/**
 * @module Passwords off the event loop: argon2id for new ones, and what other systems left. Hashing takes milliseconds of a whole core, so it runs in a few threads of its
 * own behind a bounded queue: logins cannot slow down the tokens of everybody else, and a flood of them is refused
 * early instead of piling up.
 */
import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { hashSync } from '@node-rs/argon2';
import { isOurs, OUR_PARAMETERS, readPasswordHash } from '../domain/password-hash.ts';
import { normalizePassword } from '../domain/password-policy.ts';
import type { PasswordHasher } from '../domain/ports.ts';
import { PasswordThreads, startPasswordWorker, type HashParameters } from './password-threads.ts';

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

const PARAMETERS: HashParameters = {
  memoryCost: OUR_PARAMETERS.memoryKib,
  timeCost: OUR_PARAMETERS.passes,
  parallelism: OUR_PARAMETERS.parallelism,
};
const DEFAULT_QUEUE_LIMIT = 64;

/** A hash that has been verified slower than this is not waited for: a clock would tell, and people would wait in vain. */
const LONGEST_REFUSAL_MS = 2000;

/** Opens the password hasher. Hashes of other systems and of other parameters are verified too, unless one would cost far more than today's. */
export function openPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasherHandle {
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  const pool = new PasswordThreads({ threads, queueLimit: options.queueLimit ?? DEFAULT_QUEUE_LIMIT }, options.startWorker ?? startPasswordWorker);
  const decoy = hashSync(randomBytes(32), PARAMETERS);
  const readDecoy = readPasswordHash(decoy)!;
  let slowest = 0;
  return {
    decoy,
    hash: async (password) => String((await pool.run({ password, parameters: PARAMETERS })).result),
    verify: async (hash, password) => {
      const read = readPasswordHash(hash);
      // What cannot match costs the same time, so that nobody learns from the clock that an account has no usable hash.
      const { result, milliseconds } = await pool.run({ passwords: formsOf(password), hash: read ?? readDecoy });
      if (read !== undefined && !isOurs(hash)) slowest = Math.min(LONGEST_REFUSAL_MS, Math.max(slowest, Math.ceil(milliseconds)));
      return read !== undefined && result === true;
    },
    needsRehash: (hash) => !isOurs(hash),
    slowestForeignMilliseconds: () => slowest,
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
}

/** Ours are hashes of the normalized password; other systems may have hashed what was typed. */
function formsOf(password: string): readonly string[] {
  return [...new Set([normalizePassword(password), password])];
}
