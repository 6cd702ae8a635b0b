/** @module Audit events: rows that can be added and read, never changed. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_events (
      id bigserial PRIMARY KEY,
      at timestamptz NOT NULL,
      type text NOT NULL,
      actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'client', 'operator', 'system')),
      actor_id text NOT NULL,
      target_kind text NOT NULL,
      target_id text NOT NULL,
      before jsonb,
      after jsonb,
      request_id text
    );
    CREATE INDEX audit_events_at ON audit_events (at);
    CREATE INDEX audit_events_type ON audit_events (type, id);
    CREATE INDEX audit_events_target ON audit_events (target_kind, target_id, id);

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'audit events are never changed';
    END $$;
    CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  `);
}
