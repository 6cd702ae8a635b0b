/**
 * How often a caller's address may fail: budgets per address, and per name and address, that fill up again with time.
 * They slow down guessing over many names; what is counted says nothing about who exists.
 */
export interface AttemptBudget {
  /**
   * Takes one attempt from the budgets before anything is compared.
   * @throws `too_many_attempts` with `retryAfterSeconds`
   */
  take(attempt: Attempt): Promise<void>;
  /** Gives the attempt back after a success. */
  giveBack(attempt: Attempt): Promise<void>;
  /** Counts a failure that is known only afterwards: somebody who could not prove to be a client. */
  recordFailure(address: string): Promise<void>;
  /** Seconds until a failing address has budget again; undefined: it has. Costs no round trip. */
  blockedFor(address: string): number | undefined;
}

/** Somebody tries a password. */
export interface Attempt {
  readonly address: string;
  readonly name: string;
  /** The address is that of a client that proved who it is and speaks for many people: only the name has a budget. */
  readonly shared: boolean;
}

/** User codes of devices that one caller may get wrong in ten minutes: of 20⁸ nobody finds one that way (RFC 8628 §5.1). */
export const MOST_WRONG_USER_CODES = 10;

/** How often a caller may do something in ten minutes: an address, whoever is there, or a person, wherever they are. */
export interface CallerBudget {
  /** Takes one before it is done. @throws `too_many_attempts` with `retryAfterSeconds` */
  take(caller: string): Promise<void>;
  /** Gives back what turns out not to count. */
  giveBack(caller: string): Promise<void>;
}
