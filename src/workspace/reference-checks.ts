/** @module Everything that an entry names exists: in the files, or in the store. */
import type { User } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import type { Desired } from './desired.ts';
import { soundEntries } from './desired.ts';
import type { Problem } from './problem.ts';
import { placeInList, referencesOf, referencesOfExpectation, type Reference } from './references.ts';
import type { SectionName } from './schema.ts';
import { batches, SECTION_NAMES, SECTIONS } from './sections.ts';
import { didYouMean } from './suggest.ts';
import { problemAt, type Entry, type Workspace } from './workspace.ts';

/** Which of these keys exist for whoever makes the change. */
export type Exists = (tx: StoreTransaction, section: SectionName, keys: readonly string[]) => Promise<ReadonlySet<string>>;

export interface ReferenceCheck {
  readonly workspace: Workspace;
  readonly desired: Desired;
  /** Unset: everything that is stored. */
  readonly exists?: Exists | undefined;
}

/** References to objects that neither the files nor the store have, or that this change removes. */
export async function checkReferences(tx: StoreTransaction, { workspace, desired, exists }: ReferenceCheck): Promise<Problem[]> {
  const open: { entry: Entry; reference: Reference }[] = [];
  const note = (entry: Entry, reference: Reference) => {
    // What somebody else put there stays, whoever changes the rest.
    if (exists !== undefined && isKept(desired, entry, reference)) return;
    if (!(workspace.entries[reference.to] as ReadonlyMap<string, unknown>).has(reference.key)) open.push({ entry, reference });
  };
  for (const section of SECTION_NAMES) {
    for (const entry of soundEntries(workspace, section)) for (const reference of referencesOf(section, entry.declared)) note(entry, reference);
  }
  for (const entry of workspace.expectations) {
    if (entry.declared !== undefined) for (const reference of referencesOfExpectation(entry.declared)) note(entry, reference);
  }
  const problems: Problem[] = [];
  for (const section of SECTION_NAMES) {
    const here = open.filter(({ reference }) => reference.to === section);
    const keys = [...new Set(here.map(({ reference }) => reference.key))];
    const known = await (exists ?? existing)(tx, section, keys);
    const lost = here.filter(({ reference }) => !known.has(reference.key) || desired.removed[section].has(reference.key));
    // Suggesting what lies outside would tell that it is there.
    const candidates = lost.length === 0 || exists !== undefined ? [] : await candidatesFor(tx, workspace, section);
    for (const { entry, reference } of lost) {
      const noun = SECTIONS[section].noun.replaceAll('_', ' ');
      const message = known.has(reference.key)
        ? `names the ${noun} ${JSON.stringify(reference.key)}, which this change removes.`
        : `there is no ${noun} ${JSON.stringify(reference.key)}${exists === undefined ? ', neither in the files nor in the store' : ''}.${didYouMean(reference.key, candidates)}`;
      problems.push(problemAt(entry, placeInList(entry, reference.field, reference.key), message));
    }
  }
  return problems;
}

/** Whether the object names the same already, in the same field. */
function isKept({ stored }: Desired, { section, key }: Entry, { to, key: named, field }: Reference): boolean {
  const object = section === 'expectations' ? undefined : stored[section].get(key);
  if (object === undefined || section === 'expectations') return false;
  const isSameField = (other: Reference): boolean => other.to === to && other.key === named && other.field[0] === field[0];
  return referencesOf(section, asDeclared(section, object) as never).some(isSameField);
}

/** A stored object as an entry would declare it, as far as it names others. */
function asDeclared(section: SectionName, object: object): object {
  const described = SECTIONS[section].describe(object);
  if (section !== 'users') return described;
  return { ...described, user_groups: (object as User).memberships.map(({ userGroup }) => ({ user_group: userGroup })) };
}

async function existing(tx: StoreTransaction, section: SectionName, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const batch of batches(keys)) {
    for (const key of (await SECTIONS[section].repository(tx).findMany(batch)).keys()) known.add(key);
  }
  return known;
}

async function candidatesFor(tx: StoreTransaction, workspace: Workspace, section: SectionName): Promise<string[]> {
  const stored = await SECTIONS[section].repository(tx).list({ limit: 1000 });
  return [...workspace.entries[section].keys(), ...stored.map((object) => SECTIONS[section].keyOf(object))];
}
