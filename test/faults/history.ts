/** @module What clients did and saw while something failed, in the order in which they asked. */
import { performance } from 'node:perf_hooks';

/** `unknown`: it may or may not have happened, as after a 503, a reset connection or no answer at all. */
export type Outcome = 'ok' | 'refused' | 'unknown';

export interface Holding {
  readonly subject: string;
  readonly role: string;
}

export interface Issued {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly asked: readonly string[];
  /** Of the key that it was signed with; undefined when no published key verifies it. */
  readonly kid: string | undefined;
  /** The grant that it came of. */
  readonly grant?: string | undefined;
}

/** One request and what came of it. Times are milliseconds of one clock that only goes forward. */
export interface Event {
  readonly op: string;
  readonly t0: number;
  readonly t1: number;
  readonly outcome: Outcome;
  /** Undefined: no answer. */
  readonly status?: number | undefined;
  readonly retryAfter?: boolean | undefined;
  /** Why there was no answer. */
  readonly fault?: string | undefined;
  /** Names a thing that may be redeemed once: a refresh token, an assertion, a link. */
  readonly redeems?: string | undefined;
  /** Names something that a revocation of the same name ends. */
  readonly uses?: string | undefined;
  readonly revokes?: string | undefined;
  readonly assigns?: Holding | undefined;
  readonly unassigns?: Holding | undefined;
  readonly issued?: Issued | undefined;
  /** Ids of the keys that were published. */
  readonly published?: readonly string[] | undefined;
  /** Names the audit event that must be there if it was acknowledged. */
  readonly audited?: string | undefined;
}

export class History {
  readonly events: Event[] = [];

  add(event: Event): Event {
    this.events.push(event);
    return event;
  }

  /** Those that were under way at some time since. */
  since(instant: number): readonly Event[] {
    return this.events.filter(({ t1 }) => t1 >= instant);
  }
}

export const now = (): number => performance.now();
