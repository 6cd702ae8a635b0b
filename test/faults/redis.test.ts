import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { databaseUrl as databaseOn } from '../support/postgres.ts';
import { findRedis, startRedis, type RedisServer } from '../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { Fault } from './catalogue.ts';
import { startCluster, type Cluster } from './cluster.ts';
import type { Client } from './load.ts';
import { runScenario, storeAt, type Scenario } from './scenario.ts';
import { openWorld, ROLES, type World } from './world.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
let line: TcpProxy;
let administrator: Redis;
let world: World;
let cluster: Cluster;

beforeAll(async () => {
  const program = findRedis();
  if (program === undefined) throw new Error("needs redis-server: install Debian's redis-server");
  redis = await startRedis(program);
  line = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  administrator = new Redis(redis.url);
  administrator.on('error', () => undefined);
  world = await openWorld(databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres'));
  cluster = await startCluster(world, 2, { env: { ROLEMINT_REDIS_URL: `redis://127.0.0.1:${line.port}` } });
});
afterAll(async () => {
  await cluster.close();
  await world.close();
  administrator.disconnect();
  await line.close();
  await redis.close();
});

/** Sign-ins are what asks Redis most. */
const signsIn: Client = [100, (requester) => requester.signIn('dan', ROLES)];

/** Redis holds no truth: whatever becomes of it, everything is answered from Postgres, and soon. */
async function run(fault: Fault, given: Pick<Scenario, 'fault' | 'heal'>): Promise<void> {
  const { databaseUrl, urls } = cluster;
  const { during } = await runScenario(fault, { world, openStore: storeAt(databaseUrl), nodes: urls, more: [signsIn], ...given });
  expect(during.filter(({ op }) => op === 'sign in').length).toBeGreaterThan(3);
  // On a busy machine Postgres is late now and then; without it nothing at all would be answered.
  expect(during.filter(({ status = 503 }) => status >= 500).length).toBeLessThan(during.length / 20);
}

/** Says something to Redis at the beginning, and something else at the end. */
const telling = (begin: readonly string[], end: readonly string[], milliseconds = 2000): Pick<Scenario, 'fault' | 'heal'> => ({
  fault: async () => {
    const [command = '', ...values] = begin;
    await administrator.call(command, ...values);
    await pause(milliseconds);
  },
  heal: async () => {
    const [command = '', ...values] = end;
    await administrator.call(command, ...values);
  },
});

describe('F9 Redis under two nodes', () => {
  it('killed, and started empty', async () => {
    await run('redis-killed', {
      fault: async () => {
        await redis.kill();
        await pause(2000);
      },
      heal: () => redis.start(),
    });
  });

  it('frozen', async () => {
    await run('redis-frozen', {
      fault: async () => {
        redis.freeze();
        await pause(3000);
      },
      heal: () => redis.thaw(),
    });
  });

  it('cut off', async () => {
    await run('redis-cut-off', {
      fault: async () => {
        line.mode('partition');
        await pause(3000);
      },
      heal: () => line.mode('pass'),
    });
  });

  it('flushed, again and again', async () => {
    await run('redis-flushed', {
      fault: async () => {
        for (let round = 0; round < 20; round += 1) {
          await administrator.flushall();
          await pause(100);
        }
      },
    });
  });

  it('read-only, as a replica', async () => {
    await run('redis-read-only', telling(['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']));
  });

  it('out of memory', async () => {
    await run('redis-full', telling(['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']));
  });

  it('with another password', async () => {
    await run('redis-password', {
      fault: async () => {
        await administrator.call('CONFIG', 'SET', 'requirepass', 'another');
        // Who is connected stays so; who comes back is not let in.
        line.resetAll();
        await pause(2000);
      },
      heal: async () => void (await administrator.call('CONFIG', 'SET', 'requirepass', '')),
    });
  });

  it('loading what it had saved', async () => {
    await administrator.config('SET', 'rdbcompression', 'no');
    await administrator.eval(BALLAST, 0);
    await administrator.save();
    await run('redis-loading', {
      fault: async () => {
        await redis.kill();
        const loaded = redis.start({ 'key-load-delay': '12000', 'loading-process-events-interval-bytes': '1024' });
        await until(() => redis.command('GET', 'ballast:1').then(() => false, isLoading), 'Redis says that it is loading');
        await loaded;
      },
    });
  });
});

/** A value of a kilobyte takes twelve milliseconds to load, where Redis is told to take its time. */
const BALLAST = `for i = 1, 250 do redis.call('SET', 'ballast:' .. i, string.rep('x', 1000)) end`;
const isLoading = (error: unknown): boolean => (error as Error).message.startsWith('LOADING');
