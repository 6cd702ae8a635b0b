import type { AuditEvent, RecordedAuditEvent } from '../../src/domain/audit-event.ts';
import type { Store } from '../../src/domain/ports.ts';
import { EVERYTHING } from '../../src/domain/tenancy.ts';

interface Wanted {
  readonly limit: number;
  readonly type?: string;
}

/** Audit events as they were written, newest first. */
export async function listAuditEvents(store: Store, wanted: Wanted): Promise<readonly AuditEvent[]> {
  return (await recordedAuditEvents(store, wanted)).map(({ id: _id, hash: _hash, organization: _organization, ...event }) => event);
}

/** The latest audit events of a type, newest first. */
export const auditEvents = (store: Store, type: string): Promise<readonly AuditEvent[]> => listAuditEvents(store, { limit: 100, type });

/** Audit events as they are kept, newest first. */
export async function recordedAuditEvents(store: Store, { limit, type }: Wanted): Promise<readonly RecordedAuditEvent[]> {
  return (await store.audit.list({ tenancy: EVERYTHING, filters: { type }, descending: true, limit, total: false })).items;
}
