/**
 * @module What Postgres knows of artifacts whose payload is in Redis: that they were consumed or removed, and those that
 * Redis would not take. A row overrules the copy in Redis.
 */
import type { ArtifactKind } from '../../domain/artifact.ts';
import type { KeptArtifact } from '../artifact-values.ts';
import { artifactValues } from './artifacts.ts';
import type { Database, Statement } from './session.ts';

/** What is known of a copy. */
export interface Note {
  /** Of the row, when the artifact itself is in it. */
  readonly payload: string | null;
  readonly consumedAt: Date | null;
  readonly removed: boolean;
}

export interface ArtifactNotes {
  /** Before a copy is put: replaces the row if there is one, and then no copy is needed. */
  begin(artifact: KeptArtifact, now: Date): Promise<{ readonly held: boolean }>;
  /** Keeps an artifact that Redis did not take, or did without saying so. */
  hold(artifact: KeptArtifact, now: Date): Promise<void>;
  /** By id; there is one of each id, whether or not there is a copy. */
  judge(kind: ArtifactKind, ids: readonly string[], now: Date): Promise<ReadonlyMap<string, Note>>;
  /** Consumes a copy for exactly one caller; false also when it does not count. */
  consume(kind: ArtifactKind, copy: { readonly id: string; readonly expiresAt: Date }, now: Date): Promise<boolean>;
  /**
   * Removes a row, and notes that no copy counts, as long as one could come back.
   * @param told what Redis said of its copy: when it would have expired, or that there was none; undefined: nothing
   */
  remove(kind: ArtifactKind, id: string, told: { readonly until: Date | undefined } | undefined): Promise<void>;
  /** Rows that have expired, and of which Redis is to be told before they go. */
  untold(now: Date, limit: number): Promise<readonly { readonly kind: ArtifactKind; readonly id: string }[]>;
  /** Redis removed its copy, which would have expired at an instant: the row goes, or stays until then. */
  told(kind: ArtifactKind, id: string, until: Date): Promise<void>;
}

const BEGIN: Statement = {
  name: 'begin_artifact',
  sql: `
    UPDATE artifacts a SET payload = g.payload, user_code = g.user_code, user_id = g.user_id, expires_at = g.expires_at, removed = false, copied = true,
      consumed_at = CASE WHEN a.removed OR a.expires_at <= ? THEN NULL ELSE a.consumed_at END
    FROM (SELECT ?::text AS kind, ?::text AS id, ?::text AS payload, ?::text AS user_code, ?::text AS user_id, ?::timestamptz AS expires_at) g
    WHERE a.kind = g.kind AND a.id = g.id AND (a.copied OR a.expires_at > ?) RETURNING a.id`,
};
const HOLD: Statement = {
  sql: `
    INSERT INTO artifacts AS a (kind, id, payload, user_code, user_id, expires_at, copied) VALUES (?, ?, ?, ?, ?, ?, true)
    ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, user_code = excluded.user_code, user_id = excluded.user_id,
      expires_at = excluded.expires_at, removed = false, copied = true, consumed_at = CASE WHEN a.removed OR a.expires_at <= ? THEN NULL ELSE a.consumed_at END`,
};
const JUDGE: Statement = {
  name: 'judge_artifacts',
  sql: `
    SELECT c.id, CASE WHEN a.expires_at > ? THEN a.payload END AS payload, a.consumed_at, coalesce(a.removed OR a.expires_at <= ?, false) AS removed
    FROM unnest(?::text[]) AS c (id) LEFT JOIN artifacts a ON a.kind = ? AND a.id = c.id AND (a.copied OR a.expires_at > ?)`,
};
/** Of several at once the first makes or locks the row. One left over from an artifact that has expired is taken over. */
const CONSUME: Statement = {
  name: 'consume_artifact_copy',
  sql: `
    INSERT INTO artifacts AS a (kind, id, consumed_at, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, id) DO UPDATE SET consumed_at = excluded.consumed_at,
      payload = CASE WHEN a.expires_at > excluded.consumed_at THEN a.payload END,
      expires_at = CASE WHEN a.expires_at > excluded.consumed_at THEN a.expires_at ELSE excluded.expires_at END, removed = false
    WHERE CASE WHEN a.expires_at > excluded.consumed_at THEN a.consumed_at IS NULL AND NOT a.removed ELSE NOT a.copied END
    RETURNING id`,
};
const REMOVE_ROW: Statement = {
  sql: `
    UPDATE artifacts SET removed = true, payload = NULL, user_code = NULL, user_id = NULL
    WHERE kind = ? AND id = ?`,
};
const REMOVE: Statement = {
  sql: `
    INSERT INTO artifacts AS a (kind, id, removed, copied, expires_at) VALUES (?, ?, true, ?, ?)
    ON CONFLICT (kind, id) DO UPDATE SET removed = true, copied = a.copied OR excluded.copied,
      expires_at = GREATEST(a.expires_at, excluded.expires_at), payload = NULL, user_code = NULL, user_id = NULL`,
};
const UNTOLD: Statement = { sql: 'SELECT kind, id FROM artifacts WHERE copied AND expires_at <= ? ORDER BY expires_at LIMIT ?' };
const TOLD: Statement = {
  sql: `
    UPDATE artifacts SET copied = false, removed = true, payload = NULL, expires_at = GREATEST(expires_at, ?)
    WHERE kind = ? AND id = ? AND copied AND expires_at <= ?`,
};

interface NoteRow {
  readonly id: string;
  readonly payload: string | null;
  readonly consumed_at: Date | null;
  readonly removed: boolean;
}

/** How long after it was removed Redis is told once more: nothing that was on its way then still is. */
const TOLD_AFTER_MS = 60_000;

export function postgresArtifactNotes({ reading, writing, now }: Database): ArtifactNotes {
  const later = (milliseconds: number) => new Date(now().getTime() + milliseconds);
  return {
    begin: async (artifact, at) => ({ held: (await writing.rows(BEGIN, [at, ...artifactValues(artifact), at])).length > 0 }),
    hold: async (artifact, at) => void (await writing.rows(HOLD, [...artifactValues(artifact), at])),
    judge: async (kind, ids, at) => {
      const rows = await reading.rows<NoteRow>(JUDGE, [at, at, ids, kind, at]);
      return new Map(rows.map(({ id, payload, consumed_at: consumedAt, removed }) => [id, { payload, consumedAt, removed }]));
    },
    consume: async (kind, { id, expiresAt }, at) => (await writing.rows(CONSUME, [kind, id, at, expiresAt])).length > 0,
    remove: async (kind, id, told) => {
      const removal = told === undefined ? { copied: true, until: later(TOLD_AFTER_MS) } : { copied: false, until: told.until };
      if (removal.until === undefined) await writing.rows(REMOVE_ROW, [kind, id]);
      else await writing.rows(REMOVE, [kind, id, removal.copied, removal.until]);
    },
    untold: (at, limit) => reading.rows(UNTOLD, [at, limit]),
    told: async (kind, id, until) => void (await writing.rows(TOLD, [until, kind, id, now()])),
  };
}
