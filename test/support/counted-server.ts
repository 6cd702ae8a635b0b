/** @module The real server on Postgres, with everything that a request sends to its stores written down. */
import { Redis } from 'ioredis';
import type { Knex } from 'knex';
import { parseRedisAddress } from '../../src/storage/redis/address.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { connect } from '../../src/storage/postgres/connection.ts';
import { storeOver } from '../../src/storage/postgres/store.ts';
import { startServer, type TestServer } from './server.ts';
import { until } from './until.ts';

/** A statement as Postgres got it, with `$1` for values. */
export interface SentStatement {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

export interface CountedServer extends TestServer {
  /** What the work makes the server send to its database; what it does at intervals left out. */
  statementsOf(work: () => Promise<unknown>): Promise<readonly SentStatement[]>;
}

export interface CountedServerWithRedis extends CountedServer {
  /** Commands, in capitals, that the work makes the server send to Redis; those that a script runs are the script. */
  commandsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
}

/** Adds up what was counted, and removes what expired after a look at the clock of the database. */
const AT_INTERVALS = /INSERT INTO usage_|SKIP LOCKED|SELECT clock_timestamp\(\)/;

/** @param url of a migrated database */
export async function startCountedServer(url: string): Promise<CountedServer> {
  const knex = connect({ url });
  const statementsOf = writtenDown(knex);
  const server = await startServer({ store: storeOver(knex, { close: () => knex.destroy() }) });
  return { ...server, statementsOf };
}

/** @param redis that nobody else uses */
export async function startCountedServerWithRedis(url: string, redis: string): Promise<CountedServerWithRedis> {
  const knex = connect({ url });
  const statementsOf = writtenDown(knex);
  const connection = await openRedis({ address: parseRedisAddress('single', redis)! });
  const close = async () => {
    connection.close();
    await knex.destroy();
  };
  const server = await startServer({ store: storeOver(knex, { redis: connection, close }), env: { ROLEMINT_REDIS_URL: redis } });
  const asked = new Redis(redis);
  const monitor = await asked.monitor();
  const seen: string[] = [];
  monitor.on('monitor', (_time: string, [name = '', first]: readonly string[], source: string) => {
    if (source !== 'lua') seen.push(name.toUpperCase() === 'ECHO' ? `ECHO ${first}` : name.toUpperCase());
  });
  let marks = 0;
  /** Everything that was sent before is seen when this is. */
  const mark = async () => {
    const name = `mark-${(marks += 1)}`;
    await asked.echo(name);
    await until(() => seen.includes(`ECHO ${name}`));
    return seen.splice(0);
  };
  return {
    ...server,
    statementsOf,
    commandsOf: async (work) => {
      await mark();
      await work();
      return (await mark()).filter((name) => !name.startsWith('ECHO'));
    },
    close: async () => {
      monitor.disconnect();
      asked.disconnect();
      await server.close();
    },
  };
}

function writtenDown(knex: Knex): CountedServer['statementsOf'] {
  const sent: SentStatement[] = [];
  knex.on('query', ({ sql, bindings }: { sql: string; bindings?: readonly unknown[] }) => {
    if (!AT_INTERVALS.test(sql)) sent.push({ sql, bindings: bindings ?? [] });
  });
  return async (work) => {
    sent.length = 0;
    await work();
    return [...sent];
  };
}
