/** @module Memberships by the instant at which they end. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX user_group_members_by_valid_until ON user_group_members (valid_until, user_id, user_group_id) WHERE valid_until IS NOT NULL;
  `);
}
