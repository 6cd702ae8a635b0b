/**
 * @module An invitation asks somebody who has no user yet to become one: in which organization, in which groups, with
 * which security profiles. Whoever holds its link chooses name and password; what comes of it is then judged by what the
 * inviter may hand out at that time, not at the time of inviting.
 */
import type { Instant } from './access.ts';
import type { AuditActor } from './audit-event.ts';
import type { Page, Position, Visibility } from './directory.ts';

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly organization: string;
  /** Unset: the invited person chooses. */
  readonly username?: string | undefined;
  readonly userGroups: readonly string[];
  /** To be assigned to the new user. */
  readonly securityProfiles: readonly string[];
  /** End of the memberships and assignments that accepting makes; unset: they have none. */
  readonly validUntil?: Date | undefined;
  /** Whose ceiling decides what may be handed out. */
  readonly invitedBy: AuditActor;
  /** Client through which the inviter acted; assignments limited to another one do not add to the ceiling. */
  readonly invitedThrough?: string | undefined;
  readonly createdAt: Date;
  /** Accepting is possible until here (excluded). */
  readonly expiresAt: Date;
  readonly acceptedAt?: Date | undefined;
  /** Id of the user that accepting made. */
  readonly acceptedAs?: string | undefined;
  readonly revokedAt?: Date | undefined;
}

export const INVITATION_STATUSES = ['pending', 'accepted', 'revoked', 'expired'] as const;
export type InvitationStatus = (typeof INVITATION_STATUSES)[number];

export function invitationStatus({ acceptedAt, revokedAt, expiresAt }: Invitation, at: Instant): InvitationStatus {
  if (acceptedAt !== undefined) return 'accepted';
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt.getTime() <= at ? 'expired' : 'pending';
}

/** How long an invitation is kept after its link expired, in milliseconds; then the address of who never came is forgotten. */
export const INVITATION_KEPT_MS = 90 * 86_400_000;

export interface InvitationQuery {
  readonly visibility: Visibility;
  readonly organization?: string | undefined;
  /** As it was written. */
  readonly email?: string | undefined;
  readonly status?: InvitationStatus | undefined;
  /** What the status is judged by. */
  readonly now: Date;
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

export interface InvitationReader {
  /** Also when it is over; undefined when its organization is outside of what may be seen. */
  find(id: string, visibility: Visibility): Promise<Invitation | undefined>;
  /** One page, newest first. */
  list(query: InvitationQuery): Promise<Page<Invitation>>;
}

/** {@link InvitationReader} inside a transaction, where invitations are also written. They go with their organization. */
export interface InvitationTable extends InvitationReader {
  /**
   * Inserts, or replaces under the same id.
   * @throws `invalid_input` when the organization does not exist
   */
  put(invitation: Invitation): Promise<void>;
}
