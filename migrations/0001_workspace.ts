/** @module The workspace's version and change log, its settings, and the definitions that a catalogue is compiled from. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE DOMAIN object_key AS text COLLATE "C" CHECK (length(VALUE) BETWEEN 1 AND 250);

    CREATE TABLE workspace_state (
      single boolean PRIMARY KEY DEFAULT true CHECK (single),
      version bigint NOT NULL DEFAULT 0
    );
    INSERT INTO workspace_state DEFAULT VALUES;

    -- The log holds every change after this version. A row of its own, so that reaping never waits for an administrator.
    CREATE TABLE change_log_start (
      single boolean PRIMARY KEY DEFAULT true CHECK (single),
      version bigint NOT NULL DEFAULT 0
    );
    INSERT INTO change_log_start DEFAULT VALUES;

    CREATE TABLE changes (
      version bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('catalogue', 'organization', 'user_group', 'user', 'client')),
      id text COLLATE "C" NOT NULL,
      at timestamptz NOT NULL,
      PRIMARY KEY (version, kind, id)
    );
    CREATE INDEX changes_at ON changes (at);

    CREATE TABLE settings (
      name object_key PRIMARY KEY,
      value text NOT NULL
    );

    CREATE TABLE roles (
      name object_key PRIMARY KEY,
      category text NOT NULL CHECK (category IN ('reader', 'admin', 'shopper', 'me', 'override', 'full_access', 'custom', 'other')),
      description text
    );

    CREATE TABLE permission_types (
      type object_key PRIMARY KEY,
      operations text[] NOT NULL
    );

    CREATE TABLE organization_types (
      name object_key PRIMARY KEY,
      parents text[] NOT NULL,
      barred_roles text[] NOT NULL
    );
  `);
}
