/** @module Password hashes and counts of attempts in Postgres. */
import { comparableMailAddress } from '../../domain/mail.ts';
import type { PasswordCredential, SignInStore } from '../../domain/ports.ts';
import { FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, REST_MS } from '../sign-in-delay.ts';
import { auditEntry } from '../audit-entry.ts';
import { assertKey, assertStorable, isStorable, storableKeys } from '../values.ts';
import { addAuditEvents, oneAuditEvent } from './audit.ts';
import type { Database, Statement } from './session.ts';

const CREDENTIAL: Statement = {
  name: 'credential_by_username',
  sql: 'SELECT id, password_hash, password_changed_at FROM users WHERE username_canonical = ?',
};
const CREDENTIAL_OF: Statement = { name: 'credential_of_user', sql: 'SELECT id, password_hash, password_changed_at FROM users WHERE id = ?' };
const BY_EMAIL: Statement = { sql: 'SELECT id FROM users WHERE lower(email COLLATE "C") = ? ORDER BY id LIMIT ?' };
const HISTORY: Statement = {
  sql: 'SELECT array_prepend(password_hash, former_password_hashes) AS hashes FROM users WHERE id = ? AND password_hash IS NOT NULL',
};
const REPLACE_HASH: Statement = { sql: 'UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? RETURNING id' };

/**
 * One statement, so that of many at once exactly as many are counted as may be. The row is written even when it is
 * locked: only then the answer is that of the latest row, whoever wrote it meanwhile. `n` is the count this would be.
 */
const BEGIN: Statement = {
  name: 'begin_attempt',
  sql: `
    INSERT INTO sign_in_attempts AS a (key, failures, counted, counted_at, locked_until, expires_at)
    SELECT i.key, 1, true, i.now, first.locked_until, GREATEST(first.locked_until, i.now + i.rest)
    FROM (SELECT ?::text AS key, ?::timestamptz AS now, ?::int AS allowed, ?::float8 AS lock, ?::float8 AS first_delay, ?::float8 AS longest,
      ?::float8 * interval '1 ms' AS rest) i
    CROSS JOIN LATERAL (SELECT CASE WHEN i.allowed <= 1
      THEN i.now + GREATEST(i.lock, LEAST(i.longest, i.first_delay * 2 ^ LEAST(1 - i.allowed, 7))) * interval '1 s' END AS locked_until) first
    ON CONFLICT (key) DO UPDATE SET (failures, counted, counted_at, locked_until, expires_at) = (
      SELECT
        CASE WHEN t.locked THEN a.failures ELSE t.n END,
        NOT t.locked,
        CASE WHEN t.locked THEN a.counted_at ELSE excluded.counted_at END,
        CASE WHEN t.locked THEN a.locked_until ELSE t.lock_end END,
        CASE WHEN t.locked THEN a.expires_at ELSE GREATEST(t.lock_end, excluded.counted_at + ?::float8 * interval '1 ms') END
      FROM (
        SELECT c.locked, c.n, CASE WHEN c.n >= ?::int
          THEN excluded.counted_at + GREATEST(?::float8, LEAST(?::float8, ?::float8 * 2 ^ LEAST(c.n - ?::int, 7))) * interval '1 s' END AS lock_end
        FROM (SELECT coalesce(a.locked_until > excluded.counted_at, false) AS locked,
          CASE WHEN a.expires_at <= excluded.counted_at THEN 1 ELSE a.failures + 1 END AS n) c
      ) t)
    RETURNING counted, failures, locked_until`,
};
/** A count of nothing is no row. */
const UNCOUNT: Statement = {
  sql: `
    WITH first AS (DELETE FROM sign_in_attempts WHERE key = ? AND failures = ?::int AND failures = 1)
    UPDATE sign_in_attempts SET failures = failures - 1, locked_until = NULL WHERE key = ? AND failures = ?::int AND failures > 1`,
};
const FAILURES: Statement = { sql: 'SELECT key, failures FROM sign_in_attempts WHERE key = ANY (?::text[]) AND failures > 0 AND expires_at > ?' };
const CLEAR: Statement = { sql: 'DELETE FROM sign_in_attempts WHERE key = ?' };
const UNLOCK: Statement = {
  sql: `
    WITH gone AS (DELETE FROM sign_in_attempts WHERE key = ? RETURNING key), done AS (SELECT count(*) FROM gone)
    SELECT append_audit_events(?::jsonb) FROM done`,
};

interface CredentialRow {
  readonly id: string;
  readonly password_hash: string | null;
  readonly password_changed_at: Date | null;
}

interface AttemptRow {
  readonly counted: boolean;
  readonly failures: number;
  readonly locked_until: Date | null;
}

export function postgresSignIn({ reading, writing }: Database): SignInStore {
  const find = async (statement: Statement, key: string): Promise<PasswordCredential | undefined> => {
    const [row] = isStorable(key) ? await reading.rows<CredentialRow>(statement, [key]) : [];
    return row && { userId: row.id, passwordHash: row.password_hash ?? undefined, passwordChangedAt: row.password_changed_at ?? undefined };
  };
  return {
    findCredential: (username) => find(CREDENTIAL, username),
    findCredentialOf: (userId) => find(CREDENTIAL_OF, userId),
    findUsersByEmail: async (email, limit) => {
      const rows = isStorable(email) ? await reading.rows<{ readonly id: string }>(BY_EMAIL, [comparableMailAddress(email), limit]) : [];
      return rows.map(({ id }) => id);
    },
    findPasswordHistory: async (userId, limit) => {
      const [row] = isStorable(userId) ? await reading.rows<{ readonly hashes: readonly string[] }>(HISTORY, [userId]) : [];
      return row === undefined ? [] : row.hashes.slice(0, limit);
    },
    replaceHash: async (userId, expected, hash) => {
      assertStorable(hash, 'A password hash');
      if (!isStorable(userId) || !isStorable(expected)) return false;
      return (await writing.rows(REPLACE_HASH, [hash, userId, expected])).length > 0;
    },
    beginAttempt: async (key, { allowed, lockSeconds }, now) => {
      assertKey(key, 'an attempt');
      const first = [key, now, allowed, lockSeconds, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, REST_MS];
      const next = [REST_MS, allowed, lockSeconds, LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS, allowed];
      const [row] = await writing.rows<AttemptRow>(BEGIN, [...first, ...next]);
      const { counted, failures, locked_until: lockedUntil } = row!;
      return { counted, failures, ...(lockedUntil === null ? {} : { lockedUntil }) };
    },
    uncountAttempt: async (key, failures) => {
      if (isStorable(key)) await writing.rows(UNCOUNT, [key, failures, key, failures]);
    },
    findFailures: async (keys, now) => {
      const rows = await reading.rows<{ readonly key: string; readonly failures: number }>(FAILURES, [storableKeys(keys), now]);
      return new Map(rows.map(({ key, failures }) => [key, failures]));
    },
    clearAttempts: async (key) => {
      if (isStorable(key)) await writing.rows(CLEAR, [key]);
    },
    recordLockOut: (event) => addAuditEvents(writing, [auditEntry(event)]),
    unlock: async (key, event) => {
      assertKey(key, 'an attempt');
      await writing.rows(UNLOCK, [key, oneAuditEvent(event)]);
    },
  };
}
