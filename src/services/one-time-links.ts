/**
 * @module Links with which a person sets a password once: the first one, or a new one. A link is good for a day and for one
 * use; a user has at most one, the newest. What is kept is its SHA-256.
 */
import { timingSafeEqual } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import type { User } from '../domain/party.ts';
import type { Clock, Random, Store, StoreTransaction } from '../domain/ports.ts';
import { eventNow, type Caller } from './caller.ts';
import { digest } from './client-authentication.ts';
import type { UserService } from './users.ts';

export interface OneTimeLinkOptions {
  readonly issuer: string;
  readonly store: Store;
  readonly users: UserService;
  readonly clock: Clock;
  readonly random: Random;
}

export interface OneTimeLink {
  readonly url: string;
  readonly expiresAt: Date;
}

interface Kept {
  readonly hash: string;
  readonly expiresAt: string;
}

/** Path of the page that redeems a link. */
export const ONE_TIME_PATH = '/sign-in/one-time';

const LIFETIME = 24 * 3_600_000;
/** User id and secret, neither of which contains the separator. */
const TOKEN = /^([A-Za-z0-9_-]{2,200})\.([A-Za-z0-9_-]{43})$/;

export class OneTimeLinks {
  readonly #options: OneTimeLinkOptions;

  constructor(options: OneTimeLinkOptions) {
    this.#options = options;
  }

  /** Makes a link for an existing user; an earlier one is good no more. */
  async create(userId: string, caller: Caller): Promise<OneTimeLink> {
    return this.#options.store.transaction((tx) => this.createIn(tx, userId, caller));
  }

  /** {@link create} inside a change that does more. */
  async createIn(tx: StoreTransaction, userId: string, caller: Caller): Promise<OneTimeLink> {
    const { issuer, clock, random } = this.#options;
    const token = `${Buffer.from(userId).toString('base64url')}.${random.secret()}`;
    const expiresAt = new Date(clock.now() + LIFETIME);
    const kept: Kept = { hash: digest(token), expiresAt: expiresAt.toISOString() };
    await tx.settings.set(settingOf(userId), JSON.stringify(kept));
    await tx.audit(
      eventNow(clock, caller, { type: 'one_time_link_created', target: { kind: 'user', id: userId }, after: { expires_at: expiresAt } }),
    );
    return { url: `${issuer}${ONE_TIME_PATH}?token=${token}`, expiresAt };
  }

  /** The user whom a token lets set a password; undefined when it is unknown, used, replaced or too old. */
  async holderOf(token: string): Promise<User | undefined> {
    const { store, users } = this.#options;
    const userId = userIdOf(token);
    if (userId === undefined || (await store.access.findUser(userId)) === undefined) return undefined;
    const good = await store.transaction((tx) => this.#isGood(tx, userId, token), { rollback: true });
    return good ? (await users.get(userId)).user : undefined;
  }

  /**
   * Sets the password and uses the link up, both or neither.
   * @throws `not_found` when the link is not good, and `invalid_input` when the password does not satisfy the user's
   * policy: then the link stays good
   */
  async redeem(token: string, password: string, requestId?: string): Promise<User> {
    const user = await this.holderOf(token);
    if (user === undefined) throw notGood();
    await this.#options.users.setPassword(user.id, password, { actor: { kind: 'user', id: user.id }, requestId }, async (tx) => {
      if (!(await this.#isGood(tx, user.id, token))) throw notGood();
      await tx.settings.set(settingOf(user.id), '');
    });
    return user;
  }

  async #isGood(tx: StoreTransaction, userId: string, token: string): Promise<boolean> {
    const text = (await tx.settings.get(settingOf(userId))) ?? '';
    if (text === '') return false;
    const kept = JSON.parse(text) as Kept;
    return Date.parse(kept.expiresAt) > this.#options.clock.now() && timingSafeEqual(Buffer.from(kept.hash), Buffer.from(digest(token)));
  }
}

const settingOf = (userId: string): string => `one_time_link:${userId}`;

const notGood = () => new DomainError('not_found', 'This link is not good any more: it was used, replaced by a newer one, or is older than a day.');

function userIdOf(token: string): string | undefined {
  const [, encoded] = TOKEN.exec(token) ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64url').toString('utf8');
}
