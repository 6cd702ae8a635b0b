/**
 * @module What interactive sign-in keeps for a while. Without Redis all of it is here; with Redis only what Redis would not
 * take, and what must be certain: that something was consumed, or removed.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- No foreign keys: rows are short-lived, and whether their user and client are still there is asked where they are used.
    CREATE TABLE artifacts (
      kind text NOT NULL,
      id object_key NOT NULL,
      -- JSON as text, because nothing looks into it. NULL: only what became of the copy in Redis is told here.
      payload text,
      user_code text COLLATE "C",
      user_id text COLLATE "C",
      consumed_at timestamptz,
      removed boolean NOT NULL DEFAULT false,
      -- Redis may have a copy that this row overrules, and must be told before the row goes.
      copied boolean NOT NULL DEFAULT false,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (kind, id),
      CHECK (payload IS NULL OR NOT removed)
    );
    CREATE INDEX artifacts_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX artifacts_user ON artifacts (user_id, kind, expires_at) WHERE user_id IS NOT NULL;
    CREATE INDEX artifacts_expires_at ON artifacts (expires_at);
  `);
}
