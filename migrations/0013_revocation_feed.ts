/**
 * @module What APIs that verify tokens by themselves are told. Rows remember the transaction that wrote them: a reader who
 * knows which transactions had ended when it read asks for the others and misses none, whatever the clocks say.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE revocations ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();
    CREATE INDEX revocations_written_by ON revocations (written_by);

    -- No foreign keys: what is told of somebody who was removed must outlive them. Empty: anybody, every client.
    CREATE TABLE role_losses (
      subject_kind text NOT NULL CHECK (subject_kind IN ('', 'user', 'client')),
      subject_id text COLLATE "C" NOT NULL,
      client_id text COLLATE "C" NOT NULL,
      role text COLLATE "C" NOT NULL,
      not_before timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
      PRIMARY KEY (subject_kind, subject_id, client_id, role)
    );
    CREATE INDEX role_losses_written_by ON role_losses (written_by);
    CREATE INDEX role_losses_expires_at ON role_losses (expires_at);
  `);
}
