/** @module What is known of people and companies besides their names; clients for people who need not sign in. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Those that are older than this step have no date.
    ALTER TABLE organizations ADD COLUMN created_at timestamptz;
    ALTER TABLE users ADD COLUMN created_at timestamptz,
      ADD COLUMN given_name text, ADD COLUMN family_name text, ADD COLUMN phone_number text;
    ALTER TABLE user_groups ADD COLUMN description text;
    ALTER TABLE clients ADD COLUMN is_anonymous_buyer boolean NOT NULL DEFAULT false,
      ADD COLUMN anonymous_token_lifetime_seconds integer CHECK (anonymous_token_lifetime_seconds > 0);
    ALTER TABLE client_secrets ADD COLUMN name text;
  `);
}
