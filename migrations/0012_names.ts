/** @module Indexes for lists by name, and for finding who may act for an organization that is removed. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX organizations_by_name ON organizations ((left(name, 250)) COLLATE "C", id);
    CREATE INDEX security_profiles_by_name ON security_profiles ((left(name, 250)) COLLATE "C", id);
    CREATE INDEX clients_by_name ON clients ((left(client_name, 250)) COLLATE "C", client_id);
    CREATE INDEX users_authorized_organizations ON users USING gin (authorized_organizations) WITH (fastupdate = off);
  `);
}
