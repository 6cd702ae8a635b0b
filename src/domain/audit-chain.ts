/**
 * @module The chain of audit events. Each event carries a hash over the hash of the one before and over what it says, so
 * that nobody can change, take out, put in or reorder events afterwards without all later hashes telling. Together with
 * the last link, which is kept apart, a cut end is noticed, too.
 */
import type { AuditActor, AuditEvent, AuditTarget, RecordedAuditEvent } from './audit-event.ts';

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. */
export type Sha256 = (text: string) => string;

/** What stands in the place of a hash before the first event. */
export const FIRST_LINK = '0'.repeat(64);

/** An event as it is shown, exported and hashed; what is not set is left out. */
export interface AuditDocument {
  readonly type: string;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly at: string;
  readonly actor: AuditActor;
  readonly on_behalf_of?: AuditActor;
  readonly client_id?: string;
  readonly target: AuditTarget;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly request_id?: string;
}

export interface RecordedAuditDocument extends AuditDocument {
  readonly id: string;
  readonly organization?: string;
  readonly hash: string;
}

export function auditDocument({ type, at, actor, onBehalfOf, clientId, target, before, after, requestId }: AuditEvent): AuditDocument {
  return {
    type,
    at: at.toISOString(),
    actor: { kind: actor.kind, id: actor.id },
    ...(onBehalfOf === undefined ? {} : { on_behalf_of: { kind: onBehalfOf.kind, id: onBehalfOf.id } }),
    ...(clientId === undefined ? {} : { client_id: clientId }),
    target: { kind: target.kind, id: target.id },
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

export function recordedAuditDocument(event: RecordedAuditEvent): RecordedAuditDocument {
  const { id, organization, hash } = event;
  return { id, ...auditDocument(event), ...(organization === undefined ? {} : { organization }), hash };
}

/** Digest of what an event says. Its organization is not in it: the store may find that out when it keeps the event. */
export function digestOf(event: AuditEvent, sha256: Sha256): string {
  return sha256(canonicalJson(auditDocument(event)));
}

/** Hash of the event that follows the one with the hash `previous`. */
export function linkAfter(previous: string, event: AuditEvent, sha256: Sha256): string {
  return sha256(`${previous}${digestOf(event, sha256)}${event.organization ?? ''}`);
}

/** JSON without white space, the members of every object in the order of their names by UTF-16 code unit. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
