/** @module What people do with their own user: nothing here can give anybody a role. */
import type { Subject } from '../domain/access.ts';
import { DomainError } from '../domain/errors.ts';
import { assertMailAddress, isMailAddress, type Mailer } from '../domain/mail.ts';
import { PASSWORD_LINKS } from '../domain/one-time-link.ts';
import type { Membership, User, UserGroup } from '../domain/party.ts';
import type { Clock, Store, StoreTransaction } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import { eventNow, type Caller } from './caller.ts';
import { effectiveRolesOf, type EffectiveRole } from './effective-roles.ts';
import { mailAddressChangedMail, passwordChangedMail } from './mails.ts';
import { ALL, FORGOTTEN_PASSWORD_PATH } from './one-time-links.ts';
import type { Passwords } from './passwords.ts';
import type { SessionService } from './sessions.ts';
import type { SignedIn, SignIn } from './sign-in.ts';
import { TokenRefusal } from './token-refusal.ts';
import type { UserService } from './users.ts';

export interface MeServiceOptions {
  readonly issuer: string;
  readonly store: Store;
  readonly access: AccessService;
  readonly users: UserService;
  readonly passwords: Passwords;
  readonly signIn: SignIn;
  readonly sessions: SessionService;
  readonly mailer: Mailer;
  readonly clock: Clock;
}

/** That whoever asks is the person, and not just somebody with a token of theirs. */
export interface ProvenByPassword {
  /** The present password. */
  readonly current: string;
  /** Of the caller, for attempt budgets. */
  readonly address: string;
}

export interface PasswordChange extends ProvenByPassword {
  readonly password: string;
  /** Everything is looked at, which counts as an attempt, and nothing changed. */
  readonly dryRun?: boolean | undefined;
}

/** What people may change about themselves; a user name, an organization and groups are for administrators. */
export interface ProfileChange extends ProvenByPassword {
  /** Links to set a password go there, so it takes the present one to change it. null: none any more. */
  readonly email: string | null;
  readonly names?: NamesChange | undefined;
}

/** What people may change about themselves with nothing but their token; null: none any more, undefined: as it is. */
export interface NamesChange {
  readonly givenName?: string | null | undefined;
  readonly familyName?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
}

export interface ProfileUpdate {
  /** Looks at the user before the change; what it throws refuses that. */
  readonly precondition?: ((user: User) => void) | undefined;
  /** Everything is looked at, and nothing changed. */
  readonly dryRun?: boolean | undefined;
}

export interface OwnGroup extends Membership {
  readonly group: UserGroup;
}

const MINUTE = 60_000;

export class MeService {
  readonly #options: MeServiceOptions;

  constructor(options: MeServiceOptions) {
    this.#options = options;
  }

  /** @throws `not_found` */
  async get(userId: string): Promise<User> {
    const user = (await this.#options.store.directory.find('users', [userId], ALL)).get(userId);
    if (user === undefined) throw unknown(userId);
    return user;
  }

  /**
   * Changes the own profile. A new mail address is told to the old one, and links that were sent there are good no more.
   * Guessing at the present password counts like signing in.
   * @throws `not_found`, and `invalid_input` for what is no mail address, or when the present password is wrong
   * @throws `too_many_attempts` when the address, or the name from this address, has failed too often
   */
  async update(userId: string, change: ProfileChange, caller: Caller, { precondition, dryRun = false }: ProfileUpdate = {}): Promise<User> {
    const { email, names } = change;
    if (email !== null) assertMailAddress(email, '/email');
    await this.#prove(await this.get(userId), change);
    const changes = { ...changesOf(names ?? {}), email: email ?? undefined };
    const { before, after } = await this.#write(userId, changes, caller, { precondition, dryRun });
    const isElsewhere = after.email !== before.email;
    if (!dryRun && isElsewhere && isMailAddress(before.email ?? '')) this.#options.mailer.send(mailAddressChangedMail(before.email!, after));
    return after;
  }

  /** Changes what nobody gets in by. @throws `not_found` */
  async rename(userId: string, names: NamesChange, caller: Caller, update: ProfileUpdate = {}): Promise<User> {
    return (await this.#write(userId, changesOf(names), caller, update)).after;
  }

  async #write(userId: string, changes: Partial<User>, caller: Caller, { precondition, dryRun = false }: ProfileUpdate) {
    const { store, clock } = this.#options;
    const write = async (tx: StoreTransaction): Promise<{ readonly before: User; readonly after: User }> => {
      const before = (await tx.users.findMany([userId])).get(userId);
      if (before === undefined) throw unknown(userId);
      precondition?.(before);
      const after: User = { ...before, ...changes };
      const changed = OWN_FIELDS.filter(([field]) => before[field] !== after[field]);
      if (changed.length === 0) return { before, after: before };
      await tx.users.put([after]);
      if (before.email !== after.email) await tx.links.remove(PASSWORD_LINKS, userId);
      const shown = (user: User) => Object.fromEntries(changed.map(([field, name]) => [name, user[field] ?? null]));
      await tx.audit(
        eventNow(clock, caller, { type: 'user_updated', target: { kind: 'user', id: userId }, before: shown(before), after: shown(after) }),
      );
      return { before, after };
    };
    return store.transaction(write, { rollback: dryRun });
  }

  /**
   * Sets another password for somebody who knows the present one. Guessing at it counts like signing in. Everything that
   * was issued before ends, what asked for this included: whoever else had the old password is out, and one signs in anew.
   * @throws `invalid_input` when the present password is wrong, when the new one does not satisfy the policy, or when the
   * present one is younger than the policy allows
   * @throws `too_many_attempts` when the address, or the name from this address, has failed too often
   */
  async changePassword(userId: string, { current, password, address, dryRun = false }: PasswordChange, caller: Caller): Promise<void> {
    const user = await this.get(userId);
    const signedIn = await this.#prove(user, { current, address });
    await this.#setPassword(user, { subject: signedIn.user, password, dryRun }, caller);
  }

  /**
   * {@link changePassword} for somebody whose token was asked for to do just this: it carries the role `PasswordReset`,
   * as that of somebody whose password has expired does, and stands in for the present password.
   * @throws `not_found`, and `invalid_input` as {@link changePassword}
   */
  async resetPassword(userId: string, password: string, caller: Caller): Promise<void> {
    const user = await this.get(userId);
    await this.#options.access.refresh(0);
    const subject = await this.#options.access.subject('user', userId);
    if (subject === undefined) throw unknown(userId);
    await this.#setPassword(user, { subject, password, dryRun: false }, caller);
  }

  async #setPassword(
    user: User,
    { subject, password, dryRun }: { readonly subject: Subject; readonly password: string; readonly dryRun: boolean },
    caller: Caller,
  ): Promise<void> {
    const { users, passwords, store, clock, mailer, issuer } = this.#options;
    const { minimumAgeMinutes = 0 } = await passwords.policyOf(subject);
    const changedAt = (await store.signIn.findCredentialOf(user.id))?.passwordChangedAt?.getTime() ?? -Infinity;
    if (clock.now() < changedAt + minimumAgeMinutes * MINUTE) {
      const from = new Date(changedAt + minimumAgeMinutes * MINUTE).toISOString();
      throw new DomainError('invalid_input', `The password was changed a short time ago; it can be changed again from ${from}.`, {
        pointer: '/password',
      });
    }
    await users.setPassword(user.id, password, caller, { dryRun });
    if (!dryRun && isMailAddress(user.email ?? '')) mailer.send(passwordChangedMail(user.email!, user, `${issuer}${FORGOTTEN_PASSWORD_PATH}`));
  }

  /** Looks at the present password as signing in does. */
  #prove({ id: userId, username }: User, { current, address }: ProvenByPassword): Promise<SignedIn> {
    return this.#options.signIn
      .authenticate({ username, password: current, address, shared: false }, ({ id }) => (id === userId ? undefined : 'another user'))
      .catch((error: unknown) => {
        if (error instanceof TokenRefusal) throw new DomainError('invalid_input', 'The current password is wrong.', { pointer: '/current_password' });
        throw error;
      });
  }

  /** The own user groups, in force or not. @throws `not_found` */
  async groups(userId: string): Promise<readonly OwnGroup[]> {
    const { memberships } = await this.get(userId);
    const ids = memberships.map(({ userGroup }) => userGroup);
    const groups = await this.#options.store.directory.find('user_groups', ids, ALL);
    return memberships.flatMap((membership) => {
      const group = groups.get(membership.userGroup);
      return group === undefined ? [] : [{ ...membership, group }];
    });
  }

  /** What a token for this client could carry, and why. @throws `not_found` */
  async effectiveRoles(userId: string, clientId: string | undefined): Promise<readonly EffectiveRole[]> {
    const { access } = this.#options;
    await access.refresh(0);
    const subject = await access.subject('user', userId);
    if (subject === undefined) throw unknown(userId);
    return effectiveRolesOf(this.#options, subject, clientId);
  }

  revokeAllSessions(userId: string, caller: Caller): Promise<void> {
    return this.#options.sessions.revokeAll(userId, caller);
  }
}

const OWN_FIELDS = [
  ['email', 'email'],
  ['givenName', 'given_name'],
  ['familyName', 'family_name'],
  ['phoneNumber', 'phone_number'],
] as const;

function changesOf(names: NamesChange): Partial<User> {
  return Object.fromEntries(Object.entries(names).flatMap(([name, value]) => (value === undefined ? [] : [[name, value ?? undefined]])));
}

const unknown = (id: string) => new DomainError('not_found', `There is no user ${JSON.stringify(id.slice(0, 200))}.`);
