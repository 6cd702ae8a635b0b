/** @module A real Redis for a test: its own process on a free port, in memory only, gone afterwards. Also three as a cluster. */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './postgres.ts';
import { until } from './until.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Every key that it holds. */
  keys(): Promise<readonly string[]>;
  /** Has it do something, as somebody else. */
  command(...words: readonly string[]): Promise<unknown>;
  /** Ends it as a crash would, and starts it anew on the same port: with what was saved, which is nothing unless it was told to. */
  kill(): Promise<void>;
  start(more?: RedisSettings): Promise<void>;
  /** Freezes it: connections stay open and nothing is answered. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Where the program is; undefined when it is not installed. */
export function findRedis(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
  return folders
    .map((folder) => path.join(folder, 'redis-server'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export type RedisSettings = Readonly<Record<string, string>>;

export async function startRedis(program: string, settings: RedisSettings = {}): Promise<RedisServer> {
  const port = await freePort();
  // A replica writes down what it is sent, and who starts there next would load it.
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let running: ChildProcess | undefined;
  const start = async (more: RedisSettings = {}) => {
    running = await launch(program, port, { dir: folder, ...settings, ...more });
  };
  const kill = async () => {
    const ended = running;
    running = undefined;
    if (ended !== undefined) await end(ended);
  };
  const command = async (...words: readonly string[]) => {
    const [name, ...rest] = words as [string, ...string[]];
    const client = new Redis(url, { enableReadyCheck: false });
    try {
      return await client.call(name, ...rest);
    } finally {
      client.disconnect();
    }
  };
  await start();
  return {
    url,
    port,
    keys: async () => (await command('KEYS', '*')) as readonly string[],
    command,
    kill,
    start,
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisCluster {
  /** For `ROLEMINT_REDIS_CLUSTER`. */
  readonly address: string;
  readonly nodes: readonly RedisServer[];
  close(): Promise<void>;
}

/** Three masters, who share the slots. */
export async function startRedisCluster(program: string): Promise<RedisCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-redis-'));
  const nodes: RedisServer[] = [];
  const buses: number[] = [];
  for (const name of ['a', 'b', 'c']) {
    const bus = await freePort();
    buses.push(bus);
    nodes.push(
      await startRedis(program, {
        'cluster-enabled': 'yes',
        'cluster-config-file': path.join(folder, name),
        'cluster-port': String(bus),
        'cluster-node-timeout': '2000',
      }),
    );
  }
  for (const [index, node] of nodes.entries()) {
    const third = Math.ceil(16_384 / 3);
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(index * third), String(Math.min(16_383, (index + 1) * third - 1)));
  }
  const meet = async () => {
    const all = nodes.map(({ port }, index) => ['CLUSTER', 'MEET', '127.0.0.1', String(port), String(buses[index])]);
    for (const words of all) await nodes[0]!.command(...words);
  };
  for (const node of nodes) {
    await until(async () => {
      const isReady = /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(await node.command('CLUSTER', 'INFO')));
      // Whoever is met has seconds to answer; on a busy machine that may be too few.
      if (!isReady) await meet();
      return isReady;
    });
  }
  return {
    address: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    nodes,
    close: async () => {
      for (const node of nodes) await node.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisSentinel {
  /** For `ROLEMINT_REDIS_SENTINEL`. */
  readonly address: string;
  /** The master first, then its replica. */
  readonly servers: readonly [RedisServer, RedisServer];
  close(): Promise<void>;
}

/** A master, its replica, and one sentinel, which makes the replica the master half a second after the master went. */
export async function startRedisSentinel(program: string): Promise<RedisSentinel> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-sentinel-'));
  const master = await startRedis(program);
  const replica = await startRedis(program, { replicaof: `127.0.0.1 ${master.port}` });
  const port = await freePort();
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor market 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds market 500',
    'sentinel failover-timeout market 2000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const sentinel = await launchProcess([program, file, '--sentinel'], /\+monitor master market/);
  const ask = new Redis(port, '127.0.0.1');
  // One that got no time for two seconds distrusts its clock, and then does nothing for half a minute; tests run on busy machines.
  await ask.call('SENTINEL', 'DEBUG', 'TILT-TRIGGER', '600000').catch(() => undefined);
  await until(async () => /slaves=1/.test(String(await ask.call('INFO', 'sentinel'))));
  ask.disconnect();
  return {
    address: `redis://127.0.0.1:${port}/market`,
    servers: [master, replica],
    close: async () => {
      await end(sentinel);
      await master.close();
      await replica.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, port: number, settings: RedisSettings): Promise<ChildProcess> {
  const all = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', ...settings };
  return launchProcess(
    [program, ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])],
    /ready to accept connections/i,
  );
}

async function launchProcess(words: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const [program, ...rest] = words as [string, ...string[]];
  const child = spawn(program, rest, { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  // A test that failed before it could end it leaves nothing behind and holds nobody up.
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.off('exit', killed));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server ended at once:\n${output}`)));
  });
  child.unref();
  (child.stdout as Socket).unref();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
