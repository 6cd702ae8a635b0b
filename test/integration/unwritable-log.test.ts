import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { dropDatabase, freePort } from '../support/postgres.ts';
import { createTestDatabase, describePostgres } from '../support/stores.ts';
import { until } from '../support/until.ts';

const MAIN = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rolemint-log-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let started: ChildProcess | undefined;
afterEach(() => {
  started?.kill('SIGKILL');
});

/** A file that no write succeeds on, as with a disk that is full. */
function unwritable(): number {
  const file = path.join(folder, 'read-only');
  writeFileSync(file, '');
  return openSync(file, 'r');
}

/** A server whose standard output is that, on a database of its own. */
async function start(stdout: number | 'pipe', workers: string) {
  const databaseUrl = await createTestDatabase();
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: folder,
    stdio: ['ignore', stdout, 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ROLEMINT_ISSUER: `http://localhost:${port}`,
      ROLEMINT_PORT: String(port),
      ROLEMINT_LOG_LEVEL: 'debug',
      ROLEMINT_WORKERS: workers,
      ROLEMINT_DATABASE_URL: databaseUrl,
    },
  });
  started = child;
  let complaints = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const ended = new Promise<string>((resolve) => child.once('exit', () => resolve(complaints)));
  const url = `http://127.0.0.1:${port}`;
  const listens = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(async () => child.exitCode !== null || (await listens()), 'it listens');
  return {
    /** Refused, and logged. @returns the status */
    ask: async () => (await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ client_id: 'x'.repeat(200) }) })).status,
    /** @returns what it said on standard error */
    stop: async () => {
      child.kill('SIGTERM');
      const said = await ended;
      child.stdout?.destroy();
      await dropDatabase(databaseUrl);
      return said;
    },
  };
}

describePostgres('a log that cannot be written', () => {
  it.each(['1', '2'])('because its disk is full stops neither the answers nor the end, with %s workers', async (workers) => {
    const stdout = unwritable();
    const server = await start(stdout, workers);
    closeSync(stdout);
    for (let round = 0; round < 100; round += 1) expect(await server.ask()).toBe(401);
    expect(await server.stop()).not.toContain('Error');
  });

  it('because nobody reads it stops neither the answers nor the end', async () => {
    const server = await start('pipe', '1');
    // More than a pipe holds, which is 64 KiB.
    for (let round = 0; round < 400; round += 1) expect(await server.ask()).toBe(401);
    expect(await server.stop()).not.toContain('Error');
  });
});

it('a command whose output cannot be written says so in a sentence, and fails', () => {
  const stdout = unwritable();
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'help'], { stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8' });
  closeSync(stdout);
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^rolemint: standard output cannot be written: EBADF.*\n$/) });
});
