/** @module Organizations form trees; the type of an organization says under which types it may hang and what its people can never do. */

/** Whole resources of the management API, named as in its paths, with underscores. */
export const RESOURCES = [
  'organization_types',
  'organizations',
  'user_groups',
  'users',
  'clients',
  'roles',
  'permission_types',
  'security_profiles',
  'assignments',
  'impersonation_rules',
  'resource_servers',
  'invitations',
  'audit_events',
  'keys',
  'revocations',
] as const;
export type ResourceName = (typeof RESOURCES)[number];

export interface OrganizationType {
  readonly name: string;
  /** Types that it may hang under; empty: it is a root. */
  readonly parents: readonly string[];
  /** Roles that no user of such an organization can have in a token, whatever is assigned. */
  readonly barredRoles: readonly string[];
  /** Resources that people and programs of such organizations never touch, FullAccess or not; unset: {@link barredResourcesOf} decides. */
  readonly barredResources?: readonly ResourceName[] | undefined;
}

/** What everybody's tokens depend on: for the operators of a tree, unless a type says otherwise. */
const BARRED_BELOW_A_ROOT: readonly ResourceName[] = ['clients', 'keys', 'resource_servers'];

/**
 * Resources that the type is barred from: those that it names, also when that is none. A type that says nothing is barred
 * from `clients`, `keys` and `resource_servers` when it hangs under another type, and from nothing as a root.
 */
export function barredResourcesOf({ parents, barredResources }: Pick<OrganizationType, 'parents' | 'barredResources'>): readonly ResourceName[] {
  return barredResources ?? (parents.length > 0 ? BARRED_BELOW_A_ROOT : []);
}

/**
 * Whether organizations of this type never touch a resource: it is one of the barred ones, or each of its roles is a
 * barred role, so that FullAccess would open only what the type was meant to be kept from.
 * @param rolesOfResource roles that are made for the resource, without FullAccess; none: any token will do, and only
 *   the barred resources count
 * @example
 * isBarredFrom({ name: 'buyer', parents: ['seller'], barredRoles: [] }, 'clients', ['ApiClientReader', 'ApiClientAdmin']) // true
 */
export function isBarredFrom(type: OrganizationType, resource: ResourceName, rolesOfResource: readonly string[]): boolean {
  if (barredResourcesOf(type).includes(resource)) return true;
  return rolesOfResource.length > 0 && rolesOfResource.every((role) => type.barredRoles.includes(role));
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly parent?: string | undefined;
  readonly active: boolean;
  /** Ids from the root to this organization, itself last. Kept by the store. */
  readonly path: readonly string[];
}
