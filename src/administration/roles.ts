/** @module Roles as they are read: those of the workspace and the built-in ones, which no store keeps. */
import { byCodeUnit } from '../domain/catalogue.ts';
import type { ListQuery, Page } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import { BUILT_IN_ROLES, isBuiltInRole, type Role } from '../domain/role.ts';

const BY_NAME: ReadonlyMap<string, Role> = new Map(BUILT_IN_ROLES.map((role) => [role.name, role]));

export const builtInRole = (name: string): Role | undefined => BY_NAME.get(name);

/** @throws `forbidden`: a built-in role stays what it is */
export function assertNotBuiltIn(name: string): void {
  if (isBuiltInRole(name)) throw new DomainError('forbidden', `${name} is a built-in role: it stays what it is.`);
}

/** One page of all roles; there are few enough to be looked through in memory. */
export function pageOfRoles(
  custom: readonly Role[],
  { filters, search, sort, descending, after, limit, total }: Omit<ListQuery, 'visibility'>,
): Page<Role> {
  const wanted = search?.toLowerCase();
  const valueOf = (role: Role): string => (sort === 'category' ? role.category : role.name);
  const compare = (a: Omit<Place, 'role'>, b: Omit<Place, 'role'>): number =>
    (descending ? -1 : 1) * (byCodeUnit(a.value, b.value) || byCodeUnit(a.key, b.key));
  const matching = [...new Map([...custom, ...BUILT_IN_ROLES].map((role) => [role.name, role])).values()]
    .filter(({ category }) => filters['category'] === undefined || category === filters['category'])
    .filter(({ name, description = '' }) => wanted === undefined || [name, description].some((text) => text.toLowerCase().includes(wanted)))
    .map((role): Place => ({ role, value: valueOf(role), key: role.name }))
    .sort(compare);
  const rest = after === undefined ? matching : matching.filter((place) => compare(place, after) > 0);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(({ role }) => role),
    next: last !== undefined && rest.length > limit ? { value: last.value, key: last.key } : undefined,
    total: total ? matching.length : undefined,
  };
}

interface Place {
  readonly role: Role;
  readonly value: string;
  readonly key: string;
}
