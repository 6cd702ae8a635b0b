/** Operations on audit events. */
import { recordedAuditDocument, type RecordedAuditDocument } from '../../domain/audit-chain.ts';
import { positionOfEvent, type ChainHead } from '../../domain/audit-event.ts';
import { DomainError } from '../../domain/errors.ts';
import { EVERYTHING } from '../../domain/tenancy.ts';
import { verifyAuditChain, type ChainFault } from '../../services/audit.ts';
import type { Operation } from '../operation.ts';

export interface ListAuditEvents {
  readonly type?: string | undefined;
  readonly actor?: string | undefined;
  readonly on_behalf_of?: string | undefined;
  readonly target_kind?: string | undefined;
  readonly target_id?: string | undefined;
  readonly request_id?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly oldest_first: boolean;
  /** Number of the last event of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface AuditEventsDocument {
  readonly events: readonly RecordedAuditDocument[];
  readonly next: string | null;
}

export const listAuditEvents: Operation<ListAuditEvents, AuditEventsDocument> = {
  name: 'audit list',
  perform: async ({ app }, { type, actor, on_behalf_of: onBehalfOf, target_kind: targetKind, target_id: targetId, ...asked }) => {
    const { request_id: requestId, since, until, oldest_first: oldestFirst, after, limit } = asked;
    const { audit } = app.store;
    const last = after === undefined ? undefined : await audit.find(after, EVERYTHING);
    if (after !== undefined && last === undefined) throw new DomainError('not_found', `There is no audit event ${after}.`);
    const page = await audit.list({
      tenancy: EVERYTHING,
      filters: { type, actor, onBehalfOf, targetKind, targetId, requestId, from: dateOf(since), until: dateOf(until) },
      descending: !oldestFirst,
      after: last && positionOfEvent(last),
      limit,
      total: false,
    });
    return { events: page.items.map(recordedAuditDocument), next: page.next?.key ?? null };
  },
};

const dateOf = (instant: string | undefined): Date | undefined => (instant === undefined ? undefined : new Date(instant));

export interface VerificationDocument {
  readonly unbroken: boolean;
  /** Events that fit, from the first one on, and the hash of the last of them. */
  readonly events: number;
  readonly hash: string;
  readonly fault: { readonly kind: ChainFault; readonly event: number } | null;
}

export const verifyAudit: Operation<{ readonly expect?: ChainHead | undefined }, VerificationDocument> = {
  name: 'audit verify',
  perform: async ({ app }, { expect }) => {
    const { events, hash, fault } = await verifyAuditChain(app.store.audit, expect);
    return { unbroken: fault === undefined, events, hash, fault: fault ?? null };
  },
};

export const AUDIT_OPERATIONS = [listAuditEvents, verifyAudit];
