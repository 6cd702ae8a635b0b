/**
 * @module The stores that tests run on, each with a database of its own, and a clock that stands still. A test that needs
 * some store opens that of the run; a suite that is declared for several stores runs on those, or on that of the run alone
 * where another than the usual one was asked for.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Clock, Store } from '../../src/domain/ports.ts';
import { openMemoryStore } from '../../src/storage/memory/store.ts';
import type { PostgresConnection } from '../../src/storage/postgres/connection.ts';
import { POOLER_VARIABLE, SNAPSHOT_VARIABLE, STORE_VARIABLE, TEMPLATE_VARIABLE } from './environment.ts';
import { findPgBouncer } from './pgbouncer.ts';
import { createDatabase, databaseName, databaseUrl, dropDatabase } from './postgres.ts';
import { findRedis, startRedis } from './redis.ts';

const KINDS = ['memory', 'embedded', 'postgres', 'postgres+redis'] as const;
export type StoreKind = (typeof KINDS)[number];

/** Of the store that tests open which need some store. */
export const RUN_KIND: StoreKind = process.env[POOLER_VARIABLE] === undefined ? kindNamed(process.env[STORE_VARIABLE] ?? 'memory') : 'postgres';

/** The same without Redis: everything that is kept is kept in the database, and swept from there. */
export const DATABASE_KIND: StoreKind = RUN_KIND === 'postgres+redis' ? 'postgres' : RUN_KIND;

const POSTGRES_MISSING = 'needs PostgreSQL 15 or later: install it (Debian: apt-get install postgresql) or set ROLEMINT_TEST_DATABASE_URL';
const REDIS_MISSING = 'needs redis-server: install it (Debian: apt-get install redis-server)';

function kindNamed(name: string): StoreKind {
  const kind = KINDS.find((one) => one === name);
  if (kind === undefined) throw new Error(`${STORE_VARIABLE} is one of ${KINDS.join(', ')}, not ${name}.`);
  return kind;
}

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

/** A store of a test, and what else a server on it is told. */
export interface TestStore extends Store {
  readonly settings: Readonly<Record<string, string>>;
}

export interface TestStoreOptions {
  /** Unset: the one of the run. */
  readonly kind?: StoreKind;
  readonly clock?: Clock | undefined;
}

/** A store on a database of its own, and a Redis of its own, which are gone when the store is closed. Each kind is loaded only when it is used. */
export async function openTestStore({ kind = RUN_KIND, clock }: TestStoreOptions = {}): Promise<TestStore> {
  if (kind === 'memory') return { ...openMemoryStore({ clock }), settings: {} };
  if (kind === 'embedded') {
    const { openEmbeddedStore } = await import('../../src/storage/postgres/embedded.ts');
    return { ...(await openEmbeddedStore({ clock, snapshot: embeddedSnapshot(), migrate: false })), settings: {} };
  }
  const { openPostgresStore } = await import('../../src/storage/postgres/store.ts');
  const shared = kind === 'postgres+redis' ? await openTestRedis() : undefined;
  const url = await createTestDatabase();
  const store = await openPostgresStore({ ...connectionTo(url), clock, redis: shared?.redis, migrate: false });
  return {
    ...store,
    settings: shared?.settings ?? {},
    close: async () => {
      await store.close();
      await dropDatabase(url);
      await shared?.close();
    },
  };
}

async function openTestRedis() {
  const program = findRedis();
  if (program === undefined) throw new Error(REDIS_MISSING);
  const { parseRedisAddress } = await import('../../src/storage/redis/address.ts');
  const { openRedis } = await import('../../src/storage/redis/connection.ts');
  const server = await startRedis(program);
  const redis = await openRedis({ address: parseRedisAddress('single', server.url)! });
  const close = async () => {
    redis.close();
    await server.close();
  };
  return { redis, settings: { ROLEMINT_REDIS_URL: server.url }, close };
}

/** The store, for one of several servers: it stays open when that server closes. */
export const lasting = <T extends Store>(store: T): T => ({ ...store, close: async () => {} });

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
  describeKinds(name, ['memory', 'embedded', 'postgres'], (kind) => withStore(kind, define));
}

/** Declares the suite for some stores, which the suite opens by itself. */
export function describeKinds(name: string, usual: readonly StoreKind[], define: (kind: StoreKind) => void): void {
  for (const kind of RUN_KIND === 'memory' ? usual : [RUN_KIND]) {
    const declare = kind.startsWith('postgres') ? describePostgres : describe;
    declare(`${name}: ${kind}`, () => define(kind));
  }
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

function withStore(kind: StoreKind, define: (suite: StoreSuite) => void): void {
  const clock = testClock();
  let store: Store | undefined;
  beforeAll(async () => {
    store = await openTestStore({ kind, clock });
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
}
