/** @module Connections to a Postgres server, with a deadline on everything that is done with them. */
import knexPackage, { type Knex } from 'knex';
import { isBrokenConnection, unavailable } from './errors.ts';

/** What stands between us and the server: `transaction`, a pooler that lends a connection for one transaction at a time. */
export type Pooler = 'none' | 'transaction';

export interface PostgresConnection {
  readonly url: string;
  /** Connections at most; 10 when unset. */
  readonly poolSize?: number | undefined;
  /** `none` when unset. */
  readonly pooler?: Pooler | undefined;
}

/** Waiting for a free connection, or for a new one. */
const ACQUIRE_MS = 1500;
/** Who waits behind so many for each connection that there is would wait in vain: a database that is well serves them in half a second. */
const MOST_WAITING_EACH = 200;
const CONNECT_MS = 1000;
const QUERY_MS = 2000;
/**
 * What the server is told of every connection; behind a pooler, which does not pass it on, the role has to bring it. The
 * server gives up a little before the client does: then the connection is still good. Statements here touch a few rows;
 * compiling one because a new table has no statistics yet costs a hundred times its work.
 */
export const SERVER_SETTINGS = { statement_timeout: 1800, lock_timeout: 1500, idle_in_transaction_session_timeout: 5000, jit: 'off' } as const;

/** A pool for serving. Nothing is connected before it is needed. */
export function connect({ url, poolSize = 10, pooler = 'none' }: PostgresConnection): Knex {
  const { jit, ...deadlines } = SERVER_SETTINGS;
  const started = pooler === 'none' ? { ...deadlines, options: `-c jit=${jit}` } : {};
  const knex = knexPackage.knex({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
      application_name: 'rolemint',
      ...started,
    },
    acquireConnectionTimeout: ACQUIRE_MS,
    pool: { min: 0, max: poolSize, createTimeoutMillis: ACQUIRE_MS, afterCreate: pooler === 'none' ? dropBroken : dropBrokenAndNames },
    log: SILENT,
  });
  boundWaiting(knex.client as PooledClient, poolSize * MOST_WAITING_EACH);
  return knex;
}

/** What knex calls for every statement and every transaction. */
interface PooledClient {
  readonly pool: { numPendingAcquires(): number };
  acquireConnection(): Promise<unknown>;
}

/** The pool itself lets any number wait. */
function boundWaiting(client: PooledClient, most: number): void {
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = async () => {
    if (client.pool.numPendingAcquires() >= most) throw unavailable('Too many wait for the database.');
    return acquire();
  };
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

/** A statement is prepared on one connection, and whoever is lent the next one asks for it by its name in vain. */
function dropBrokenAndNames(connection: RawConnection, done: (error: Error | null, connection: unknown) => void): void {
  const query = connection.query.bind(connection);
  connection.query = (statement, ...values) => {
    const isNamed = typeof statement === 'object' && statement !== null && Object.hasOwn(statement, 'name');
    return query(isNamed ? { ...statement, name: undefined } : statement, ...values);
  };
  dropBroken(connection, done);
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
