/** @module A real Postgres for a run of the tests: found on this machine, started in a temporary folder, gone afterwards. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Postgres {
  /** Of a database that is always there, with a user who may create others. */
  readonly url: string;
  /** Ends it for good, with all that it keeps. */
  stop(): Promise<void>;
}

/** One that can be made to fail. */
export interface FailingPostgres extends Postgres {
  /** `stop`: it ends what runs and stops. `crash`: it stops as it stands, and recovers when it is started. `kill`: SIGKILL. */
  halt(how: 'stop' | 'crash' | 'kill'): Promise<void>;
  /** Starts it on the same port with all that was committed; resolves when it answers. */
  start(): Promise<void>;
  /** Stops every process of it where it stands: connections stay open and nothing is answered. */
  freeze(): void;
  thaw(): void;
}

const HALT = { stop: 'SIGINT', crash: 'SIGQUIT', kill: 'SIGKILL' } as const;

/**
 * @param given more settings, in the words of postgresql.conf
 * @returns undefined when no Postgres is installed
 */
export async function startPostgres(given: Readonly<Record<string, string>> = {}): Promise<FailingPostgres | undefined> {
  const binaries = findBinaries();
  if (binaries === undefined) return undefined;
  return serve(given, 'initdb', ['-U', 'rolemint', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
}

/** A streaming replica of a server, on a port of its own. */
export async function startReplica(primary: Postgres): Promise<FailingPostgres> {
  return serve({}, 'pg_basebackup', ['-d', primary.url, '--write-recovery-conf', '--checkpoint=fast', '--no-sync']);
}

/** Runs one of the programs that come with the server. */
export function runPostgresProgram(program: string, values: readonly string[]): void {
  execFileSync(path.join(findBinaries()!, program), values, { stdio: 'pipe' });
}

/** @param program makes the folder of the data */
async function serve(given: Readonly<Record<string, string>>, program: string, values: readonly string[]): Promise<FailingPostgres> {
  const binaries = findBinaries()!;
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-postgres-'));
  const owner = unprivileged();
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = path.join(folder, 'data');
  execFileSync(path.join(binaries, program), ['-D', data, ...values], { stdio: 'pipe', cwd: folder, ...owner });
  const port = await freePort();
  const log = path.join(folder, 'log');
  const url = `postgres://rolemint@127.0.0.1:${port}/postgres`;
  const postmaster = () => Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
  let server: ChildProcess | undefined;
  const start = async () => {
    server = spawnServer(path.join(binaries, 'postgres'), [...serverArguments(data, port, given)], { cwd: folder, log, owner });
    await answers(url, server);
  };
  const halt = async (signal?: NodeJS.Signals) => {
    if (server === undefined) return;
    if (signal !== undefined) process.kill(postmaster(), signal);
    await end(server);
    server = undefined;
  };
  const signalAll = (signal: NodeJS.Signals) => {
    const first = postmaster();
    for (const pid of [first, ...childrenOf(first)]) process.kill(pid, signal);
  };
  const stop = async () => {
    await halt();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    const said = readFileSync(log, 'utf8');
    await stop();
    throw new Error(`Postgres did not start: ${said}`, { cause: error });
  }
  return { url, stop, start, halt: (how) => halt(HALT[how]), freeze: () => signalAll('SIGSTOP'), thaw: () => signalAll('SIGCONT') };
}

/** The processes that a process has started, from Linux' own list. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function* serverArguments(data: string, port: number, given: Readonly<Record<string, string>>): Generator<string> {
  yield* ['-D', data, '-p', String(port)];
  // Nothing here must survive a loss of power; all of it must be quick.
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    ...given,
  };
  for (const [name, value] of Object.entries(settings)) yield* ['-c', `${name}=${value}`];
}

interface Surroundings {
  readonly cwd: string;
  readonly log: string;
  readonly owner: Owner | undefined;
}

/** The shell stops the server when its standard input ends, which it also does when the test run is killed. */
function spawnServer(binary: string, values: readonly string[], { cwd, log, owner }: Surroundings): ChildProcess {
  const output = openSync(log, 'a');
  const script = '"$0" "$@" </dev/null & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid';
  return spawn('/bin/sh', ['-c', script, binary, ...values], { cwd, stdio: ['pipe', output, output], ...owner });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.stdin!.end();
  await ended;
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await administer(url, 'SELECT 1');
      return;
    } catch (error) {
      if (attempt >= 600 || server.exitCode !== null) throw error;
    }
    await delay(50);
  }
}

function findBinaries(): string | undefined {
  const versions = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a)) : []);
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    ...versions('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`),
    ...['/opt/homebrew/opt', '/usr/local/opt'].flatMap((cellar) =>
      versions(cellar)
        .filter((name) => name.startsWith('postgresql'))
        .map((name) => path.join(cellar, name, 'bin')),
    ),
  ];
  const found = folders.find((folder) => folder !== '' && existsSync(path.join(folder, 'initdb')) && existsSync(path.join(folder, 'postgres')));
  // A folder with links to some of the programs has not all of them.
  return found && path.dirname(realpathSync(path.join(found, 'postgres')));
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres and PgBouncer refuse to run as root; they then run as somebody else. */
export function unprivileged(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return user && { uid: Number(user[2]), gid: Number(user[3]) };
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Makes a database of its own, empty or as a copy, and returns its URL. */
export async function createDatabase(server: string, template = 'template1'): Promise<string> {
  const name = `rolemint_test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${quoted(name)} TEMPLATE ${quoted(template)}`);
  return databaseUrl(server, name);
}

export async function dropDatabase(url: string): Promise<void> {
  await administer(databaseUrl(url, 'postgres'), `DROP DATABASE IF EXISTS ${quoted(databaseName(url))} WITH (FORCE)`);
}

/** Another database on the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export const databaseName = (url: string): string => new URL(url).pathname.slice(1);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Runs one statement on a connection of its own. */
export async function administer<Row extends object>(url: string, statement: string): Promise<readonly Row[]> {
  // Most tests need a database as little as its driver.
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}
