/** @module What a grant keeps of the sign-in in a browser that it came from. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE grants
      ADD COLUMN session_id object_key,
      ADD COLUMN signed_in_at timestamptz,
      ADD COLUMN oidc_scope text[] NOT NULL DEFAULT '{}',
      ADD CONSTRAINT grants_session CHECK ((session_id IS NULL) = (signed_in_at IS NULL));
    CREATE INDEX grants_session ON grants (session_id) WHERE session_id IS NOT NULL;
  `);
}
