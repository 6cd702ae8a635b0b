/** @module What a token may still do: grants, refresh tokens, revocations, single-use ids, counts of attempts to sign in. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE grants (
      id object_key PRIMARY KEY,
      user_id object_key NOT NULL CONSTRAINT grants_user_fk REFERENCES users ON DELETE CASCADE,
      client_id object_key NOT NULL CONSTRAINT grants_client_fk REFERENCES clients ON DELETE CASCADE,
      requested_scope text[] NOT NULL,
      audience text NOT NULL,
      dpop_thumbprint text,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX grants_user ON grants (user_id);
    CREATE INDEX grants_client ON grants (client_id);
    CREATE INDEX grants_expires_at ON grants (expires_at);

    -- expires_at is the grant's: consumed tokens stay as long as their reuse must be noticed.
    CREATE TABLE refresh_tokens (
      hash object_key PRIMARY KEY,
      grant_id object_key NOT NULL REFERENCES grants ON DELETE CASCADE,
      created_at timestamptz NOT NULL,
      consumed_at timestamptz,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id);
    CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);

    CREATE TABLE revocations (
      kind text NOT NULL CHECK (kind IN ('token', 'grant', 'user', 'client')),
      id object_key NOT NULL,
      not_before timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (kind, id)
    );
    CREATE INDEX revocations_expires_at ON revocations (expires_at);

    CREATE TABLE replays (
      id object_key PRIMARY KEY,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX replays_expires_at ON replays (expires_at);

    CREATE TABLE sign_in_attempts (
      key object_key PRIMARY KEY,
      failures integer NOT NULL CHECK (failures > 0),
      -- Whether the latest attempt was let through; a statement that takes part in a race learns from it how it ended.
      counted boolean NOT NULL,
      counted_at timestamptz NOT NULL,
      locked_until timestamptz,
      expires_at timestamptz NOT NULL
    ) WITH (fillfactor = 70);
    CREATE INDEX sign_in_attempts_expires_at ON sign_in_attempts (expires_at);
  `);
}
