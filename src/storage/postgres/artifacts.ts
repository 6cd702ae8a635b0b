/** @module Artifacts in Postgres: all of them, where there is no Redis. */
import { MOST_LISTED_ARTIFACTS, type ArtifactStore } from '../../domain/artifact.ts';
import { artifactOf, keptArtifact, type KeptArtifact } from '../artifact-values.ts';
import { isStorable } from '../values.ts';
import type { Database, Statement, Value } from './session.ts';

/** A row that has expired counts as absent, with its consumed mark. */
const PUT: Statement = {
  name: 'put_artifact',
  sql: `
    INSERT INTO artifacts AS a (kind, id, payload, user_code, user_id, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, user_code = excluded.user_code, user_id = excluded.user_id,
      expires_at = excluded.expires_at, removed = false, consumed_at = CASE WHEN a.expires_at > ? AND NOT a.removed THEN a.consumed_at END`,
};
const FIND: Statement = {
  name: 'find_artifact',
  sql: 'SELECT id, payload, consumed_at FROM artifacts WHERE kind = ? AND id = ? AND expires_at > ? AND payload IS NOT NULL',
};
const FIND_BY_USER_CODE: Statement = {
  sql: 'SELECT id, payload, consumed_at FROM artifacts WHERE kind = ? AND user_code = ? AND expires_at > ? AND payload IS NOT NULL LIMIT 1',
};
const LIST: Statement = {
  sql: `
    SELECT id, payload, consumed_at, expires_at FROM artifacts WHERE kind = ? AND user_id = ? AND expires_at > ? AND payload IS NOT NULL
    ORDER BY expires_at DESC, id LIMIT ?`,
};
/** Of several at once the first locks the row; the others find it consumed when they get it. */
const CONSUME: Statement = {
  name: 'consume_artifact',
  sql: `
    UPDATE artifacts SET consumed_at = ?
    WHERE kind = ? AND id = ? AND consumed_at IS NULL AND expires_at > ? AND payload IS NOT NULL RETURNING id`,
};
const REMOVE: Statement = { sql: 'DELETE FROM artifacts WHERE kind = ? AND id = ?' };

/** Where Redis was given up there is nothing left to tell it. */
const REAP_COPIED: Statement = {
  sql: `
    WITH gone AS (DELETE FROM artifacts WHERE (kind, id) IN
      (SELECT kind, id FROM artifacts WHERE copied AND expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*)::int AS count FROM gone`,
};

interface ArtifactRow {
  readonly id: string;
  readonly payload: string;
  readonly consumed_at: Date | null;
}

interface ListedRow extends ArtifactRow {
  readonly expires_at: Date;
}

/** Columns of a record in the order in which they are bound. */
export function artifactValues({ kind, id, payload, userCode, userId, expiresAt }: KeptArtifact): Value[] {
  return [kind, id, payload, userCode ?? null, userId ?? null, expiresAt];
}

export function postgresArtifacts({ reading, writing, now }: Database): ArtifactStore {
  const find = async (statement: Statement, ...[kind, key, at]: readonly [string, string, Date]) => {
    const [row] = isStorable(key) ? await reading.rows<ArtifactRow>(statement, [kind, key, at]) : [];
    return row && artifactOf(row.payload, row.consumed_at);
  };
  return {
    put: async (record) => {
      const at = now();
      await writing.rows(PUT, [...artifactValues(keptArtifact(record, at)), at]);
    },
    find: (kind, id, at) => find(FIND, kind, id, at),
    findByUserCode: (kind, userCode, at) => find(FIND_BY_USER_CODE, kind, userCode, at),
    consume: async (kind, id, at) => isStorable(id) && (await writing.rows(CONSUME, [at, kind, id, at])).length > 0,
    remove: async (kind, id) => {
      if (isStorable(id)) await writing.rows(REMOVE, [kind, id]);
    },
    list: async (kind, userId, at) => {
      const rows = isStorable(userId) ? await reading.rows<ListedRow>(LIST, [kind, userId, at, MOST_LISTED_ARTIFACTS]) : [];
      return rows.map((row) => ({ id: row.id, expiresAt: row.expires_at, ...artifactOf(row.payload, row.consumed_at) }));
    },
  };
}

export async function reapCopied({ writing }: Database, now: Date, limit: number): Promise<number> {
  return (await writing.rows<{ readonly count: number }>(REAP_COPIED, [now, limit]))[0]!.count;
}
