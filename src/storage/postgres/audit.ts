/**
 * @module Audit events in Postgres. They are written by the function `append_audit_events`, which keeps the last link of
 * the chain locked until the commit: it is the last thing that a statement or a transaction does.
 */
import type { Knex } from 'knex';
import { positionOfEvent, type AuditActor, type AuditEvent, type AuditQuery, type AuditReader } from '../../domain/audit-event.ts';
import type { RecordedAuditEvent } from '../../domain/audit-event.ts';
import type { Page } from '../../domain/directory.ts';
import { isRootTenancy, type Tenancy } from '../../domain/tenancy.ts';
import { auditEntry, eventNumber, isAnswerable, pageStart, type AuditEntry } from '../audit-entry.ts';
import { pageOf } from '../directory-query.ts';
import { batches } from '../values.ts';
import { rootsOf, type Condition } from './directory-visibility.ts';
import { withoutNulls } from './repository.ts';
import type { Session, Statement } from './session.ts';

const APPEND: Statement = { sql: 'SELECT append_audit_events(?::jsonb)' };

/** Events in one statement at most: the database gives up on a statement that takes long. */
const MOST_AT_ONCE = 1000;

export async function addAuditEvents(session: Session, entries: readonly AuditEntry[]): Promise<void> {
  for (const batch of batches(entries, MOST_AT_ONCE)) await session.rows(APPEND, [JSON.stringify(batch)]);
}

/** What `append_audit_events` is given in a statement that does something else besides. */
export const oneAuditEvent = (event: AuditEvent): string => JSON.stringify([auditEntry(event)]);

interface AuditRow {
  readonly id: string | number;
  readonly at: Date;
  readonly type: string;
  readonly actor_kind: AuditActor['kind'];
  readonly actor_id: string;
  readonly on_behalf_of_kind: AuditActor['kind'] | null;
  readonly on_behalf_of_id: string | null;
  readonly client_id: string | null;
  readonly target_kind: string;
  readonly target_id: string;
  readonly organization_id: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly request_id: string | null;
  readonly hash: string;
}

function fromRow(row: AuditRow): RecordedAuditEvent {
  return withoutNulls<RecordedAuditEvent>({
    id: String(row.id),
    type: row.type,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id },
    onBehalfOf: row.on_behalf_of_kind === null ? null : { kind: row.on_behalf_of_kind, id: row.on_behalf_of_id! },
    clientId: row.client_id,
    target: { kind: row.target_kind, id: row.target_id },
    organization: row.organization_id,
    before: row.before,
    after: row.after,
    requestId: row.request_id,
    hash: row.hash,
  });
}

const WALK: Statement = { sql: 'SELECT * FROM audit_events WHERE id > ?::bigint ORDER BY id LIMIT ?' };
const FROM_THE_BEGINNING: Statement = { sql: 'SELECT * FROM audit_events ORDER BY id LIMIT ?' };
const HEAD: Statement = { sql: 'SELECT events, hash FROM audit_chain' };

export function postgresAudit(session: Session): AuditReader {
  return {
    list: (query) => list(session, query),
    walk: async ({ after, limit }) => {
      const rows = after === undefined ? session.rows<AuditRow>(FROM_THE_BEGINNING, [limit]) : session.rows<AuditRow>(WALK, [after, limit]);
      return (await rows).map(fromRow);
    },
    find: async (id, tenancy) => {
      const number = eventNumber(id);
      if (number === undefined || tenancy.kind === 'nothing') return undefined;
      const conditions = [{ sql: 'id = ?::bigint', values: [number] }, ...sightOf(tenancy)];
      const [row] = await session.select<AuditRow>((knex) => where(knex.select('*').from('audit_events'), conditions));
      return row && fromRow(row);
    },
    readHead: async () => {
      const [head] = await session.rows<{ readonly events: string | number; readonly hash: string }>(HEAD);
      return head && { events: Number(head.events), hash: head.hash };
    },
  };
}

const BEFORE = '(at, id) < (?::timestamptz, ?::bigint)';
const AFTER = '(at, id) > (?::timestamptz, ?::bigint)';

async function list(session: Session, query: AuditQuery): Promise<Page<RecordedAuditEvent>> {
  const start = pageStart(query);
  if (!isAnswerable(query)) return { items: [], next: undefined, total: query.total ? 0 : undefined };
  const conditions = filtersOf(query);
  const beyond = start === undefined ? [] : [{ sql: query.descending ? BEFORE : AFTER, values: [start.at, start.number] }];
  const rows = await session.select<AuditRow>((knex) => selection(knex, query, [...conditions, ...beyond]));
  const total = query.total ? await count(session, [...conditions, ...sightOf(query.tenancy)]) : undefined;
  return pageOf(rows.map(fromRow), query.limit, { position: positionOfEvent, total });
}

async function count(session: Session, conditions: readonly Condition[]): Promise<number> {
  const rows = await session.select<{ readonly count: number }>((knex) =>
    where(knex.select(knex.raw('count(*)::int AS count')).from('audit_events'), conditions),
  );
  return rows[0]!.count;
}

const FILTERS = {
  type: 'type = ?::text',
  actor: 'actor_id = ?::text',
  onBehalfOf: 'on_behalf_of_id = ?::text',
  targetKind: 'target_kind = ?::text',
  targetId: 'target_id = ?::text',
  requestId: 'request_id = ?::text',
  from: 'at >= ?::timestamptz',
  until: 'at < ?::timestamptz',
} as const;

function filtersOf({ filters }: AuditQuery): readonly Condition[] {
  return (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).flatMap((name) => {
    const value = filters[name];
    return value === undefined ? [] : [{ sql: FILTERS[name], values: [value] }];
  });
}

const BELOW = 'EXISTS (SELECT FROM organizations o WHERE o.id = audit_events.organization_id AND o.path @> ?::text[])';
/** For a root: all but what belongs to another tree. */
const NOT_ELSEWHERE = 'NOT EXISTS (SELECT FROM organizations o WHERE o.id = audit_events.organization_id AND NOT o.path @> ?::text[])';

function sightOf(tenancy: Tenancy): readonly Condition[] {
  if (tenancy.kind !== 'subtree') return [];
  return [{ sql: isRootTenancy(tenancy) ? NOT_ELSEWHERE : BELOW, values: [rootsOf(tenancy)] }];
}

function selection(knex: Knex, query: AuditQuery, conditions: readonly Condition[]): Knex.QueryBuilder {
  const { tenancy } = query;
  if (tenancy.kind === 'subtree' && !isRootTenancy(tenancy)) return selectionBelow(knex, query, conditions);
  return inOrder(where(knex.select('*').from('audit_events'), [...conditions, ...sightOf(tenancy)]), query);
}

/** Organizations whose latest events are looked up one by one; where there are more, events are gone through in order. */
const FEW = 'SELECT o.id FROM organizations o WHERE o.path @> ?::text[] LIMIT 5001';
const ARE_FEW = '(SELECT count(*) FROM few) <= 5000';
const ARE_MANY = '(SELECT count(*) FROM few) > 5000';

/**
 * Somebody who sees little of very many events must not wait until they are gone through, nor somebody who sees very many
 * organizations until each was asked. The database runs only the branch that applies.
 */
function selectionBelow(knex: Knex, query: AuditQuery, conditions: readonly Condition[]): Knex.QueryBuilder {
  const events = () => where(knex.select('*').from('audit_events'), conditions);
  const ofOne = inOrder(events().whereRaw('audit_events.organization_id = few.id'), query);
  const oneByOne = knex.select('found.*').from('few').crossJoin(knex.raw('LATERAL ? AS found', ofOne)).whereRaw(ARE_FEW);
  const inTurn = inOrder(where(events().whereRaw(ARE_MANY), sightOf(query.tenancy)), query);
  const both = knex.unionAll([inOrder(oneByOne, query), inTurn], true).as('both');
  return inOrder(
    knex
      .with('few', knex.raw(FEW, [rootsOf(query.tenancy)] as unknown as Knex.RawBinding[]))
      .select('*')
      .from(both),
    query,
  );
}

/** One more than fit onto the page. */
function inOrder(rows: Knex.QueryBuilder, { descending, limit }: AuditQuery): Knex.QueryBuilder {
  const order = descending ? 'desc' : 'asc';
  return rows
    .orderBy([
      { column: 'at', order },
      { column: 'id', order },
    ])
    .limit(limit + 1);
}

function where(rows: Knex.QueryBuilder, conditions: readonly Condition[]): Knex.QueryBuilder {
  return conditions.reduce((some, { sql, values }) => some.whereRaw(sql, values as Knex.RawBinding[]), rows);
}
