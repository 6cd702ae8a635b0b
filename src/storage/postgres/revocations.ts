/** @module Revocations and single-use ids in Postgres. */
import type { Page } from '../../domain/directory.ts';
import type { ReplayStore } from '../../domain/ports.ts';
import type { Revocation, RevocationQuery, RevocationStore, SweepingRevocation } from '../../domain/revocation.ts';
import { isRootTenancy } from '../../domain/tenancy.ts';
import { pageOf } from '../directory-query.ts';
import { assertKey, isStorable, toJson } from '../values.ts';
import { oneAuditEvent } from './audit.ts';
import type { Database, Session, Statement, Value } from './session.ts';

/**
 * Keeps the later expiry and, where it counts, the later "not before"; never expires before a refresh token that it
 * hits. The audit event is written only when something came of it.
 */
const ADD: Statement = {
  sql: `
    WITH kept AS (
      INSERT INTO revocations AS r (kind, id, not_before, expires_at)
      SELECT i.kind, i.id, i.not_before, GREATEST(i.expires_at, (SELECT max(g.expires_at) FROM grants g
        WHERE CASE i.kind WHEN 'user' THEN g.user_id = i.id WHEN 'client' THEN g.client_id = i.id WHEN 'grant' THEN g.id = i.id ELSE i.kind = 'everybody' END))
      FROM (SELECT ?::text AS kind, ?::text AS id, ?::timestamptz AS not_before, ?::timestamptz AS expires_at) i
      ON CONFLICT (kind, id) DO UPDATE
        SET not_before = GREATEST(r.not_before, excluded.not_before), expires_at = GREATEST(r.expires_at, excluded.expires_at),
          written_by = excluded.written_by
        WHERE excluded.expires_at > r.expires_at OR (r.kind IN ('user', 'client', 'everybody') AND excluded.not_before > r.not_before)
      RETURNING r.id
    )
    SELECT append_audit_events(?::jsonb) FROM kept`,
};
const ADD_SILENTLY: Statement = {
  sql: `
    INSERT INTO revocations AS r (kind, id, not_before, expires_at)
    SELECT i.kind, i.id, i.not_before, GREATEST(i.expires_at, (SELECT max(g.expires_at) FROM grants g
      WHERE CASE i.kind WHEN 'user' THEN g.user_id = i.id WHEN 'client' THEN g.client_id = i.id WHEN 'grant' THEN g.id = i.id ELSE i.kind = 'everybody' END))
    FROM (SELECT ?::text AS kind, ?::text AS id, ?::timestamptz AS not_before, ?::timestamptz AS expires_at) i
    ON CONFLICT (kind, id) DO UPDATE
      SET not_before = GREATEST(r.not_before, excluded.not_before), expires_at = GREATEST(r.expires_at, excluded.expires_at),
        written_by = excluded.written_by`,
};
const IS_REVOKED: Statement = {
  name: 'is_revoked',
  sql: `
    SELECT EXISTS (SELECT FROM revocations WHERE kind = 'token' AND id = ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'grant' AND id = ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'user' AND id IN (?, ?) AND not_before >= ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'client' AND id = ? AND not_before >= ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'everybody' AND id = '*' AND not_before >= ?) AS revoked`,
};
/** Of users and clients within a tenancy; what belongs to no organization belongs to the roots. */
const LIST: Statement = {
  sql: `
    SELECT r.kind, r.id, r.not_before, r.expires_at
    FROM revocations r
      LEFT JOIN users u ON r.kind = 'user' AND u.id = r.id
      LEFT JOIN clients c ON r.kind = 'client' AND c.client_id = r.id
      LEFT JOIN organizations o ON o.id = coalesce(u.organization_id, c.organization_id)
    WHERE r.kind = ANY (?::text[]) AND r.expires_at > ?::timestamptz AND (u.id IS NOT NULL OR c.client_id IS NOT NULL)
      AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND o.id IS NULL))
      AND (r.kind, r.id) > (?::text, ?::text)
    ORDER BY r.kind, r.id LIMIT ?`,
};
const COUNT: Statement = {
  sql: `
    SELECT count(*)::int AS count
    FROM revocations r
      LEFT JOIN users u ON r.kind = 'user' AND u.id = r.id
      LEFT JOIN clients c ON r.kind = 'client' AND c.client_id = r.id
      LEFT JOIN organizations o ON o.id = coalesce(u.organization_id, c.organization_id)
    WHERE r.kind = ANY (?::text[]) AND r.expires_at > ?::timestamptz AND (u.id IS NOT NULL OR c.client_id IS NOT NULL)
      AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND o.id IS NULL))`,
};
/** The same of a part of a tree: from its people, of whom there are few. */
const LIST_BELOW: Statement = {
  sql: `
    SELECT r.kind, r.id, r.not_before, r.expires_at
    FROM (
      SELECT 'user' AS kind, u.id FROM organizations o JOIN users u ON u.organization_id = o.id WHERE o.path @> ARRAY[?::text]
      UNION ALL
      SELECT 'client', c.client_id FROM organizations o JOIN clients c ON c.organization_id = o.id WHERE o.path @> ARRAY[?::text]
    ) s JOIN revocations r ON r.kind = s.kind AND r.id = s.id
    WHERE r.kind = ANY (?::text[]) AND r.expires_at > ?::timestamptz AND (r.kind, r.id) > (?::text, ?::text)
    ORDER BY r.kind, r.id LIMIT ?`,
};
const COUNT_BELOW: Statement = {
  sql: `
    SELECT count(*)::int AS count
    FROM (
      SELECT 'user' AS kind, u.id FROM organizations o JOIN users u ON u.organization_id = o.id WHERE o.path @> ARRAY[?::text]
      UNION ALL
      SELECT 'client', c.client_id FROM organizations o JOIN clients c ON c.organization_id = o.id WHERE o.path @> ARRAY[?::text]
    ) s JOIN revocations r ON r.kind = s.kind AND r.id = s.id
    WHERE r.kind = ANY (?::text[]) AND r.expires_at > ?::timestamptz`,
};
/** An expired row may be taken over; whoever of several is first wins. */
const USE_ONCE: Statement = {
  name: 'use_once',
  sql: `
    INSERT INTO replays AS r (id, expires_at) VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at WHERE r.expires_at <= ?
    RETURNING id`,
};

function revocationValues(revocation: Revocation): Value[] {
  assertKey(revocation.id, 'a revocation');
  toJson(revocation, 'A revocation');
  return [revocation.kind, revocation.id, revocation.notBefore, revocation.expiresAt];
}

export async function addRevocation(session: Session, revocation: Revocation): Promise<void> {
  await session.rows(ADD_SILENTLY, revocationValues(revocation));
}

interface RevocationRow {
  readonly kind: SweepingRevocation['kind'];
  readonly id: string;
  readonly not_before: Date;
  readonly expires_at: Date;
}

async function listRevocations(session: Session, { tenancy, kinds, now, after, limit, total }: RevocationQuery): Promise<Page<SweepingRevocation>> {
  const below = tenancy.kind === 'subtree' && !isRootTenancy(tenancy) ? tenancy.organization : undefined;
  const [list, count] = below === undefined ? [LIST, COUNT] : [LIST_BELOW, COUNT_BELOW];
  const values =
    below === undefined
      ? [kinds, now, tenancy.kind === 'everything', tenancy.kind === 'subtree' ? tenancy.organization : null, isRootTenancy(tenancy)]
      : [below, below, kinds, now];
  const rows = await session.rows<RevocationRow>(list, [...values, after?.value ?? '', after?.key ?? '', limit + 1]);
  const found = rows.map(({ kind, id, not_before: notBefore, expires_at: expiresAt }) => ({ kind, id, notBefore, expiresAt }));
  return pageOf(found, limit, {
    position: ({ kind, id }) => ({ value: kind, key: id }),
    total: total ? (await session.rows<{ readonly count: number }>(count, values))[0]!.count : undefined,
  });
}

export function postgresRevocations({ reading, writing }: Database): RevocationStore {
  return {
    add: async (revocation, event) => void (await writing.rows(ADD, [...revocationValues(revocation), oneAuditEvent(event)])),
    isRevoked: async ({ jti, grantId, userId, actorId, clientId, issuedAt }) => {
      // What cannot be a key is in no revocation.
      const [token, grant, user, actor, client] = [jti, grantId, userId, actorId, clientId].map((id) =>
        id !== undefined && isStorable(id) ? id : null,
      );
      const rows = await reading.rows<{ readonly revoked: boolean }>(IS_REVOKED, [
        token!,
        grant!,
        user!,
        actor!,
        issuedAt,
        client!,
        issuedAt,
        issuedAt,
      ]);
      return rows[0]!.revoked;
    },
    list: (query) => listRevocations(reading, query),
  };
}

export function postgresReplays({ writing, now }: Database): ReplayStore {
  return {
    useOnce: async (id, expiresAt) => {
      assertKey(id, 'a single-use id');
      return (await writing.rows(USE_ONCE, [id, expiresAt, now()])).length > 0;
    },
  };
}
