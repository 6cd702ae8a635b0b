/**
 * @module The part of the organization tree that an administrator acts on: the own organization and everything below.
 * Whatever lies outside does not exist for that administrator.
 */
import type { Subject } from './access.ts';

/** Ids from the root to an organization, itself last; undefined for what belongs to no organization. */
export type OrganizationPath = readonly string[] | undefined;

export type Tenancy =
  /** The deployment's operators: people and clients of the organization {@link OPERATORS}, and the command line. */
  | { readonly kind: 'everything' }
  /** An organization and all below it. */
  | { readonly kind: 'subtree'; readonly organization: string; readonly path: readonly string[] }
  /** Who belongs to no organization administers nothing. */
  | { readonly kind: 'nothing' };

/** The organization that `bootstrap` makes where no single root is there to administer from. */
export const OPERATORS = 'rolemint';

export const EVERYTHING: Tenancy = { kind: 'everything' };

/** @param acting whose roles count: the user, or the client's context user, or the client itself */
export function tenancyOf({ organization }: Pick<Subject, 'organization'>): Tenancy {
  if (organization === undefined) return { kind: 'nothing' };
  if (organization.id === OPERATORS) return EVERYTHING;
  return { kind: 'subtree', organization: organization.id, path: organization.path };
}

/** Whether the tenancy is that of a whole tree: what belongs to no organization belongs to these. */
export function isRootTenancy(tenancy: Tenancy): boolean {
  return tenancy.kind === 'everything' || (tenancy.kind === 'subtree' && tenancy.path.length === 1);
}

/** Whether something of this organization may be acted on. What belongs to no organization belongs to the roots. */
export function covers(tenancy: Tenancy, path: OrganizationPath): boolean {
  if (path === undefined) return isRootTenancy(tenancy);
  return tenancy.kind === 'everything' || (tenancy.kind === 'subtree' && path.includes(tenancy.organization));
}

/** Whether something of this organization may be seen and used because it comes from above: definitions are inherited. */
export function inherits(tenancy: Tenancy, path: OrganizationPath): boolean {
  if (tenancy.kind === 'nothing') return false;
  return covers(tenancy, path) || path === undefined || (tenancy.kind === 'subtree' && tenancy.path.includes(path.at(-1)!));
}
