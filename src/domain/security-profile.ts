/**
 * @module A security profile is a named set of roles, the unit of assignment. It names roles directly, through type
 * permissions (`data/*` × `read`, `update`), or all of them (`full_access`).
 */
import { DomainError } from './errors.ts';
import { ROLE_NAME } from './role.ts';
import type { PasswordPolicy } from './password-policy.ts';

/** A type of thing and the operations that exist on it; each pair is the role `type:operation`. */
export interface PermissionType {
  readonly type: string;
  readonly operations: readonly string[];
}

/** Grants operations on one type, or on all types that start with what stands before a final `*`. */
export interface TypePermission {
  readonly type: string;
  readonly operations: readonly string[];
}

export interface SecurityProfile {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** Organization that owns the profile; unset: the root. */
  readonly organization?: string | undefined;
  readonly roles: readonly string[];
  readonly permissions: readonly TypePermission[];
  /** Every role of the catalogue (not the role named FullAccess). */
  readonly fullAccess: boolean;
  readonly passwordPolicy?: PasswordPolicy | undefined;
  /** A shipped default: upgraded by `apply`; clones never are. */
  readonly managed: boolean;
  /** 1 at first, one more with every change of what it gives or of its password policy. Kept by the store; the one that is put is ignored. */
  readonly version: number;
  /** Set on clones. */
  readonly origin?: ProfileOrigin | undefined;
}

/** What a profile gives, whatever it is called and whoever owns it. */
export type ProfileContents = Pick<SecurityProfile, 'roles' | 'permissions' | 'fullAccess'>;

/** What a clone was made of, and what that gave then: the base that both are compared with, also when the origin is gone. */
export interface ProfileOrigin extends ProfileContents {
  /** Id of the profile. */
  readonly securityProfile: string;
  readonly version: number;
}

/** @throws `invalid_input` when the profile contradicts itself */
export function assertSecurityProfile(profile: Pick<SecurityProfile, 'managed' | 'origin'>, pointer?: string): void {
  if (profile.managed && profile.origin !== undefined) {
    throw new DomainError('invalid_input', 'A clone cannot be managed: what is upgraded from outside would overwrite what was changed in it.', {
      pointer,
    });
  }
}

export const permissionRole = (type: string, operation: string): string => `${type}:${operation}`;

/** @throws `invalid_input` unless the pattern is a type name, or the start of one followed by a single final `*` */
export function assertTypePattern(pattern: string, pointer?: string): void {
  const prefix = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern;
  if (pattern.length > 100 || prefix.includes('*')) {
    throw new DomainError(
      'invalid_input',
      `${JSON.stringify(pattern.slice(0, 120))} cannot be a type: at most one *, at the end, 100 characters in all.`,
      { pointer },
    );
  }
  if (pattern !== '*' && !ROLE_NAME.test(prefix)) {
    throw new DomainError(
      'invalid_input',
      `${JSON.stringify(pattern)} cannot be a type: A-Z a-z 0-9 . _ : / - are allowed, starting with a letter or digit.`,
      { pointer },
    );
  }
}

/**
 * Roles that a profile's type permissions give, before any union with its plain roles or with other profiles.
 *
 * For each type of the catalogue the entry with the longest matching pattern alone decides; an exact name beats every
 * wildcard, and entries with the same pattern count as one. An entry without operations therefore takes away what a
 * wider one would give, and removing an operation from any entry never adds a role.
 */
export function expandPermissions(permissions: readonly TypePermission[], types: readonly PermissionType[]): string[] {
  if (permissions.length === 0) return [];
  const allowed = new Map<string, Set<string>>();
  for (const { type, operations } of permissions) {
    allowed.set(type, new Set([...(allowed.get(type) ?? []), ...operations]));
  }
  const wildcards = [...allowed.keys()].filter((pattern) => pattern.endsWith('*')).toSorted((a, b) => b.length - a.length);
  const roles: string[] = [];
  for (const { type, operations } of types) {
    const pattern = allowed.has(type) ? type : wildcards.find((wildcard) => type.startsWith(wildcard.slice(0, -1)));
    if (pattern === undefined) continue;
    for (const operation of operations) {
      if (allowed.get(pattern)!.has(operation)) roles.push(permissionRole(type, operation));
    }
  }
  return roles;
}
