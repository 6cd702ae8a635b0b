import type { ChangeChannel, Store } from '../domain/ports.ts';
import type { AccessService } from './access.ts';

/** The store, telling this process's caches at once when this process changed something, and then the other nodes. */
export function announcing(store: Store, access: AccessService, changes: ChangeChannel): Store {
  const transaction: Store['transaction'] = async (work, options) => {
    try {
      return await store.transaction(work, options);
    } finally {
      access.expire();
      if (options?.rollback !== true) await changes.announce();
    }
  };
  return new Proxy(store, { get: (target, name) => (name === 'transaction' ? transaction : (Reflect.get(target, name) as unknown)) });
}
