/** @module Revocations and single-use ids in Postgres. */
import type { ReplayStore, Revocation, RevocationStore } from '../../domain/ports.ts';
import { assertKey, isStorable, toJson } from '../values.ts';
import { auditValues } from './audit.ts';
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
        WHERE CASE i.kind WHEN 'user' THEN g.user_id = i.id WHEN 'client' THEN g.client_id = i.id WHEN 'grant' THEN g.id = i.id END))
      FROM (SELECT ?::text AS kind, ?::text AS id, ?::timestamptz AS not_before, ?::timestamptz AS expires_at) i
      ON CONFLICT (kind, id) DO UPDATE
        SET not_before = GREATEST(r.not_before, excluded.not_before), expires_at = GREATEST(r.expires_at, excluded.expires_at)
        WHERE excluded.expires_at > r.expires_at OR (r.kind IN ('user', 'client') AND excluded.not_before > r.not_before)
      RETURNING r.id
    )
    INSERT INTO audit_events (at, type, actor_kind, actor_id, target_kind, target_id, before, after, request_id)
    SELECT ?::timestamptz, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ? FROM kept`,
};
const ADD_SILENTLY: Statement = {
  sql: `
    INSERT INTO revocations AS r (kind, id, not_before, expires_at)
    SELECT i.kind, i.id, i.not_before, GREATEST(i.expires_at, (SELECT max(g.expires_at) FROM grants g
      WHERE CASE i.kind WHEN 'user' THEN g.user_id = i.id WHEN 'client' THEN g.client_id = i.id WHEN 'grant' THEN g.id = i.id END))
    FROM (SELECT ?::text AS kind, ?::text AS id, ?::timestamptz AS not_before, ?::timestamptz AS expires_at) i
    ON CONFLICT (kind, id) DO UPDATE
      SET not_before = GREATEST(r.not_before, excluded.not_before), expires_at = GREATEST(r.expires_at, excluded.expires_at)`,
};
const IS_REVOKED: Statement = {
  name: 'is_revoked',
  sql: `
    SELECT EXISTS (SELECT FROM revocations WHERE kind = 'token' AND id = ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'grant' AND id = ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'user' AND id IN (?, ?) AND not_before >= ?)
      OR EXISTS (SELECT FROM revocations WHERE kind = 'client' AND id = ? AND not_before >= ?) AS revoked`,
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

export function postgresRevocations({ reading, writing }: Database): RevocationStore {
  return {
    add: async (revocation, event) => void (await writing.rows(ADD, [...revocationValues(revocation), ...auditValues(event)])),
    isRevoked: async ({ jti, grantId, userId, actorId, clientId, issuedAt }) => {
      // What cannot be a key is in no revocation.
      const [token, grant, user, actor, client] = [jti, grantId, userId, actorId, clientId].map((id) =>
        id !== undefined && isStorable(id) ? id : null,
      );
      const rows = await reading.rows<{ readonly revoked: boolean }>(IS_REVOKED, [token!, grant!, user!, actor!, issuedAt, client!, issuedAt]);
      return rows[0]!.revoked;
    },
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
