import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Store } from '../../src/domain/ports.ts';
import { verifyAuditChain } from '../../src/services/audit.ts';
import { connectToMigrate } from '../../src/storage/postgres/connection.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { up as earlierAudit } from '../../migrations/0005_audit.ts';
import { listAuditEvents } from '../support/audit.ts';
import { administer, dropDatabase } from '../support/postgres.ts';
import { createEmptyDatabase, createTestDatabase, describePostgres } from '../support/stores.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { auditEvent, expectRefusal, fresh } from './samples.ts';

/** One for each file. */
const STEPS = readdirSync(path.resolve(import.meta.dirname, '../../migrations'))
  .filter((file) => /^\d{4}_/.test(file))
  .map((file) => path.basename(file, '.ts'))
  .sort();

describePostgres('migrating Postgres', () => {
  let url: string;
  beforeEach(async () => {
    url = await createEmptyDatabase();
  });
  afterEach(async () => dropDatabase(url));

  it('takes every step once, the second time none', async () => {
    expect(await migrate(url)).toEqual(STEPS);
    expect(await migrate(url)).toEqual([]);
  });

  it('is done once when twenty start at once, and all of them can go on', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => migrate(url)));
    expect(outcomes.flat()).toEqual(STEPS);
    const stores = await Promise.all([openPostgresStore({ url }), openPostgresStore({ url })]);
    for (const store of stores) {
      await store.ping();
      await store.close();
    }
  }, 60_000);

  it('is not held up by the lock of a migrator that was killed', async () => {
    await migrate(url);
    await administer(url, 'UPDATE knex_migrations_lock SET is_locked = 1');
    await administer(url, `DELETE FROM knex_migrations WHERE name = '0008_usage'`);
    await administer(url, 'DROP TABLE usage_by_day; DROP TABLE usage_start;');
    expect(await migrate(url)).toEqual(['0008_usage']);
    expect(await administer(url, 'SELECT is_locked FROM knex_migrations_lock')).toEqual([{ is_locked: 0 }]);
  });

  it('makes the events that were kept before there was a chain its beginning', async () => {
    await migrate(url);
    await administer(
      url,
      `DELETE FROM knex_migrations WHERE name = '0007_audit_chain';
       DROP TABLE audit_events, audit_chain; DROP FUNCTION append_audit_events, audited_organization, refuse_change`,
    );
    const knex = connectToMigrate(url);
    await earlierAudit(knex);
    await knex.destroy();
    await administer(
      url,
      `INSERT INTO audit_events (at, type, actor_kind, actor_id, target_kind, target_id, before, after, request_id)
       SELECT to_timestamp(number), 'thing_updated', 'operator', 'ops', 'thing', number::text, '{"b": [0.10, null], "a": 1e3}', '"text"',
         CASE WHEN number > 1 THEN 'r' END FROM generate_series(1, 1001) AS number;
       ALTER TABLE audit_events DISABLE TRIGGER USER; DELETE FROM audit_events WHERE id = 500`,
    );
    expect(await migrate(url)).toEqual(['0007_audit_chain']);
    const store = await openPostgresStore({ url });
    await store.transaction((tx) => tx.audit(auditEvent()));
    expect(await verifyAuditChain(store.audit)).toMatchObject({ events: 1001, fault: undefined });
    expect((await listAuditEvents(store, { limit: 2 }))[1]).toEqual({
      type: 'thing_updated',
      at: new Date(1_001_000),
      actor: { kind: 'operator', id: 'ops' },
      target: { kind: 'thing', id: '1001' },
      before: { a: 1000, b: [0.1, null] },
      after: 'text',
      requestId: 'r',
    });
    await store.close();
  });

  it('leaves nothing behind when a step failed', async () => {
    await administer(url, 'CREATE TABLE organizations (id text)');
    await expectRefusal(migrate(url), 'unavailable');
    const tables = await administer<{ readonly name: string }>(
      url,
      `SELECT relname AS name FROM pg_class WHERE relname IN ('roles', 'users', 'subjects')`,
    );
    expect(tables).toEqual([]);
    await administer(url, 'DROP TABLE organizations');
    expect(await migrate(url)).toEqual(STEPS);
  });

  it('refuses a database that a newer version has migrated', async () => {
    await migrate(url);
    await administer(url, `INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('9999_future', 9, now())`);
    await expectRefusal(migrate(url), 'unavailable', 'The database was migrated by a newer version of Rolemint than this one.');
  });

  it('is refused with a server that is not there', async () => {
    await expectRefusal(openPostgresStore({ url: 'postgres://rolemint@127.0.0.1:1/none' }), 'unavailable', 'The database does not answer.');
  });
});

const IN_TRANSACTION = `SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()`;

describePostgres('Postgres behind a bad line', () => {
  let url: string;
  let proxy: TcpProxy;
  let store: Store;
  beforeEach(async () => {
    url = await createTestDatabase();
    const { hostname, port } = new URL(url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const through = new URL(url);
    through.port = String(proxy.port);
    store = await openPostgresStore({ url: through.href, poolSize: 1, migrate: false });
    await store.ping();
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await dropDatabase(url);
  });

  it('answers unavailable within the deadline when an open connection goes dead, and is well when the line is', async () => {
    proxy.mode('blackhole');
    await expectRefusal(store.access.findUser('somebody'), 'unavailable', 'The database does not answer.');
    proxy.mode('pass');
    // The dead connection is not handed out again: the very next call gets a new one.
    expect(await store.access.hasUsers()).toBe(false);
    expect(proxy.accepted).toBe(2);
  });

  it('answers unavailable when no new connection comes about', async () => {
    proxy.mode('refuse');
    await expectRefusal(store.access.hasUsers(), 'unavailable', 'The database does not answer.');
    proxy.mode('blackhole');
    await expectRefusal(store.access.hasUsers(), 'unavailable', 'The database does not answer.');
    proxy.mode('pass');
    expect(await store.access.hasUsers()).toBe(false);
  });

  it('reads once more on a new connection when the old one was reset', async () => {
    await administer(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rolemint' AND datname = current_database()`,
    );
    expect(await store.access.hasUsers()).toBe(false);
  });

  it('ends a transaction whose connection goes dead, and nothing of it is kept', async () => {
    const name = fresh('Role');
    const work = store.transaction(async (tx) => {
      await tx.roles.put([{ name, category: 'other' }]);
      proxy.mode('blackhole');
      await tx.access.hasUsers();
    });
    await expectRefusal(work, 'unavailable', 'The database does not answer.');
    proxy.mode('pass');
    await administer(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()`,
    );
    expect((await store.access.loadDefinitions()).roles).toEqual([]);
    await store.transaction((tx) => tx.roles.put([{ name, category: 'other' }]));
  });

  it('lets no more wait for a connection than it can serve: who comes then is told so before anybody else', async () => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    const long = store.transaction(async () => held);
    await until(async () => (await administer(url, IN_TRANSACTION)).length === 1);
    const outcomes: string[] = [];
    const note = (outcome: string) => () => void outcomes.push(outcome);
    const waiting = Array.from({ length: 200 }, () => store.access.hasUsers().then(note('served'), note('in vain')));
    await expectRefusal(store.access.hasUsers(), 'unavailable', 'Too many wait for the database.');
    expect(outcomes).toEqual([]);
    finish();
    await Promise.all([long, ...waiting]);
    expect(outcomes).toHaveLength(200);
    expect(await store.access.hasUsers()).toBe(false);
  });

  it('does not wait for ever for a change that another node does not finish', async () => {
    const other = await openPostgresStore({ url, migrate: false });
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    let begun = () => {};
    const began = new Promise<void>((resolve) => (begun = resolve));
    const long = other.transaction(async () => {
      begun();
      await held;
    });
    await began;
    await expectRefusal(
      store.transaction(async () => {}),
      'unavailable',
      // The second when we are too busy ourselves to hear the first in time.
      /^(?:Another change holds the database up|The database does not answer)\.$/,
    );
    // Reading does not wait for administrators.
    expect(await store.access.hasUsers()).toBe(false);
    finish();
    await long;
    await other.close();
  });
});

describePostgres('two nodes on one Postgres', () => {
  let url: string;
  let nodes: Store[];
  beforeEach(async () => {
    url = await createTestDatabase();
    nodes = await Promise.all([1, 2].map(() => openPostgresStore({ url, migrate: false })));
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await dropDatabase(url);
  });

  it('change one after the other, and versions become visible in order', async () => {
    // On one connection reads are answered in the order in which they were asked.
    const reader = await openPostgresStore({ url, poolSize: 1, migrate: false });
    const seen: number[] = [];
    const change = async (node: Store) => {
      for (let round = 0; round < 10; round += 1) {
        await node.transaction((tx) => tx.settings.set(fresh('setting'), 'x'));
        seen.push((await reader.access.readChanges(0)).version);
      }
    };
    await Promise.all(nodes.map(change));
    await reader.close();
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect((await nodes[1]!.access.readChanges(0)).version).toBe(20);
  });

  it('are told that everything may have changed when a version became another one, as after a failover to a standby that lacked it', async () => {
    const [node] = nodes;
    await node!.transaction((tx) => tx.settings.set('lost', 'x'));
    expect(await node!.access.readChanges(0)).toMatchObject({ version: 1, changes: [{ kind: 'catalogue' }] });
    await administer(url, `UPDATE changes SET at = at + interval '1 second'`);
    expect(await node!.access.readChanges(1)).toEqual({ version: 1, changes: undefined });
    expect(await node!.access.readChanges(1)).toEqual({ version: 1, changes: [] });
    // One that was reaped is still the same.
    await administer(url, 'DELETE FROM changes');
    expect(await node!.access.readChanges(1)).toEqual({ version: 1, changes: [] });
  });

  it('count fifty attempts at once as one store would', async () => {
    const begin = (index: number) => nodes[index % 2]!.signIn.beginAttempt('key', { allowed: 5, lockSeconds: 60 }, new Date(0));
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => begin(index)));
    expect(outcomes.filter(({ counted }) => counted)).toHaveLength(5);
  });
});

describePostgres('a snapshot of Postgres', () => {
  let url: string;
  let store: Store;
  beforeEach(async () => {
    url = await createTestDatabase();
    store = await openPostgresStore({ url, migrate: false });
  });
  afterEach(async () => {
    await store.close();
    await dropDatabase(url);
  });

  it('stays as it was when it began, and no change waits for it', async () => {
    const other = await openPostgresStore({ url, migrate: false });
    const put = (name: string) => other.transaction((tx) => tx.roles.put([{ name, category: 'custom' }]));
    await put('Before');
    const names = await store.transaction(
      async (tx) => {
        const before = await tx.roles.findMany(['Before', 'Meanwhile']);
        await put('Meanwhile');
        return [...before.keys(), ...(await tx.roles.findMany(['Before', 'Meanwhile'])).keys()];
      },
      { snapshot: true },
    );
    expect(names).toEqual(['Before', 'Before']);
    const writing = store.transaction((tx) => tx.roles.put([{ name: 'Never', category: 'custom' }]), { snapshot: true });
    await expect(writing).rejects.toMatchObject({ code: 'unavailable' });
    expect((await store.access.loadDefinitions()).roles.map(({ name }) => name).filter((name) => name === 'Never')).toEqual([]);
    await other.close();
  });
});

describePostgres('the schema of Postgres', () => {
  it('finds by an index what names anything, so that removing it goes through no table', async () => {
    const url = await createTestDatabase();
    const unindexed = await administer(
      url,
      `SELECT c.conrelid::regclass || '.' || c.conname AS name FROM pg_constraint c
       WHERE c.contype = 'f' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND (i.indkey::int2[])[0] = c.conkey[1])`,
    );
    await dropDatabase(url);
    expect(unindexed).toEqual([]);
  });
});
