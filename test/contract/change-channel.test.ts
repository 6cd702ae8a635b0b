import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeChannel, Store } from '../../src/domain/ports.ts';
import { memoryChangeChannel } from '../../src/storage/memory/change-channel.ts';
import { postgresChangeChannel } from '../../src/storage/postgres/change-channel.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { parseRedisAddress, type RedisKind } from '../../src/storage/redis/address.ts';
import { redisChangeChannel } from '../../src/storage/redis/change-channel.ts';
import { openRedis, type RedisConnection } from '../../src/storage/redis/connection.ts';
import { administer, dropDatabase } from '../support/postgres.ts';
import { startRedis, startRedisCluster, type RedisServer } from '../support/redis.ts';
import { createTestDatabase, describePostgres, describeRedis } from '../support/stores.ts';
import { auditEvent, fresh } from './samples.ts';
import { until } from '../support/until.ts';

/** Counts what a subscriber is told. */
function listener(channel: ChangeChannel) {
  const heard = { times: 0, end: async () => {} };
  heard.end = channel.subscribe(() => (heard.times += 1));
  return heard;
}

it('a channel of a process that is alone tells its subscribers, until they leave', async () => {
  const channel = memoryChangeChannel();
  const [one, other] = [listener(channel), listener(channel)];
  await channel.announce();
  await one.end();
  await channel.announce();
  expect([one.times, other.times]).toEqual([1, 2]);
});

describePostgres('changes told by Postgres', () => {
  let url: string;
  let store: Store;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    url = await createTestDatabase();
    store = await openPostgresStore({ url, migrate: false, notify: true });
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(async () => {
    await store.close();
    await dropDatabase(url);
  });
  const listen = async () => {
    const heard = listener(postgresChangeChannel(url));
    ends.push(heard.end);
    await until(() => heard.times > 0);
    return heard;
  };
  const putRole = () => store.transaction((tx) => tx.roles.put([{ name: fresh('Role'), category: 'other' }]));

  it('are heard by every node, when they are committed and not before', async () => {
    const heard = [await listen(), await listen()];
    const before = heard.map(({ times }) => times);
    await store.transaction(async (tx) => {
      await tx.roles.put([{ name: fresh('Role'), category: 'other' }]);
      await tx.access.readChanges(0);
      // Somebody else's transaction, so that what was told would have arrived.
      await administer(url, `SELECT pg_notify('rolemint_changes', '')`);
      await until(() => heard.every(({ times }, index) => times > before[index]!));
      expect(heard.map(({ times }, index) => times - before[index]!)).toEqual([1, 1]);
    });
    await until(() => heard.every(({ times }, index) => times === before[index]! + 2));
  });

  it('are not told when nothing was changed, or everything was taken back', async () => {
    const heard = await listen();
    const before = heard.times;
    await store.transaction((tx) => tx.roles.put([{ name: fresh('Role'), category: 'other' }]), { rollback: true });
    await store.transaction((tx) => tx.audit(auditEvent()));
    await putRole();
    await until(() => heard.times > before);
    expect(heard.times).toBe(before + 1);
  });

  it('that were missed while the connection was gone are made up for', async () => {
    const heard = await listen();
    const before = heard.times;
    await administer(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rolemint changes' AND datname = current_database()`,
    );
    // Once when it is lost, once when it is back.
    await until(() => heard.times === before + 2);
    await putRole();
    await until(() => heard.times === before + 3);
  });
});

describeRedis('changes told by Redis', (program) => {
  const connections: RedisConnection[] = [];
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    for (const connection of connections.splice(0)) connection.close();
  });
  const open = async (kind: RedisKind, address: string) => {
    const connection = await openRedis({ address: parseRedisAddress(kind, address)! });
    connections.push(connection);
    const channel = redisChangeChannel(connection);
    const heard = listener(channel);
    ends.push(heard.end);
    await until(() => heard.times > 0);
    return { channel, heard };
  };

  it('are heard by every node of a cluster', async () => {
    const cluster = await startRedisCluster(program);
    try {
      const nodes = [await open('cluster', cluster.address), await open('cluster', cluster.address)];
      const before = nodes.map(({ heard }) => heard.times);
      // An announcement may be lost, on a busy machine also for want of time.
      await until(async () => {
        await nodes[0]!.channel.announce();
        return nodes.every(({ heard }, index) => heard.times > before[index]!);
      });
    } finally {
      await cluster.close();
    }
  }, 120_000);

  describe('on one server', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis(program);
    });
    afterAll(() => redis.close());

    it('are heard by every node', async () => {
      const [a, b] = [await open('single', redis.url), await open('single', redis.url)];
      const before = [a.heard.times, b.heard.times];
      await until(async () => {
        await a.channel.announce();
        return a.heard.times > before[0]! && b.heard.times > before[1]!;
      });
    });

    it('that were missed while Redis was gone are made up for, and telling does not fail meanwhile', async () => {
      const node = await open('single', redis.url);
      const before = node.heard.times;
      await redis.kill();
      await until(() => node.heard.times > before);
      await node.channel.announce();
      const gone = node.heard.times;
      await redis.start();
      await until(() => node.heard.times > gone);
      await until(async () => String(await redis.command('PUBSUB', 'NUMSUB', 'rolemint:changes')).endsWith(',1'));
      const back = node.heard.times;
      await until(async () => {
        await node.channel.announce();
        return node.heard.times > back;
      });
    });
  });
});
