/**
 * @module What roles and profiles mean, as administrative changes need it: the definitions themselves beside the compiled
 * catalogue, kept from one change to the next as long as no change touched them.
 */
import { compileCatalogue, withProfiles, type Compiled } from '../domain/catalogue.ts';
import type { AccessReader, Change, WorkspaceDefinitions } from '../domain/ports.ts';

export interface Meanings extends Compiled {
  readonly definitions: WorkspaceDefinitions;
}

/** What changes leave of meanings that were read before: all but these profiles, or nothing. */
export type Outdated = ReadonlySet<string> | 'everything';

export function outdatedBy(changes: readonly Change[] | undefined): Outdated {
  if (changes === undefined) return 'everything';
  const ids = new Set(changes.filter(({ kind }) => kind === 'catalogue').map(({ id }) => id));
  return ids.has('') ? 'everything' : ids;
}

/** Reads what is outdated, and takes the rest from what was read before: the edit of a profile costs the same however many there are. */
export async function readMeanings(access: AccessReader, known?: Meanings, outdated: Outdated = 'everything'): Promise<Meanings> {
  if (known === undefined || outdated === 'everything') {
    const definitions = await access.loadDefinitions();
    return { definitions, catalogue: compileCatalogue(definitions) };
  }
  // Of the caller, who may change it while this is read.
  const ids = new Set(outdated);
  const definitions = withProfiles(known.definitions, ids, await access.findSecurityProfiles([...ids]));
  return { definitions, catalogue: compileCatalogue(definitions, known) };
}

export class DefinitionsCache {
  #known: { readonly version: number; readonly meanings: Meanings } | undefined;

  /** The definitions in force, read anew only after they changed. To be asked before a transaction writes any. */
  async current(access: AccessReader): Promise<Meanings> {
    const known = this.#known;
    const { version, changes } = await access.readChanges(known?.version ?? -1);
    const outdated = outdatedBy(changes);
    const isSame = known !== undefined && outdated !== 'everything' && outdated.size === 0;
    const meanings = isSame ? known.meanings : await readMeanings(access, known?.meanings, outdated);
    // Who was overtaken meanwhile keeps nothing: an older reading must not pass for a newer version.
    if (this.#known === known) this.#known = { version, meanings };
    return meanings;
  }

  /** Takes over what somebody else read of what is committed. @param version at which it was true, or an earlier one */
  learn(version: number, meanings: Meanings): void {
    if (this.#known === undefined || this.#known.version < version) this.#known = { version, meanings };
  }
}
