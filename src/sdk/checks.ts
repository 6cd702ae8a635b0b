/** @module What a call needs, said in one expression and checked by exact names. Pure functions over a verified {@link Access}. */
import type { Access } from './access.ts';
import { AccessError } from './errors.ts';

/** Something that an access either satisfies or not; composable with {@link anyOf} and {@link allOf}. */
export interface Check {
  allows(access: Access): boolean;
  /** Role names that would help, for the refusal. */
  readonly roles: readonly string[];
}

/** A role by its exact name, or a check. */
export type Requirement = string | Check;

/**
 * Satisfied by any one of the requirements. FullAccess suffices only where it is named.
 * @example
 * anyOf('FullAccess', 'OrderAdmin', 'OrderReader')
 */
export function anyOf(...requirements: readonly Requirement[]): Check {
  const checks = requirements.map(asCheck);
  return { allows: (access) => checks.some((check) => check.allows(access)), roles: rolesOf(checks) };
}

/**
 * Satisfied by all of the requirements together.
 * @example
 * allOf(anyOf('FullAccess', 'OrderAdmin'), 'OverrideShipping')
 */
export function allOf(...requirements: readonly Requirement[]): Check {
  const checks = requirements.map(asCheck);
  return { allows: (access) => checks.every((check) => check.allows(access)), roles: rolesOf(checks) };
}

/**
 * Refuses an access that lacks what the check asks for.
 * @throws AccessError `insufficient_scope` (403) that names the roles that would help and the ones that the token has
 */
export function assertAccess(access: Access, requirement: Requirement): void {
  const check = asCheck(requirement);
  if (check.allows(access)) return;
  throw new AccessError('insufficient_scope', 'The token does not carry the roles that this call needs.', {
    roles: { sufficient: check.roles, held: [...access.roles] },
  });
}

function asCheck(requirement: Requirement): Check {
  return typeof requirement === 'string' ? { allows: ({ roles }) => roles.has(requirement), roles: [requirement] } : requirement;
}

const rolesOf = (checks: readonly Check[]): readonly string[] => [...new Set(checks.flatMap((check) => check.roles))];
