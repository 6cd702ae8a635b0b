/**
 * @module A role is the word that an API checks: `OrderReader`, `order:read`. This file says which words can be roles
 * and which of them every workspace has from the start.
 */
import { DomainError } from './errors.ts';

export const ROLE_CATEGORIES = ['reader', 'admin', 'shopper', 'me', 'override', 'full_access', 'custom', 'other'] as const;
export type RoleCategory = (typeof ROLE_CATEGORIES)[number];

export interface Role {
  readonly name: string;
  readonly category: RoleCategory;
  readonly description?: string | undefined;
}

/** RFC 6749 §3.3 scope-tokens, narrowed to names that are safe in a log line, a URL and a shell. */
export const ROLE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;

/** Scope names with a meaning of their own in OpenID Connect; they are never roles. */
export const OIDC_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access', 'profile', 'email', 'address', 'phone']);

/** The role that suffices wherever an API accepts it; to us a name like any other, never expanded. */
export const FULL_ACCESS = 'FullAccess';

const reader = (name: string, description: string): Role => ({ name, category: 'reader', description });
const admin = (name: string, description: string): Role => ({ name, category: 'admin', description });

/** The roles of the management API. They are in every catalogue; a workspace may restate them, not redefine them. */
export const BUILT_IN_ROLES: readonly Role[] = [
  { name: FULL_ACCESS, category: 'full_access', description: 'Suffices for every call of an API that accepts it. Give it rarely and for a time.' },
  reader('SecurityProfileReader', 'Read security profiles and their assignments.'),
  admin('SecurityProfileAdmin', 'Read, write and assign security profiles.'),
  reader('UserReader', 'Read users.'),
  admin('UserAdmin', 'Read and write users.'),
  reader('UserGroupReader', 'Read user groups and their members.'),
  admin('UserGroupAdmin', 'Read and write user groups and their members.'),
  reader('OrganizationReader', 'Read organizations.'),
  admin('OrganizationAdmin', 'Read and write organizations.'),
  reader('ApiClientReader', 'Read clients.'),
  admin('ApiClientAdmin', 'Read and write clients and their secrets.'),
  reader('RoleReader', 'Read roles and permission types.'),
  admin('RoleAdmin', 'Read and write roles and permission types.'),
  reader('AuditReader', 'Read audit events.'),
  admin('SigningKeyAdmin', 'Rotate and retire signing keys.'),
  admin('ImpersonationRuleAdmin', 'Read and write impersonation rules.'),
  { name: 'MeAdmin', category: 'me', description: "Write one's own profile." },
  { name: 'PasswordReset', category: 'other', description: "Set one's own password." },
  { name: 'Impersonation', category: 'other', description: 'Act as another user where a rule allows it.' },
];

const BUILT_IN_BY_FOLDED_NAME: ReadonlyMap<string, string> = new Map(BUILT_IN_ROLES.map((role) => [foldName(role.name), role.name]));

/** The form in which two role names that a person could confuse are equal: NFKC, then lower case. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/**
 * Refuses a string that cannot be a role name: not a scope-token, an OIDC scope, or a look-alike of a built-in role.
 * @throws `invalid_input`
 */
export function assertRoleName(name: string, pointer?: string): void {
  if (!ROLE_NAME.test(name)) {
    throw new DomainError(
      'invalid_input',
      `${JSON.stringify(name.slice(0, 120))} cannot be a role name: 1 to 100 of A-Z a-z 0-9 . _ : / - are allowed, starting with a letter or digit.`,
      { pointer },
    );
  }
  const folded = foldName(name);
  if (OIDC_SCOPES.has(folded)) {
    throw new DomainError('invalid_input', `${JSON.stringify(name)} is a scope of OpenID Connect and cannot be a role name.`, { pointer });
  }
  const builtIn = BUILT_IN_BY_FOLDED_NAME.get(folded);
  if (builtIn !== undefined && builtIn !== name) {
    throw new DomainError('invalid_input', `${JSON.stringify(name)} is too close to the built-in role ${builtIn}.`, { pointer });
  }
}

/** Whether the role is one of {@link BUILT_IN_ROLES}, byte by byte. */
export function isBuiltInRole(name: string): boolean {
  return BUILT_IN_BY_FOLDED_NAME.get(foldName(name)) === name;
}
