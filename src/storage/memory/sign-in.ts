/** @module Password hashes and counts of attempts of the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import { comparableMailAddress } from '../../domain/mail.ts';
import type { PasswordCredential, SignInStore } from '../../domain/ports.ts';
import { lockMs, REST_MS } from '../sign-in-delay.ts';
import { assertKey, assertStorable, copy } from '../values.ts';
import type { AttemptRow, Tables } from './tables.ts';
import type { MemoryAccessor } from './accessor.ts';

export function memorySignIn({ read, write }: MemoryAccessor): SignInStore {
  return {
    findCredential: async (username) => {
      const { tables } = read();
      const id = tables.usernames.get(username);
      return id === undefined ? undefined : credential(tables, id);
    },
    findCredentialOf: async (userId) => credential(read().tables, userId),
    findUsersByEmail: async (email, limit) => {
      const wanted = comparableMailAddress(email);
      const found = [...read().tables.users.values()].filter((user) => user.email !== undefined && comparableMailAddress(user.email) === wanted);
      return found
        .map(({ id }) => id)
        .sort(byCodeUnit)
        .slice(0, limit);
    },
    findPasswordHistory: async (userId, limit) => {
      const known = read().tables.passwords.get(userId);
      return known === undefined ? [] : [known.hash, ...known.former].slice(0, limit);
    },
    replaceHash: (userId, expected, hash) =>
      write(({ tables }) => {
        assertStorable(hash, 'A password hash');
        const known = tables.passwords.get(userId);
        if (known?.hash !== expected) return false;
        tables.passwords.set(userId, { ...known, hash });
        return true;
      }),
    beginAttempt: (key, limit, now) =>
      write(({ tables }) => {
        assertKey(key, 'an attempt');
        const known = tables.attempts.get(key);
        if (known !== undefined && known.lockedUntil > now.getTime()) {
          return { counted: false, failures: known.failures, lockedUntil: new Date(known.lockedUntil) };
        }
        const failures = known === undefined || restEnds(known) <= now.getTime() ? 1 : known.failures + 1;
        const lock = lockMs(failures, limit);
        const lockedUntil = lock === 0 ? 0 : now.getTime() + lock;
        tables.attempts.set(key, { failures, lockedUntil, countedAt: now.getTime() });
        return copy({ counted: true, failures, lockedUntil: lock === 0 ? undefined : new Date(lockedUntil) });
      }),
    uncountAttempt: (key, failures) =>
      write(({ tables }) => {
        const known = tables.attempts.get(key);
        if (known?.failures === failures) tables.attempts.set(key, { ...known, failures: failures - 1, lockedUntil: 0 });
      }),
    findFailures: async (keys, now) => {
      const { attempts } = read().tables;
      const counting = keys.flatMap((key) => {
        const row = attempts.get(key);
        return row === undefined || row.failures === 0 || restEnds(row) <= now.getTime() ? [] : [[key, row.failures] as const];
      });
      return new Map(counting);
    },
    clearAttempts: (key) => write(({ tables }) => void tables.attempts.delete(key)),
    recordLockOut: (event) => write((state) => state.audit(event)),
    unlock: (key, event) =>
      write((state) => {
        state.tables.attempts.delete(key);
        state.audit(event);
      }),
  };
}

export const restEnds = (row: AttemptRow): number => Math.max(row.countedAt + REST_MS, row.lockedUntil);

function credential(tables: Tables, userId: string): PasswordCredential | undefined {
  if (!tables.users.has(userId)) return undefined;
  const password = tables.passwords.get(userId);
  return { userId, passwordHash: password?.hash, passwordChangedAt: password && copy(password.changedAt) };
}
