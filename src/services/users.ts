/** @module What an administrator does with users: make them, set their passwords, let them in and keep them out. */
import { DomainError } from '../domain/errors.ts';
import { PASSWORD_LINKS } from '../domain/one-time-link.ts';
import { assertNaturalId, assertUsername, canonicalUsername, NATURAL_ID, type Membership, type User } from '../domain/party.ts';
import type { Clock, PasswordHasher, Random, Store, StoreTransaction } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import { eventNow, type Caller } from './caller.ts';
import { Passwords } from './passwords.ts';
import { attemptKey } from './sign-in.ts';
import { LONGEST_TOKEN } from './tokens.ts';

export interface UserServiceOptions {
  readonly store: Store;
  readonly access: AccessService;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NewUser {
  /** Unset: the user name where it can be an id and is free, else a new UUID. */
  readonly id?: string | undefined;
  readonly username: string;
  readonly organization: string;
  readonly email?: string | undefined;
  readonly userGroups: readonly string[];
  /** Unset: the user cannot sign in with a password. */
  readonly password?: string | undefined;
}

export interface UserDetails {
  readonly user: User;
  readonly hasPassword: boolean;
}

export interface SetPasswordOptions {
  /** Runs first in the transaction that sets the password; what it throws refuses that. */
  readonly during?: ((tx: StoreTransaction) => Promise<void>) | undefined;
  /** Everything is looked at, and nothing changed. */
  readonly dryRun?: boolean | undefined;
}

export class UserService {
  readonly #options: UserServiceOptions;
  readonly #passwords: Passwords;

  constructor(options: UserServiceOptions) {
    this.#options = options;
    this.#passwords = new Passwords(options);
  }

  /**
   * The id of the user with this id, or with this user name.
   * @throws `not_found`
   */
  async idOf(idOrUsername: string): Promise<string> {
    const { store } = this.#options;
    if ((await store.access.findUser(idOrUsername)) !== undefined) return idOrUsername;
    const username = canonicalUsername(idOrUsername);
    const credential = username === undefined ? undefined : await store.signIn.findCredential(username);
    if (credential === undefined) throw new DomainError('not_found', `There is no user ${JSON.stringify(idOrUsername.slice(0, 200))}.`);
    return credential.userId;
  }

  /** @throws `not_found` */
  async get(idOrUsername: string): Promise<UserDetails> {
    const id = await this.idOf(idOrUsername);
    return this.#read(async (tx) => ({ user: await existing(tx, id), hasPassword: (await tx.findPasswordOwners([id])).has(id) }));
  }

  /** At most `limit` users by id, those after `after`. */
  async list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly User[]> {
    return this.#read((tx) => tx.users.list(options));
  }

  /** @throws `already_exists`, and `invalid_input` when the password does not satisfy the policy or something named does not exist */
  async create(wanted: NewUser, caller: Caller): Promise<User> {
    const { store, clock } = this.#options;
    assertUsername(wanted.username, '/username');
    if (wanted.id !== undefined) assertNaturalId(wanted.id, '/id');
    // What a new user inherits is known once the user exists, so the policy is asked inside a change that is undone.
    const id = wanted.id ?? (await this.#freeId(wanted.username));
    const memberships = wanted.userGroups.map((userGroup): Membership => ({ userGroup }));
    const user: User = {
      id,
      username: wanted.username,
      organization: wanted.organization,
      email: wanted.email,
      active: true,
      authorizedOrganizations: [],
      memberships,
    };
    const insert = async (tx: StoreTransaction) => {
      if ((await tx.users.findMany([id])).size > 0)
        throw new DomainError('already_exists', `There is a user with the id ${JSON.stringify(id)} already.`);
      await tx.users.put([user]);
      return tx.access.findUser(id);
    };
    const subject = await store.transaction(insert, { rollback: true });
    const hash = wanted.password === undefined ? undefined : await this.#passwords.hashFor(user, subject!, wanted.password);
    await store.transaction(async (tx) => {
      await insert(tx);
      const { username, organization, email } = user;
      await tx.audit(
        eventNow(clock, caller, {
          type: 'user_created',
          target: { kind: 'user', id },
          after: { username, organization, email, user_groups: wanted.userGroups },
        }),
      );
      if (hash === undefined) return;
      await tx.setPassword(id, hash, new Date(clock.now()));
      await tx.audit(eventNow(clock, caller, { type: 'user_password_changed', target: { kind: 'user', id } }));
    });
    return user;
  }

  /**
   * Sets a password under the policy that the user inherits, ends the delay after failed attempts, and revokes what was
   * issued under an earlier password; links to set one are good no more.
   * @throws `not_found`, and `invalid_input` naming everything that the policy wants
   */
  async setPassword(userId: string, password: string, caller: Caller, { during, dryRun = false }: SetPasswordOptions = {}): Promise<void> {
    const { store, access, clock } = this.#options;
    await access.refresh(0);
    const { user } = await this.get(userId);
    const subject = await access.subject('user', user.id);
    if (subject === undefined) throw unknown(userId);
    const hash = await this.#passwords.hashFor(user, subject, password);
    const set = async (tx: StoreTransaction): Promise<void> => {
      await during?.(tx);
      const hadPassword = (await tx.findPasswordOwners([user.id])).has(user.id);
      await tx.setPassword(user.id, hash, new Date(clock.now()));
      if (hadPassword) await this.#revoke(tx, user.id);
      await tx.links.remove(PASSWORD_LINKS, user.id);
      await tx.audit(eventNow(clock, caller, { type: 'user_password_changed', target: { kind: 'user', id: user.id } }));
    };
    await store.transaction(set, { rollback: dryRun });
    if (dryRun) return;
    await store.signIn.clearAttempts(attemptKey(user.id));
  }

  /** Ends the lock after failed attempts. @throws `not_found` */
  async unlock(idOrUsername: string, caller: Caller): Promise<User> {
    const { store, clock } = this.#options;
    const { user } = await this.get(idOrUsername);
    await store.signIn.unlock(attemptKey(user.id), eventNow(clock, caller, { type: 'user_unlocked', target: { kind: 'user', id: user.id } }));
    return user;
  }

  /**
   * Lets a user in again, or keeps it out: then everything issued so far is revoked, so that it stays so.
   * @returns whether anything changed
   * @throws `not_found`
   */
  async setActive(idOrUsername: string, active: boolean, caller: Caller): Promise<{ readonly user: User; readonly changed: boolean }> {
    const { store, clock } = this.#options;
    const id = await this.idOf(idOrUsername);
    return store.transaction(async (tx) => {
      const user = await existing(tx, id);
      if (user.active === active) return { user, changed: false };
      await tx.users.put([{ ...user, active }]);
      if (!active) await this.#revoke(tx, id);
      await tx.audit(
        eventNow(clock, caller, {
          type: active ? 'user_enabled' : 'user_disabled',
          target: { kind: 'user', id },
          before: { active: user.active },
          after: { active },
        }),
      );
      return { user: { ...user, active }, changed: true };
    });
  }

  async #freeId(username: string): Promise<string> {
    const { store, random } = this.#options;
    const taken =
      !NATURAL_ID.test(username) || (await store.access.findUser(username)) !== undefined || (await store.access.findClient(username)) !== undefined;
    return taken ? random.id() : username;
  }

  async #revoke(tx: StoreTransaction, userId: string): Promise<void> {
    const now = this.#options.clock.now();
    await tx.revoke({ kind: 'user', id: userId, notBefore: new Date(now), expiresAt: new Date(now + LONGEST_TOKEN) });
  }

  async #read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#options.store.transaction(work, { rollback: true });
  }
}

async function existing(tx: StoreTransaction, id: string): Promise<User> {
  const user = (await tx.users.findMany([id])).get(id);
  if (user === undefined) throw unknown(id);
  return user;
}

const unknown = (id: string) => new DomainError('not_found', `There is no user ${JSON.stringify(id.slice(0, 200))}.`);
