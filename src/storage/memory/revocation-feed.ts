/** @module What the feed of revocations tells, from the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { RevocationFeedReader, RoleLoss } from '../../domain/revocation-feed.ts';
import { assertKey, copy, isTransactionNumber, toJson } from '../values.ts';
import type { Tables } from './tables.ts';

/** Cursors of another store are not known to this one. */
let stores = 0;

/** When a row was written, beside the row: numbers ascend in the order of commits, and none is given twice. */
const numbers = new WeakMap<object, number>();
let written = 0;

/** The row, as written now. */
export function stamped<T extends object>(row: T): T {
  written += 1;
  numbers.set(row, written);
  return row;
}

export function keepRoleLosses(table: Map<string, RoleLoss>, losses: readonly RoleLoss[]): void {
  for (const loss of losses) {
    assertKey(loss.role, 'a role');
    toJson(loss, 'A loss of roles');
    const key = keyOf(loss);
    const known = table.get(key);
    const notBefore = later(loss.notBefore, known?.notBefore);
    table.set(key, stamped(copy({ ...loss, notBefore, expiresAt: later(loss.expiresAt, known?.expiresAt) })));
  }
}

export function memoryRevocationFeed(read: () => Tables): RevocationFeedReader {
  const identity = `memory-${(stores += 1)}.`;
  return {
    news: async ({ since, now, notBeforeAfter }) => {
      const { revocations, roleLosses } = read();
      const all = [...revocations.values(), ...roleLosses.values()];
      const next = Math.max(0, ...all.map((row) => numbers.get(row)!)) + 1;
      const number = since?.startsWith(identity) === true ? since.slice(identity.length) : '0';
      const asked = isTransactionNumber(number) ? Number(number) : 0;
      const from = asked > written + 1 ? 0 : asked;
      const isTold = (row: { readonly expiresAt: Date }): boolean => numbers.get(row)! >= from && row.expiresAt > now;
      return copy({
        complete: from === 0,
        revocations: [...revocations.values()]
          .filter((row) => isTold(row) && row.notBefore > notBeforeAfter)
          .sort((a, b) => byCodeUnit(a.kind, b.kind) || byCodeUnit(a.id, b.id)),
        roleLosses: [...roleLosses.values()].filter(isTold).sort((a, b) => byCodeUnit(keyOf(a), keyOf(b))),
        cursor: `${identity}${next}`,
      });
    },
  };
}

const later = (a: Date, b: Date | undefined): Date => (b === undefined || a > b ? a : b);

/** No key contains NUL. */
const keyOf = ({ subject, client, role }: RoleLoss): string => [subject?.kind, subject?.id, client, role].map((part) => part ?? '').join('\0');
