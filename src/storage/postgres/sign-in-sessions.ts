/** @module Sessions of a user in Postgres: grants that can still be refreshed. */
import type { Session as SignInSession } from '../../domain/directory.ts';
import { isStorable } from '../values.ts';
import type { Session, Statement } from './session.ts';

/** What does not count is what could not be refreshed. */
const SESSIONS: Statement = {
  sql: `
    SELECT g.id, g.client_id, g.requested_scope, g.audience, g.created_at, g.expires_at,
      coalesce((SELECT max(t.created_at) FROM refresh_tokens t WHERE t.grant_id = g.id), g.created_at) AS last_used_at
    FROM grants g
    WHERE g.user_id = ? AND g.expires_at > ?
      AND NOT EXISTS (SELECT FROM revocations r WHERE (r.kind = 'grant' AND r.id = g.id)
        OR (r.kind = 'user' AND r.id = g.user_id AND r.not_before >= g.created_at)
        OR (r.kind = 'client' AND r.id = g.client_id AND r.not_before >= g.created_at)
        OR (r.kind = 'everybody' AND r.id = '*' AND r.not_before >= g.created_at))
    ORDER BY g.created_at DESC, g.id DESC LIMIT ?`,
};

interface SessionRow {
  readonly id: string;
  readonly client_id: string;
  readonly requested_scope: readonly string[];
  readonly audience: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_used_at: Date;
}

interface Wanted {
  readonly userId: string;
  readonly now: Date;
  readonly limit: number;
}

export async function listSessions(session: Session, { userId, now, limit }: Wanted): Promise<readonly SignInSession[]> {
  const rows = isStorable(userId) ? await session.rows<SessionRow>(SESSIONS, [userId, now, limit]) : [];
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    requestedScope: row.requested_scope,
    audience: row.audience,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  }));
}
