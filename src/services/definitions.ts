/**
 * @module What roles and profiles mean, as administrative changes need it: the definitions themselves beside the compiled
 * catalogue, kept from one change to the next as long as no change touched them.
 */
import { compileCatalogue, type Catalogue, type Definitions } from '../domain/catalogue.ts';
import type { AccessReader } from '../domain/ports.ts';

export interface Meanings {
  readonly definitions: Definitions;
  readonly catalogue: Catalogue;
}

export class DefinitionsCache {
  #known: { readonly version: number; readonly meanings: Meanings } | undefined;

  /** The definitions in force, read anew only after they changed. To be asked before a transaction writes any. */
  async current(access: AccessReader): Promise<Meanings> {
    const known = this.#known;
    const { version, changes } = await access.readChanges(known?.version ?? -1);
    const isSame = known !== undefined && changes !== undefined && !changes.some(({ kind }) => kind === 'catalogue');
    const meanings = isSame ? known.meanings : await read(access);
    // Who was overtaken meanwhile keeps nothing: an older reading must not pass for a newer version.
    if (this.#known === known) this.#known = { version, meanings };
    return meanings;
  }

  /** Takes over what somebody else read of what is committed. @param version at which it was true, or an earlier one */
  learn(version: number, meanings: Meanings): void {
    if (this.#known === undefined || this.#known.version < version) this.#known = { version, meanings };
  }
}

async function read(access: AccessReader): Promise<Meanings> {
  const definitions = await access.loadDefinitions();
  return { definitions, catalogue: compileCatalogue(definitions) };
}
