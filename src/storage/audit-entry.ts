/** @module How every store takes an audit event in: as all of them can keep it, with the digest of what it says. */
import { createHash } from 'node:crypto';
import { digestOf } from '../domain/audit-chain.ts';
import { belonging, type AuditEvent, type AuditQuery } from '../domain/audit-event.ts';
import { DomainError } from '../domain/errors.ts';
import { isStorable, keepableEvent } from './values.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An event on its way into the chain, in the words of the function `append_audit_events`. */
export type AuditEntry = ReturnType<typeof auditEntry>;

export function auditEntry(event: AuditEvent) {
  const kept = keepableEvent(event);
  const { type, at, actor, onBehalfOf, clientId, target, organization, before, after, requestId } = kept;
  const owner = belonging(kept);
  return {
    at,
    type,
    actor_kind: actor.kind,
    actor_id: actor.id,
    on_behalf_of_kind: onBehalfOf?.kind,
    on_behalf_of_id: onBehalfOf?.id,
    client_id: clientId,
    target_kind: target.kind,
    target_id: target.id,
    organization,
    belonging_kind: owner.kind,
    belonging_id: owner.id,
    before,
    after,
    request_id: requestId,
    digest: digestOf(kept, sha256),
  };
}

export interface PageStart {
  readonly at: Date;
  readonly number: number;
}

/** What comes before the page; undefined: nothing. @throws `invalid_input` */
export function pageStart({ after }: Pick<AuditQuery, 'after'>): PageStart | undefined {
  if (after === undefined) return undefined;
  const start = { at: new Date(after.value), number: eventNumber(after.key) };
  if (start.number === undefined || Number.isNaN(start.at.getTime())) throw new DomainError('invalid_input', 'The position is not one of this list.');
  return { at: start.at, number: start.number };
}

/** The number that an id stands for; undefined: none. */
export const eventNumber = (id: string): number | undefined => (/^(?:0|[1-9]\d{0,14})$/.test(id) ? Number(id) : undefined);

/** Whether there can be anything to find. */
export function isAnswerable({ tenancy, filters }: Pick<AuditQuery, 'tenancy' | 'filters'>): boolean {
  const texts = Object.values(filters).filter((value): value is string => typeof value === 'string');
  return tenancy.kind !== 'nothing' && texts.every(isStorable);
}
