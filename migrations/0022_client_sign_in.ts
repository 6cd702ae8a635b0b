/** @module What a client says about signing people in: whether they are asked, and where it hears that they signed out. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE clients
      ADD COLUMN require_consent boolean NOT NULL DEFAULT true,
      ADD COLUMN backchannel_logout_uri text;
  `);
}
