/** What a call needs, said in one expression and checked by exact names: pure functions over a verified {@link Access}. */
import type { Access } from './access.ts';
import { AccessError } from './errors.ts';

/** Something that an access either satisfies or not; composable with {@link anyOf} and {@link allOf}. */
export interface Check {
  allows(access: Access): boolean;
  /** Names that the check asks for, for the refusal. */
  readonly roles: readonly string[];
  /** Whether the roles of the access would do, wherever it comes from; then the refusal is not for the lack of roles. */
  readonly rolesSuffice?: ((access: Access) => boolean) | undefined;
}

/** A role by its exact name, or a check. */
export type Requirement = string | Check;

/** RFC 6749 §3.3: a scope-token, one name. */
const NAME = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/**
 * Satisfied by who has every one of the roles. FullAccess does not stand for them.
 * @throws TypeError without a role, and for a name that no token can carry
 * @example
 * import { assertAccess, requireRoles } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * assertAccess(testAccess({ roles: ['OrderAdmin'] }), requireRoles('OrderAdmin'));
 */
export function requireRoles(...roles: readonly string[]): Check {
  return allOf(...roles);
}

/**
 * Satisfied by any one of the requirements. FullAccess suffices only where it is named.
 * @throws TypeError without a requirement, and for a name that no token can carry
 * @example
 * import { anyOf } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * const check = anyOf('FullAccess', 'OrderAdmin', 'OrderReader');
 * console.assert(check.allows(testAccess({ roles: ['OrderReader'] })));
 * console.assert(!check.allows(testAccess({ roles: ['Order'] })));
 */
export function anyOf(...requirements: readonly Requirement[]): Check {
  const checks = checksOf(requirements);
  return {
    allows: (access) => checks.some((check) => check.allows(access)),
    rolesSuffice: (access) => checks.some((check) => rolesSuffice(check, access)),
    roles: rolesOf(checks),
  };
}

/**
 * Satisfied by all of the requirements together.
 * @throws TypeError without a requirement, and for a name that no token can carry
 * @example
 * import { allOf, anyOf } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * const check = allOf(anyOf('FullAccess', 'OrderAdmin'), 'OverrideShipping');
 * console.assert(check.allows(testAccess({ roles: ['OrderAdmin', 'OverrideShipping'] })));
 * console.assert(!check.allows(testAccess({ roles: ['FullAccess'] })));
 */
export function allOf(...requirements: readonly Requirement[]): Check {
  const checks = checksOf(requirements);
  return {
    allows: (access) => checks.every((check) => check.allows(access)),
    rolesSuffice: (access) => checks.every((check) => rolesSuffice(check, access)),
    roles: rolesOf(checks),
  };
}

/**
 * Refuses an access that lacks what the check asks for.
 * @throws AccessError `insufficient_scope` (403) that names the roles that would help and the ones that the token has
 * @throws TypeError for a name that no token can carry
 * @example
 * import { AccessError, anyOf, assertAccess } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * try {
 *   assertAccess(testAccess({ roles: ['Shopper'] }), anyOf('FullAccess', 'OrderAdmin'));
 * } catch (error) {
 *   console.assert(error instanceof AccessError && error.status === 403);
 *   console.assert(error instanceof AccessError && error.body.sufficient_roles?.join() === 'FullAccess,OrderAdmin');
 * }
 */
export function assertAccess(access: Access, requirement: Requirement): void {
  const check = asCheck(requirement);
  if (check.allows(access)) return;
  const roles = { sufficient: check.roles, held: [...access.roles] };
  throw new AccessError('insufficient_scope', rolesSuffice(check, access) ? OUT_OF_REACH : LACKING, { roles });
}

const LACKING = 'The token does not carry the roles that this call needs.';
const OUT_OF_REACH = 'The roles of the token would do, but not here: what is asked for is not within the reach of its organization or user.';

function rolesSuffice(check: Check, access: Access): boolean {
  return check.rolesSuffice === undefined ? check.allows(access) : check.rolesSuffice(access);
}

/** Nothing to ask for is a mistake: all of nothing would let everybody in. */
function checksOf(requirements: readonly Requirement[]): readonly Check[] {
  if (requirements.length === 0) throw new TypeError('A check needs at least one requirement.');
  return requirements.map(asCheck);
}

/** @throws TypeError for a name that no token can carry */
export function asCheck(requirement: Requirement): Check {
  if (typeof requirement !== 'string') return requirement;
  if (!NAME.test(requirement)) throw new TypeError(`${JSON.stringify(requirement)} is not the name of one role.`);
  return { allows: ({ roles }) => roles.has(requirement), roles: [requirement] };
}

const rolesOf = (checks: readonly Check[]): readonly string[] => [...new Set(checks.flatMap((check) => check.roles))];
