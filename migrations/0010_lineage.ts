/** @module Where security profiles come from and how often they changed; resources that types of organizations never touch. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE security_profiles
      ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
      ADD COLUMN origin jsonb CHECK (jsonb_typeof(origin) = 'object'),
      -- No foreign key: a clone keeps what it was made of when that goes.
      ADD COLUMN origin_id text COLLATE "C" GENERATED ALWAYS AS (origin ->> 'securityProfile') STORED,
      ADD CONSTRAINT security_profiles_clones_are_not_managed CHECK (origin IS NULL OR NOT managed);
    CREATE INDEX security_profiles_origin ON security_profiles (origin_id) WHERE origin_id IS NOT NULL;

    ALTER TABLE organization_types ADD COLUMN barred_resources text[];
  `);
}
