/** Whose data a call is about: checks of where a token comes from, beside the roles that it has. Pure, exact. */
import type { Access } from './access.ts';
import type { Check } from './checks.ts';

/**
 * Satisfied by who belongs to an organization of one of these types, whatever roles are held besides.
 * @throws TypeError without a type
 * @example
 * import { allOf, anyOf, organizationTypes } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * const check = allOf(anyOf('FullAccess', 'ApiClientAdmin'), organizationTypes('seller'));
 * const buyer = testAccess({ roles: ['FullAccess'], organization: { id: 'acme', type: 'buyer', path: ['market', 'acme'] } });
 * console.assert(!check.allows(buyer));
 */
export function organizationTypes(...types: readonly string[]): Check {
  if (types.length === 0) throw new TypeError('A check needs at least one type of organization.');
  return place(({ organization }) => organization !== undefined && types.includes(organization.type));
}

export interface AtOptions {
  /** What is there may be read by those below, who cannot change it. Default: false. */
  readonly visibleBelow?: boolean;
  /** The call changes something. Default: false. */
  readonly write?: boolean;
}

/**
 * Whose data a call is about, in one line. These ask for no role: put them beside the roles with `allOf`. No role, and not
 * FullAccess either, stands for them.
 * @example
 * import { allOf, entity } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * const bob = testAccess({ subject: 'bob', roles: ['order:read'], organization: { id: 'BUYCO' } });
 * console.assert(allOf('order:read', entity.company('BUYCO')).allows(bob));
 * console.assert(!allOf('order:read', entity.company('OTHER')).allows(bob));
 * console.assert(entity.user('bob').allows(bob));
 */
export const entity = {
  /** Across all companies: the roles alone decide. Said, so that it was not forgotten. */
  platform: place(() => true),

  /** Satisfied by who may act for the organization: the own one, and those that the user is authorized for. */
  company: (organizationId: string): Check => place(({ organization }) => organization?.ids.includes(organizationId) ?? false),

  /** Satisfied by the user itself; by no client, whatever its id. */
  user: (userId: string): Check => place(({ subject, clientId }) => subject === userId && subject !== clientId),

  /**
   * Satisfied by who belongs to the node of the tree that the data is at, or to one above it; for reading what is
   * `visibleBelow`, also to one below.
   * @param path ids from the root to the node where the data is, as your API keeps it
   * @throws TypeError for an empty path
   */
  at: (path: readonly string[], { visibleBelow = false, write = false }: AtOptions = {}): Check => {
    if (path.length === 0) throw new TypeError('The path must name the nodes from the root to the one where the data is.');
    const nodes = [...path];
    return place(({ organization }) => {
      const own = organization?.path ?? [];
      if (own.length === 0 || own.at(-1) !== organization?.id) return false;
      return beginsWith(nodes, own) || (visibleBelow && !write && beginsWith(own, nodes));
    });
  },
};

const beginsWith = (path: readonly string[], beginning: readonly string[]): boolean =>
  beginning.length <= path.length && beginning.every((id, index) => id === path[index]);

/** Asks for no role. */
function place(allows: (access: Access) => boolean): Check {
  return { allows, roles: [], rolesSuffice: () => true };
}
