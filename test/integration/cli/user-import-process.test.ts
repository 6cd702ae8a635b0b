import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { verifyAuditChain } from '../../../src/services/audit.ts';
import { openPostgresStore } from '../../../src/storage/postgres/store.ts';
import { administer, dropDatabase } from '../../support/postgres.ts';
import { createTestDatabase, describePostgres } from '../../support/stores.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../dist/src/cli/main.js');
const USERS = 5000;

let folder: string;
let environment: Record<string, string>;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-import-'));
  children = [];
  environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    ROLEMINT_PORT: '0',
    ROLEMINT_ISSUER: 'http://localhost:1234',
    ROLEMINT_DATA_DIR: path.join(folder, 'data'),
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
  };
  await writeUsers(USERS);
  const workspace = {
    rolemint: 1,
    organization_types: [{ name: 'buyer' }],
    organizations: [{ id: 'acme', type: 'buyer' }],
    user_groups: [{ id: 'staff', organization: 'acme' }],
  };
  await writeFile(path.join(folder, 'workspace.json'), JSON.stringify(workspace));
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function writeUsers(count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) => JSON.stringify({ id: `u${index}`, organization: 'acme', user_groups: ['staff'] }));
  await writeFile(path.join(folder, 'users.ndjson'), `${lines.join('\n')}\n`);
}

function start(argv: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function run(argv: readonly string[]): Promise<Record<string, unknown>> {
  const child = start(argv);
  let out = '';
  let err = '';
  child.stdout!.on('data', (chunk) => (out += String(chunk)));
  child.stderr!.on('data', (chunk) => (err += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${err}${out}`);
  return JSON.parse(out) as Record<string, unknown>;
}

describePostgres('an import that is killed', () => {
  it('is finished by the next one: everybody once, each with one event, the chain unbroken', async () => {
    const url = await createTestDatabase();
    environment['ROLEMINT_DATABASE_URL'] = url;
    try {
      await run(['apply', 'workspace.json', '--json']);
      const count = async () => Number((await administer<{ count: string }>(url, 'SELECT count(*) FROM users'))[0]!.count);
      for (let kills = 1; kills <= 2; kills += 1) {
        const importing = start(['user', 'import', 'users.ndjson']);
        const ended = once(importing, 'close');
        while ((await count()) < kills * 2000) await delay(10);
        importing.kill('SIGKILL');
        await ended;
      }
      const before = await count();
      expect(before % 1000).toBe(0);
      const finished = await run(['user', 'import', 'users.ndjson', '--json']);
      expect(finished).toMatchObject({ read: USERS, created: USERS - (await acknowledged(finished)), updated: 0, refused: 0, ended: 'complete' });
      expect(await run(['user', 'import', 'users.ndjson', '--json'])).toMatchObject({ created: 0, updated: 0, unchanged: USERS });
      expect(await count()).toBe(USERS);
      // Without having counted, it would look through all users for each membership of a new one.
      const [counted] = await administer<{ rows: number }>(url, `SELECT reltuples AS rows FROM pg_class WHERE relname = 'users'`);
      expect(counted!.rows).toBeGreaterThanOrEqual(1000);
      const [events] = await administer<{ all: string; users: string }>(
        url,
        `SELECT count(*) AS all, count(DISTINCT target_id) AS users FROM audit_events WHERE type = 'user_created'`,
      );
      expect(events).toEqual({ all: String(USERS), users: String(USERS) });
      const store = await openPostgresStore({ url, migrate: false });
      expect((await verifyAuditChain(store.audit)).fault).toBeUndefined();
      await store.close();
    } finally {
      await dropDatabase(url);
    }
  }, 120_000);
});

/** What was in before: a batch that was on its way to the database when its command was killed may still have got there. */
const acknowledged = async (finished: Record<string, unknown>): Promise<number> => finished['unchanged'] as number;

describe('an import into the database of a running server', () => {
  it('goes through the server', async () => {
    await writeUsers(1500);
    const server = start(['serve']);
    const ended = once(server, 'exit');
    while (!existsSync(path.join(folder, 'data', 'operator.sock'))) {
      if (server.exitCode !== null) throw new Error('The server did not start.');
      await delay(20);
    }
    await run(['apply', 'workspace.json', '--json']);
    expect(await run(['user', 'import', 'users.ndjson', '--json'])).toMatchObject({ created: 1500, refused: 0, ended: 'complete' });
    expect(await run(['user', 'import', 'users.ndjson', '--json'])).toMatchObject({ created: 0, unchanged: 1500 });
    expect(await run(['user', 'show', 'u1499', '--json'])).toMatchObject({ organization: 'acme' });
    server.kill('SIGTERM');
    await ended;
  }, 120_000);
});
