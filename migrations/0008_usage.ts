/** @module What tokens asked for and got, summed up by day: one row for a client, a day and a name, however many tokens. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE usage_by_day (
      client_id object_key NOT NULL CONSTRAINT usage_by_day_client_fk REFERENCES clients ON DELETE CASCADE,
      day date NOT NULL,
      kind text NOT NULL CHECK (kind IN ('client', 'role', 'security_profile')),
      name text COLLATE "C" NOT NULL CHECK (length(name) <= 250),
      granted bigint NOT NULL CHECK (granted >= 0),
      dropped bigint NOT NULL CHECK (dropped >= 0),
      PRIMARY KEY (client_id, day, kind, name)
      -- Adding up changes no indexed column, so the new version of a row finds room on the page of the old one.
    ) WITH (fillfactor = 70);
    CREATE INDEX usage_by_day_name ON usage_by_day (kind, name, day);
    CREATE INDEX usage_by_day_day ON usage_by_day (day);

    CREATE TABLE usage_start (
      single boolean PRIMARY KEY DEFAULT true CHECK (single),
      day date NOT NULL
    );
  `);
}
