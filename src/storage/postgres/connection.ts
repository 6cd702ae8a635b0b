/** @module Connections to a Postgres server, with a deadline on everything that is done with them. */
import knexPackage, { type Knex } from 'knex';
import { isBrokenConnection } from './errors.ts';

export interface PostgresConnection {
  readonly url: string;
  /** Connections at most; 10 when unset. */
  readonly poolSize?: number | undefined;
}

/** Waiting for a free connection, or for a new one. */
const ACQUIRE_MS = 1500;
const CONNECT_MS = 1000;
/** The server gives up a little before the client does: then the connection is still good. */
const STATEMENT_MS = 1800;
const QUERY_MS = 2000;
const IDLE_IN_TRANSACTION_MS = 5000;

/** A pool for serving. Nothing is connected before it is needed. */
export function connect({ url, poolSize = 10 }: PostgresConnection): Knex {
  return knexPackage.knex({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: QUERY_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      keepAlive: true,
      // Statements here touch a few rows; compiling one because a new table has no statistics yet costs a hundred times its work.
      options: '-c jit=off',
      application_name: 'rolemint',
    },
    acquireConnectionTimeout: ACQUIRE_MS,
    pool: { min: 0, max: poolSize, createTimeoutMillis: ACQUIRE_MS, afterCreate: dropBroken },
    log: SILENT,
  });
}

/** One connection for migrating, which may take its time. */
export function connectToMigrate(url: string): Knex {
  return knexPackage.knex({
    client: 'pg',
    connection: { connectionString: url, connectionTimeoutMillis: CONNECT_MS, keepAlive: true, application_name: 'rolemint migrate' },
    acquireConnectionTimeout: ACQUIRE_MS,
    pool: { min: 0, max: 1, createTimeoutMillis: ACQUIRE_MS },
    log: SILENT,
  });
}

/** Faults come out as errors; knex would also print them. */
export const SILENT: Knex.Logger = { warn() {}, error() {}, deprecate() {}, debug() {} };

interface RawConnection {
  query(...values: unknown[]): unknown;
  readonly connection: { readonly stream: { destroy(): void } };
  /** Set by knex, too: the pool throws such a connection away instead of handing it out. */
  __knex__disposed?: unknown;
}

/**
 * After a deadline the driver calls the query failed but keeps the connection, on which the answer may still come, or
 * nothing ever again. Such a connection is cut, so that nobody else gets it. Of one that broke the driver tells the pool,
 * but only after it told whoever was waiting, who may be back for another connection before.
 */
function dropBroken(connection: RawConnection, done: (error: Error | null, connection: unknown) => void): void {
  const query = connection.query.bind(connection);
  const drop = (error: unknown) => {
    if (error === null || error === undefined) return;
    const late = (error as { readonly message?: string }).message === 'Query read timeout';
    if (!late && !isBrokenConnection(error)) return;
    connection.__knex__disposed = error;
    connection.connection.stream.destroy();
  };
  connection.query = (...values) => {
    const callback = values.at(-1);
    if (typeof callback === 'function') {
      values[values.length - 1] = (error: unknown, result: unknown) => {
        drop(error);
        (callback as (error: unknown, result: unknown) => void)(error, result);
      };
    }
    return query(...values);
  };
  done(null, connection);
}
