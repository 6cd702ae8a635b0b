/** @module Invitations, links that can be used once, and mail addresses as something to look users up by. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE invitations (
      id object_key PRIMARY KEY,
      email text NOT NULL,
      organization_id object_key NOT NULL CONSTRAINT invitations_organization_fk REFERENCES organizations ON DELETE CASCADE,
      username text,
      user_groups text[] NOT NULL,
      security_profiles text[] NOT NULL,
      valid_until timestamptz,
      invited_by_kind text NOT NULL CHECK (invited_by_kind IN ('user', 'client', 'operator', 'system')),
      invited_by_id text NOT NULL,
      invited_through text,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      accepted_at timestamptz,
      accepted_as text,
      revoked_at timestamptz,
      CHECK ((accepted_at IS NULL) = (accepted_as IS NULL)),
      CHECK (accepted_at IS NULL OR revoked_at IS NULL)
    );
    CREATE INDEX invitations_organization ON invitations (organization_id, id);
    CREATE INDEX invitations_expires_at ON invitations (expires_at);

    CREATE TABLE one_time_links (
      hash object_key PRIMARY KEY,
      purpose text NOT NULL CHECK (purpose IN ('password', 'password_reset', 'invitation')),
      user_id object_key CONSTRAINT one_time_links_user_fk REFERENCES users ON DELETE CASCADE,
      invitation_id object_key CONSTRAINT one_time_links_invitation_fk REFERENCES invitations ON DELETE CASCADE,
      expires_at timestamptz NOT NULL,
      CHECK ((purpose = 'invitation') = (invitation_id IS NOT NULL)),
      CHECK ((purpose = 'invitation') = (user_id IS NULL)),
      CONSTRAINT one_time_links_user UNIQUE (user_id, purpose),
      CONSTRAINT one_time_links_invitation UNIQUE (invitation_id)
    );
    CREATE INDEX one_time_links_expires_at ON one_time_links (expires_at);
    -- Where such links were kept before.
    DELETE FROM settings WHERE name LIKE 'one_time_link:%';

    -- Letters of ASCII only, whatever the locale of the database.
    CREATE INDEX users_email ON users (lower(email COLLATE "C"), id);
  `);
}
