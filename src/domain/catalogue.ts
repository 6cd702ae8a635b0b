/**
 * @module The catalogue is everything that roles and profiles mean in a workspace at one version, compiled so that a
 * decision costs what the subject has, never what exists. It is immutable; a change makes a new one.
 */
import type { OrganizationType } from './organization.ts';
import { BUILT_IN_ROLES, type Role } from './role.ts';
import { expandPermissions, permissionRole, type PermissionType, type ProfileContents, type SecurityProfile } from './security-profile.ts';

export interface Definitions {
  readonly roles: readonly Role[];
  readonly permissionTypes: readonly PermissionType[];
  readonly organizationTypes: readonly OrganizationType[];
  readonly securityProfiles: readonly SecurityProfile[];
}

/** A profile with its permissions expanded: what it gives, as positions in {@link Catalogue.roles}, ascending. */
export interface ResolvedProfile {
  readonly profile: SecurityProfile;
  readonly roles: Uint32Array;
}

export interface Catalogue {
  /** Every role there is, built-in ones and `type:operation` pairs included, sorted by code unit. */
  readonly roles: readonly string[];
  /** Position of a role in {@link roles}; undefined for a name that nobody knows. Byte-exact. */
  indexOf(role: string): number | undefined;
  profile(id: string): ResolvedProfile | undefined;
  profiles(): Iterable<ResolvedProfile>;
  /** Positions of the roles that people of organizations of this type never get. */
  barred(organizationType: string): ReadonlySet<number>;
  organizationType(name: string): OrganizationType | undefined;
}

const NONE: ReadonlySet<never> = new Set<never>();

/** Definitions with the catalogue that was compiled of them. */
export interface Compiled {
  readonly definitions: Definitions;
  readonly catalogue: Catalogue;
}

/**
 * Compiles definitions; names that the catalogue does not know are left out of every resolved set.
 * @param known compiled before: lists and profiles that are the same objects as there are not compiled again, so that the
 * edit of one profile costs little however many there are
 */
export function compileCatalogue(definitions: Definitions, known?: Compiled): Catalogue {
  const hasSameNames =
    known !== undefined && known.definitions.roles === definitions.roles && known.definitions.permissionTypes === definitions.permissionTypes;
  const names = hasSameNames ? { roles: known.catalogue.roles, indexOf: known.catalogue.indexOf } : namesOf(definitions);
  const every = Uint32Array.from(names.roles.keys());
  const profiles = new Map<string, ResolvedProfile>();
  for (const profile of definitions.securityProfiles) {
    const before = hasSameNames ? known.catalogue.profile(profile.id) : undefined;
    if (before?.profile === profile) profiles.set(profile.id, before);
    else profiles.set(profile.id, { profile, roles: profile.fullAccess ? every : rolesOf(profile, names, definitions) });
  }
  const barred = new Map(definitions.organizationTypes.map((type) => [type.name, positionsOf(names, type.barredRoles)]));
  const organizationTypes = new Map(definitions.organizationTypes.map((type) => [type.name, type]));
  return {
    roles: names.roles,
    indexOf: names.indexOf,
    profile: (id) => profiles.get(id),
    profiles: () => profiles.values(),
    barred: (organizationType) => barred.get(organizationType) ?? NONE,
    organizationType: (name) => organizationTypes.get(name),
  };
}

/**
 * The same definitions after the profiles of these ids were read anew; nothing else is another object.
 * @param found those of them that exist
 */
export function withProfiles<D extends Definitions>(definitions: D, ids: ReadonlySet<string>, found: ReadonlyMap<string, SecurityProfile>): D {
  const added = new Map(found);
  const securityProfiles: SecurityProfile[] = [];
  for (const profile of definitions.securityProfiles) {
    const current = ids.has(profile.id) ? found.get(profile.id) : profile;
    if (current !== undefined) securityProfiles.push(current);
    added.delete(profile.id);
  }
  if (added.size > 0) securityProfiles.push(...added.values());
  return { ...definitions, securityProfiles: added.size > 0 ? securityProfiles.sort((a, b) => byCodeUnit(a.id, b.id)) : securityProfiles };
}

type Names = Pick<Catalogue, 'roles' | 'indexOf'>;

function namesOf({ roles: custom, permissionTypes }: Definitions): Names {
  const names = new Set(BUILT_IN_ROLES.map((role) => role.name));
  for (const role of custom) names.add(role.name);
  for (const { type, operations } of permissionTypes) {
    for (const operation of operations) names.add(permissionRole(type, operation));
  }
  const roles = [...names].sort(byCodeUnit);
  const positions = new Map(roles.map((name, position) => [name, position]));
  return { roles, indexOf: (role) => positions.get(role) };
}

function positionsOf({ indexOf }: Names, list: Iterable<string>): Set<number> {
  const found = new Set<number>();
  for (const name of list) {
    const position = indexOf(name);
    if (position !== undefined) found.add(position);
  }
  return found;
}

/** What a draft would give if it were a profile now: names, sorted by code unit. */
export function resolvedRoles(draft: ProfileContents, catalogue: Catalogue, definitions: Pick<Definitions, 'permissionTypes'>): string[] {
  if (draft.fullAccess) return [...catalogue.roles];
  return [...new Set(rolesOf(draft, catalogue, definitions))].map((position) => catalogue.roles[position]!);
}

function rolesOf(
  { roles, permissions }: Pick<SecurityProfile, 'roles' | 'permissions'>,
  names: Names,
  { permissionTypes }: Pick<Definitions, 'permissionTypes'>,
): Uint32Array {
  return Uint32Array.from(positionsOf(names, [...roles, ...expandPermissions(permissions, permissionTypes)])).sort();
}

/** Order of UTF-16 code units, the order of `scope` and `roles` in every token. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
