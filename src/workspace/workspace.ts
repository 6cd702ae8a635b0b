/**
 * @module Config as code: a workspace is everything that says who holds which roles, written in YAML or JSON files.
 *
 * `read` makes one workspace of many files and remembers where each word stands; `plan` and `apply` bring a store to
 * what the files declare, in one transaction, and tell the change in rows and in effective roles of people; `export`
 * writes a store back as a file. Only what the files declare is compared and changed, natural ids are the keys, and
 * applying twice changes nothing.
 */
import type { Caller } from '../services/caller.ts';
import type { Clock, PasswordHasher, Random, Store } from '../domain/ports.ts';
import type { DefinitionsCache } from '../services/definitions.ts';
import type { SourceDocument } from './document.ts';
import type { Path, Problem } from './problem.ts';
import { printPath } from './problem.ts';
import type { AnySectionName, Declared, SectionName } from './schema.ts';

/** One entry of a section as a file declares it. */
export interface Entry<N extends AnySectionName = AnySectionName> {
  readonly section: N;
  /** Unique in its section: the natural id; for assignments the id that follows from what they assign. */
  readonly key: string;
  /** undefined: something in it is wrong, and said so in the workspace's problems. Its key still counts as defined. */
  readonly declared: Declared<N> | undefined;
  readonly document: SourceDocument;
  readonly path: Path;
}

/** A single value of a workspace, with its place. */
export interface Setting {
  readonly value: string;
  readonly document: SourceDocument;
  readonly path: Path;
}

export type Entries = { readonly [N in SectionName]: ReadonlyMap<string, Entry<N>> };

/** The union of all files that were read. */
export interface Workspace {
  readonly name: Setting | undefined;
  readonly impersonationRole: Setting | undefined;
  readonly entries: Entries;
  readonly expectations: readonly Entry<'expectations'>[];
  /** Sections that stand in the files, with entries or without; `prune` looks at no others. */
  readonly sections: ReadonlySet<SectionName>;
  /** Found while reading. `plan` and `apply` refuse such a workspace, naming these and what they find themselves. */
  readonly problems: readonly Problem[];
}

/** What planning and applying work with; changes are recorded in the name of the caller. */
export interface WorkspaceContext extends Caller {
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  /** Definitions that stay known from one change to the next; unset: they are read for each. */
  readonly definitions?: DefinitionsCache | undefined;
}

/** A finding about a field of an entry, at its place in the file. */
export function problemAt(
  where: { readonly document: SourceDocument; readonly path: Path },
  field: Path,
  message: string,
  part?: 'key' | 'value',
): Problem {
  const path = [...where.path, ...field];
  return { ...where.document.locate(path, part), path: printPath(path), message };
}
