/** @module How statements are run: values are bound, faults are translated, reads are tried once more on a fresh connection. */
import type { Knex } from 'knex';
import type { TransactionScope } from '../transaction-scope.ts';
import { isBrokenConnection, translate } from './errors.ts';

export type Value = string | number | boolean | Date | null | readonly string[];

/** A constant text with `?` for values. */
export interface Statement {
  readonly sql: string;
  /** Statements of every token are prepared under a name, so that Postgres plans them once per connection. */
  readonly name?: string;
  /** Removes something: a foreign key then says that it is in use. */
  readonly removes?: true;
}

/** Something that runs statements, and queries that were built: a pool, or the connection of a transaction. */
export interface Session {
  rows<Row>(statement: Statement, values?: readonly Value[]): Promise<readonly Row[]>;
  select<Row>(build: Build): Promise<readonly Row[]>;
}

export type Build = (knex: Knex) => Knex.QueryBuilder;

/** The connection of a transaction. */
export type TransactionSession = Session;

export function transactionSession(knex: Knex): TransactionSession {
  return {
    rows: async (statement, values) => {
      try {
        return await run(knex, statement, values);
      } catch (error) {
        throw translate(error, statement.removes === true);
      }
    },
    select: async <Row>(build: Build) => {
      try {
        return (await build(knex)) as readonly Row[];
      } catch (error) {
        throw translate(error, false);
      }
    },
  };
}

async function run<Row>(knex: Knex, { sql, name }: Statement, values: readonly Value[] = []): Promise<readonly Row[]> {
  const raw = knex.raw<{ readonly rows: readonly Row[] }>(sql, values as Knex.RawBinding[]);
  if (name !== undefined) raw.options({ name });
  return (await raw).rows;
}

/** A store's database, as its parts use it outside of transactions. */
export interface Database {
  /** For statements that change nothing. */
  readonly reading: Session;
  /** For statements that must not run twice. */
  readonly writing: Session;
  readonly now: () => Date;
}

export function database(knex: Knex, scope: TransactionScope, now: () => Date): Database {
  const reading: Session = {
    rows: async (statement, values) => {
      scope.assertOutside();
      try {
        return await twice(() => run(knex, statement, values));
      } catch (error) {
        throw translate(error, false);
      }
    },
    select: async <Row>(build: Build) => {
      scope.assertOutside();
      try {
        return await twice(async () => (await build(knex)) as readonly Row[]);
      } catch (error) {
        throw translate(error, false);
      }
    },
  };
  const direct = transactionSession(knex);
  const writing: Session = {
    rows: async (statement, values) => {
      scope.assertOutside();
      return direct.rows(statement, values);
    },
    select: async (build) => {
      scope.assertOutside();
      return direct.select(build);
    },
  };
  return { reading, writing, now };
}

async function twice<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isBrokenConnection(error)) throw error;
    return await read();
  }
}
