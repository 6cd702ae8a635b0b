import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedStore } from '../../src/storage/postgres/embedded.ts';
import { runScenario } from './scenario.ts';
import { fill, mountDisk, unmountDisks } from './small-disk.ts';
import { startServerProcess, type ServerOptions, type ServerProcess } from './server-process.ts';
import { writeWorld, type WorldFile } from './world.ts';
import { until } from '../support/until.ts';

const SABOTEUR = ['--import', path.resolve(import.meta.dirname, 'saboteur.mjs')];

let base: string;
let world: WorldFile;
/** A stopped server's folder with the world in it, to begin with. */
let prepared: string;
let folder: string;
let dataDir: string;
let node: ServerProcess | undefined;

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), 'rolemint-faults-'));
  // Every commit waits for the disk, and nothing here is about how slow that is.
  mountDisk(base, 1000);
  world = await writeWorld(base);
  folder = prepared = path.join(base, 'prepared');
  dataDir = path.join(folder, 'data');
  mkdirSync(folder);
  const first = await start({ values: ['--apply', world.file, '--insecure-plaintext'] });
  first.signal('SIGTERM');
  expect(await first.ended).toBe(0);
}, 300_000);
afterAll(() => {
  unmountDisks();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
  folder = mkdtempSync(path.join(base, 'case-'));
  dataDir = path.join(folder, 'data');
  cpSync(path.join(prepared, 'keys'), path.join(folder, 'keys'), { recursive: true });
});
afterEach(() => node?.kill());

const begin = () => cpSync(path.join(prepared, 'data'), dataDir, { recursive: true });
const start = (options: Partial<ServerOptions> = {}) =>
  startServerProcess({
    folder,
    keysDir: path.join(folder, 'keys'),
    ...options,
    env: { ROLEMINT_DATA_DIR: dataDir, ROLEMINT_OUTBOX_DIR: world.outbox, ...options.env },
  });

const common = () => ({
  world,
  nodes: () => [node!.url],
  openStore: async () => {
    await node?.kill();
    return openEmbeddedStore({ dataDir, migrate: false });
  },
});

describe('F11 the disk of the embedded database is full', () => {
  it('writes are answered 503 and reads go on; with space again everything is as it was acknowledged', async () => {
    const real = mountDisk(dataDir, 250);
    begin();
    const sabotage = { nodeOptions: SABOTEUR, env: { ROLEMINT_TEST_SABOTAGE: 'disk' } };
    node = await start(real ? {} : sabotage);
    const ballast = path.join(dataDir, 'ballast');
    const { during } = await runScenario('disk-full', {
      ...common(),
      fault: async ({ requester }) => {
        if (real) fill(ballast);
        else node!.signal('SIGUSR2');
        const begun = requester.history.events.length;
        await until(() => requester.history.events.slice(begun).some(({ status }) => status === 503), 'a write fails');
        await pause(1000);
      },
      heal: () => {
        if (real) rmSync(ballast);
        else node!.signal('SIGUSR2');
      },
    });
    expect(during.some(({ status, op }) => status === 200 && op === 'keys')).toBe(true);
  });
});

describe('F12 the folder of the embedded database cannot be written', () => {
  it('a server does not start on it, and says why', async () => {
    const isMounted = mountDisk(dataDir, 250);
    begin();
    if (isMounted) execFileSync('mount', ['-o', 'remount,ro', dataDir]);
    else chmodSync(dataDir, 0o500);
    const reason = isMounted ? 'the file system is read-only' : 'permission denied';
    await expect(start()).rejects.toThrow(`The data directory ${dataDir} cannot be used: ${reason}.`);
  });

  it('when that happens to a server, it answers 503 where it needs the database; started anew, it has everything', async () => {
    begin();
    node = await start({ nodeOptions: SABOTEUR, env: { ROLEMINT_TEST_SABOTAGE: 'read-only' } });
    const { during } = await runScenario('disk-read-only', {
      ...common(),
      fault: async ({ requester }) => {
        node!.signal('SIGUSR2');
        const begun = requester.history.events.length;
        await until(() => requester.history.events.slice(begun).some(({ status }) => status === 503), 'a write fails');
        await pause(1000);
      },
      heal: async () => {
        node!.signal('SIGTERM');
        await node!.ended;
        node = await start();
      },
      promises: { nodesDie: true, deadline: 30_000 },
    });
    expect(during.some(({ status, op }) => status === 200 && op === 'keys')).toBe(true);
  });
});

describe('F12 the process of the embedded database is killed', () => {
  it('under load, four times: nothing that was acknowledged is lost', async () => {
    begin();
    node = await start();
    await runScenario('embedded-killed', {
      ...common(),
      fault: async () => {
        for (let round = 0; round < 4; round += 1) {
          await pause(Math.random() * 600);
          await node!.kill();
          node = await start();
        }
      },
      promises: { nodesDie: true, deadline: 30_000 },
    });
  });

  it('a second process on the folder is refused in a sentence, and the first goes on', async () => {
    begin();
    node = await start();
    await runScenario('embedded-second-process', {
      ...common(),
      fault: async () => {
        await expect(start()).rejects.toThrow(`The data directory ${dataDir} is already open in process ${node!.pid} since`);
      },
    });
  });

  it('a log that lost its end opens with what is before it, or is refused in a sentence', async () => {
    begin();
    node = await start();
    await node.kill();
    const wal = path.join(dataDir, 'database/pg_wal');
    const last = readdirSync(wal)
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort()
      .at(-1)!;
    truncateSync(path.join(wal, last), Math.floor(statSync(path.join(wal, last)).size / 2));
    const outcome = await start().then(
      (started) => (node = started) && 'opened',
      (error: unknown) => String(error),
    );
    expect(outcome).toMatch(/^opened$|The embedded database in .* cannot be opened; is the disk full, or the folder damaged\?/);
  });
});
