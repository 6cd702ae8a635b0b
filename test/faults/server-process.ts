/** @module `rolemint serve` as a process of its own, that can be killed and stopped where it stands. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ISSUER } from './world.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Its log so far, one object a line. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and resolves once it is gone. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  readonly folder: string;
  readonly keysDir: string;
  /** Unset: the embedded database in the folder. */
  readonly databaseUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For node itself. */
  readonly nodeOptions?: readonly string[];
  /** For `serve`. */
  readonly values?: readonly string[];
}

/** On a busy machine Postgres is not always there in time; the server ends then, and a supervisor starts it again. */
const STARTS = 5;
const BUSY = /The database does not answer\.|Another change holds the database up\./;

/**
 * Starts a node on a free port; resolves once it listens.
 * @throws Error with what it said when it ends before
 */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === STARTS || !BUSY.test(String(error))) throw error;
    }
  }
}

async function startOnce({ folder, keysDir, databaseUrl, env = {}, nodeOptions = [], values = [] }: ServerOptions): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...nodeOptions, PROGRAM, 'serve', ...values], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ROLEMINT_ISSUER: ISSUER,
      ROLEMINT_PORT: '0',
      ROLEMINT_KEYS_DIR: keysDir,
      ROLEMINT_DATA_DIR: path.join(folder, 'data'),
      ROLEMINT_OUTBOX_DIR: path.join(folder, 'outbox'),
      ROLEMINT_HASH_QUEUE: '1000',
      ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000',
      ROLEMINT_ATTEMPTS_PER_NAME: '1000000',
      ...(databaseUrl === undefined ? {} : { ROLEMINT_DATABASE_URL: databaseUrl }),
      ...env,
    },
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const log: Readonly<Record<string, unknown>>[] = [];
  const port = await listening(child, log);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    log,
    ended,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function listening(child: ChildProcess, log: Readonly<Record<string, unknown>>[]): Promise<number> {
  let said = '';
  child.stderr!.on('data', (chunk) => (said += String(chunk)));
  return new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const entry = parsed(line);
      log.push(entry);
      if (entry['event'] === 'listening') resolve(Number(entry['port']));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`The server ended (${code ?? signal}): ${said}${JSON.stringify(log.slice(-3))}`)));
  });
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return { text: line };
  }
}
