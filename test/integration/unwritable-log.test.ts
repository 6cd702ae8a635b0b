import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dropDatabase } from '../support/postgres.ts';
import { createTestDatabase } from '../support/stores.ts';
import { until } from '../support/until.ts';

const MAIN = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rolemint-log-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file that no write succeeds on, as with a disk that is full. */
function unwritable(): number {
  const file = path.join(folder, 'read-only');
  writeFileSync(file, '');
  return openSync(file, 'r');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a log that cannot be written', () => {
  it.each(['1', '2'])('stops neither the answers nor the end, with %s workers', async (workers) => {
    const databaseUrl = await createTestDatabase();
    const port = await freePort();
    const stdout = unwritable();
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
    closeSync(stdout);
    let complaints = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(complaints)));
    const reached = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await until(async () => child.exitCode !== null || (await reached()), 'it listens');
    // Each is a line of the log.
    const answer = () => fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST' }).then(({ status }) => status);
    for (let round = 0; round < 100; round += 1) expect(await answer()).toBe(400);
    child.kill('SIGTERM');
    expect(await ended).not.toContain('Error');
    await dropDatabase(databaseUrl);
  });
});
