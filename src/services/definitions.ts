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
  #version = -1;
  #meanings: Meanings | undefined;

  /** The definitions in force, read anew only after they changed. To be asked before a transaction writes any. */
  async current(access: AccessReader): Promise<Meanings> {
    const { version, changes } = await access.readChanges(this.#version);
    if (this.#meanings === undefined || changes === undefined || changes.some(({ kind }) => kind === 'catalogue')) {
      const definitions = await access.loadDefinitions();
      this.#meanings = { definitions, catalogue: compileCatalogue(definitions) };
    }
    this.#version = version;
    return this.#meanings;
  }
}
