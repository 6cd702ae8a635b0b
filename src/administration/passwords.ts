/** @module Passwords that administrators give: whoever sets one can act as the user, so it takes all that the user holds. */
import type { Clock, Random, StoreTransaction } from '../domain/ports.ts';
import { eventNow } from '../services/caller.ts';
import type { Passwords } from '../services/passwords.ts';
import type { UserService } from '../services/users.ts';
import type { Administration, WriteCall, Written } from './administration.ts';
import { callerOf } from './administrator.ts';
import type { Json } from './entries.ts';
import { withKey } from './nouns.ts';
import { assertMayActAs } from './take-over.ts';

export interface PasswordAdministrationOptions {
  readonly administration: Administration;
  readonly users: UserService;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly random: Random;
}

export class PasswordAdministration {
  readonly #options: PasswordAdministrationOptions;

  constructor(options: PasswordAdministrationOptions) {
    this.#options = options;
  }

  /** @throws `not_found`, `above_ceiling`, and `invalid_input` naming everything that the policy wants */
  async set(userId: string, password: string, call: WriteCall): Promise<void> {
    const { administration, users } = this.#options;
    const user = { kind: 'user', id: userId } as const;
    // What the policy says of a password tells of those before it, so whoever may not set one is refused first.
    await administration.within({ ...call, dryRun: true }, (tx, authority) => assertMayActAs(tx, authority, user));
    const authority = administration.authorityFor(call);
    const during = async (tx: StoreTransaction): Promise<void> => {
      await authority.open(tx);
      await assertMayActAs(tx, authority, user);
    };
    await users.setPassword(userId, password, callerOf(call.administrator), { during, dryRun: call.dryRun });
  }

  /**
   * Makes a user with a password. What a new user inherits is known once the user exists, so the policy is asked inside a
   * change that is taken back.
   * @throws what making a user throws, and `invalid_input` naming everything that the policy wants
   */
  async create(value: Json, password: string, call: WriteCall): Promise<Written> {
    const { administration, passwords, clock, random } = this.#options;
    const user = withKey('users', value, random);
    const rehearsed = await administration.create('users', user, { ...call, dryRun: true }, async (tx, key) => ({
      user: (await tx.users.findMany([key])).get(key)!,
      subject: (await tx.access.findUser(key))!,
    }));
    const hash = await passwords.hashFor(rehearsed.extra!.user, rehearsed.extra!.subject, password);
    return administration.create('users', user, call, async (tx, key) => {
      await tx.setPassword(key, hash, new Date(clock.now()));
      await tx.audit(eventNow(clock, callerOf(call.administrator), { type: 'user_password_changed', target: { kind: 'user', id: key } }));
      return undefined;
    });
  }
}
