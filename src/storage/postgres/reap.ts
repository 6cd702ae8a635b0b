/** @module Expired rows go in small batches, by the index on their expiry, past rows that somebody else is busy with. */
import { INVITATION_KEPT_MS } from '../../domain/invitation.ts';
import { CHANGES_KEPT_MS } from '../options.ts';
import type { Session, Statement } from './session.ts';

/** Each binds the time and the limit, and answers with the number of rows that went. */
const BATCHES: readonly Statement[] = [
  {
    sql: `
      WITH gone AS (DELETE FROM refresh_tokens WHERE hash IN
        (SELECT hash FROM refresh_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM grants WHERE id IN
        (SELECT id FROM grants g WHERE expires_at <= ? AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.grant_id = g.id)
          ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    // A revocation outlives every grant that it hits, whatever expiry it was given.
    sql: `
      WITH gone AS (DELETE FROM revocations WHERE (kind, id) IN
        (SELECT kind, id FROM revocations r WHERE expires_at <= ? AND NOT EXISTS (SELECT FROM grants g WHERE
            CASE r.kind WHEN 'grant' THEN g.id = r.id WHEN 'user' THEN g.user_id = r.id AND g.created_at <= r.not_before
              WHEN 'client' THEN g.client_id = r.id AND g.created_at <= r.not_before
              ELSE r.kind = 'everybody' AND g.created_at <= r.not_before END)
          ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM role_losses WHERE (subject_kind, subject_id, client_id, role) IN
        (SELECT subject_kind, subject_id, client_id, role FROM role_losses WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM replays WHERE id IN
        (SELECT id FROM replays WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM artifacts WHERE (kind, id) IN
        (SELECT kind, id FROM artifacts WHERE expires_at <= ? AND NOT copied ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM sign_in_attempts WHERE key IN
        (SELECT key FROM sign_in_attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM client_secrets WHERE (client_id, id) IN
        (SELECT client_id, id FROM client_secrets WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  {
    sql: `
      WITH gone AS (DELETE FROM one_time_links WHERE hash IN
        (SELECT hash FROM one_time_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
];

const INVITATIONS: Statement = {
  sql: `
    WITH gone AS (DELETE FROM invitations WHERE id IN
      (SELECT id FROM invitations WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*)::int AS count FROM gone`,
};

/** Whoever read up to a version that is no longer complete in the log learns from its start that changes are missing. */
const CHANGES: Statement = {
  sql: `
    WITH gone AS (DELETE FROM changes WHERE (version, kind, id) IN
      (SELECT version, kind, id FROM changes WHERE at <= ? ORDER BY at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING version),
    moved AS (UPDATE change_log_start SET version = GREATEST(version, (SELECT max(version) FROM gone)) WHERE EXISTS (SELECT FROM gone))
    SELECT count(*)::int AS count FROM gone`,
};

export async function reap(session: Session, now: Date, limit: number): Promise<number> {
  let count = 0;
  for (const statement of BATCHES) count += await countOf(session, statement, now, limit);
  count += await countOf(session, INVITATIONS, new Date(now.getTime() - INVITATION_KEPT_MS), limit);
  return count + (await countOf(session, CHANGES, new Date(now.getTime() - CHANGES_KEPT_MS), limit));
}

async function countOf(session: Session, ...[statement, time, limit]: readonly [Statement, Date, number]): Promise<number> {
  return (await session.rows<{ readonly count: number }>(statement, [time, limit]))[0]!.count;
}
