/**
 * @module The same market in any size, written by a few statements straight into the tables: a root with buyers below it
 * and sites below these, people in groups, profiles that people hold by every way. What requests name exists in every size
 * and looks the same there; only what lies around it grows.
 */
import pg from 'pg';
import { BUILT_IN_ROLES } from '../../src/domain/role.ts';

export interface WorldSize {
  /** As many user groups, too; one in ten is a site below a buyer. */
  readonly organizations: number;
  readonly users: number;
  /** With a role of its own each. */
  readonly profiles: number;
  readonly clients: number;
}

export const SMALL: WorldSize = { organizations: 10, users: 10, profiles: 10, clients: 10 };
export const LARGE: WorldSize = { organizations: 1000, users: 100_000, profiles: 10_000, clients: 1000 };

/**
 * Who administers: `root` and `second` hold FullAccess in the root S, `operator` holds it
 * for the whole deployment, `local` administers o0 and holds what `plain`, who works there, holds or is to hold. The people
 * are u0 of o0 and g0, u1 of o1 and g1, and so on; `quiet` is a site of o0 where only `hermit` works.
 */
export const ADMINISTRATORS = ['root', 'second', 'operator', 'local'] as const;

/** Fills a migrated, empty database. @param passwordHash the password of who administers */
export async function seedWorld(url: string, size: WorldSize, passwordHash: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    // Hundreds of thousands of foreign keys that are known to be right; who may not turn the check off waits for it.
    await client.query("SELECT set_config('session_replication_role', 'replica', true) FROM pg_roles WHERE rolname = current_user AND rolsuper");
    for (const statement of statements(size)) await client.query(statement);
    await client.query('UPDATE users SET password_hash = $1, password_changed_at = now() WHERE id = ANY ($2)', [passwordHash, ADMINISTRATORS]);
    await client.query('COMMIT');
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Everything that the management API asks for, FullAccess apart. */
const ADMINISTERING = BUILT_IN_ROLES.map(({ name }) => name).filter((name) => name !== 'FullAccess');
const list = (names: readonly string[]): string => `ARRAY[${names.map((name) => pg.escapeLiteral(name)).join(', ')}]::text[]`;
const users = (...ids: readonly string[]): string => ids.map(pg.escapeLiteral).join(', ');

function* statements({ organizations, users: people, profiles, clients }: WorldSize): Generator<string> {
  yield `
    INSERT INTO organization_types (name, parents, barred_roles, barred_resources)
    VALUES ('seller', '{}', '{}', '{}'), ('buyer', '{seller}', '{}', '{}'), ('site', '{buyer}', '{}', '{}');
    INSERT INTO roles (name, category) SELECT unnest(ARRAY['Shopper', 'OrderReader', 'OrderAdmin', 'Parcel', 'Stray']), 'custom';
    INSERT INTO roles (name, category) SELECT 'own:' || i, 'custom' FROM generate_series(0, ${profiles - 1}) i;
    INSERT INTO permission_types (type, operations) SELECT 'data/' || i, '{read,update}' FROM generate_series(0, 9) i;
    INSERT INTO organizations (id, name, type, active, path) VALUES ('S', 'Seller', 'seller', true, '{S}'), ('rolemint', 'Operators', 'seller', true, '{rolemint}');
    INSERT INTO organizations (id, name, type, parent_id, active, path)
    SELECT 'o' || i, 'Buyer ' || i, 'buyer', 'S', true, ARRAY['S', 'o' || i] FROM generate_series(0, ${organizations - 1}) i WHERE i % 10 <> 9;
    INSERT INTO organizations (id, name, type, parent_id, active, path)
    SELECT 'o' || i, 'Site ' || i, 'site', 'o' || (i - 9), true, ARRAY['S', 'o' || (i - 9), 'o' || i]
    FROM generate_series(0, ${organizations - 1}) i WHERE i % 10 = 9;
    INSERT INTO organizations (id, name, type, parent_id, active, path) VALUES ('quiet', 'Quiet site', 'site', 'o0', true, '{S,o0,quiet}');
    INSERT INTO user_groups (id, name, organization_id) SELECT 'g' || i, 'Group ' || i, 'o' || i FROM generate_series(0, ${organizations - 1}) i`;
  yield `
    INSERT INTO subjects (id, kind) SELECT unnest(ARRAY[${users(...ADMINISTRATORS, 'plain', 'hermit')}]), 'user';
    INSERT INTO subjects (id, kind) SELECT 'u' || i, 'user' FROM generate_series(0, ${people - 1}) i;
    INSERT INTO users (id, username, username_canonical, organization_id, email, active, authorized_organizations)
    VALUES ('root', 'root', 'root', 'S', null, true, '{}'), ('second', 'second', 'second', 'S', null, true, '{}'),
      ('operator', 'operator', 'operator', 'rolemint', null, true, '{}'), ('local', 'local', 'local', 'o0', null, true, '{}'),
      ('plain', 'plain', 'plain', 'o0', 'plain@example.com', true, '{}'), ('hermit', 'hermit', 'hermit', 'quiet', null, true, '{}');
    INSERT INTO users (id, username, username_canonical, organization_id, email, active, authorized_organizations)
    SELECT 'u' || i, 'user' || i, 'user' || i, 'o' || (i % ${organizations}), 'user' || i || '@example.com', true, '{}' FROM generate_series(0, ${people - 1}) i;
    INSERT INTO user_group_members (user_id, user_group_id) SELECT 'u' || i, 'g' || (i % ${organizations}) FROM generate_series(0, ${people - 1}) i`;
  yield `
    INSERT INTO security_profiles (id, name, organization_id, roles, permissions, full_access, managed)
    VALUES ('full', 'Full access', null, '{FullAccess}', '[]', false, false), ('administering', 'Administering', null, ${list([...ADMINISTERING, 'Shopper', 'OrderReader', 'Parcel'])}, '[]', false, false),
      ('idle', 'Idle', 'o0', '{Shopper}', '[]', false, false), ('ten', 'Ten', 'o0', '{Shopper}', '[]', false, false),
      ('shopping', 'Shopping', null, '{Shopper,Parcel}', '[]', false, false), ('grouped', 'Grouped', null, '{OrderReader}', '[]', false, false), ('everywhere', 'Everywhere', null, '{OrderAdmin}', '[]', false, false);
    INSERT INTO security_profiles (id, name, organization_id, roles, permissions, full_access, managed)
    SELECT 'p' || i, 'Profile ' || i, CASE WHEN i % 2 = 1 THEN 'o' || (i % ${organizations}) END, ARRAY['own:' || i, 'Stray'],
      jsonb_build_array(jsonb_build_object('type', 'data/' || (i % 10), 'operations', jsonb_build_array('read'))), false, false
    FROM generate_series(0, ${profiles - 1}) i`;
  yield clientsOf(clients, organizations);
  yield assignmentsOf({ organizations, users: people, profiles, clients });
  yield eventsOf(organizations, people);
}

const clientsOf = (clients: number, organizations: number): string => `
    INSERT INTO subjects (id, kind) SELECT 'console', 'client' UNION ALL SELECT 'c' || i, 'client' FROM generate_series(0, ${clients - 1}) i;
    INSERT INTO clients (client_id, client_name, organization_id, active, grant_types, token_endpoint_auth_method, redirect_uris,
      post_logout_redirect_uris, dpop_bound_access_tokens, minimum_roles, omitted_scope)
    SELECT 'console', 'Console', 'S', true, '{password,refresh_token}'::text[], 'none', '{}'::text[], '{}'::text[], false, '{}'::text[], '"all"'::jsonb
    UNION ALL SELECT 'c' || i, 'Client ' || i, 'o' || (i % ${organizations}), true, '{client_credentials}', 'client_secret_basic', '{}', '{}', false, '{}', '"none"'
    FROM generate_series(0, ${clients - 1}) i;
    INSERT INTO client_secrets (client_id, id, algorithm, hash, created_at)
    SELECT client_id, client_id || '-1', 'sha256', 'none', now() FROM clients WHERE client_id <> 'console';
    INSERT INTO resource_servers (audience, name, signing_alg) SELECT 'https://api' || i || '.example.com', 'API ' || i, 'ES256' FROM generate_series(0, 9) i;
    INSERT INTO impersonation_rules (id, impersonator_user_id, target_organization_id, security_profile_id, client_id, max_lifetime_seconds)
    SELECT 'r' || i, 'local', 'o0', 'shopping', 'c' || i, 600 FROM generate_series(0, 9) i`;

/** Two for every user; the holders of `everywhere` are all people, those of `ten` the first ten users. */
const assignmentsOf = ({ organizations, users: people, profiles, clients }: WorldSize): string => `
    INSERT INTO assignments (id, security_profile_id, user_id, include_descendants, assigned_at, valid_until)
    SELECT 'a-' || i, 'p' || (i % ${profiles}), 'u' || i, false, now(), CASE WHEN i % 100 = 1 THEN now() + interval '30 days' END
    FROM generate_series(0, ${people - 1}) i
    UNION ALL SELECT 'b-' || i, 'p' || ((i * 13 + 2) % ${profiles}), 'u' || i, false, now(), null FROM generate_series(0, ${people - 1}) i
    WHERE (i * 13 + 2) % ${profiles} <> i % ${profiles}
    UNION ALL SELECT 'ten-' || i, 'ten', 'u' || i, false, now(), null FROM generate_series(0, 9) i
    UNION ALL SELECT 'full-' || id, 'full', id, false, now(), null FROM unnest(ARRAY['root', 'second', 'operator']) id
    UNION ALL SELECT 'local', 'administering', 'local', false, now(), null;
    INSERT INTO assignments (id, security_profile_id, user_group_id, include_descendants, assigned_at)
    SELECT 'g-' || i, 'grouped', 'g' || i, false, now() FROM generate_series(0, ${organizations - 1}) i;
    INSERT INTO assignments (id, security_profile_id, organization_id, include_descendants, assigned_at)
    SELECT 'o-' || i, 'shopping', 'o' || i, false, now() FROM generate_series(0, ${organizations - 1}, 2) i
    UNION ALL SELECT 'everywhere', 'everywhere', 'S', true, now();
    INSERT INTO assignments (id, security_profile_id, client_id, include_descendants, assigned_at)
    SELECT 'c-' || i, 'p' || (i % ${profiles}), 'c' || i, false, now() FROM generate_series(0, ${clients - 1}) i`;

/** An audit event about every user and two sessions of each; every fifth was signed out and every tenth invited. */
const eventsOf = (organizations: number, people: number): string => `
    INSERT INTO audit_events (id, at, type, actor_kind, actor_id, target_kind, target_id, organization_id, hash)
    SELECT c.events + i + 1, date_trunc('milliseconds', now()) - (${people} - i) * interval '1 second', 'user_created', 'user', 'root', 'user', 'u' || i, 'o' || (i % ${organizations}), md5(i::text)
    FROM audit_chain c, generate_series(0, ${people - 1}) i;
    UPDATE audit_chain SET events = events + ${people};
    INSERT INTO grants (id, user_id, client_id, requested_scope, audience, created_at, expires_at)
    SELECT 'grant-' || i, 'u' || (i % ${people}), 'console', '{Shopper}', 'https://id.example.com', now(), now() + interval '1 day' FROM generate_series(0, 2 * ${people} - 1) i;
    INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
    SELECT 'hash-' || i, 'grant-' || i, now(), now() + interval '1 day' FROM generate_series(0, 2 * ${people} - 1) i;
    INSERT INTO revocations (kind, id, not_before, expires_at)
    SELECT 'user', 'u' || i, now() - interval '1 hour', now() + interval '1 hour' FROM generate_series(0, ${people - 1}, 5) i;
    INSERT INTO invitations (id, email, organization_id, user_groups, security_profiles, invited_by_kind, invited_by_id, created_at, expires_at)
    SELECT 'invitation-' || i, 'invited' || i || '@example.com', 'o' || (i % ${organizations}), '{}', '{}', 'user', 'root', now(), now() + interval '7 days'
    FROM generate_series(0, ${people - 1}, 10) i`;
