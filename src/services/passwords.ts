/** @module What a new password must be: the policy that its user inherits, and what the user had before. */
import type { Subject } from '../domain/access.ts';
import { DomainError } from '../domain/errors.ts';
import type { User } from '../domain/party.ts';
import { normalizePassword, passwordProblems, type PasswordPolicy } from '../domain/password-policy.ts';
import type { Clock, PasswordHasher, SignInStore } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import { passwordPolicy } from './sign-in.ts';

export interface PasswordsOptions {
  readonly store: { readonly signIn: Pick<SignInStore, 'findPasswordHistory'> };
  readonly access: AccessService;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
}

export class Passwords {
  readonly #options: PasswordsOptions;

  constructor(options: PasswordsOptions) {
    this.#options = options;
  }

  /** The policy that a user inherits at this instant. */
  async policyOf(subject: Subject): Promise<PasswordPolicy> {
    const { access, clock } = this.#options;
    await access.refresh(0);
    return passwordPolicy((await access.workspace()).catalogue, subject, clock.now());
  }

  /**
   * The hash to keep for a new password.
   * @throws `invalid_input` naming everything that the policy wants
   */
  async hashFor(user: User, subject: Subject, password: string): Promise<string> {
    const policy = await this.policyOf(subject);
    const { id, username, organization, email } = user;
    const problems = passwordProblems(password, policy, [id, username, organization, ...(email === undefined ? [] : [email])]);
    if (problems.length === 0 && (await this.#isRemembered(password, user.id, policy.history ?? 0))) {
      problems.push(`must not be one of the last ${policy.history}`);
    }
    if (problems.length > 0) throw new DomainError('invalid_input', `The password ${problems.join(', ')}.`, { pointer: '/password' });
    return this.#options.hasher.hash(normalizePassword(password));
  }

  async #isRemembered(password: string, userId: string, history: number): Promise<boolean> {
    if (history === 0) return false;
    const { store, hasher } = this.#options;
    for (const hash of await store.signIn.findPasswordHistory(userId, history)) {
      if (await hasher.verify(hash, password)) return true;
    }
    return false;
  }
}
