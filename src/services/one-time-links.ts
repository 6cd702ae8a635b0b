/**
 * @module Links with which a person sets a password once: made by an administrator, or asked for because a password was
 * forgotten. A user has at most one of each kind, the newest. What is kept is its SHA-256.
 */
import type { Visibility } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import { isMailAddress, type Mailer } from '../domain/mail.ts';
import { PASSWORD_LINKS, type KeptLink, type LinkStore } from '../domain/one-time-link.ts';
import type { User } from '../domain/party.ts';
import type { Clock, Random, Store, StoreTransaction } from '../domain/ports.ts';
import { EVERYTHING } from '../domain/tenancy.ts';
import { eventNow, type Caller } from './caller.ts';
import { digest } from './client-authentication.ts';
import { passwordChangedMail } from './mails.ts';
import type { UserService } from './users.ts';

export interface OneTimeLinkOptions {
  readonly issuer: string;
  readonly store: Store;
  readonly users: UserService;
  readonly mailer: Mailer;
  readonly clock: Clock;
  readonly random: Random;
}

export interface OneTimeLink {
  readonly url: string;
  readonly expiresAt: Date;
}

/** Path of the page that redeems a link. */
export const ONE_TIME_PATH = '/sign-in/one-time';
/** Path of the page where a new password is asked for. */
export const FORGOTTEN_PASSWORD_PATH = '/sign-in/forgot';

const HOUR = 3_600_000;
const LIFETIME = { password: 24 * HOUR, password_reset: HOUR } as const;

/** Who holds a secret is not asked for an organization. */
export const ALL: Visibility = { tenancy: EVERYTHING, inherited: true };

export class OneTimeLinks {
  readonly #options: OneTimeLinkOptions;

  constructor(options: OneTimeLinkOptions) {
    this.#options = options;
  }

  /** Makes a link for an existing user, good for a day; an earlier one is good no more. */
  async create(userId: string, caller: Caller): Promise<OneTimeLink> {
    return this.#options.store.transaction((tx) => this.createIn(tx, userId, caller));
  }

  /** {@link create} inside a change that does more. */
  async createIn(tx: StoreTransaction, userId: string, caller: Caller): Promise<OneTimeLink> {
    const link = await this.#keep(tx.links, 'password', userId);
    await tx.audit(
      eventNow(this.#options.clock, caller, {
        type: 'one_time_link_created',
        target: { kind: 'user', id: userId },
        after: { expires_at: link.expiresAt },
      }),
    );
    return link;
  }

  /**
   * Makes a link for a user who forgot the password, good for an hour. A link from an administrator stays good: whoever
   * asks for a reset in somebody else's name takes nothing away. It is no administrative change and waits for none.
   */
  async createReset(userId: string): Promise<OneTimeLink> {
    return this.#keep(this.#options.store.links, 'password_reset', userId);
  }

  /** The user whom a token lets set a password; undefined when it is unknown, used, replaced or too old. */
  async holderOf(token: string): Promise<User | undefined> {
    const { store } = this.#options;
    const link = this.#good(await store.links.find(digest(token)));
    return link === undefined ? undefined : (await store.directory.find('users', [link.target], ALL)).get(link.target);
  }

  /**
   * Sets the password and uses the link up, both or neither.
   * @throws `not_found` when the link is not good, and `invalid_input` when the password does not satisfy the user's
   * policy: then the link stays good
   */
  async redeem(token: string, password: string, requestId?: string): Promise<User> {
    const { users, mailer, issuer } = this.#options;
    const user = await this.holderOf(token);
    if (user === undefined) throw notGood();
    // Setting a password removes every link to set one.
    const during = async (tx: StoreTransaction): Promise<void> => {
      if (this.#good(await tx.links.find(digest(token)))?.target !== user.id) throw notGood();
    };
    await users.setPassword(user.id, password, { actor: { kind: 'user', id: user.id }, requestId }, { during });
    const { email = '' } = user;
    if (isMailAddress(email)) mailer.send(passwordChangedMail(email, user, `${issuer}${FORGOTTEN_PASSWORD_PATH}`));
    return user;
  }

  async #keep(links: LinkStore, purpose: keyof typeof LIFETIME, userId: string): Promise<OneTimeLink> {
    const { issuer, clock, random } = this.#options;
    const token = random.secret();
    const expiresAt = new Date(clock.now() + LIFETIME[purpose]);
    await links.put({ purpose, target: userId, hash: digest(token), expiresAt });
    return { url: `${issuer}${ONE_TIME_PATH}?token=${token}`, expiresAt };
  }

  #good(link: KeptLink | undefined): KeptLink | undefined {
    if (link === undefined || !PASSWORD_LINKS.includes(link.purpose)) return undefined;
    return link.expiresAt.getTime() > this.#options.clock.now() ? link : undefined;
  }
}

const notGood = () => new DomainError('not_found', 'This link is not good any more: it was used, replaced by a newer one, or is too old.');
