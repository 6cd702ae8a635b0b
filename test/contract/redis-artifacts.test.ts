import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { ArtifactRecord } from '../../src/domain/artifact.ts';
import type { Store } from '../../src/domain/ports.ts';
import { parseRedisAddress, type RedisKind } from '../../src/storage/redis/address.ts';
import { openRedis, type RedisConnection } from '../../src/storage/redis/connection.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { administer, dropDatabase } from '../support/postgres.ts';
import { startRedis, startRedisCluster, startRedisSentinel, type RedisCluster, type RedisSentinel, type RedisServer } from '../support/redis.ts';
import { createTestDatabase, describePostgres, describeRedis, testClock, type TestClock } from '../support/stores.ts';
import { describeArtifacts } from './artifact-contract.ts';
import { at, DAY, expectRefusal, fresh, HOUR, NOW } from './samples.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** Of a busy machine it is not to be said that Redis hangs. */
const BUSY_MS = 20_000;

/** Nodes on one database and one Redis, each with connections of its own. */
class Nodes {
  readonly clock: TestClock = testClock(NOW);
  readonly #opened: { readonly store: Store; readonly redis: RedisConnection }[] = [];
  #url: string | undefined;

  async open(kind: RedisKind, address: string, deadlineMs = BUSY_MS): Promise<Store> {
    this.#url ??= await createTestDatabase();
    const redis = await openRedis({ address: parseRedisAddress(kind, address)!, deadlineMs });
    const store = await openPostgresStore({ url: this.#url, clock: this.clock, migrate: false, redis });
    this.#opened.push({ store, redis });
    return store;
  }

  rows(): Promise<readonly { readonly id: string; readonly payload: string | null; readonly removed: boolean }[]> {
    return administer(this.#url!, 'SELECT id, payload, removed FROM artifacts ORDER BY id');
  }

  async close(): Promise<void> {
    for (const { store, redis } of this.#opened) {
      await store.close();
      redis.close();
    }
    if (this.#url !== undefined) await dropDatabase(this.#url);
  }
}

const record = (given: Partial<ArtifactRecord> = {}): ArtifactRecord => ({
  kind: 'authorization_code',
  id: fresh('artifact'),
  payload: { scope: 'OrderReader' },
  expiresAt: at(HOUR),
  ...given,
});

describePostgres('artifacts in Redis', () => {
  describeRedis('on one server', (program) => {
    let redis: RedisServer;
    const nodes = new Nodes();
    let store: Store;
    beforeAll(async () => {
      redis = await startRedis(program);
      store = await nodes.open('single', redis.url);
    });
    afterAll(async () => {
      await nodes.close();
      await redis.close();
    });
    describeArtifacts({
      get artifacts() {
        return store.artifacts;
      },
    });

    it('are in Redis alone, under keys of one slot each, which vanish with them', async () => {
      await redis.command('FLUSHALL');
      const made = record({ id: 'id', userCode: 'code', userId: 'u' });
      await store.artifacts.put(made);
      expect([...(await redis.keys())].sort()).toEqual([
        'rolemint:authorization_code:{id}',
        'rolemint:user:{u}',
        'rolemint:user_code:{authorization_code code}',
      ]);
      for (const key of await redis.keys()) {
        const left = Number(await redis.command('PTTL', key));
        expect(left).toBeGreaterThan(HOUR * 1000 - 60_000);
        expect(left).toBeLessThanOrEqual(HOUR * 1000);
      }
      expect((await nodes.rows()).filter(({ id }) => id === 'id')).toEqual([]);
      await store.artifacts.put({ ...made, id: 'shorter', expiresAt: at(60) });
      expect(Number(await redis.command('PTTL', 'rolemint:user:{u}'))).toBeGreaterThan(HOUR * 1000 - 60_000);
    });
  });

  describeRedis('on a cluster of three', (program) => {
    let cluster: RedisCluster;
    const nodes = new Nodes();
    let store: Store;
    beforeAll(async () => {
      cluster = await startRedisCluster(program);
      store = await nodes.open('cluster', cluster.address);
    }, 30_000);
    afterAll(async () => {
      await nodes.close();
      await cluster.close();
    });
    describeArtifacts({
      get artifacts() {
        return store.artifacts;
      },
    });

    it('are spread over its nodes, and none of it went to Postgres', async () => {
      const made = Array.from({ length: 30 }, () => record({ userId: fresh('user') }));
      for (const artifact of made) await store.artifacts.put(artifact);
      for (const node of cluster.nodes) expect((await node.keys()).length).toBeGreaterThan(0);
      expect((await nodes.rows()).filter(({ id }) => made.some((artifact) => artifact.id === id))).toEqual([]);
    });
  });

  describeRedis('watched by Sentinel', (program) => {
    let sentinel: RedisSentinel;
    let line: TcpProxy;
    const nodes = new Nodes();
    beforeAll(async () => {
      sentinel = await startRedisSentinel(program);
      const { hostname, port } = new URL(sentinel.address);
      line = await startTcpProxy({ host: hostname, port: Number(port) });
    }, 60_000);
    afterAll(async () => {
      await nodes.close();
      await line.close();
      await sentinel.close();
    });

    it('survive the end of the master: meanwhile Postgres keeps them, then the new master does', async () => {
      const address = new URL(sentinel.address);
      address.port = String(line.port);
      const store = await nodes.open('sentinel', address.href, 1000);
      const before = record();
      await store.artifacts.put(before);
      expect(await sentinel.servers[0].keys()).toHaveLength(1);
      await until(async () => (await sentinel.servers[1].keys()).length === 1);
      // The sentinel is being asked all the time, and also when it makes the replica the master.
      line.delay(150);
      await sentinel.servers[0].kill();
      const meanwhile = record();
      await store.artifacts.put(meanwhile);
      expect(await store.artifacts.find(meanwhile.kind, meanwhile.id, NOW)).toEqual({ payload: meanwhile.payload });
      await until(async () => {
        const after = record();
        await store.artifacts.put(after);
        return (await sentinel.servers[1].keys()).some((key) => key.includes(after.id));
      }, 'the new master is used');
      for (const { kind, id, payload } of [before, meanwhile]) {
        expect(await store.artifacts.find(kind, id, NOW)).toEqual({ payload });
        expect(await store.artifacts.consume(kind, id, NOW)).toBe(true);
        expect(await store.artifacts.consume(kind, id, NOW)).toBe(false);
      }
    }, 120_000);
  });
});

/** F9. How Redis fails, and how it is well again. */
const FAULTS: readonly (readonly [string, (redis: RedisServer) => Promise<void>, (redis: RedisServer) => Promise<void>])[] = [
  ['refusing connections', (redis) => redis.kill(), (redis) => redis.start()],
  ['frozen', async (redis) => redis.freeze(), async (redis) => redis.thaw()],
  [
    'a replica that only reads',
    async (redis) => void (await redis.command('REPLICAOF', '127.0.0.1', '1')),
    async (redis) => void (await redis.command('REPLICAOF', 'NO', 'ONE')),
  ],
  [
    'out of memory',
    async (redis) => void (await redis.command('CONFIG', 'SET', 'maxmemory', '1')),
    async (redis) => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')),
  ],
  [
    'not letting us do anything',
    async (redis) => void (await redis.command('ACL', 'SETUSER', 'default', '-@all', '+acl')),
    async (redis) => void (await redis.command('ACL', 'SETUSER', 'default', '+@all')),
  ],
];

describePostgres('F9: artifacts while Redis is', () => {
  describeRedis('in trouble', (program) => {
    describe.each(FAULTS)('%s', (name, fail, recover) => {
      let redis: RedisServer;
      const nodes = new Nodes();
      let a: Store;
      let b: Store;
      beforeAll(async () => {
        redis = await startRedis(program);
        const deadlineMs = name === 'frozen' ? 500 : BUSY_MS;
        a = await nodes.open('single', redis.url, deadlineMs);
        b = await nodes.open('single', redis.url, deadlineMs);
      });
      afterAll(async () => {
        await nodes.close();
        await redis.close();
      });
      const both = async <T>(ask: (store: Store) => Promise<T>): Promise<readonly T[]> => Promise.all([ask(a), ask(b)]);
      const find = ({ kind, id }: ArtifactRecord) => both((store) => store.artifacts.find(kind, id, NOW));
      /** How many of four that are consumed at once are. */
      const consume = async ({ kind, id }: ArtifactRecord) => {
        const race = await Promise.all([a, b, a, b].map((store) => store.artifacts.consume(kind, id, NOW)));
        return race.filter(Boolean).length;
      };
      /** Until both nodes use Redis again. */
      const well = async () => {
        await recover(redis);
        await until(async () => {
          const probes = [record(), record()];
          await Promise.all(probes.map((probe, index) => [a, b][index]!.artifacts.put(probe)));
          const keys = await redis.keys();
          return probes.every(({ id }) => keys.some((key) => key.includes(id)));
        });
      };

      it('are kept and consumed once by Postgres, and nothing that was removed comes back', async () => {
        const [kept, replaced, removed] = [record(), record(), record()];
        for (const made of [kept, replaced, removed]) await a.artifacts.put(made);
        await fail(redis);
        const meanwhile = record({ userCode: fresh('code'), userId: 'somebody' });
        try {
          await a.artifacts.put(meanwhile);
          expect(await find(meanwhile)).toEqual([{ payload: meanwhile.payload }, { payload: meanwhile.payload }]);
          expect(await b.artifacts.findByUserCode(meanwhile.kind, meanwhile.userCode!, NOW)).toEqual({ payload: meanwhile.payload });
          expect(await b.artifacts.list(meanwhile.kind, 'somebody', NOW)).toHaveLength(1);
          expect(await consume(meanwhile)).toBe(1);
          await b.artifacts.put({ ...replaced, payload: { anew: true } });
          expect(await find(replaced)).toEqual([{ payload: { anew: true } }, { payload: { anew: true } }]);
          await b.artifacts.remove(removed.kind, removed.id);
          expect(await find(removed)).toEqual([undefined, undefined]);
          expect(await consume(removed)).toBe(0);
        } finally {
          await well();
        }
        // One that crashed comes back empty.
        if (name !== 'refusing connections' && name !== 'frozen')
          expect(await find(kept)).toEqual([{ payload: kept.payload }, { payload: kept.payload }]);
        expect(await find(replaced)).toEqual([{ payload: { anew: true } }, { payload: { anew: true } }]);
        expect(await consume(replaced)).toBe(1);
        expect(await consume(meanwhile)).toBe(0);
        expect(await find(removed)).toEqual([undefined, undefined]);
        expect(await consume(removed)).toBe(0);
        await a.artifacts.put(removed);
        expect(await consume(removed)).toBe(1);
      }, 30_000);

      it('leave nothing behind in Postgres when they have expired', async () => {
        nodes.clock.set(at(2 * DAY));
        while ((await a.reap(at(2 * DAY), 100)) > 0);
        expect(await nodes.rows()).toEqual([]);
      });
    });
  });
});

describePostgres('artifacts when Redis', () => {
  describeRedis('forgets, or remembers too much', (program) => {
    let redis: RedisServer;
    let nodes: Nodes;
    let store: Store;
    beforeAll(async () => {
      redis = await startRedis(program);
    });
    afterAll(() => redis.close());
    const open = async (deadlineMs = BUSY_MS) => {
      nodes = new Nodes();
      store = await nodes.open('single', redis.url, deadlineMs);
    };
    afterEach(() => nodes.close());
    const find = ({ kind, id }: ArtifactRecord) => store.artifacts.find(kind, id, NOW);
    const consume = ({ kind, id }: ArtifactRecord) => store.artifacts.consume(kind, id, NOW);

    it('was emptied, are gone, and nothing that was used can be used again', async () => {
      await open();
      const [used, unused] = [record(), record()];
      for (const made of [used, unused]) await store.artifacts.put(made);
      expect(await consume(used)).toBe(true);
      await redis.command('FLUSHALL');
      expect(await find(used)).toBeUndefined();
      expect(await consume(unused)).toBe(false);
      await store.artifacts.put(used);
      expect(await consume(used)).toBe(false);
    });

    it('comes back as it was before, stay consumed and removed', async () => {
      await open();
      const [used, removed] = [record(), record()];
      for (const made of [used, removed]) await store.artifacts.put(made);
      const before = new Map<string, Buffer>();
      const operator = new Redis(redis.url);
      for (const key of await operator.keys('*')) before.set(key, await operator.dumpBuffer(key));
      expect(await consume(used)).toBe(true);
      await store.artifacts.remove(removed.kind, removed.id);
      await operator.flushall();
      for (const [key, value] of before) await operator.restore(key, 3_600_000, value);
      operator.disconnect();
      expect(await find(removed)).toBeUndefined();
      expect(await consume(removed)).toBe(false);
      expect(await find(used)).toEqual({ payload: used.payload, consumedAt: NOW });
      expect(await consume(used)).toBe(false);
    });

    it('does not answer in time whether it marked one, refuse it', async () => {
      await open(500);
      const made = record();
      await store.artifacts.put(made);
      redis.freeze();
      try {
        expect(await consume(made)).toBe(false);
      } finally {
        redis.thaw();
      }
      await until(async () => (await find(made))?.consumedAt !== undefined);
      expect(await consume(made)).toBe(false);
    });

    it('answers and Postgres does not, are not found or consumed', async () => {
      await open();
      const made = record();
      await store.artifacts.put(made);
      await store.close();
      await expectRefusal(find(made), 'unavailable');
      await expectRefusal(consume(made), 'unavailable');
    });
  });
});
