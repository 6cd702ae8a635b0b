/** @module The state that a workspace asks for, beside the one that is stored: what has to be created, updated and removed. */
import { compileCatalogue, type Compiled, type Definitions } from '../domain/catalogue.ts';
import { isBuiltInRole } from '../domain/role.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { CONSOLE_CLIENT_ID } from '../services/console-client.ts';
import type { Problem } from './problem.ts';
import type { Declared, SectionName } from './schema.ts';
import { changeOf, type ObjectChange } from './object-change.ts';
import type { Fields, Origin, Section } from './section.ts';
import { batches, everything, SECTION_NAMES, SECTIONS } from './sections.ts';
import type { Exists } from './reference-checks.ts';
import { sweptChanges } from './swept.ts';
import { problemAt, type Entry, type Workspace } from './workspace.ts';

export interface Desired {
  readonly changes: readonly ObjectChange[];
  /** Declared objects as they will be, by section and key. */
  readonly objects: Readonly<Record<SectionName, ReadonlyMap<string, object>>>;
  /** Declared objects as they are stored. */
  readonly stored: Readonly<Record<SectionName, ReadonlyMap<string, object>>>;
  readonly removed: Readonly<Record<SectionName, ReadonlySet<string>>>;
  readonly problems: readonly Problem[];
}

/** An object that is to go. */
export interface Removal {
  readonly section: SectionName;
  readonly key: string;
}

export interface DesiredOptions {
  /** Removes what the files do not name, in the sections that stand in them. */
  readonly prune?: boolean | undefined;
  /** What is not declared gets its default, also where something is stored. */
  readonly replace?: boolean | undefined;
  readonly remove?: readonly Removal[] | undefined;
  /** Which of these `prune` may remove. Unset: all. */
  readonly owns?: Exists | undefined;
  readonly origin: Origin;
}

/** Compares what the files declare with what is stored. */
export async function desiredState(tx: StoreTransaction, workspace: Workspace, options: DesiredOptions): Promise<Desired> {
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
      const object = section.merge(entry.declared, options.replace === true ? undefined : existing, options.origin);
      objects[name].set(key, object);
      changes.push(...changeOf(name, existing, object));
    }
    for (const [key, object] of await findAll(tx, section, keysOf(options.remove, name))) {
      removed[name].add(key);
      changes.push(...changeOf(name, object, undefined));
    }
    if (options.prune !== true || !workspace.sections.has(name)) continue;
    for (const [key, object] of await prunable(tx, name, { entries, owns: options.owns })) {
      removed[name].add(key);
      changes.push(...changeOf(name, object, undefined));
    }
  }
  changes.push(...(await sweptChanges(tx, removed)));
  return { changes, objects, stored, removed, problems };
}

/** What the server makes by itself, so that no file has to name it. */
export function isServersOwn(section: SectionName, key: string): boolean {
  return (section === 'roles' && isBuiltInRole(key)) || (section === 'clients' && key === CONSOLE_CLIENT_ID);
}

/** What a section has and the workspace does not name. */
async function prunable(
  tx: StoreTransaction,
  name: SectionName,
  { entries, owns }: { readonly entries: ReadonlyMap<string, unknown>; readonly owns: Exists | undefined },
): Promise<ReadonlyMap<string, object>> {
  const section = SECTIONS[name];
  const found = new Map<string, object>();
  for await (const object of everything(
    (page) => section.repository(tx).list(page),
    (one) => section.keyOf(one),
  )) {
    const key = section.keyOf(object);
    if (!entries.has(key) && !isServersOwn(name, key)) found.set(key, object);
  }
  if (owns === undefined) return found;
  const own = await owns(tx, name, [...found.keys()]);
  return new Map([...found].filter(([key]) => own.has(key)));
}

const keysOf = (removals: readonly Removal[] = [], name: SectionName): string[] =>
  removals.filter(({ section }) => section === name).map(({ key }) => key);

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

/** What roles and profiles mean, before and after a change. */
export interface BeforeAndAfter {
  readonly before: Compiled;
  /** The same object when no definition changes. */
  readonly after: Compiled;
}

const DEFINING: ReadonlySet<SectionName> = new Set(['roles', 'permission_types', 'organization_types', 'security_profiles']);

/** What everything means once the changes are made. */
export function meaningsAfter(before: Compiled, desired: Desired): Compiled {
  if (!desired.changes.some(({ section }) => DEFINING.has(section))) return before;
  const definitions = definitionsAfter(before.definitions, desired);
  return { definitions, catalogue: compileCatalogue(definitions, before) };
}

function definitionsAfter(before: Definitions, desired: Desired): Definitions {
  const merge = <T extends object>(stored: readonly T[], section: SectionName): readonly T[] => {
    if (!desired.changes.some((change) => change.section === section)) return stored;
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
