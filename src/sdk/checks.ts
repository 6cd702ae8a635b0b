/** What a call needs, said in one expression and checked by exact names: pure functions over a verified {@link Access}. */
import type { Access } from './access.ts';
import { AccessError } from './errors.ts';

/** Something that an access either satisfies or not; composable with {@link anyOf} and {@link allOf}. */
export interface Check {
  allows(access: Access): boolean;
  /** Names that the check asks for, for the refusal. */
  readonly roles: readonly string[];
}

/** A role by its exact name, or a check. */
export type Requirement = string | Check;

/** RFC 6749 §3.3: a scope-token, one name. */
const NAME = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/**
 * Satisfied by any one of the requirements. FullAccess suffices only where it is named.
 * @throws TypeError without a requirement, and for a name that no token can carry
 * @example
 * anyOf('FullAccess', 'OrderAdmin', 'OrderReader')
 */
export function anyOf(...requirements: readonly Requirement[]): Check {
  const checks = checksOf(requirements);
  return { allows: (access) => checks.some((check) => check.allows(access)), roles: rolesOf(checks) };
}

/**
 * Satisfied by all of the requirements together.
 * @throws TypeError without a requirement, and for a name that no token can carry
 * @example
 * allOf(anyOf('FullAccess', 'OrderAdmin'), 'OverrideShipping')
 */
export function allOf(...requirements: readonly Requirement[]): Check {
  const checks = checksOf(requirements);
  return { allows: (access) => checks.every((check) => check.allows(access)), roles: rolesOf(checks) };
}

/**
 * Refuses an access that lacks what the check asks for.
 * @throws AccessError `insufficient_scope` (403) that names the roles that would help and the ones that the token has
 * @throws TypeError for a name that no token can carry
 * @example
 * assertAccess(access, anyOf('FullAccess', 'OrderAdmin'));
 */
export function assertAccess(access: Access, requirement: Requirement): void {
  const check = asCheck(requirement);
  if (check.allows(access)) return;
  throw new AccessError('insufficient_scope', 'The token does not carry the roles that this call needs.', {
    roles: { sufficient: check.roles, held: [...access.roles] },
  });
}

/** Nothing to ask for is a mistake: all of nothing would let everybody in. */
function checksOf(requirements: readonly Requirement[]): readonly Check[] {
  if (requirements.length === 0) throw new TypeError('A check needs at least one requirement.');
  return requirements.map(asCheck);
}

function asCheck(requirement: Requirement): Check {
  if (typeof requirement !== 'string') return requirement;
  if (!NAME.test(requirement)) throw new TypeError(`${JSON.stringify(requirement)} is not the name of one role.`);
  return { allows: ({ roles }) => roles.has(requirement), roles: [requirement] };
}

const rolesOf = (checks: readonly Check[]): readonly string[] => [...new Set(checks.flatMap((check) => check.roles))];
