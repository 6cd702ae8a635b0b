/** @module The real server on Postgres, with every statement that a request causes written down. */
import type { Knex } from 'knex';
import { connect } from '../../src/storage/postgres/connection.ts';
import { storeOver } from '../../src/storage/postgres/store.ts';
import { startServer, type TestServer } from './server.ts';

/** A statement as Postgres got it, with `$1` for values. */
export interface SentStatement {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

export interface CountedServer extends TestServer {
  /** What the work makes the server send to its database; what it does at intervals left out. */
  statementsOf(work: () => Promise<unknown>): Promise<readonly SentStatement[]>;
}

/** Adds up what was counted, and removes what expired after a look at the clock of the database. */
const AT_INTERVALS = /INSERT INTO usage_|SKIP LOCKED|SELECT clock_timestamp\(\)/;

/** @param url of a migrated database */
export async function startCountedServer(url: string): Promise<CountedServer> {
  const knex: Knex = connect({ url });
  const sent: SentStatement[] = [];
  knex.on('query', ({ sql, bindings }: { sql: string; bindings?: readonly unknown[] }) => {
    if (!AT_INTERVALS.test(sql)) sent.push({ sql, bindings: bindings ?? [] });
  });
  const server = await startServer({ store: storeOver(knex, { close: () => knex.destroy() }) });
  return {
    ...server,
    statementsOf: async (work) => {
      sent.length = 0;
      await work();
      return [...sent];
    },
  };
}
