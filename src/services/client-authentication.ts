/**
 * @module Whether a presented secret is one of a client's. Generated secrets are compared by their SHA-256, chosen ones
 * by argon2id; what argon2id once found right is remembered under a keyed digest, so that it costs its time once.
 */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../domain/errors.ts';
import type { ClientSecret } from '../domain/client.ts';
import type { Clock, PasswordHasher } from '../domain/ports.ts';
import type { PreparedClient } from './prepared-client.ts';

const LONGEST_SECRET = 1024;

/** Wrong guesses at a chosen secret before only the remembered right one is let through for a while. */
const MOST_GUESSES = 100;
const GUESSES_FORGOTTEN_MS = 600_000;

export class ClientAuthentication {
  readonly #hasher: PasswordHasher;
  readonly #clock: Clock;
  readonly #rememberKey = randomBytes(32);
  readonly #remembered = new LRUCache<string, true>({ max: 10_000 });
  /** Wrong guesses by hash, counted from the first. */
  readonly #guesses = new LRUCache<string, number>({ max: 10_000, ttl: GUESSES_FORGOTTEN_MS, noUpdateTTL: true });

  constructor(hasher: PasswordHasher, clock: Clock) {
    this.#hasher = hasher;
    this.#clock = clock;
  }

  /**
   * @throws `unavailable` when a chosen secret would have to wait for too many password hashes, and `too_many_attempts`
   * when a chosen secret was guessed at too often
   */
  async verifySecret({ secrets }: PreparedClient, presented: string): Promise<boolean> {
    if (presented.length === 0 || presented.length > LONGEST_SECRET) return false;
    const now = this.#clock.now();
    for (const secret of secrets) {
      if (secret.expiresAt !== undefined && secret.expiresAt.getTime() <= now) continue;
      if (secret.algorithm === 'sha256' ? matchesDigest(secret.hash, presented) : await this.#matchesArgon2(secret, presented)) return true;
    }
    return false;
  }

  async #matchesArgon2(secret: ClientSecret, presented: string): Promise<boolean> {
    const key = createHmac('sha256', this.#rememberKey).update(secret.hash).update('\0').update(presented).digest('base64url');
    if (this.#remembered.has(key)) return true;
    const guesses = this.#guesses.get(secret.hash) ?? 0;
    if (guesses >= MOST_GUESSES) {
      throw new DomainError('too_many_attempts', 'This secret was guessed at too often.', { retryAfterSeconds: GUESSES_FORGOTTEN_MS / 1000 });
    }
    const matches = await this.#hasher.verify(secret.hash, presented);
    if (matches) this.#remembered.set(key, true);
    else this.#guesses.set(secret.hash, (this.#guesses.get(secret.hash) ?? 0) + 1);
    return matches;
  }
}

/** SHA-256 as it is kept for generated secrets and refresh tokens: 256 random bits need no slow hash. */
export function digest(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

function matchesDigest(expected: string, presented: string): boolean {
  const actual = Buffer.from(digest(presented));
  const wanted = Buffer.from(expected);
  return actual.length === wanted.length && timingSafeEqual(actual, wanted);
}
