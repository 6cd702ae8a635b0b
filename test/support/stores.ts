/** @module The stores that a contract suite runs on, each with a fresh database, and a clock that stands still. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Clock, Store } from '../../src/domain/ports.ts';
import { openMemoryStore } from '../../src/storage/memory/store.ts';
import { openEmbeddedStore } from '../../src/storage/postgres/embedded.ts';
import type { PostgresConnection } from '../../src/storage/postgres/connection.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { POOLER_VARIABLE, SNAPSHOT_VARIABLE, TEMPLATE_VARIABLE } from './environment.ts';
import { findPgBouncer } from './pgbouncer.ts';
import { createDatabase, databaseName, databaseUrl, dropDatabase } from './postgres.ts';
import { findRedis } from './redis.ts';

export type StoreKind = 'memory' | 'embedded' | 'postgres';
export const STORE_KINDS: readonly StoreKind[] = process.env[POOLER_VARIABLE] === undefined ? ['memory', 'embedded', 'postgres'] : ['postgres'];

const POSTGRES_MISSING = 'needs PostgreSQL 15 or later: install it (Debian: apt-get install postgresql) or set ROLEMINT_TEST_DATABASE_URL';

/** A clock that moves only when told to. */
export interface TestClock extends Clock {
  set(now: Date | number): void;
  advance(milliseconds: number): void;
}

export function testClock(start: Date | number = Date.UTC(2026, 0, 1)): TestClock {
  let now = Number(start);
  return {
    now: () => now,
    set: (to) => void (now = Number(to)),
    advance: (milliseconds) => void (now += milliseconds),
  };
}

/** A store on a database of its own, which is gone when the store is closed. */
export async function openTestStore(kind: StoreKind, clock?: Clock): Promise<Store> {
  if (kind === 'memory') return openMemoryStore({ clock });
  if (kind === 'embedded') return openEmbeddedStore({ clock, snapshot: embeddedSnapshot(), migrate: false });
  const url = await createTestDatabase();
  const store = await openPostgresStore({ ...connectionTo(url), clock, migrate: false });
  return {
    ...store,
    close: async () => {
      await store.close();
      await dropDatabase(url);
    },
  };
}

/** How the store gets to a database of its own: through the pooler, where the run has one. */
function connectionTo(url: string): PostgresConnection {
  const pooler = process.env[POOLER_VARIABLE];
  return pooler === undefined ? { url } : { url: databaseUrl(pooler, databaseName(url)), pooler: 'transaction' };
}

/** The image of a migrated embedded database. */
export function embeddedSnapshot(): Blob {
  return new Blob([readFileSync(process.env[SNAPSHOT_VARIABLE]!)]);
}

/** A migrated database of its own on the real server; to be dropped with `dropDatabase`. */
export async function createTestDatabase(): Promise<string> {
  const template = templateUrl();
  return createDatabase(databaseUrl(template, 'postgres'), databaseName(template));
}

/** An empty database of its own on the real server. */
export async function createEmptyDatabase(): Promise<string> {
  return createDatabase(databaseUrl(templateUrl(), 'postgres'));
}

function templateUrl(): string {
  const template = process.env[TEMPLATE_VARIABLE];
  if (template === undefined) throw new Error(POSTGRES_MISSING);
  return template;
}

export interface StoreSuite {
  readonly kind: StoreKind;
  readonly store: Store;
  readonly clock: TestClock;
}

/** Declares the suite once for each store; within it `suite.store` is open. */
export function describeEachStore(name: string, define: (suite: StoreSuite) => void): void {
  for (const kind of STORE_KINDS) describeStore(`${name}: ${kind}`, kind, define);
}

/** Declares a suite that needs a real Postgres, with or without a store. */
export function describePostgres(name: string, define: () => void): void {
  describeNeeding(process.env[TEMPLATE_VARIABLE] === undefined ? POSTGRES_MISSING : undefined, name, define);
}

/** Declares a suite that needs something else as well. @param missing what it needs, where that is missing */
export function describeNeeding(missing: string | undefined, name: string, define: () => void): void {
  if (missing === undefined) {
    describe(name, define);
  } else if (process.env['CI'] === undefined) {
    describe.skip(`${name} (${missing})`, define);
  } else {
    it(`${name} ${missing}`, () => {
      throw new Error(missing);
    });
  }
}

/** Declares a suite that needs a real Postgres and a PgBouncer. */
export function describePgBouncer(name: string, define: () => void): void {
  const missing = findPgBouncer() === undefined ? 'needs PgBouncer: install it (Debian: apt-get install pgbouncer)' : undefined;
  if (missing === undefined) describePostgres(name, define);
  else describeNeeding(missing, name, define);
}

const REDIS_MISSING = 'needs redis-server: install it (Debian: apt-get install redis-server)';

/** Declares a suite that needs a real Redis. */
export function describeRedis(name: string, define: (program: string) => void): void {
  const program = findRedis();
  if (program !== undefined) {
    describe(name, () => define(program));
  } else if (process.env['CI'] === undefined) {
    describe.skip(`${name} (${REDIS_MISSING})`, () => define(''));
  } else {
    it(`${name} ${REDIS_MISSING}`, () => {
      throw new Error(REDIS_MISSING);
    });
  }
}

function describeStore(name: string, kind: StoreKind, define: (suite: StoreSuite) => void): void {
  const declare = kind === 'postgres' ? describePostgres : describe;
  declare(name, () => {
    const clock = testClock();
    let store: Store | undefined;
    beforeAll(async () => {
      store = await openTestStore(kind, clock);
    }, 60_000);
    afterAll(async () => {
      await store?.close();
    });
    define({
      kind,
      clock,
      get store() {
        if (store === undefined) throw new Error('The store is open inside tests only.');
        return store;
      },
    });
  });
}
