/**
 * @module What Postgres knows of artifacts whose payload is in Redis: that they were consumed or removed, and those that
 * Redis would not take. A row overrules the copy in Redis.
 */
import { LONGEST_ARTIFACT_MS, type ArtifactKind } from '../../domain/artifact.ts';
import type { KeptArtifact, Subject } from '../artifact-values.ts';
import { artifactValues } from './artifacts.ts';
import type { Database, Statement, Value } from './session.ts';

/** What is asked about a copy in Redis. */
export interface Copy {
  readonly id: string;
  /** The number that {@link ArtifactNotes.begin} gave it. */
  readonly written: string;
  readonly subjects: Readonly<Record<Subject, string | undefined>>;
}

/** What is known of it: a row, and whether the copy was removed with whom it belongs to. */
export interface Note {
  readonly held: boolean;
  /** Of the row, when the artifact itself is in it. */
  readonly payload: string | null;
  readonly consumedAt: Date | null;
  readonly removed: boolean;
  readonly distrusted: boolean;
}

export interface ArtifactNotes {
  /** Before a copy is put: replaces the row if there is one, and then no copy is needed. */
  begin(artifact: KeptArtifact, now: Date): Promise<{ readonly held: boolean; readonly written: string }>;
  /** Keeps an artifact that Redis did not take, or did without saying so. */
  hold(artifact: KeptArtifact, now: Date): Promise<void>;
  /** By id; there is one of each id, whether or not there is a copy. */
  judge(kind: ArtifactKind, copies: readonly Copy[], now: Date): Promise<ReadonlyMap<string, Note>>;
  /** Consumes a copy for exactly one caller; false also when it does not count. */
  consume(kind: ArtifactKind, copy: Copy & { readonly expiresAt: Date }, now: Date): Promise<boolean>;
  /**
   * Removes a row, and notes that no copy counts, as long as one could come back.
   * @param told what Redis said of its copy: when it would have expired, or that there was none; undefined: nothing
   */
  remove(kind: ArtifactKind, id: string, told: { readonly until: Date | undefined } | undefined): Promise<void>;
  /** Removes rows. */
  removeAll(subject: Subject, id: string): Promise<void>;
  /** Copies that were put before this call do not count, until an instant, or as long as there can be any. */
  distrust(subject: Subject, id: string, until?: Date): Promise<void>;
  /** Rows that have expired, and of which Redis is to be told before they go. */
  untold(now: Date, limit: number): Promise<readonly { readonly kind: ArtifactKind; readonly id: string }[]>;
  /** Redis removed its copy, which would have expired at an instant: the row goes, or stays until then. */
  told(kind: ArtifactKind, id: string, until: Date): Promise<void>;
}

const BEGIN: Statement = {
  name: 'begin_artifact',
  sql: `
    WITH given (kind, id, payload, uid, user_code, grant_id, user_id, client_id, expires_at) AS (
      SELECT ?::text, ?::text, ?::text, ?::text, ?::text, ?::text, ?::text, ?::text, ?::timestamptz),
    held AS (
      UPDATE artifacts a SET payload = g.payload, uid = g.uid, user_code = g.user_code, grant_id = g.grant_id, user_id = g.user_id,
        client_id = g.client_id, expires_at = g.expires_at, removed = false, copied = true,
        consumed_at = CASE WHEN a.removed OR a.expires_at <= ? THEN NULL ELSE a.consumed_at END
      FROM given g WHERE a.kind = g.kind AND a.id = g.id AND (a.copied OR a.expires_at > ?) RETURNING 1)
    SELECT EXISTS (SELECT FROM held) AS held, nextval('artifact_order')::text AS written`,
};
const HOLD: Statement = {
  sql: `
    INSERT INTO artifacts AS a (kind, id, payload, uid, user_code, grant_id, user_id, client_id, expires_at, copied) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, true)
    ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, uid = excluded.uid, user_code = excluded.user_code,
      grant_id = excluded.grant_id, user_id = excluded.user_id, client_id = excluded.client_id, expires_at = excluded.expires_at,
      removed = false, copied = true, consumed_at = CASE WHEN a.removed OR a.expires_at <= ? THEN NULL ELSE a.consumed_at END`,
};
const JUDGE: Statement = {
  name: 'judge_artifacts',
  sql: `
    SELECT c.id, a.id IS NOT NULL AS held, CASE WHEN a.expires_at > ? THEN a.payload END AS payload, a.consumed_at,
      coalesce(a.removed OR a.expires_at <= ?, false) AS removed,
      EXISTS (SELECT FROM artifact_removals r WHERE r.written > c.written
        AND (r.subject, r.id) IN (('grant', c.grant_id), ('user', c.user_id), ('client', c.client_id))) AS distrusted
    FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[]) AS c (id, written, grant_id, user_id, client_id)
      LEFT JOIN artifacts a ON a.kind = ? AND a.id = c.id AND (a.copied OR a.expires_at > ?)`,
};
/** Of several at once the first makes or locks the row. One left over from an artifact that has expired is taken over. */
const CONSUME: Statement = {
  name: 'consume_artifact_copy',
  sql: `
    INSERT INTO artifacts AS a (kind, id, consumed_at, expires_at)
    SELECT ?, ?, ?::timestamptz, ?::timestamptz WHERE NOT EXISTS (SELECT FROM artifact_removals r WHERE r.written > ?::bigint
      AND (r.subject, r.id) IN (('grant', ?::text), ('user', ?::text), ('client', ?::text)))
    ON CONFLICT (kind, id) DO UPDATE SET consumed_at = excluded.consumed_at,
      payload = CASE WHEN a.expires_at > excluded.consumed_at THEN a.payload END,
      expires_at = CASE WHEN a.expires_at > excluded.consumed_at THEN a.expires_at ELSE excluded.expires_at END, removed = false
    WHERE CASE WHEN a.expires_at > excluded.consumed_at THEN a.consumed_at IS NULL AND NOT a.removed ELSE NOT a.copied END
    RETURNING id`,
};
const REMOVE_ROW: Statement = {
  sql: `
    UPDATE artifacts SET removed = true, payload = NULL, uid = NULL, user_code = NULL, grant_id = NULL, user_id = NULL, client_id = NULL
    WHERE kind = ? AND id = ?`,
};
const REMOVE: Statement = {
  sql: `
    INSERT INTO artifacts AS a (kind, id, removed, copied, expires_at) VALUES (?, ?, true, ?, ?)
    ON CONFLICT (kind, id) DO UPDATE SET removed = true, copied = a.copied OR excluded.copied,
      expires_at = GREATEST(a.expires_at, excluded.expires_at), payload = NULL, uid = NULL, user_code = NULL, grant_id = NULL,
      user_id = NULL, client_id = NULL`,
};
const REMOVE_ALL: Readonly<Record<Subject, Statement>> = {
  grant: {
    sql: `
      UPDATE artifacts SET removed = true, payload = NULL, uid = NULL, user_code = NULL, grant_id = NULL, user_id = NULL, client_id = NULL
      WHERE grant_id = ?`,
  },
  user: {
    sql: `
      UPDATE artifacts SET removed = true, payload = NULL, uid = NULL, user_code = NULL, grant_id = NULL, user_id = NULL, client_id = NULL
      WHERE user_id = ?`,
  },
  client: {
    sql: `
      UPDATE artifacts SET removed = true, payload = NULL, uid = NULL, user_code = NULL, grant_id = NULL, user_id = NULL, client_id = NULL
      WHERE client_id = ?`,
  },
};
const NOTE: Statement = {
  sql: `
    INSERT INTO artifact_removals AS r (subject, id, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (subject, id) DO UPDATE SET written = nextval('artifact_order'), expires_at = GREATEST(r.expires_at, excluded.expires_at)`,
};
const UNTOLD: Statement = { sql: 'SELECT kind, id FROM artifacts WHERE copied AND expires_at <= ? ORDER BY expires_at LIMIT ?' };
const TOLD: Statement = {
  sql: `
    UPDATE artifacts SET copied = false, removed = true, payload = NULL, expires_at = GREATEST(expires_at, ?)
    WHERE kind = ? AND id = ? AND copied AND expires_at <= ?`,
};

interface NoteRow {
  readonly id: string;
  readonly held: boolean;
  readonly payload: string | null;
  readonly consumed_at: Date | null;
  readonly removed: boolean;
  readonly distrusted: boolean;
}

/** How long after it was removed Redis is told once more: nothing that was on its way then still is. */
const TOLD_AFTER_MS = 60_000;

export function postgresArtifactNotes({ reading, writing, now }: Database): ArtifactNotes {
  const later = (milliseconds: number) => new Date(now().getTime() + milliseconds);
  return {
    begin: async (artifact, at) => {
      const [row] = await writing.rows<{ readonly held: boolean; readonly written: string }>(BEGIN, [...artifactValues(artifact), at, at]);
      return row!;
    },
    hold: async (artifact, at) => void (await writing.rows(HOLD, [...artifactValues(artifact), at])),
    judge: async (kind, copies, at) => {
      const column = (value: (copy: Copy) => string | undefined): Value => copies.map((copy) => value(copy) ?? '');
      const rows = await reading.rows<NoteRow>(JUDGE, [
        at,
        at,
        column(({ id }) => id),
        column(({ written }) => written),
        column(({ subjects }) => subjects.grant),
        column(({ subjects }) => subjects.user),
        column(({ subjects }) => subjects.client),
        kind,
        at,
      ]);
      return new Map(
        rows.map(({ id, held, payload, consumed_at: consumedAt, removed, distrusted }) => [id, { held, payload, consumedAt, removed, distrusted }]),
      );
    },
    consume: async (kind, { id, written, expiresAt, subjects: { grant, user, client } }, at) => {
      const values = [kind, id, at, expiresAt, written, grant ?? null, user ?? null, client ?? null];
      return (await writing.rows(CONSUME, values)).length > 0;
    },
    remove: async (kind, id, told) => {
      const removal = told === undefined ? { copied: true, until: later(TOLD_AFTER_MS) } : { copied: false, until: told.until };
      if (removal.until === undefined) await writing.rows(REMOVE_ROW, [kind, id]);
      else await writing.rows(REMOVE, [kind, id, removal.copied, removal.until]);
    },
    removeAll: async (subject, id) => void (await writing.rows(REMOVE_ALL[subject], [id])),
    distrust: async (subject, id, until = later(LONGEST_ARTIFACT_MS)) => void (await writing.rows(NOTE, [subject, id, until])),
    untold: (at, limit) => reading.rows(UNTOLD, [at, limit]),
    told: async (kind, id, until) => void (await writing.rows(TOLD, [until, kind, id, now()])),
  };
}
