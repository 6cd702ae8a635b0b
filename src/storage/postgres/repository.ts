/** @module What all repositories of Postgres have in common: reading by key and in order, batches, the record of changes. */
import type { Knex } from 'knex';
import type { Change, WritableRepository } from '../../domain/ports.ts';
import { assertDistinctKeys, batches, storableKeys, toJson } from '../values.ts';
import type { Statement, TransactionSession } from './session.ts';

/** Collects what a transaction changed; it is written when the transaction ends or wants to read it. */
export interface ChangeRecorder {
  changed(kind: Change['kind'], ids: readonly string[]): void;
}

export interface Writing {
  readonly session: TransactionSession;
  readonly changes: ChangeRecorder;
  /** When the transaction began. */
  readonly at: Date;
}

export interface Noun<T, Row> {
  /** In an error message: `a user`. */
  readonly what: string;
  readonly table: string;
  readonly keyColumn: string;
  readonly columns: readonly (string | Knex.Raw)[] | ((knex: Knex) => readonly (string | Knex.Raw)[]);
  readonly key: (object: T) => string;
  readonly fromRow: (row: Row) => T;
  /** What is bound, as JSON, to the one `?` of {@link Noun.put}. */
  readonly toRow: (object: T) => unknown;
  readonly put: Statement;
  /** Refuses what contradicts itself. */
  readonly check?: (object: T) => void;
  /** Before and after a batch is written. */
  readonly beforePut?: (batch: readonly T[], rows: string) => Promise<void>;
  readonly afterPut?: (batch: readonly T[], rows: string) => Promise<void>;
  readonly changesOfPut: (batch: readonly T[], changes: ChangeRecorder) => void;
  /** Binds the keys to each `?`; answers with the changes. */
  readonly remove: Statement;
  readonly removeBindings?: number;
}

export function postgresRepository<T, Row>({ session, changes }: Writing, noun: Noun<T, Row>): WritableRepository<T> {
  const columns = (knex: Knex) => [...(typeof noun.columns === 'function' ? noun.columns(knex) : noun.columns)];
  return {
    findMany: async (keys) => {
      const found = new Map<string, T>();
      for (const batch of batches(storableKeys(keys))) {
        const rows = await session.select<Row>((knex) =>
          knex
            .select(columns(knex))
            .from(noun.table)
            .whereRaw('?? = ANY (?::text[])', [noun.keyColumn, [...batch]]),
        );
        for (const row of rows) {
          const object = noun.fromRow(row);
          found.set(noun.key(object), object);
        }
      }
      return found;
    },
    list: async ({ after = '', limit }) => {
      const rows = await session.select<Row>((knex) =>
        knex.select(columns(knex)).from(noun.table).where(noun.keyColumn, '>', storableStart(after)).orderBy(noun.keyColumn).limit(limit),
      );
      return rows.map(noun.fromRow);
    },
    put: async (objects) => {
      assertDistinctKeys(objects.map(noun.key), noun.what);
      for (const batch of batches(objects)) {
        for (const object of batch) noun.check?.(object);
        toJson(batch, noun.what);
        const rows = JSON.stringify(batch.map(noun.toRow));
        await noun.beforePut?.(batch, rows);
        await session.rows(noun.put, [rows]);
        await noun.afterPut?.(batch, rows);
        noun.changesOfPut(batch, changes);
      }
    },
    remove: async (keys) => {
      for (const batch of batches([...new Set(storableKeys(keys))])) {
        const rows = await session.rows<Change>(
          noun.remove,
          Array.from({ length: noun.removeBindings ?? 1 }, () => batch),
        );
        for (const { kind, id } of rows) changes.changed(kind, [id]);
      }
    },
  };
}

/** Nothing sorts between a key that can be kept and the same with an unstorable tail, so the tail may go. */
function storableStart(after: string): string {
  const end = after.search(/\0|\p{Cs}/u);
  return end < 0 ? after : after.slice(0, end);
}

/** The object without the members that are NULL in the database. */
export function withoutNulls<T extends object>(row: { readonly [K in keyof T]: T[K] | null | undefined }): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined)) as T;
}
