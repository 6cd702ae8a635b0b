/** @module Roles, permission types, organization types and security profiles in Postgres. */
import { versionAfter } from '../../domain/lineage.ts';
import type { OrganizationType, ResourceName } from '../../domain/organization.ts';
import type { PasswordPolicy } from '../../domain/password-policy.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import type { Role, RoleCategory } from '../../domain/role.ts';
import {
  assertSecurityProfile,
  type PermissionType,
  type ProfileOrigin,
  type SecurityProfile,
  type TypePermission,
} from '../../domain/security-profile.ts';
import { MAXIMUM_NAMED_PROFILES } from '../options.ts';
import { missing, stillNeeded } from '../refusals.ts';
import { postgresRepository, withoutNulls, type ChangeRecorder, type Writing } from './repository.ts';
import type { Statement, TransactionSession } from './session.ts';

const catalogueChanged = (_: unknown, changes: ChangeRecorder): void => changes.changed('catalogue', ['']);

export interface RoleRow {
  readonly name: string;
  readonly category: RoleCategory;
  readonly description: string | null;
}

export const fromRoleRow = ({ name, category, description }: RoleRow): Role => withoutNulls<Role>({ name, category, description });

const PUT_ROLES: Statement = {
  sql: `
    INSERT INTO roles (name, category, description)
    SELECT name, category, description FROM jsonb_to_recordset(?::jsonb) AS r (name text, category text, description text)
    ON CONFLICT (name) DO UPDATE SET category = excluded.category, description = excluded.description`,
};
const REMOVE_ROLES: Statement = {
  removes: true,
  sql: `WITH gone AS (DELETE FROM roles WHERE name = ANY (?::text[]) RETURNING name) SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone`,
};

export function postgresRoles(writing: Writing): WritableRepository<Role> {
  return postgresRepository<Role, RoleRow>(writing, {
    what: 'a role',
    table: 'roles',
    keyColumn: 'name',
    columns: ['name', 'category', 'description'],
    key: (role) => role.name,
    fromRow: fromRoleRow,
    toRow: (role) => role,
    put: PUT_ROLES,
    changesOfPut: catalogueChanged,
    remove: REMOVE_ROLES,
  });
}

export interface PermissionTypeRow {
  readonly type: string;
  readonly operations: readonly string[];
}

export const fromPermissionTypeRow = ({ type, operations }: PermissionTypeRow): PermissionType => ({ type, operations });

const PUT_PERMISSION_TYPES: Statement = {
  sql: `
    INSERT INTO permission_types (type, operations)
    SELECT type, operations FROM jsonb_to_recordset(?::jsonb) AS r (type text, operations text[])
    ON CONFLICT (type) DO UPDATE SET operations = excluded.operations`,
};
const REMOVE_PERMISSION_TYPES: Statement = {
  removes: true,
  sql: `WITH gone AS (DELETE FROM permission_types WHERE type = ANY (?::text[]) RETURNING type) SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone`,
};

export function postgresPermissionTypes(writing: Writing): WritableRepository<PermissionType> {
  return postgresRepository<PermissionType, PermissionTypeRow>(writing, {
    what: 'a permission type',
    table: 'permission_types',
    keyColumn: 'type',
    columns: ['type', 'operations'],
    key: (type) => type.type,
    fromRow: fromPermissionTypeRow,
    toRow: (type) => type,
    put: PUT_PERMISSION_TYPES,
    changesOfPut: catalogueChanged,
    remove: REMOVE_PERMISSION_TYPES,
  });
}

export interface OrganizationTypeRow {
  readonly name: string;
  readonly parents: readonly string[];
  readonly barred_roles: readonly string[];
  readonly barred_resources: readonly ResourceName[] | null;
}

export function fromOrganizationTypeRow(row: OrganizationTypeRow): OrganizationType {
  return withoutNulls<OrganizationType>({
    name: row.name,
    parents: row.parents,
    barredRoles: row.barred_roles,
    barredResources: row.barred_resources,
  });
}

const PUT_ORGANIZATION_TYPES: Statement = {
  sql: `
    INSERT INTO organization_types (name, parents, barred_roles, barred_resources)
    SELECT name, parents, barred_roles, barred_resources
    FROM jsonb_to_recordset(?::jsonb) AS r (name text, parents text[], barred_roles text[], barred_resources text[])
    ON CONFLICT (name) DO UPDATE SET parents = excluded.parents, barred_roles = excluded.barred_roles,
      barred_resources = excluded.barred_resources`,
};
const REMOVE_ORGANIZATION_TYPES: Statement = {
  removes: true,
  sql: `WITH gone AS (DELETE FROM organization_types WHERE name = ANY (?::text[]) RETURNING name) SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone`,
};
/** A name in an array is no foreign key; administrative changes run one after another, so a look suffices. */
const UNKNOWN_PARENT: Statement = {
  sql: `
    SELECT parent FROM organization_types t CROSS JOIN unnest(t.parents) AS parent
    WHERE NOT EXISTS (SELECT FROM organization_types known WHERE known.name = parent) LIMIT 1`,
};

export interface OrganizationTypeHooks {
  /** Places in the tree are looked at when the transaction ends. */
  typesChanged(): void;
}

export function postgresOrganizationTypes(writing: Writing, hooks: OrganizationTypeHooks): WritableRepository<OrganizationType> {
  const repository = postgresRepository<OrganizationType, OrganizationTypeRow>(writing, {
    what: 'an organization type',
    table: 'organization_types',
    keyColumn: 'name',
    columns: ['name', 'parents', 'barred_roles', 'barred_resources'],
    key: (type) => type.name,
    fromRow: fromOrganizationTypeRow,
    toRow: ({ barredRoles, barredResources, ...same }) => ({ ...same, barred_roles: barredRoles, barred_resources: barredResources }),
    put: PUT_ORGANIZATION_TYPES,
    changesOfPut: catalogueChanged,
    remove: REMOVE_ORGANIZATION_TYPES,
  });
  return {
    ...repository,
    put: async (types) => {
      await repository.put(types);
      const parent = await unknownParent(writing.session);
      if (parent !== undefined) throw missing('organization_types_parents', parent);
      hooks.typesChanged();
    },
    remove: async (names) => {
      await repository.remove(names);
      const parent = await unknownParent(writing.session);
      if (parent !== undefined) throw stillNeeded('organization_types_parents', parent);
    },
  };
}

async function unknownParent(session: TransactionSession): Promise<string | undefined> {
  return (await session.rows<{ readonly parent: string }>(UNKNOWN_PARENT))[0]?.parent;
}

export interface SecurityProfileRow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly organization_id: string | null;
  readonly roles: readonly string[];
  readonly permissions: readonly TypePermission[];
  readonly full_access: boolean;
  readonly password_policy: PasswordPolicy | null;
  readonly managed: boolean;
  readonly version: number;
  readonly origin: ProfileOrigin | null;
}

export function fromSecurityProfileRow(row: SecurityProfileRow): SecurityProfile {
  return withoutNulls<SecurityProfile>({
    id: row.id,
    name: row.name,
    description: row.description,
    organization: row.organization_id,
    roles: row.roles,
    permissions: row.permissions,
    fullAccess: row.full_access,
    passwordPolicy: row.password_policy,
    managed: row.managed,
    version: row.version,
    origin: row.origin,
  });
}

const PUT_SECURITY_PROFILES: Statement = {
  sql: `
    INSERT INTO security_profiles (id, name, description, organization_id, roles, permissions, full_access, password_policy, managed,
      version, origin)
    SELECT id, name, description, organization, roles, permissions, full_access, password_policy, managed, version, origin
    FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, description text, organization text, roles text[], permissions jsonb,
      full_access boolean, password_policy jsonb, managed boolean, version integer, origin jsonb)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, organization_id = excluded.organization_id,
      roles = excluded.roles, permissions = excluded.permissions, full_access = excluded.full_access,
      password_policy = excluded.password_policy, managed = excluded.managed,
      version = excluded.version, origin = excluded.origin`,
};
/** Those who had the profile are changed too: one that comes later under the same id must not reach them. */
const REMOVE_SECURITY_PROFILES: Statement = {
  removes: true,
  sql: `
    WITH unassigned AS (DELETE FROM assignments WHERE security_profile_id = ANY (?::text[])
      RETURNING user_id, user_group_id, organization_id, client_id),
    gone AS (DELETE FROM security_profiles WHERE id = ANY (?::text[]) RETURNING id)
    SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone
    UNION
    SELECT CASE WHEN user_id IS NOT NULL THEN 'user' WHEN user_group_id IS NOT NULL THEN 'user_group'
      WHEN organization_id IS NOT NULL THEN 'organization' ELSE 'client' END, coalesce(user_id, user_group_id, organization_id, client_id)::text
    FROM unassigned`,
};

export function postgresSecurityProfiles(writing: Writing): WritableRepository<SecurityProfile> {
  const repository = postgresRepository<SecurityProfile, SecurityProfileRow>(writing, {
    what: 'a security profile',
    table: 'security_profiles',
    keyColumn: 'id',
    columns: [
      'id',
      'name',
      'description',
      'organization_id',
      'roles',
      'permissions',
      'full_access',
      'password_policy',
      'managed',
      'version',
      'origin',
    ],
    key: (profile) => profile.id,
    fromRow: fromSecurityProfileRow,
    toRow: ({ fullAccess, passwordPolicy, ...same }) => ({ ...same, full_access: fullAccess, password_policy: passwordPolicy }),
    put: PUT_SECURITY_PROFILES,
    check: assertSecurityProfile,
    changesOfPut: (profiles, changes) => changes.changed('catalogue', profiles.length > MAXIMUM_NAMED_PROFILES ? [''] : profiles.map(({ id }) => id)),
    remove: REMOVE_SECURITY_PROFILES,
    removeBindings: 2,
  });
  return {
    ...repository,
    // Administrative changes run one after another, so what is read here is what is replaced.
    put: async (profiles) => {
      const stored = await repository.findMany(profiles.map(({ id }) => id));
      await repository.put(profiles.map((profile) => ({ ...profile, version: versionAfter(stored.get(profile.id), profile) })));
    },
  };
}
