/** @module A real Redis for a test: its own process on a free port, in memory only, gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';

export interface RedisServer {
  readonly url: string;
  /** Every key that it holds. */
  keys(): Promise<readonly string[]>;
  /** Ends it as a crash would, and starts it anew on the same port: empty. */
  kill(): Promise<void>;
  start(): Promise<void>;
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

export async function startRedis(program: string): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let running: ChildProcess | undefined;
  const start = async () => {
    running = await launch(program, port);
  };
  const kill = async () => {
    const ended = running;
    running = undefined;
    if (ended === undefined) return;
    const gone = new Promise((resolve) => ended.once('exit', resolve));
    ended.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url,
    keys: async () => {
      const client = new Redis(url);
      try {
        return await client.keys('*');
      } finally {
        client.disconnect();
      }
    },
    kill,
    start,
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    close: kill,
  };
}

async function launch(program: string, port: number): Promise<ChildProcess> {
  const settings = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no' };
  const child = spawn(
    program,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (/ready to accept connections/i.test(output)) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server ended at once:\n${output}`)));
  });
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
