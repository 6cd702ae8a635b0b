/** @module Counts of use in Postgres: added up as they come, read as totals over days. */
import type { Page } from '../../domain/directory.ts';
import type { Day, ProfileInUse, UsageQuery, UsageStore, UsageTotal } from '../../domain/usage.ts';
import { assertCounts, isAnswerable } from '../usage-counts.ts';
import type { Database, Session, Statement } from './session.ts';
import { above, LISTINGS, own, ownOrInherited } from './usage-totals.ts';

const BEGIN: Statement = { sql: 'INSERT INTO usage_start (day) VALUES (?::date) ON CONFLICT DO NOTHING' };
const SINCE: Statement = { sql: 'SELECT day::text FROM usage_start' };

/** Rows are locked in the order of their keys, so that nodes that add at the same time wait for each other in one direction. */
const ADD: Statement = {
  sql: `
    INSERT INTO usage_by_day AS u (client_id, day, kind, name, granted, dropped)
    SELECT n.client, n.day, n.kind, n.name, n.granted, n.dropped
    FROM jsonb_to_recordset(?::jsonb) AS n (client text, day date, kind text, name text, granted bigint, dropped bigint)
    WHERE EXISTS (SELECT FROM clients c WHERE c.client_id = n.client)
    ORDER BY n.client COLLATE "C", n.day, n.kind, n.name COLLATE "C"
    ON CONFLICT (client_id, day, kind, name) DO UPDATE SET granted = u.granted + excluded.granted, dropped = u.dropped + excluded.dropped`,
};

const GRANTED: Statement = {
  sql: `
    SELECT DISTINCT u.name
    FROM usage_by_day u JOIN clients c ON c.client_id = u.client_id LEFT JOIN organizations o ON o.id = c.organization_id
    WHERE u.kind = 'role' AND u.granted > 0 AND u.day BETWEEN ?::date AND ?::date
      AND (?::text IS NULL OR u.client_id = ?::text)
      AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))
    ORDER BY u.name`,
};

/** An assignment to an organization above reaches into the tenancy when it goes to all below. */
const IN_USE: Statement = {
  sql: `
    SELECT p.id, p.id IN (
      SELECT a.security_profile_id
      FROM assignments a
      LEFT JOIN users u ON u.id = a.user_id
      LEFT JOIN user_groups g ON g.id = a.user_group_id
      LEFT JOIN clients c ON c.client_id = a.client_id
      LEFT JOIN organizations o ON o.id = COALESCE(u.organization_id, g.organization_id, c.organization_id, a.organization_id)
      WHERE (a.valid_until IS NULL OR a.valid_until > ?)
        AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND o.id IS NULL)
          OR (a.include_descendants AND a.organization_id = ANY (?::text[])))
    ) AS assigned
    FROM security_profiles p LEFT JOIN organizations o ON o.id = p.organization_id
    WHERE ?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND p.organization_id IS NULL) OR p.organization_id = ANY (?::text[])
    ORDER BY p.id`,
};

const REAP: Statement = {
  sql: `
    WITH gone AS (DELETE FROM usage_by_day WHERE (client_id, day, kind, name) IN
      (SELECT client_id, day, kind, name FROM usage_by_day WHERE day < ?::date ORDER BY day LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*)::int AS count FROM gone`,
};

interface TotalRow {
  readonly name: string;
  readonly tokens: number | null;
  readonly granted: number;
  readonly dropped: number;
  readonly last_used_on: Day | null;
  readonly last_requested_on: Day | null;
}

export function postgresUsage({ reading, writing }: Database): UsageStore {
  return {
    begin: async (day) => void (await writing.rows(BEGIN, [day])),
    countedSince: async () => (await reading.rows<{ readonly day: Day }>(SINCE))[0]?.day,
    add: async (counts) => {
      assertCounts(counts);
      if (counts.length > 0) await writing.rows(ADD, [JSON.stringify(counts)]);
    },
    list: (query) => list(reading, query),
    grantedRoles: async ({ from, to, visibility, client }) => {
      if (!isAnswerable({ visibility, client })) return [];
      const rows = await reading.rows<{ readonly name: string }>(GRANTED, [from, to, client ?? null, client ?? null, ...own(visibility)]);
      return rows.map(({ name }) => name);
    },
    profilesInUse: async (visibility, now) => {
      if (visibility.tenancy.kind === 'nothing') return [];
      return reading.rows<ProfileInUse>(IN_USE, [now, ...own(visibility), above(visibility), ...ownOrInherited(visibility)]);
    },
    reap: async (before, limit) => (await writing.rows<{ readonly count: number }>(REAP, [before, limit]))[0]!.count,
  };
}

async function list(reading: Session, query: UsageQuery): Promise<Page<UsageTotal>> {
  const { by, limit, total } = query;
  if (!isAnswerable(query)) return { items: [], next: undefined, total: total ? 0 : undefined };
  const { page, pageValues, count, countValues } = LISTINGS[by];
  const rows = await reading.rows<TotalRow>(page, pageValues(query));
  const counted = total ? await reading.rows<{ readonly count: number }>(count, countValues(query)) : [];
  const items = rows.slice(0, limit).map(fromRow);
  const last = items.at(-1)?.name;
  return { items, next: rows.length > limit && last !== undefined ? { value: last, key: last } : undefined, total: counted[0]?.count };
}

const fromRow = ({ name, tokens, granted, dropped, last_used_on, last_requested_on }: TotalRow): UsageTotal => ({
  name,
  tokens: tokens ?? undefined,
  granted,
  dropped,
  lastUsedOn: last_used_on ?? undefined,
  lastRequestedOn: last_requested_on ?? undefined,
});
