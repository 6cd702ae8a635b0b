import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
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

  it('are what is read from scratch, whatever became of profiles in the meantime', async () => {
    const ids = fc.constantFrom('a', 'b', 'c');
    const roles = fc.subarray(['OrderReader', 'UserAdmin', 'UserReader']);
    const step = fc.oneof(
      fc.record({ put: fc.uniqueArray(fc.record({ id: ids, roles }), { minLength: 1, selector: ({ id }) => id }) }),
      fc.record({ remove: fc.uniqueArray(ids, { minLength: 1 }) }),
      fc.record({ role: fc.constantFrom('OrderReader', 'Other') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.array(fc.boolean(), { minLength: 12 }), async (steps, looks) => {
        const store = openMemoryStore();
        const cache = new DefinitionsCache();
        for (const [index, given] of steps.entries()) {
          await store.transaction(async (tx) => {
            if ('put' in given) await tx.securityProfiles.put(given.put.map(({ id, roles: names }) => profile(id, names)));
            if ('remove' in given) await tx.securityProfiles.remove(given.remove);
            if ('role' in given) await tx.roles.put([{ name: given.role, category: 'custom' }]);
          });
          if (!looks[index]!) continue;
          const { definitions, catalogue } = await cache.current(store.access);
          const scratch = compileCatalogue(await store.access.loadDefinitions());
          expect(definitions).toEqual(await store.access.loadDefinitions());
          expect([...catalogue.profiles()]).toEqual([...scratch.profiles()]);
        }
      }),
    );
  });

  it('lose a profile that is gone by the time it is read', async () => {
    const store = openMemoryStore();
    const cache = new DefinitionsCache();
    await store.transaction((tx) => tx.securityProfiles.put([profile('p', ['UserAdmin'])]));
    await cache.current(store.access);
    await store.transaction((tx) => tx.securityProfiles.put([profile('p', [])]));
    const changes = await store.access.readChanges((await store.access.readChanges(-1)).version - 1);
    await store.transaction((tx) => tx.securityProfiles.remove(['p']));
    const between = await cache.current({ ...store.access, readChanges: async () => changes });
    expect(between.catalogue.profile('p')).toBeUndefined();
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
