/** @module Audit events in Postgres: rows that are added and read. */
import type { AuditActor, AuditEvent } from '../../domain/audit-event.ts';
import { isStorable, keepableEvent } from '../values.ts';
import { withoutNulls } from './repository.ts';
import type { Session, Statement, Value } from './session.ts';

/** In the order of the columns: at, type, actor_kind, actor_id, target_kind, target_id, before, after, request_id. */
export function auditValues(event: AuditEvent): Value[] {
  const { at, type, actor, target, before, after, requestId } = keepableEvent(event);
  return [at, type, actor.kind, actor.id, target.kind, target.id, asJson(before), asJson(after), requestId ?? null];
}

const asJson = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

const ADD: Statement = {
  sql: `
    INSERT INTO audit_events (at, type, actor_kind, actor_id, target_kind, target_id, before, after, request_id)
    VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?)`,
};
export const addAuditEvent = async (session: Session, event: AuditEvent): Promise<void> => void (await session.rows(ADD, auditValues(event)));

const NEWEST: Statement = { sql: 'SELECT * FROM audit_events ORDER BY id DESC LIMIT ?' };
const NEWEST_OF_TYPE: Statement = { sql: 'SELECT * FROM audit_events WHERE type = ? ORDER BY id DESC LIMIT ?' };

interface AuditRow {
  readonly at: Date;
  readonly type: string;
  readonly actor_kind: AuditActor['kind'];
  readonly actor_id: string;
  readonly target_kind: string;
  readonly target_id: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly request_id: string | null;
}

export async function listAuditEvents(session: Session, limit: number, type: string | undefined): Promise<readonly AuditEvent[]> {
  if (type !== undefined && !isStorable(type)) return [];
  const rows = type === undefined ? await session.rows<AuditRow>(NEWEST, [limit]) : await session.rows<AuditRow>(NEWEST_OF_TYPE, [type, limit]);
  return rows.map((row) =>
    withoutNulls<AuditEvent>({
      type: row.type,
      at: row.at,
      actor: { kind: row.actor_kind, id: row.actor_id },
      target: { kind: row.target_kind, id: row.target_id },
      before: row.before,
      after: row.after,
      requestId: row.request_id,
    }),
  );
}
