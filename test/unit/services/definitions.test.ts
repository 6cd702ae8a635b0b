import { describe, expect, it } from '@jest/globals';
import type { AccessReader, WorkspaceDefinitions } from '../../../src/domain/ports.ts';
import { DefinitionsCache } from '../../../src/services/definitions.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';
import { profile } from '../../support/market.ts';

/** A reader whose definitions come when the test lets them. */
function slow(access: AccessReader): { readonly reader: AccessReader; readonly release: () => void } {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const loadDefinitions = async (): Promise<WorkspaceDefinitions> => {
    const loaded = await access.loadDefinitions();
    await gate;
    return loaded;
  };
  return { reader: { ...access, readChanges: (since) => access.readChanges(since), loadDefinitions }, release: () => release() };
}

describe('definitions that stay known', () => {
  it('are read anew only after they changed', async () => {
    const store = openMemoryStore();
    const cache = new DefinitionsCache();
    const first = await cache.current(store.access);
    expect(await cache.current(store.access)).toBe(first);
    await store.transaction((tx) => tx.securityProfiles.put([profile('p', ['UserAdmin'])]));
    const second = await cache.current(store.access);
    expect(second.catalogue.profile('p')?.roles).toHaveLength(1);
    expect(await cache.current(store.access)).toBe(second);
  });

  it('are never older than their version, also when an earlier reading ends last', async () => {
    const store = openMemoryStore();
    const cache = new DefinitionsCache();
    await cache.current(store.access);
    await store.transaction((tx) => tx.securityProfiles.put([profile('p', ['UserAdmin'])]));
    const late = slow(store.access);
    const overtaken = cache.current(late.reader);
    await new Promise(setImmediate);
    await store.transaction((tx) => tx.securityProfiles.put([profile('p', [])]));
    expect((await cache.current(store.access)).catalogue.profile('p')?.roles).toHaveLength(0);
    const during = slow(store.access);
    const reading = cache.current({
      ...during.reader,
      readChanges: async (since) => {
        const changes = await store.access.readChanges(since);
        late.release();
        await overtaken;
        return changes;
      },
    });
    during.release();
    expect((await reading).catalogue.profile('p')?.roles).toHaveLength(0);
    expect((await cache.current(store.access)).catalogue.profile('p')?.roles).toHaveLength(0);
  });
});
