/** @module Indexes for paging through people, groups and assignments in the orders that the management API offers. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Texts are sorted by their beginning: an entry of an index has no room for more. What is absent comes last.
    CREATE INDEX users_by_organization ON users (organization_id, id);
    CREATE INDEX users_by_username ON users ((left(username, 250)) COLLATE "C", id);
    CREATE INDEX users_by_email ON users ((coalesce('=' || left(email, 250), '~')) COLLATE "C", id);
    DROP INDEX users_organization;

    CREATE INDEX user_groups_by_organization ON user_groups (organization_id, id);
    CREATE INDEX user_groups_by_name ON user_groups ((left(name, 250)) COLLATE "C", id);
    DROP INDEX user_groups_organization;

    CREATE INDEX assignments_by_profile ON assignments (security_profile_id, id);
    CREATE INDEX assignments_by_valid_until ON assignments ((coalesce(valid_until, 'infinity')), id);
    CREATE INDEX assignments_by_assigned_at ON assignments (assigned_at, id);
  `);
}
