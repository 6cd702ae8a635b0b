import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Store } from '../../src/domain/ports.ts';
import { ownDirectory } from '../../src/storage/postgres/data-directory.ts';
import { openEmbeddedStore } from '../../src/storage/postgres/embedded.ts';
import { embeddedSnapshot } from '../support/stores.ts';
import { expectRefusal } from './samples.ts';

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rolemint-embedded-'));
  dataDir = path.join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const later = new Date(Date.UTC(2100, 0, 1));

describe('the embedded database', () => {
  const open: Store[] = [];
  const openStore = async (snapshot?: Blob) => {
    const store = await openEmbeddedStore({ dataDir, snapshot });
    open.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  it('is there again after closing, in a folder that is closed to others', async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(dataDir, 0o755);
    const first = await openStore(embeddedSnapshot());
    await first.transaction((tx) => tx.settings.set('kept', 'yes'));
    await first.close();
    await first.close();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(dataDir)).toEqual(['database']);
    const second = await openStore();
    expect(await second.transaction((tx) => tx.settings.get('kept'))).toBe('yes');
  }, 60_000);

  it('is refused to a second opener, naming who has it and since when', async () => {
    await openStore(embeddedSnapshot());
    const sentence = new RegExp(`^The data directory ${dataDir} is already open in process ${process.pid} since \\d{4}-\\d\\d-\\d\\dT`);
    await expectRefusal(openEmbeddedStore({ dataDir }), 'unavailable', sentence);
  }, 60_000);

  it('loses nothing that was acknowledged to kill -9, and lets the next process in', async () => {
    const store = await openStore(embeddedSnapshot());
    await store.close();
    const acknowledged: string[] = [];
    for (const round of ['one', 'two', 'three']) acknowledged.push(...(await writeAndKill(dataDir, round)));
    expect(acknowledged.length).toBeGreaterThan(15);
    const reopened = await openStore();
    const { roles } = await reopened.access.loadDefinitions();
    expect(acknowledged.filter((name) => !roles.some((role) => role.name === name))).toEqual([]);
    for (const name of acknowledged) expect(await reopened.replays.useOnce(name, later)).toBe(false);
    const { version } = await reopened.access.readChanges(0);
    expect(version).toBeGreaterThanOrEqual(acknowledged.length);
  }, 120_000);

  it('says what is wrong when it cannot be opened', async () => {
    mkdirSync(path.join(dataDir, 'database'), { recursive: true });
    writeFileSync(path.join(dataDir, 'database', 'PG_VERSION'), 'nonsense');
    await expectRefusal(openStore(), 'unavailable', 'cannot be opened; is the disk full, or the folder damaged?');
    expect(readdirSync(dataDir)).toEqual(['database']);
  }, 60_000);
});

describe('owning a folder', () => {
  it('makes way for the next when it is released', async () => {
    const first = await ownDirectory(dataDir);
    await expectRefusal(ownDirectory(dataDir), 'unavailable', `is already open in process ${process.pid} since`);
    first.release();
    first.release();
    (await ownDirectory(dataDir)).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is given to one of twelve at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => ownDirectory(dataDir)));
    const owners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(owners).toHaveLength(1);
    owners[0]!.value.release();
  });

  const leaveClaim = (given: Record<string, unknown>) => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const claim = { pid: process.pid, started: '1', boot: 'another', host: hostname(), since: '2020-01-01T00:00:00.000Z', ...given };
    writeFileSync(path.join(dataDir, 'claim-00000000-0000-0000-0000-000000000000.json'), JSON.stringify(claim));
    writeFileSync(path.join(dataDir, 'owner-claim-00000000-0000-0000-0000-000000000000.json'), JSON.stringify(claim));
  };

  it('is taken over from a process of before the machine was started', async () => {
    leaveClaim({});
    (await ownDirectory(dataDir)).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is not taken over from a process on another machine that showed signs of life', async () => {
    leaveClaim({ host: 'elsewhere', pid: 7 });
    await expectRefusal(ownDirectory(dataDir), 'unavailable', 'is already open in process 7 on elsewhere since 2020-01-01T00:00:00.000Z.');
    expect(readdirSync(dataDir)).toHaveLength(2);
  });

  it('says what is wrong with a folder that cannot be used', async () => {
    writeFileSync(dataDir, 'a file');
    await expectRefusal(ownDirectory(dataDir), 'unavailable', `The data directory ${dataDir} cannot be used:`);
  });
});

/** Lets a process write until it has acknowledged a few, then kills it in the middle of the next. */
async function writeAndKill(directory: string, round: string): Promise<string[]> {
  const writer = spawn(process.execPath, [path.resolve(import.meta.dirname, '../support/embedded-writer.mjs'), directory, round], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  writer.stderr.on('data', (chunk) => (complaint += String(chunk)));
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    if (line !== 'open') acknowledged.push(line);
    if (acknowledged.length === 6) writer.kill('SIGKILL');
  }
  await ended(writer);
  if (acknowledged.length < 6) throw new Error(`The writer ended too early: ${complaint}`);
  return acknowledged;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}
