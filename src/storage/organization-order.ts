/** @module The order in which organizations are put: a parent never after its children, whatever batch it falls into. */
import type { Organization } from '../domain/organization.ts';

export function parentsFirst(organizations: readonly Organization[]): readonly Organization[] {
  const byId = new Map(organizations.map((organization) => [organization.id, organization]));
  const ordered = new Set<Organization>();
  for (const organization of organizations) {
    const chain: Organization[] = [];
    const seen = new Set<Organization>();
    let next: Organization | undefined = organization;
    while (next !== undefined && !ordered.has(next) && !seen.has(next)) {
      seen.add(next);
      chain.push(next);
      next = next.parent === undefined ? undefined : byId.get(next.parent);
    }
    for (const item of chain.reverse()) ordered.add(item);
  }
  return organizations.length === byId.size ? [...ordered] : organizations;
}
