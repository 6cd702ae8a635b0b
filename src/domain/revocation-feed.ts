/**
 * @module What APIs that verify tokens by themselves have to be told: tokens that were taken back, and roles that somebody
 * lost while tokens still name them. An entry is told until the last token that it can hit is dead.
 */
import type { Revocation } from './revocation.ts';

/** In the place of a role: every role, and the token itself. No role can have this name. */
export const WHOLE_TOKEN = '*';

/** A role that tokens issued up to `notBefore` may still name, and that is not held any more. */
export interface RoleLoss {
  /** Whose token; undefined: anybody's. */
  readonly subject?: { readonly kind: 'user' | 'client'; readonly id: string } | undefined;
  /** Only in tokens for this client; undefined: for every client. */
  readonly client?: string | undefined;
  /** A role, or {@link WHOLE_TOKEN}. */
  readonly role: string;
  readonly notBefore: Date;
  /** When the last token that it can hit is dead, tolerance included. */
  readonly expiresAt: Date;
}

export interface RevocationNewsQuery {
  /** As an earlier answer gave it; undefined: from the beginning. */
  readonly since?: string | undefined;
  readonly now: Date;
  /** Revocations up to an earlier instant than this hit no access token that is still alive. */
  readonly notBeforeAfter: Date;
}

export interface RevocationNews {
  /** Everything that is in force stands in it, not only what is new: there was no `since`, or the store does not know it. */
  readonly complete: boolean;
  readonly revocations: readonly Revocation[];
  readonly roleLosses: readonly RoleLoss[];
  /** What to ask with next. */
  readonly cursor: string;
}

export interface RevocationFeedReader {
  /**
   * What was written since a cursor and is still in force, in one consistent read. It MUST contain everything that was
   * committed after the answer that gave the cursor; what that answer told already may be told again.
   */
  news(query: RevocationNewsQuery): Promise<RevocationNews>;
}
