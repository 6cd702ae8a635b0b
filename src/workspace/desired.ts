/** @module The state that a workspace asks for, beside the one that is stored: what has to be created, updated and removed. */
import type { Definitions } from '../domain/catalogue.ts';
import { isBuiltInRole } from '../domain/role.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import type { Problem } from './problem.ts';
import type { Declared, SectionName } from './schema.ts';
import { isSame, type Fields, type Origin, type Section } from './section.ts';
import { batches, everything, SECTION_NAMES, SECTIONS } from './sections.ts';
import { problemAt, type Entry, type Workspace } from './workspace.ts';

export type Action = 'create' | 'update' | 'remove';

/** One field of an object, before and after; undefined where it is not set. */
export interface FieldChange {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What becomes of one object. */
export interface ObjectChange {
  readonly section: SectionName;
  readonly key: string;
  readonly label: string;
  readonly action: Action;
  readonly before: object | undefined;
  readonly after: object | undefined;
  readonly fields: readonly FieldChange[];
}

export interface Desired {
  readonly changes: readonly ObjectChange[];
  /** Declared objects as they will be, by section and key. */
  readonly objects: Readonly<Record<SectionName, ReadonlyMap<string, object>>>;
  /** Declared objects as they are stored. */
  readonly stored: Readonly<Record<SectionName, ReadonlyMap<string, object>>>;
  readonly removed: Readonly<Record<SectionName, ReadonlySet<string>>>;
  readonly problems: readonly Problem[];
}

/** Compares what the files declare with what is stored. */
export async function desiredState(
  tx: StoreTransaction,
  workspace: Workspace,
  options: { readonly prune: boolean; readonly origin: Origin },
): Promise<Desired> {
  const objects = {} as Record<SectionName, Map<string, object>>;
  const stored = {} as Record<SectionName, Map<string, object>>;
  const removed = {} as Record<SectionName, Set<string>>;
  const changes: ObjectChange[] = [];
  const problems: Problem[] = [];
  for (const name of SECTION_NAMES) {
    const section = SECTIONS[name];
    const entries: ReadonlyMap<string, Entry<SectionName>> = workspace.entries[name];
    stored[name] = await findAll(tx, section, [...entries.keys()]);
    objects[name] = new Map();
    removed[name] = new Set();
    for (const [key, entry] of entries) {
      if (entry.declared === undefined || (name === 'roles' && isRestatement(entry as Entry<'roles'>))) continue;
      const existing = stored[name].get(key);
      problems.push(...missingFields(section, entry, existing));
      const object = section.merge(entry.declared, existing, options.origin);
      objects[name].set(key, object);
      changes.push(...changeOf(name, existing, object));
    }
    if (!options.prune || !workspace.sections.has(name)) continue;
    for await (const object of everything(
      (page) => section.repository(tx).list(page),
      (one) => section.keyOf(one),
    )) {
      const key = section.keyOf(object);
      if (entries.has(key) || (name === 'roles' && isBuiltInRole(key))) continue;
      removed[name].add(key);
      changes.push(...changeOf(name, object, undefined));
    }
  }
  changes.push(...(await swept(tx, removed)));
  return { changes, objects, stored, removed, problems };
}

async function findAll(tx: StoreTransaction, section: Section, keys: readonly string[]): Promise<Map<string, object>> {
  const found = new Map<string, object>();
  for (const batch of batches(keys)) {
    for (const [key, object] of await section.repository(tx).findMany(batch)) found.set(key, object);
  }
  return found;
}

/** A built-in role in a file changes nothing: it is as it is. */
const isRestatement = (entry: Entry<'roles'>): boolean => isBuiltInRole(entry.key);

function missingFields(section: Section, entry: Entry<SectionName>, existing: object | undefined): Problem[] {
  if (existing !== undefined) return [];
  return section.required
    .filter((field) => (entry.declared as Fields)[field] === undefined)
    .map((field) => problemAt(entry, [field], `is missing; a new ${section.noun.replaceAll('_', ' ')} needs it.`));
}

/** The change from one state of an object to another; none when they are the same. */
export function changeOf(name: SectionName, before: object | undefined, after: object | undefined): ObjectChange[] {
  const section = SECTIONS[name];
  const some = (after ?? before)!;
  const was: Fields = before === undefined ? {} : section.describe(before);
  const becomes: Fields = after === undefined ? {} : section.describe(after);
  const defaults: Fields = before === undefined || after === undefined ? section.defaults(some) : {};
  const fields = [...new Set([...Object.keys(was), ...Object.keys(becomes)])]
    .filter((field) => !isSame(was[field], becomes[field]) && !isSame(was[field] ?? becomes[field], defaults[field]))
    .map((field) => ({ field, before: was[field], after: becomes[field] }));
  if (before !== undefined && after !== undefined && fields.length === 0) return [];
  const action = before === undefined ? 'create' : after === undefined ? 'remove' : 'update';
  return [{ section: name, key: section.keyOf(some), label: section.label(some), action, before, after, fields }];
}

/** Assignments and rules that go because a party, profile or client that they name goes. */
async function swept(tx: StoreTransaction, removed: Record<SectionName, Set<string>>): Promise<ObjectChange[]> {
  const parties = { user: removed.users, user_group: removed.user_groups, organization: removed.organizations, client: removed.clients };
  if (Object.values(parties).every(({ size }) => size === 0) && removed.security_profiles.size === 0) return [];
  const changes: ObjectChange[] = [];
  for await (const assignment of everything(
    (page) => tx.assignments.list(page),
    ({ id }) => id,
  )) {
    const { id, party, client, securityProfile } = assignment;
    const goes =
      parties[party.kind].has(party.id) || removed.security_profiles.has(securityProfile) || (client !== undefined && removed.clients.has(client));
    if (!goes || removed.assignments.has(id)) continue;
    removed.assignments.add(id);
    changes.push(...changeOf('assignments', assignment, undefined));
  }
  for await (const rule of everything(
    (page) => tx.impersonationRules.list(page),
    ({ id }) => id,
  )) {
    const goes =
      parties[rule.impersonator.kind].has(rule.impersonator.id) ||
      parties[rule.target.kind].has(rule.target.id) ||
      removed.security_profiles.has(rule.securityProfile) ||
      removed.clients.has(rule.client);
    if (!goes || removed.impersonation_rules.has(rule.id)) continue;
    removed.impersonation_rules.add(rule.id);
    changes.push(...changeOf('impersonation_rules', rule, undefined));
  }
  return changes;
}

/** What roles and profiles mean, before and after a change. */
export interface BeforeAndAfter {
  readonly before: Definitions;
  readonly after: Definitions;
}

/** The definitions of the catalogue once the changes are made. */
export function definitionsAfter(before: Definitions, desired: Desired): Definitions {
  const merge = <T extends object>(stored: readonly T[], section: SectionName): T[] => {
    const keyOf = (object: T): string => SECTIONS[section].keyOf(object);
    const merged = new Map(stored.filter((object) => !desired.removed[section].has(keyOf(object))).map((object) => [keyOf(object), object]));
    for (const [key, object] of desired.objects[section]) merged.set(key, object as T);
    return [...merged.values()];
  };
  return {
    roles: merge(before.roles, 'roles'),
    permissionTypes: merge(before.permissionTypes, 'permission_types'),
    organizationTypes: merge(before.organizationTypes, 'organization_types'),
    securityProfiles: merge(before.securityProfiles, 'security_profiles'),
  };
}

/** The declared entries of one section that nothing is wrong with. */
export function* soundEntries<N extends SectionName>(workspace: Workspace, section: N): Generator<Entry<N> & { readonly declared: Declared<N> }> {
  for (const entry of (workspace.entries[section] as ReadonlyMap<string, Entry<N>>).values()) {
    if (entry.declared !== undefined) yield entry as Entry<N> & { readonly declared: Declared<N> };
  }
}
