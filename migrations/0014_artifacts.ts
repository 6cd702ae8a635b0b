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
      uid text COLLATE "C",
      user_code text COLLATE "C",
      grant_id text COLLATE "C",
      user_id text COLLATE "C",
      client_id text COLLATE "C",
      consumed_at timestamptz,
      removed boolean NOT NULL DEFAULT false,
      -- Redis may have a copy that this row overrules, and must be told before the row goes.
      copied boolean NOT NULL DEFAULT false,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (kind, id),
      CHECK (payload IS NULL OR NOT removed)
    );
    CREATE INDEX artifacts_uid ON artifacts (uid) WHERE uid IS NOT NULL;
    CREATE INDEX artifacts_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX artifacts_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX artifacts_user ON artifacts (user_id, kind, expires_at) WHERE user_id IS NOT NULL;
    CREATE INDEX artifacts_client ON artifacts (client_id) WHERE client_id IS NOT NULL;
    CREATE INDEX artifacts_expires_at ON artifacts (expires_at);

    -- The order of what is put into Redis and of what is removed, whatever the clocks say.
    CREATE SEQUENCE artifact_order;

    -- Copies in Redis that were put before this do not count.
    CREATE TABLE artifact_removals (
      subject text NOT NULL CHECK (subject IN ('grant', 'user', 'client')),
      id object_key NOT NULL,
      written bigint NOT NULL DEFAULT nextval('artifact_order'),
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (subject, id)
    );
    CREATE INDEX artifact_removals_expires_at ON artifact_removals (expires_at);
  `);
}
