/** @module What ends tokens before their time: by token, grant, user or client. */
import type { AuditEvent } from './audit-event.ts';
import type { Page, Position } from './directory.ts';
import type { Tenancy } from './tenancy.ts';

/** The id of the one revocation of everybody. */
export const EVERYBODY = '*';

/** What a revocation hits. `token` and `grant`: for ever; `user`, `client` and `everybody`: what was issued up to `notBefore`. */
export interface Revocation {
  readonly kind: 'token' | 'grant' | 'user' | 'client' | 'everybody';
  /** jti, grant id, user id, client id, or {@link EVERYBODY}. */
  readonly id: string;
  readonly notBefore: Date;
  /** When the last token that it can hit is dead, tolerance included. Refresh tokens are taken care of by the store. */
  readonly expiresAt: Date;
}

export interface TokenTrace {
  readonly jti: string;
  readonly grantId?: string | undefined;
  readonly userId?: string | undefined;
  /** Who acts as the user: what ends the tokens of the one or the other ends this one. */
  readonly actorId?: string | undefined;
  readonly clientId: string;
  readonly issuedAt: Date;
}

/** What of a user or a client was ended: everything that was issued up to an instant. */
export interface SweepingRevocation extends Revocation {
  readonly kind: 'user' | 'client';
}

export interface RevocationQuery {
  /** Users and clients of the tenancy; none are inherited. */
  readonly tenancy: Tenancy;
  readonly kinds: readonly SweepingRevocation['kind'][];
  /** Those that have not expired by then. */
  readonly now: Date;
  /** Its value is a kind, its key an id. */
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

export interface RevocationStore {
  /** Durable when it resolves, in one transaction with the audit event. Repeating it changes nothing but the later expiry. */
  add(revocation: Revocation, event: AuditEvent): Promise<void>;
  /** One statement. */
  isRevoked(token: TokenTrace): Promise<boolean>;
  /** One page of revocations of users and clients that exist, by kind and id in code-unit order; in one statement, and one more for the total. */
  list(query: RevocationQuery): Promise<Page<SweepingRevocation>>;
}
