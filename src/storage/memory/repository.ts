/** @module What all repositories of the in-memory store have in common: keys, order, batches, copies at the border. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { assertDistinctKeys, batches, copy, storableKeys, toJson } from '../values.ts';

/** What a noun adds to keys, order and copies. */
export interface Noun<T> {
  /** In an error message: `a user`. */
  readonly what: string;
  readonly key: (object: T) => string;
  readonly table: () => ReadonlyMap<string, T>;
  /** Puts one batch, already copied. */
  readonly put: (objects: readonly T[]) => void;
  /** Removes those of the keys that exist. */
  readonly remove: (keys: readonly string[]) => void;
}

export function memoryRepository<T>(noun: Noun<T>): WritableRepository<T> {
  return {
    findMany: async (keys) => {
      const table = noun.table();
      const found = new Map<string, T>();
      for (const key of storableKeys(keys)) {
        const object = table.get(key);
        if (object !== undefined) found.set(key, copy(object));
      }
      return found;
    },
    list: async ({ after, limit }) => {
      const table = noun.table();
      const keys = sortedKeys(table);
      const start = after === undefined ? 0 : firstAfter(keys, after);
      return keys.slice(start, start + limit).map((key) => copy(table.get(key)!));
    },
    put: async (objects) => {
      assertDistinctKeys(objects.map(noun.key), noun.what);
      for (const batch of batches(objects)) {
        toJson(batch, noun.what);
        noun.put(copy(batch));
      }
      forgetOrder(noun.table());
    },
    remove: async (keys) => {
      const table = noun.table();
      noun.remove([...new Set(storableKeys(keys))].filter((key) => table.has(key)));
      forgetOrder(noun.table());
    },
  };
}

/** Sorted keys of a table, kept until the table is written to: walking through all pages sorts once. */
const orders = new WeakMap<object, readonly string[]>();

function sortedKeys(table: ReadonlyMap<string, unknown>): readonly string[] {
  let keys = orders.get(table);
  if (keys === undefined) {
    keys = [...table.keys()].sort(byCodeUnit);
    orders.set(table, keys);
  }
  return keys;
}

function forgetOrder(table: object): void {
  orders.delete(table);
}

function firstAfter(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
