/** @module Connections to a Postgres server, with a deadline on everything that is done with them. */
import knexPackage, { type Knex } from 'knex';

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
    pool: { min: 0, max: poolSize, createTimeoutMillis: ACQUIRE_MS, afterCreate: dropWhenLate },
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
}

/**
 * After a deadline the driver calls the query failed but keeps the connection, on which the answer may still come, or
 * nothing ever again. Such a connection is cut, so that the pool does not hand it to anybody else.
 */
function dropWhenLate(connection: RawConnection, done: (error: Error | null, connection: unknown) => void): void {
  const query = connection.query.bind(connection);
  connection.query = (...values) => {
    const callback = values.at(-1);
    if (typeof callback === 'function') {
      values[values.length - 1] = (error: { readonly message?: string } | null, result: unknown) => {
        if (error?.message === 'Query read timeout') connection.connection.stream.destroy();
        (callback as (error: unknown, result: unknown) => void)(error, result);
      };
    }
    return query(...values);
  };
  done(null, connection);
}
