/**
 * @module Where a security profile comes from: a clone remembers its origin and what that gave when it was cloned. What
 * the origin gained and lost since, and what was changed in the clone, are both differences from this base; taking over
 * the first never touches the second, so there are no conflicts.
 *
 * Contents are compared as sets: roles by name, permissions by type, and within a type by operation. An entry without
 * operations is an entry of its own, because it takes away what a wider one gives.
 */
import { byCodeUnit } from './catalogue.ts';
import { DomainError } from './errors.ts';
import type { PasswordPolicy } from './password-policy.ts';
import {
  expandPermissions,
  type PermissionType,
  type ProfileContents,
  type ProfileOrigin,
  type SecurityProfile,
  type TypePermission,
} from './security-profile.ts';

/** What came and went; sorted by code unit. */
export interface Exchange {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** A difference in what a profile says about one type, or one pattern of types. */
export interface PermissionChange {
  readonly type: string;
  /** Whether there is now an entry for the type where there was none, or none where there was one. */
  readonly entry: 'gained' | 'lost' | 'kept';
  /** Operations. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** How contents differ from what they were. */
export interface ContentsChange {
  /** Of the roles that are named directly. */
  readonly roles: Exchange;
  /** Of the entries for types, sorted by type. */
  readonly permissions: readonly PermissionChange[];
  readonly fullAccess: 'gained' | 'lost' | 'kept';
  /** What roles and permissions come to, leaving `full_access` aside: with it every role is there, before and after. */
  readonly resolved: Exchange;
}

/** How a clone and its origin have moved apart. */
export interface Drift {
  /** Since the base; undefined: the origin does not exist any more. */
  readonly origin: ContentsChange | undefined;
  /** In the clone since the base. */
  readonly local: ContentsChange;
}

/** Differences of the origin to take over, each by its name. */
export interface Choice {
  readonly roles?: readonly string[] | undefined;
  /** By type, or pattern of types, as the entry names it. */
  readonly permissions?: readonly string[] | undefined;
  readonly fullAccess?: boolean | undefined;
}

/**
 * A copy of a profile that remembers where it comes from. It is never managed, so no upgrade changes it.
 * @example
 * cloneOf(shopper, { id: 'acme-shopper', name: 'Shopper of Acme', organization: 'acme' })
 */
export function cloneOf(origin: SecurityProfile, { id, name, organization }: Pick<SecurityProfile, 'id' | 'name' | 'organization'>): SecurityProfile {
  return { ...origin, id, name, organization, managed: false, version: 1, origin: baseOf(origin) };
}

/** What a clone that is made now remembers of the profile. */
function baseOf({ id, version, ...profile }: SecurityProfile): ProfileOrigin {
  return { securityProfile: id, version, ...listed(read(profile)) };
}

/**
 * What the origin of a clone gained and lost since, and what was changed in the clone.
 * @param origin as it is now; undefined when it was removed
 * @returns undefined when the profile is no clone
 * @example
 * // Shopper had Shopper and OrderReader when it was cloned; since then it lost OrderReader, and the clone gained MeAdmin.
 * driftOf(clone, shopper, [])?.origin?.roles // { gained: [], lost: ['OrderReader'] }
 * driftOf(clone, shopper, [])?.local.roles   // { gained: ['MeAdmin'], lost: [] }
 */
export function driftOf(clone: SecurityProfile, origin: ProfileContents | undefined, permissionTypes: readonly PermissionType[]): Drift | undefined {
  const base = clone.origin;
  if (base === undefined) return undefined;
  return { origin: origin && changeOf(base, origin, permissionTypes), local: changeOf(base, clone, permissionTypes) };
}

/**
 * The clone with what its origin gained and without what it lost, as far as it was chosen. What was changed in the clone
 * stays: what was taken out does not come back, what was put in does not go. The base moves with what was taken, so it
 * is not offered again; once nothing is left to take, the clone remembers the origin's version of now.
 * @param take names that are no difference of the origin are refused, so that nobody believes to have taken them
 * @throws `invalid_input` when the profile is no clone, or something is chosen that the origin neither gained nor lost
 * @example
 * merged(clone, shopper, 'all').roles                          // ['MeAdmin', 'Shopper']
 * merged(clone, shopper, { roles: ['OrderReader'] }).origin    // { …, roles: ['Shopper'] }
 */
export function merged(clone: SecurityProfile, origin: SecurityProfile, take: 'all' | Choice): SecurityProfile {
  if (clone.origin === undefined) {
    throw new DomainError('invalid_input', `The security profile ${JSON.stringify(clone.id)} is no clone: there is nothing to merge into it.`);
  }
  const [base, theirs] = [read(clone.origin), read(origin)];
  if (take !== 'all') assertDifferences(changeOf(clone.origin, origin, []), take);
  const target = take === 'all' ? theirs : moved(base, theirs, take);
  const { securityProfile, version } = clone.origin;
  return {
    ...clone,
    ...listed(threeWay(base, target, read(clone))),
    origin: { securityProfile, version: isSame(target, theirs) ? origin.version : version, ...listed(target) },
  };
}

/**
 * The version that a store gives a profile that is put: it counts what the profile gives and asks of passwords, not how
 * it is called or in which order its roles stand.
 */
export function versionAfter(stored: SecurityProfile | undefined, put: SecurityProfile): number {
  if (stored === undefined) return 1;
  const unchanged = isSame(read(stored), read(put)) && isSamePolicy(stored.passwordPolicy, put.passwordPolicy);
  return unchanged ? stored.version : stored.version + 1;
}

function isSamePolicy(a: PasswordPolicy = {}, b: PasswordPolicy = {}): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as ReadonlySet<keyof PasswordPolicy>;
  return [...fields].every((field) => a[field] === b[field]);
}

/** Contents as the sets that they are. */
interface Sets {
  readonly roles: ReadonlySet<string>;
  /** Operations by type; entries for the same type count as one. */
  readonly permissions: ReadonlyMap<string, ReadonlySet<string>>;
  readonly fullAccess: boolean;
}

function read({ roles, permissions, fullAccess }: ProfileContents): Sets {
  const operations = new Map<string, ReadonlySet<string>>();
  for (const { type, operations: more } of permissions) operations.set(type, new Set([...(operations.get(type) ?? []), ...more]));
  return { roles: new Set(roles), permissions: operations, fullAccess };
}

function listed({ roles, permissions, fullAccess }: Sets): ProfileContents {
  return {
    roles: sorted(roles),
    permissions: sorted(permissions.keys()).map((type): TypePermission => ({ type, operations: sorted(permissions.get(type)!) })),
    fullAccess,
  };
}

const sorted = (names: Iterable<string>): string[] => [...names].sort(byCodeUnit);
const NONE: ReadonlySet<string> = new Set();

const isSameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && [...a].every((name) => b.has(name));

function isSame(a: Sets, b: Sets): boolean {
  return (
    a.fullAccess === b.fullAccess &&
    isSameSet(a.roles, b.roles) &&
    a.permissions.size === b.permissions.size &&
    [...a.permissions].every(([type, operations]) => b.permissions.has(type) && isSameSet(operations, b.permissions.get(type)!))
  );
}

function exchange(before: ReadonlySet<string>, after: ReadonlySet<string>): Exchange {
  return { gained: sorted(after).filter((name) => !before.has(name)), lost: sorted(before).filter((name) => !after.has(name)) };
}

const flagChange = (before: boolean, after: boolean): 'gained' | 'lost' | 'kept' => (before === after ? 'kept' : after ? 'gained' : 'lost');

function changeOf(before: ProfileContents, after: ProfileContents, types: readonly PermissionType[]): ContentsChange {
  const [was, becomes] = [read(before), read(after)];
  const permissions = sorted(new Set([...was.permissions.keys(), ...becomes.permissions.keys()]))
    .map((type): PermissionChange => {
      const entry = flagChange(was.permissions.has(type), becomes.permissions.has(type));
      return { type, entry, ...exchange(was.permissions.get(type) ?? NONE, becomes.permissions.get(type) ?? NONE) };
    })
    .filter(({ entry, gained, lost }) => entry !== 'kept' || gained.length > 0 || lost.length > 0);
  const resolve = ({ roles, permissions: entries }: ProfileContents) => new Set([...roles, ...expandPermissions(entries, types)]);
  return {
    roles: exchange(was.roles, becomes.roles),
    permissions,
    fullAccess: flagChange(was.fullAccess, becomes.fullAccess),
    resolved: exchange(resolve(before), resolve(after)),
  };
}

function assertDifferences(change: ContentsChange, choice: Choice): void {
  const refuse = (what: string): never => {
    throw new DomainError('invalid_input', `The origin neither gained nor lost ${what} since the base of the clone.`);
  };
  const roles = new Set([...change.roles.gained, ...change.roles.lost]);
  const types = new Set(change.permissions.map(({ type }) => type));
  for (const role of choice.roles ?? []) if (!roles.has(role)) refuse(`the role ${JSON.stringify(role)}`);
  for (const type of choice.permissions ?? []) if (!types.has(type)) refuse(`permissions on ${JSON.stringify(type)}`);
  if (choice.fullAccess === true && change.fullAccess === 'kept') refuse('full_access');
}

/** The base, with what was chosen as the origin has it now. */
function moved(base: Sets, theirs: Sets, choice: Choice): Sets {
  const roles = new Set(base.roles);
  for (const role of choice.roles ?? []) {
    if (theirs.roles.has(role)) roles.add(role);
    else roles.delete(role);
  }
  const permissions = new Map(base.permissions);
  for (const type of choice.permissions ?? []) {
    const operations = theirs.permissions.get(type);
    if (operations === undefined) permissions.delete(type);
    else permissions.set(type, operations);
  }
  return { roles, permissions, fullAccess: choice.fullAccess === true ? theirs.fullAccess : base.fullAccess };
}

/** What was changed in `ours` since the base, on top of what `theirs` has become. */
function threeWay(base: Sets, theirs: Sets, ours: Sets): Sets {
  const permissions = new Map<string, ReadonlySet<string>>();
  for (const type of new Set([...ours.permissions.keys(), ...theirs.permissions.keys()])) {
    const [was, becomes, here] = [base, theirs, ours].map((sets) => sets.permissions.get(type));
    const operations = mergedSet(was ?? NONE, becomes ?? NONE, here ?? NONE);
    // An entry that was narrowed in the clone stays, be it empty: without it a wider one would give back what was taken out.
    const narrowed = was !== undefined && here !== undefined && !isSameSet(was, here);
    const stays = mergedFlag(was !== undefined, becomes !== undefined, here !== undefined);
    if (operations.size > 0 || narrowed || stays) permissions.set(type, operations);
  }
  return {
    roles: mergedSet(base.roles, theirs.roles, ours.roles),
    permissions,
    fullAccess: mergedFlag(base.fullAccess, theirs.fullAccess, ours.fullAccess),
  };
}

function mergedSet(base: ReadonlySet<string>, theirs: ReadonlySet<string>, ours: ReadonlySet<string>): ReadonlySet<string> {
  const kept = [...ours].filter((name) => theirs.has(name) || !base.has(name));
  return new Set([...kept, ...[...theirs].filter((name) => !base.has(name))]);
}

const mergedFlag = (base: boolean, theirs: boolean, ours: boolean): boolean => (theirs === base ? ours : theirs);
