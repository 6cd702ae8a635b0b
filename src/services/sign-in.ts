/**
 * @module Checks passwords. An unknown name, a wrong password, a locked or disabled user and one who may not use the
 * client cost the same work and are told the same; the reason goes to the log alone.
 */
import type { Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DomainError } from '../domain/errors.ts';
import { canonicalUsername } from '../domain/party.ts';
import {
  DEFAULT_ALLOWED_FAILED_ATTEMPTS,
  isPlausiblePassword,
  normalizePassword,
  strictestPolicy,
  type PasswordPolicy,
} from '../domain/password-policy.ts';
import type { AttemptBudget } from '../domain/attempt-budget.ts';
import type { Clock, PasswordCredential, PasswordHasher, SignInStore } from '../domain/ports.ts';
import { reachState } from '../domain/access.ts';
import type { AccessService } from './access.ts';
import { TokenRefusal } from './token-refusal.ts';
import { Turns } from './turns.ts';

export interface SignedIn {
  readonly user: Subject;
  /** The password is older than its policy allows: good for nothing but setting a new one. */
  readonly passwordExpired: boolean;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Of the caller, for attempt budgets. */
  readonly address: string;
  /** The caller is a client that proved who it is, so its address is not that of whoever guesses. */
  readonly shared: boolean;
}

export interface SignInOptions {
  readonly store: SignInStore;
  readonly access: AccessService;
  readonly hasher: PasswordHasher;
  readonly budget: AttemptBudget;
  readonly clock: Clock;
}

const DAY = 86_400_000;

export class SignIn {
  readonly #options: SignInOptions;
  readonly #turns = new Turns();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /**
   * The user with this name and password, if `admit` finds no reason against.
   * @throws TokenRefusal `invalid_grant`, the same for every reason
   * @throws `too_many_attempts` when the address, or the name from this address, has failed too often
   */
  async authenticate(credentials: Credentials, admit: (user: Subject) => string | undefined): Promise<SignedIn> {
    const { store, budget, clock } = this.#options;
    const username = canonicalUsername(credentials.username);
    if (username === undefined || !isPlausiblePassword(credentials.password)) throw refusal('not a possible user name or password');
    const attempt = { address: credentials.address, name: username, shared: credentials.shared };
    await budget.take(attempt);
    const credential = await store.findCredential(username);
    const key = credential === undefined ? `name:${username}` : attemptKey(credential.userId);
    // One attempt per account at a time in this process: simultaneous right passwords do not use up the allowed failures.
    const giveBack = () => budget.giveBack(attempt);
    const begun = clock.now();
    const signedIn = await this.#turns
      .take(key, () => this.#check(key, credential, credentials.password, admit))
      .catch(async (error: unknown) => {
        // Nobody guessed anything: the password was not looked at.
        if (error instanceof DomainError && error.code === 'unavailable') await giveBack();
        if (error instanceof TokenRefusal) await this.#equalize(begun);
        throw error;
      });
    await giveBack();
    return signedIn;
  }

  /** While some users still have hashes of another system, every refusal takes as long as the slowest of these. */
  async #equalize(begun: number): Promise<void> {
    const { hasher, clock } = this.#options;
    const left = begun + hasher.slowestForeignMilliseconds() - clock.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  async #check(
    key: string,
    credential: PasswordCredential | undefined,
    password: string,
    admit: (user: Subject) => string | undefined,
  ): Promise<SignedIn> {
    const { store, access, hasher, clock } = this.#options;
    const user = credential === undefined ? undefined : await access.subject('user', credential.userId);
    const policy = user === undefined ? {} : passwordPolicy((await access.workspace()).catalogue, user, clock.now());
    const limit = { allowed: policy.allowedFailedAttempts ?? DEFAULT_ALLOWED_FAILED_ATTEMPTS, lockSeconds: (policy.lockoutMinutes ?? 0) * 60 };
    const attempt = await store.beginAttempt(key, limit, new Date(clock.now()));
    const hash = attempt.counted ? credential?.passwordHash : undefined;
    const matches = await hasher.verify(hash ?? hasher.decoy, password).catch(async (error: unknown) => {
      // The queue was full: a flood of sign-ins must not lock out those whom it keeps waiting.
      if (attempt.counted) await store.uncountAttempt(key, attempt.failures);
      throw error;
    });
    if (!attempt.counted) throw refusal('locked');
    if (!matches || hash === undefined || credential === undefined || user === undefined) {
      if (credential !== undefined && attempt.failures >= limit.allowed)
        await this.#recordLockOut(credential.userId, attempt.failures, attempt.lockedUntil);
      throw refusal(credential === undefined ? 'unknown user' : 'wrong password');
    }
    const objection = admit(user);
    if (objection !== undefined) throw refusal(objection);
    await store.clearAttempts(key);
    if (hasher.needsRehash(hash)) await store.replaceHash(user.id, hash, await hasher.hash(normalizePassword(password)));
    return { user, passwordExpired: isExpired(credential, policy, clock.now()) };
  }

  async #recordLockOut(userId: string, failures: number, lockedUntil: Date | undefined): Promise<void> {
    const { store, clock } = this.#options;
    await store.recordLockOut({
      type: 'user_locked_out',
      at: new Date(clock.now()),
      actor: { kind: 'system', id: 'sign-in' },
      target: { kind: 'user', id: userId },
      after: { failed_attempts: failures, locked_until: lockedUntil?.toISOString() },
    });
  }
}

/** Key under which a user's attempts are counted: it follows the user through a change of name. */
export function attemptKey(userId: string): string {
  return `user:${userId}`;
}

/** The strictest of the password policies in every profile that reaches the user, whatever the client. */
export function passwordPolicy(catalogue: Catalogue, user: Subject, at: number): PasswordPolicy {
  const policies: PasswordPolicy[] = [];
  for (const reach of user.reaches) {
    const policy = catalogue.profile(reach.profile)?.profile.passwordPolicy;
    if (policy !== undefined && reachState(reach, reach.client, at) === 'in_force') policies.push(policy);
  }
  return strictestPolicy(policies);
}

function isExpired(credential: PasswordCredential, policy: PasswordPolicy, now: number): boolean {
  if (policy.maximumAgeDays === undefined || credential.passwordChangedAt === undefined) return false;
  return now >= credential.passwordChangedAt.getTime() + policy.maximumAgeDays * DAY;
}

function refusal(reason: string): TokenRefusal {
  return new TokenRefusal('invalid_grant', reason);
}
