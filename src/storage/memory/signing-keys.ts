import { assertKeyRing, type KeyFile, type KeyRing } from '../../domain/signing-key.ts';

/** Keeps signing keys in this process only. */
export function openMemoryKeyFile(): KeyFile {
  let ring: KeyRing = { keys: [] };
  let version = 0;
  return {
    read: async () => ring,
    update: async (change) => {
      const changed = change(ring);
      if (changed !== ring) {
        assertKeyRing(changed);
        ring = changed;
        version += 1;
      }
      return ring;
    },
    version: async () => String(version),
  };
}
