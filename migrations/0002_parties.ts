/** @module Organizations, user groups, users, security profiles and clients. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE organizations (
      id object_key PRIMARY KEY,
      name text NOT NULL,
      type object_key NOT NULL CONSTRAINT organizations_type_fk REFERENCES organization_types,
      parent_id object_key CONSTRAINT organizations_parent_fk REFERENCES organizations,
      active boolean NOT NULL,
      path text[] NOT NULL
    );
    CREATE INDEX organizations_type ON organizations (type);
    CREATE INDEX organizations_parent ON organizations (parent_id);
    CREATE INDEX organizations_path ON organizations USING gin (path) WITH (fastupdate = off);

    CREATE TABLE user_groups (
      id object_key PRIMARY KEY,
      name text NOT NULL,
      organization_id object_key NOT NULL CONSTRAINT user_groups_organization_fk REFERENCES organizations
    );
    CREATE INDEX user_groups_organization ON user_groups (organization_id);

    -- Every id that a user or a client ever had. Rows are never deleted: no id is reused by the other kind, so that the
    -- subject of an old token cannot come to mean something else.
    CREATE TABLE subjects (
      id object_key PRIMARY KEY,
      kind text NOT NULL CHECK (kind IN ('user', 'client')),
      UNIQUE (id, kind)
    );

    CREATE TABLE users (
      id object_key PRIMARY KEY,
      subject_kind text NOT NULL GENERATED ALWAYS AS ('user') STORED,
      username text NOT NULL,
      username_canonical object_key NOT NULL,
      organization_id object_key NOT NULL CONSTRAINT users_organization_fk REFERENCES organizations,
      email text,
      active boolean NOT NULL,
      authorized_organizations text[] NOT NULL,
      password_hash text,
      password_changed_at timestamptz,
      -- Newest first, without the one in force.
      former_password_hashes text[] NOT NULL DEFAULT '{}',
      CHECK ((password_hash IS NULL) = (password_changed_at IS NULL)),
      -- Deferrable, so that two users can exchange their names in one statement.
      CONSTRAINT users_username_key UNIQUE (username_canonical) DEFERRABLE INITIALLY IMMEDIATE,
      CONSTRAINT users_subject_fk FOREIGN KEY (id, subject_kind) REFERENCES subjects (id, kind)
    );
    CREATE INDEX users_organization ON users (organization_id);

    CREATE TABLE user_group_members (
      user_id object_key NOT NULL CONSTRAINT user_group_members_user_fk REFERENCES users ON DELETE CASCADE,
      user_group_id object_key NOT NULL CONSTRAINT user_group_members_group_fk REFERENCES user_groups ON DELETE CASCADE,
      valid_from timestamptz,
      valid_until timestamptz,
      reason text,
      PRIMARY KEY (user_id, user_group_id),
      CHECK (valid_from < valid_until)
    );
    CREATE INDEX user_group_members_group ON user_group_members (user_group_id, user_id);

    CREATE TABLE security_profiles (
      id object_key PRIMARY KEY,
      name text NOT NULL,
      description text,
      organization_id object_key CONSTRAINT security_profiles_organization_fk REFERENCES organizations,
      roles text[] NOT NULL,
      permissions jsonb NOT NULL CHECK (jsonb_typeof(permissions) = 'array'),
      full_access boolean NOT NULL,
      password_policy jsonb CHECK (jsonb_typeof(password_policy) = 'object'),
      managed boolean NOT NULL
    );
    CREATE INDEX security_profiles_organization ON security_profiles (organization_id);

    CREATE TABLE clients (
      client_id object_key PRIMARY KEY,
      subject_kind text NOT NULL GENERATED ALWAYS AS ('client') STORED,
      client_name text NOT NULL,
      organization_id object_key CONSTRAINT clients_organization_fk REFERENCES organizations,
      active boolean NOT NULL,
      grant_types text[] NOT NULL,
      token_endpoint_auth_method text NOT NULL
        CHECK (token_endpoint_auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')),
      redirect_uris text[] NOT NULL,
      post_logout_redirect_uris text[] NOT NULL,
      jwks jsonb CHECK (jsonb_typeof(jwks) = 'object'),
      dpop_bound_access_tokens boolean NOT NULL,
      context_user_id object_key CONSTRAINT clients_context_user_fk REFERENCES users,
      allowed_organization_types text[],
      allowed_organization_ids text[],
      maximum_roles text[],
      minimum_roles text[] NOT NULL,
      omitted_scope jsonb NOT NULL CHECK (omitted_scope IN ('"none"', '"all"') OR jsonb_typeof(omitted_scope) = 'array'),
      access_token_lifetime_seconds integer CHECK (access_token_lifetime_seconds >= 0),
      refresh_token_lifetime_seconds integer CHECK (refresh_token_lifetime_seconds >= 0),
      CONSTRAINT clients_subject_fk FOREIGN KEY (client_id, subject_kind) REFERENCES subjects (id, kind)
    );
    CREATE INDEX clients_organization ON clients (organization_id);
    CREATE INDEX clients_context_user ON clients (context_user_id);

    CREATE TABLE client_secrets (
      client_id object_key NOT NULL CONSTRAINT client_secrets_client_fk REFERENCES clients ON DELETE CASCADE,
      id object_key NOT NULL,
      algorithm text NOT NULL CHECK (algorithm IN ('sha256', 'argon2id')),
      hash text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      PRIMARY KEY (client_id, id)
    );
    CREATE INDEX client_secrets_expires_at ON client_secrets (expires_at);

    CREATE TABLE resource_servers (
      audience object_key PRIMARY KEY,
      name text NOT NULL,
      roles text[],
      signing_alg text NOT NULL CHECK (signing_alg IN ('ES256', 'EdDSA', 'RS256', 'PS256')),
      claims text CHECK (claims IN ('ordercloud'))
    );

    CREATE TABLE resource_server_clients (
      audience object_key NOT NULL REFERENCES resource_servers ON DELETE CASCADE,
      client_id object_key NOT NULL CONSTRAINT resource_server_clients_client_fk REFERENCES clients ON DELETE CASCADE,
      PRIMARY KEY (audience, client_id)
    );
    CREATE INDEX resource_server_clients_client ON resource_server_clients (client_id);
  `);
}
