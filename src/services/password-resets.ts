/**
 * @module Forgotten passwords. Whoever asks is told the same whatever is asked for, and before anything is looked up: no
 * answer, and no time that an answer takes, tells who exists. What comes of it goes to the address that is known.
 */
import { DomainError } from '../domain/errors.ts';
import type { User } from '../domain/party.ts';
import { canonicalUsername } from '../domain/party.ts';
import { comparableMailAddress, isMailAddress, type Mailer } from '../domain/mail.ts';
import type { AttemptLimit, Clock, SignInStore, Store } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import { eventNow, type Caller } from './caller.ts';
import { passwordResetMail } from './mails.ts';
import { ALL, type OneTimeLinks } from './one-time-links.ts';

export interface PasswordResetOptions {
  readonly store: Store;
  readonly access: AccessService;
  readonly links: OneTimeLinks;
  readonly mailer: Mailer;
  readonly clock: Clock;
  /** A request that nothing comes of, because the store is down or too many wait. */
  readonly onFailed: (error: unknown) => void;
}

/** Requests that may wait. */
const MOST_WAITING = 1000;
/** Users of one address who are named in one mail. */
const MOST_USERS = 20;
/** After these, mails to the same user come at growing distances, at last one an hour: nobody's mail box is flooded. */
const MAILS: AttemptLimit = { allowed: 3, lockSeconds: 0 };

export class PasswordResets {
  readonly #options: PasswordResetOptions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: PasswordResetOptions) {
    this.#options = options;
  }

  /** Takes a user name or mail address, and returns before anything of it is looked at. */
  request(nameOrAddress: string): void {
    const { onFailed } = this.#options;
    if (this.#waiting >= MOST_WAITING) return onFailed(new Error('Too many password resets are waiting.'));
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => this.#process(nameOrAddress))
      .catch(onFailed)
      .finally(() => (this.#waiting -= 1));
  }

  /**
   * Sends a link to a user at the request of an administrator, who knows that the user exists, and may have no password yet.
   * @throws `invalid_input` when there is no address to write to, or the user is not let in
   * @throws `too_many_attempts` when too many such mails were sent to this user
   */
  async sendTo(user: User, caller: Caller, { dryRun = false }: { readonly dryRun?: boolean | undefined } = {}): Promise<void> {
    const { store, access, links, mailer, clock } = this.#options;
    const { id, email = '' } = user;
    if (!isMailAddress(email)) throw new DomainError('invalid_input', 'The user has no mail address.');
    await access.refresh(0);
    if ((await access.subject('user', id))?.active !== true) throw new DomainError('invalid_input', 'The user, or the organization, is disabled.');
    if (dryRun) return;
    const { counted, lockedUntil } = await this.#countMail(user);
    if (!counted) {
      const retryAfterSeconds = Math.max(1, Math.ceil(((lockedUntil?.getTime() ?? 0) - clock.now()) / 1000));
      throw new DomainError('too_many_attempts', 'This user was sent too many such mails. Wait until the next one.', { retryAfterSeconds });
    }
    await store.transaction((tx) => tx.audit(eventNow(clock, caller, { type: 'password_reset_started', target: { kind: 'user', id } })));
    mailer.send(passwordResetMail(email, [{ user, ...(await links.createReset(id)) }]));
  }

  /** Resolves when everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #process(nameOrAddress: string): Promise<void> {
    const { links, mailer } = this.#options;
    const byAddress = new Map<string, User[]>();
    for (const user of await this.#usersOf(nameOrAddress)) {
      const address = comparableMailAddress(user.email!);
      byAddress.set(address, [...(byAddress.get(address) ?? []), user]);
    }
    for (const users of byAddress.values()) {
      const made = [];
      for (const user of users) if ((await this.#countMail(user)).counted) made.push({ user, ...(await links.createReset(user.id)) });
      if (made.length > 0) mailer.send(passwordResetMail(users[0]!.email!, made));
    }
  }

  /** Users of this name, and of this address, who can sign in with a password and can be written to. */
  async #usersOf(nameOrAddress: string): Promise<readonly User[]> {
    const { store, access } = this.#options;
    const username = canonicalUsername(nameOrAddress);
    const ids = new Set<string>();
    const named = username === undefined ? undefined : await store.signIn.findCredential(username);
    if (named !== undefined) ids.add(named.userId);
    if (isMailAddress(nameOrAddress)) for (const id of await store.signIn.findUsersByEmail(nameOrAddress, MOST_USERS)) ids.add(id);
    if (ids.size === 0) return [];
    await access.refresh(0);
    const found: User[] = [];
    for (const [id, user] of await store.directory.find('users', [...ids], ALL)) {
      const credential = await store.signIn.findCredentialOf(id);
      const isActive = (await access.subject('user', id))?.active === true;
      if (isActive && credential?.passwordHash !== undefined && isMailAddress(user.email ?? '')) found.push(user);
    }
    return found;
  }

  #countMail({ id }: User): ReturnType<SignInStore['beginAttempt']> {
    const { store, clock } = this.#options;
    return store.signIn.beginAttempt(`password_reset:${id}`, MAILS, new Date(clock.now()));
  }
}
