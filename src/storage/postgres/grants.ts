/** @module Grants and refresh tokens in Postgres. */
import type { Grant, GrantStore } from '../../domain/ports.ts';
import { assertKey, isStorable, toJson } from '../values.ts';
import { withoutNulls } from './repository.ts';
import type { Database, Statement } from './session.ts';

const CREATE: Statement = {
  name: 'create_grant',
  sql: `
    WITH created AS (
      INSERT INTO grants (id, user_id, client_id, requested_scope, audience, dpop_thumbprint, oidc_scope, session_id, signed_in_at, created_at, expires_at)
      VALUES (?, ?, ?, ?::text[], ?, ?, ?::text[], ?, ?, ?, ?) RETURNING id, created_at, expires_at
    )
    INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
    SELECT r.hash, id, created_at, expires_at FROM created, (SELECT ?::text AS hash) r WHERE r.hash IS NOT NULL`,
};

const FIND: Statement = {
  name: 'refresh_token',
  sql: `
    SELECT t.hash, t.created_at AS token_created_at, t.consumed_at, g.*
    FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id WHERE t.hash = ? AND g.expires_at > ?`,
};

/**
 * Of several at once the first locks the row; the others find it consumed when they get it. A revocation that was
 * committed before the statement began is seen; one that comes later hits the access token by its grant.
 */
const ROTATE: Statement = {
  name: 'rotate_refresh_token',
  sql: `
    WITH consumed AS (
      UPDATE refresh_tokens t SET consumed_at = ?
      FROM grants g
      WHERE t.hash = ? AND t.consumed_at IS NULL AND g.id = t.grant_id AND g.expires_at > ?
        AND NOT EXISTS (SELECT FROM revocations r WHERE (r.kind = 'grant' AND (r.id = g.id OR r.id = g.session_id))
          OR (r.kind = 'user' AND r.id = g.user_id AND r.not_before >= g.created_at)
          OR (r.kind = 'client' AND r.id = g.client_id AND r.not_before >= g.created_at)
          OR (r.kind = 'everybody' AND r.id = '*' AND r.not_before >= g.created_at))
      RETURNING t.grant_id, t.expires_at
    )
    INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at) SELECT ?, grant_id, ?, expires_at FROM consumed RETURNING grant_id`,
};

const FIND_GRANT: Statement = { sql: 'SELECT * FROM grants WHERE id = ? AND expires_at > ?' };
const OF_SESSION: Statement = {
  sql: 'SELECT * FROM grants WHERE session_id = ? AND expires_at > ? ORDER BY created_at DESC, id DESC LIMIT 1000',
};

interface GrantRow {
  readonly id: string;
  readonly user_id: string;
  readonly client_id: string;
  readonly requested_scope: readonly string[];
  readonly audience: string;
  readonly dpop_thumbprint: string | null;
  readonly oidc_scope: readonly string[];
  readonly session_id: string | null;
  readonly signed_in_at: Date | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

interface RefreshTokenRow extends GrantRow {
  readonly hash: string;
  readonly token_created_at: Date;
  readonly consumed_at: Date | null;
}

function fromGrantRow(row: GrantRow): Grant {
  return withoutNulls<Grant>({
    id: row.id,
    clientId: row.client_id,
    userId: row.user_id,
    requestedScope: row.requested_scope,
    audience: row.audience,
    dpopThumbprint: row.dpop_thumbprint,
    oidcScope: row.oidc_scope,
    browser: row.session_id === null ? null : { sessionId: row.session_id, signedInAt: row.signed_in_at! },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  });
}

export function postgresGrants({ reading, writing, now }: Database): GrantStore {
  return {
    create: async (grant, refreshTokenHash) => {
      assertKey(grant.id, 'a grant');
      if (refreshTokenHash !== undefined) assertKey(refreshTokenHash, 'a refresh token');
      if (grant.browser !== undefined) assertKey(grant.browser.sessionId, 'a session');
      toJson(grant, 'A grant');
      const { id, userId, clientId, requestedScope, audience, dpopThumbprint = null, oidcScope, browser, createdAt, expiresAt } = grant;
      await writing.rows(CREATE, [
        id,
        userId,
        clientId,
        [...requestedScope],
        audience,
        dpopThumbprint,
        [...oidcScope],
        browser?.sessionId ?? null,
        browser?.signedInAt ?? null,
        createdAt,
        expiresAt,
        refreshTokenHash ?? null,
      ]);
    },
    findRefreshToken: async (hash) => {
      const [row] = isStorable(hash) ? await reading.rows<RefreshTokenRow>(FIND, [hash, now()]) : [];
      return (
        row && {
          hash: row.hash,
          grant: fromGrantRow(row),
          createdAt: row.token_created_at,
          ...(row.consumed_at === null ? {} : { consumedAt: row.consumed_at }),
        }
      );
    },
    rotate: async (hash, successorHash, at) => {
      assertKey(successorHash, 'a refresh token');
      if (!isStorable(hash)) return false;
      return (await writing.rows(ROTATE, [at, hash, at, successorHash, at])).length > 0;
    },
    find: async (id) => {
      const [row] = isStorable(id) ? await reading.rows<GrantRow>(FIND_GRANT, [id, now()]) : [];
      return row && fromGrantRow(row);
    },
    ofSession: async (sessionId) => {
      const rows = isStorable(sessionId) ? await reading.rows<GrantRow>(OF_SESSION, [sessionId, now()]) : [];
      return rows.map(fromGrantRow);
    },
  };
}
