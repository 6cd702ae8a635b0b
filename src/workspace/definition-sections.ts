/** @module The sections that say what roles mean: organization types, roles, permission types, profiles, resource servers. */
import type { OrganizationType } from '../domain/organization.ts';
import type { PasswordPolicy } from '../domain/password-policy.ts';
import type { ResourceServer } from '../domain/resource-server.ts';
import type { Role } from '../domain/role.ts';
import type { PermissionType, ProfileOrigin, SecurityProfile, TypePermission } from '../domain/security-profile.ts';
import type { Declared } from './schema.ts';
import { declaredOr, sorted, type Fields, type Section } from './section.ts';

export const organizationTypes: Section<Declared<'organization_types'>, OrganizationType> = {
  noun: 'organization_type',
  required: [],
  repository: (tx) => tx.organizationTypes,
  keyOf: (type) => type.name,
  label: (type) => type.name,
  merge: (declared, existing) => ({
    name: declared.name,
    parents: declared.parents ?? existing?.parents ?? [],
    barredRoles: declared.barred_roles ?? existing?.barredRoles ?? [],
    barredResources: declaredOr(declared.barred_resources, existing?.barredResources),
  }),
  describe: (type) => ({
    name: type.name,
    parents: sorted(type.parents),
    barred_roles: sorted(type.barredRoles),
    barred_resources: type.barredResources && sorted(type.barredResources),
  }),
  defaults: () => ({ parents: [], barred_roles: [] }),
};

export const roles: Section<Declared<'roles'>, Role> = {
  noun: 'role',
  required: [],
  repository: (tx) => tx.roles,
  keyOf: (role) => role.name,
  label: (role) => role.name,
  merge: (declared, existing) => ({
    name: declared.name,
    category: declared.category ?? existing?.category ?? 'custom',
    description: declaredOr(declared.description, existing?.description),
  }),
  describe: ({ name, category, description }) => ({ name, category, description }),
  defaults: () => ({ category: 'custom' }),
};

export const permissionTypes: Section<Declared<'permission_types'>, PermissionType> = {
  noun: 'permission_type',
  required: ['operations'],
  repository: (tx) => tx.permissionTypes,
  keyOf: (type) => type.type,
  label: (type) => type.type,
  merge: (declared, existing) => ({ type: declared.type, operations: declared.operations ?? existing?.operations ?? [] }),
  describe: (type) => ({ type: type.type, operations: sorted(type.operations) }),
  defaults: () => ({}),
};

/** Names of a password policy in files and in the domain. */
const POLICY_FIELDS = {
  minimum_length: 'minimumLength',
  allowed_failed_attempts: 'allowedFailedAttempts',
  lockout_minutes: 'lockoutMinutes',
  uppercase_required: 'uppercaseRequired',
  lowercase_required: 'lowercaseRequired',
  digit_required: 'digitRequired',
  special_required: 'specialRequired',
  maximum_repeated_characters: 'maximumRepeatedCharacters',
  history: 'history',
  maximum_age_days: 'maximumAgeDays',
  minimum_age_minutes: 'minimumAgeMinutes',
} as const satisfies Record<keyof DeclaredPolicy, keyof PasswordPolicy>;
type DeclaredPolicy = NonNullable<Declared<'security_profiles'>['password_policy']>;
const POLICY_PAIRS = Object.entries(POLICY_FIELDS) as [keyof DeclaredPolicy, keyof PasswordPolicy][];

function policyOf(declared: DeclaredPolicy): PasswordPolicy {
  return Object.fromEntries(POLICY_PAIRS.filter(([field]) => declared[field] !== undefined).map(([field, name]) => [name, declared[field]]));
}

function describePolicy(policy: PasswordPolicy | undefined): DeclaredPolicy | undefined {
  if (policy === undefined) return undefined;
  return Object.fromEntries(POLICY_PAIRS.filter(([, name]) => policy[name] !== undefined).map(([field, name]) => [field, policy[name]]));
}

const describePermissions = (permissions: readonly TypePermission[]): TypePermission[] =>
  permissions.map(({ type, operations }) => ({ type, operations: sorted(operations) })).sort((a, b) => (a.type < b.type ? -1 : 1));

type DeclaredOrigin = NonNullable<Declared<'security_profiles'>['origin']>;

const originOf = ({ security_profile, version, roles: named, permissions, full_access }: DeclaredOrigin): ProfileOrigin => ({
  securityProfile: security_profile,
  version,
  roles: named ?? [],
  permissions: permissions ?? [],
  fullAccess: full_access ?? false,
});

/** With nothing that is its default. */
function describeOrigin(origin: ProfileOrigin | undefined): Fields | undefined {
  if (origin === undefined) return undefined;
  return {
    security_profile: origin.securityProfile,
    version: origin.version,
    ...(origin.roles.length > 0 && { roles: sorted(origin.roles) }),
    ...(origin.permissions.length > 0 && { permissions: describePermissions(origin.permissions) }),
    ...(origin.fullAccess && { full_access: true }),
  };
}

export const securityProfiles: Section<Declared<'security_profiles'>, SecurityProfile> = {
  noun: 'security_profile',
  required: [],
  repository: (tx) => tx.securityProfiles,
  keyOf: (profile) => profile.id,
  label: (profile) => profile.id,
  merge: (declared, existing) => ({
    id: declared.id,
    name: declared.name ?? existing?.name ?? declared.id,
    description: declaredOr(declared.description, existing?.description),
    organization: declaredOr(declared.organization, existing?.organization),
    roles: declared.roles ?? existing?.roles ?? [],
    permissions: declared.permissions ?? existing?.permissions ?? [],
    fullAccess: declared.full_access ?? existing?.fullAccess ?? false,
    passwordPolicy: declaredOr(
      declared.password_policy === undefined || declared.password_policy === null ? declared.password_policy : policyOf(declared.password_policy),
      existing?.passwordPolicy,
    ),
    managed: declared.managed ?? existing?.managed ?? false,
    version: existing?.version ?? 1,
    origin: declaredOr(declared.origin === undefined || declared.origin === null ? declared.origin : originOf(declared.origin), existing?.origin),
  }),
  describe: (profile) => ({
    id: profile.id,
    name: profile.name,
    description: profile.description,
    organization: profile.organization,
    roles: sorted(profile.roles),
    permissions: describePermissions(profile.permissions),
    full_access: profile.fullAccess,
    password_policy: describePolicy(profile.passwordPolicy),
    managed: profile.managed,
    origin: describeOrigin(profile.origin),
  }),
  defaults: (profile) => ({ name: profile.id, roles: [], permissions: [], full_access: false, managed: false }),
};

export const resourceServers: Section<Declared<'resource_servers'>, ResourceServer> = {
  noun: 'resource_server',
  required: [],
  repository: (tx) => tx.resourceServers,
  keyOf: (server) => server.audience,
  label: (server) => server.audience,
  merge: (declared, existing) => ({
    audience: declared.audience,
    name: declared.name ?? existing?.name ?? declared.audience,
    roles: declaredOr(declared.roles, existing?.roles),
    signingAlg: declared.signing_alg ?? existing?.signingAlg ?? 'ES256',
    claims: declaredOr(declared.claims, existing?.claims),
    clients: declared.clients ?? existing?.clients ?? [],
  }),
  describe: (server) => ({
    audience: server.audience,
    name: server.name,
    roles: server.roles && sorted(server.roles),
    signing_alg: server.signingAlg,
    claims: server.claims,
    clients: sorted(server.clients),
  }),
  defaults: (server) => ({ name: server.audience, signing_alg: 'ES256', clients: [] }),
};
