/** @module An audit event is a fact that happened, written in the transaction that made it true. */
import type { Page, Position } from './directory.ts';
import type { Tenancy } from './tenancy.ts';

export interface AuditActor {
  readonly kind: 'user' | 'client' | 'operator' | 'system';
  /** User id, client id, or the operating system's name of who ran the command. */
  readonly id: string;
}

/** `user` `alice`. */
export interface AuditTarget {
  readonly kind: string;
  readonly id: string;
}

export interface AuditEvent {
  /** Past tense: `profile_assigned`, `user_locked_out`, `refresh_token_reuse_detected`, `signing_key_rotated`. */
  readonly type: string;
  readonly at: Date;
  readonly actor: AuditActor;
  /** The user whom the actor impersonated. */
  readonly onBehalfOf?: AuditActor | undefined;
  /** Client through which the actor came. */
  readonly clientId?: string | undefined;
  /** What it happened to. */
  readonly target: AuditTarget;
  /** Organization of the target when it happened. Unset: the store finds it out, from {@link belonging}. */
  readonly organization?: string | undefined;
  /** What changed of the target; never a secret, nor a hash of one. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly requestId?: string | undefined;
}

/** An event as it is kept, a link of the chain of all events (`audit-chain.ts`). */
export interface RecordedAuditEvent extends AuditEvent {
  /** Its number: 1, 2, 3 … in the order of commits, without gaps. */
  readonly id: string;
  readonly hash: string;
}

/** All of them must match; texts byte-exact. */
export interface AuditFilters {
  readonly type?: string | undefined;
  /** Id of who did it. */
  readonly actor?: string | undefined;
  /** Id of the user who was impersonated. */
  readonly onBehalfOf?: string | undefined;
  readonly targetKind?: string | undefined;
  readonly targetId?: string | undefined;
  readonly requestId?: string | undefined;
  /** At this instant or later. */
  readonly from?: Date | undefined;
  /** Before this instant. */
  readonly until?: Date | undefined;
}

export interface AuditQuery {
  /**
   * Events belong to the organization of their target, as it was then, and are seen where that organization is now. Those
   * of no organization, and of organizations that are gone, are for the roots.
   */
  readonly tenancy: Tenancy;
  readonly filters: AuditFilters;
  /** Newest first. */
  readonly descending: boolean;
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

export interface AuditReader {
  /**
   * One page in one statement, by time and then by number.
   * @throws `invalid_input` for a position that is not one of this list
   */
  list(query: AuditQuery): Promise<Page<RecordedAuditEvent>>;
  /** The next events of the chain by number, whoever they belong to; from its beginning when nothing comes before. */
  walk(options: { readonly after?: number | undefined; readonly limit: number }): Promise<readonly RecordedAuditEvent[]>;
  /** undefined: there is no such event, or it may not be seen. */
  find(id: string, tenancy: Tenancy): Promise<RecordedAuditEvent | undefined>;
  /** The last link, kept apart from the events; undefined: somebody took it away. */
  readHead(): Promise<ChainHead | undefined>;
}

/** The end of the chain. */
export interface ChainHead {
  readonly events: number;
  /** Hash of the last event. */
  readonly hash: string;
}

/** Where a page ended that had this event last. */
export const positionOfEvent = ({ at, id }: Pick<RecordedAuditEvent, 'at' | 'id'>): Position => ({ value: at.toISOString(), key: id });

const PARTY_FIELDS = { user: 'user', user_group: 'user_group', organization: 'organization', client_id: 'client' } as const;

/** Whose organization an event belongs to: that of the party of an assignment, of anything else its own. */
export function belonging({ target, before, after }: Pick<AuditEvent, 'target' | 'before' | 'after'>): AuditTarget {
  if (target.kind !== 'assignment') return target;
  const fields = (after ?? before ?? {}) as Readonly<Record<string, unknown>>;
  for (const [field, kind] of Object.entries(PARTY_FIELDS)) {
    const id = fields[field];
    if (typeof id === 'string') return { kind, id };
  }
  return target;
}
