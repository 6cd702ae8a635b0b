import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptBudget } from '../../src/domain/attempt-budget.ts';
import { openAttemptBudget } from '../../src/storage/redis/attempt-budget.ts';
import { parseRedisAddress } from '../../src/storage/redis/address.ts';
import { openRedis, type RedisConnection } from '../../src/storage/redis/connection.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeRedis } from '../support/stores.ts';

describeRedis('attempt budgets on a real Redis', (program) => {
  let redis: RedisServer;
  let connections: RedisConnection[] = [];
  let faults: string[] = [];
  /** Addresses that no other test used, so that tests share one server without a flush. */
  let address = '';
  let made = 0;
  let probes = 0;

  beforeAll(async () => {
    redis = await startRedis(program);
  });
  afterAll(() => redis.close());
  beforeEach(() => {
    made += 1;
    address = `192.0.2.${made}`;
    faults = [];
  });
  afterEach(() => {
    for (const connection of connections) connection.close();
    connections = [];
  });

  /** A node whose counting has reached Redis. */
  async function openNode(points: { readonly perAddress: number; readonly perName: number }): Promise<AttemptBudget> {
    const connection = await openRedis({
      address: parseRedisAddress('single', redis.url)!,
      onDown: () => faults.push('down'),
      onUp: () => faults.push('up'),
    });
    connections.push(connection);
    const node = openAttemptBudget({ redis: connection, ...points, clock: { now: () => Date.now() } });
    await reaches(node);
    return node;
  }

  /** Until what the node counts is seen in Redis: it counts for itself while there is no connection. */
  async function reaches(node: AttemptBudget): Promise<void> {
    await until(async () => {
      const name = `probe-${(probes += 1)}.`;
      await node.recordFailure(name);
      return (await redis.keys()).some((key) => key.endsWith(name));
    });
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await delay(10);
  }

  const refused = (retryAfterSeconds: unknown) => ({ code: 'too_many_attempts', message: 'Too many failed attempts.', retryAfterSeconds });

  it('share the budget of an address among nodes', async () => {
    const [a, b] = [await openNode({ perAddress: 3, perName: 100 }), await openNode({ perAddress: 3, perName: 100 })];
    await a.take({ address, name: 'alice', shared: false });
    await b.take({ address, name: 'ben', shared: false });
    await a.take({ address, name: 'carol', shared: false });
    await expect(b.take({ address, name: 'dora', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
    await expect(a.take({ address, name: 'dora', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
    expect(b.blockedFor(address)).toBeGreaterThan(0);
    expect(b.blockedFor('198.51.100.1')).toBeUndefined();
  });

  it('share the budget of a name from an address, and leave other names and addresses alone', async () => {
    const [a, b] = [await openNode({ perAddress: 100, perName: 2 }), await openNode({ perAddress: 100, perName: 2 })];
    await a.take({ address, name: 'alice', shared: false });
    await b.take({ address, name: 'alice', shared: false });
    await expect(a.take({ address, name: 'alice', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
    await expect(b.take({ address, name: 'ben', shared: false })).resolves.toBeUndefined();
    await expect(b.take({ address: `${address}0`, name: 'alice', shared: false })).resolves.toBeUndefined();
    expect(a.blockedFor(address)).toBeUndefined();
  });

  it('give back on one node what was taken on another', async () => {
    const [a, b] = [await openNode({ perAddress: 2, perName: 2 }), await openNode({ perAddress: 2, perName: 2 })];
    for (let round = 0; round < 6; round += 1) {
      await a.take({ address, name: 'alice', shared: false });
      await b.giveBack({ address, name: 'alice', shared: false });
    }
    await a.take({ address, name: 'alice', shared: false });
    await b.take({ address, name: 'alice', shared: false });
    await expect(b.take({ address, name: 'alice', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
  });

  it('never let through more than the budget, however many ask at once on all nodes', async () => {
    const [a, b] = [await openNode({ perAddress: 10, perName: 100 }), await openNode({ perAddress: 10, perName: 100 })];
    const asked = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? a : b).take({ address, name: `name-${index}`, shared: false })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('count failures that are known only afterwards', async () => {
    const [a, b] = [await openNode({ perAddress: 2, perName: 100 }), await openNode({ perAddress: 2, perName: 100 })];
    await a.recordFailure(address);
    await b.recordFailure(address);
    await expect(a.take({ address, name: 'alice', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
    await expect(a.recordFailure(address)).resolves.toBeUndefined();
  });

  it('keep no count for longer than the window', async () => {
    const node = await openNode({ perAddress: 5, perName: 5 });
    await node.take({ address, name: 'alice', shared: false });
    const keys = (await redis.keys()).filter((key) => key.includes(address));
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(key).toMatch(/^rolemint:attempts:(address|name):/);
  });

  describe('while Redis is gone', () => {
    it('allow half of it on each node, tell the operator, and share again when it is back', async () => {
      const [a, b] = [await openNode({ perAddress: 4, perName: 100 }), await openNode({ perAddress: 4, perName: 100 })];
      await redis.kill();
      try {
        for (const node of [a, b]) {
          await node.take({ address, name: 'alice', shared: false });
          await node.take({ address, name: 'ben', shared: false });
          await expect(node.take({ address, name: 'carol', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
        }
        expect(faults).toEqual(['down', 'down']);
      } finally {
        await redis.start();
      }
      await Promise.all([reaches(a), reaches(b)]);
      expect(faults).toEqual(['down', 'down', 'up', 'up']);
      const fresh = `${address}9`;
      for (const node of [a, b, a, b]) await node.take({ address: fresh, name: 'alice', shared: false });
      await expect(a.take({ address: fresh, name: 'alice', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
    });

    it('do not wait for one that is frozen', async () => {
      const node = await openNode({ perAddress: 2, perName: 100 });
      redis.freeze();
      try {
        await node.take({ address, name: 'alice', shared: false });
        await expect(node.take({ address, name: 'carol', shared: false })).rejects.toMatchObject(refused(expect.any(Number)));
      } finally {
        redis.thaw();
      }
    });
  });
});
