/** @module One revocation may hit everything that was issued up to an instant, to whomever. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE revocations DROP CONSTRAINT revocations_kind_check;
    ALTER TABLE revocations ADD CONSTRAINT revocations_kind_check
      CHECK (kind IN ('token', 'grant', 'user', 'client') OR (kind = 'everybody' AND id = '*'));
  `);
}
