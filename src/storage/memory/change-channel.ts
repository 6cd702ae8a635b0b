import type { ChangeChannel } from '../../domain/ports.ts';

/** For a process that is alone with its store, or cannot be told anything: it hears what it says itself. */
export function memoryChangeChannel(): ChangeChannel {
  const listeners = new Set<() => void>();
  return {
    announce: async () => {
      for (const changed of listeners) changed();
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return async () => void listeners.delete(changed);
    },
  };
}
