/** @module A real PgBouncer in front of the Postgres of the tests, lending its connections by the transaction. */
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { administer, freePort, unprivileged } from './postgres.ts';

export interface PgBouncer {
  /** The same database, by way of the pooler. */
  through(url: string): string;
  close(): Promise<void>;
}

/** Where the program is; undefined when it is not installed. */
export function findPgBouncer(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  return folders.map((folder) => path.join(folder, 'pgbouncer')).find((file) => existsSync(file));
}

/** @param server URL of any database of the server behind */
export async function startPgBouncer(program: string, server: string): Promise<PgBouncer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-pgbouncer-'));
  const port = await freePort();
  const { hostname, port: serverPort, username } = new URL(server);
  const file = path.join(folder, 'pgbouncer.ini');
  writeFileSync(file, configuration({ port, host: hostname, serverPort, user: username }));
  const owner = unprivileged();
  if (owner !== undefined) for (const name of [folder, file]) chownSync(name, owner.uid, owner.gid);
  const child = spawn(program, ['-q', file], { cwd: folder, stdio: 'ignore', ...owner });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const through = (url: string) => {
    const other = new URL(url);
    other.host = `127.0.0.1:${port}`;
    return other.href;
  };
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(through(server), () => child.exitCode !== null);
  } catch (error) {
    await close();
    throw error;
  }
  return { through, close };
}

interface Place {
  readonly port: number;
  readonly host: string;
  readonly serverPort: string;
  readonly user: string;
}

/** As Debian's package has it, but for the mode: it knows no prepared statements and no settings from those who connect. */
const configuration = ({ port, host, serverPort, user }: Place) => `
[databases]
* = host=${host} port=${serverPort} user=${user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
server_round_robin = 1
`;

async function answers(url: string, hasEnded: () => boolean): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await administer(url, 'SELECT 1');
      return;
    } catch (error) {
      if (attempt >= 200 || hasEnded()) throw error;
    }
    await delay(50);
  }
}
