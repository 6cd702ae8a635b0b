import { describe, expect, it } from '@jest/globals';
import type { AccessReader } from '../../../src/domain/ports.ts';
import { DefinitionsCache } from '../../../src/services/definitions.ts';
import { profile } from '../../support/market.ts';
import { openWorld } from './fixtures.ts';

/** A reader that counts how often all definitions are read. */
function counting(access: AccessReader): { readonly access: AccessReader; readonly loads: () => number } {
  let loads = 0;
  return {
    access: {
      ...access,
      loadDefinitions: () => {
        loads += 1;
        return access.loadDefinitions();
      },
    },
    loads: () => loads,
  };
}

describe('definitions for administrative changes', () => {
  it('are not read again when decisions have read them already', async () => {
    const { store, access } = await openWorld();
    await access.refresh(0);
    const { catalogue } = await access.workspace();
    const { access: reader, loads } = counting(store.access);
    expect((await access.definitions.current(reader)).catalogue).toBe(catalogue);
    expect(loads()).toBe(0);
  });

  it('are read anew when a change came after that', async () => {
    const { store, access } = await openWorld();
    await access.refresh(0);
    await access.workspace();
    await store.transaction((tx) => tx.securityProfiles.put([profile('later', ['OrderReader'])]));
    const { access: reader, loads } = counting(store.access);
    expect((await access.definitions.current(reader)).catalogue.profile('later')).toBeDefined();
    expect(loads()).toBe(1);
  });

  it('are not replaced by what is older', async () => {
    const { store } = await openWorld();
    const definitions = new DefinitionsCache();
    const old = await definitions.current(store.access);
    const { version } = await store.access.readChanges(-1);
    await store.transaction((tx) => tx.securityProfiles.put([profile('later', ['OrderReader'])]));
    await definitions.current(store.access);
    definitions.learn(version, old);
    const { access: reader, loads } = counting(store.access);
    expect((await definitions.current(reader)).catalogue.profile('later')).toBeDefined();
    expect(loads()).toBe(0);
  });
});
