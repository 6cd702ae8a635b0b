import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SYSTEM_CLOCK } from '../../src/app.ts';
import { openSigningKeyFile } from '../../src/storage/files/signing-keys.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { copyOf, openWorld, type World } from './world.ts';
import { databaseUrl as databaseOn, dropDatabase } from '../support/postgres.ts';
import { runScenario, storeAt } from './scenario.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { until } from '../support/until.ts';

let world: World;
let databaseUrl: string;
let nodes: ServerProcess[] = [];
const clockOf = (node: number) => path.join(world.folder, `clock-${node}`);

beforeAll(async () => {
  world = await openWorld(databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres'));
  databaseUrl = await copyOf(world);
  nodes = await Promise.all([0, 1].map(start));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await dropDatabase(databaseUrl);
  await world.close();
});

/** A node that reads the time of day from a file; what measures durations is left alone, as by a step of the real clock. */
async function start(node: number): Promise<ServerProcess> {
  step(node, '+0');
  const env = {
    LD_PRELOAD: fakeTime(),
    FAKETIME_TIMESTAMP_FILE: clockOf(node),
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  return startServerProcess({ folder: world.folder, keysDir: world.keysDir, databaseUrl, env });
}

function fakeTime(): string {
  const found = readdirSync('/usr/lib')
    .map((folder) => path.join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error("needs libfaketime: install Debian's faketime");
  return found;
}

/** @param offset in the words of libfaketime: `-1d` */
function step(node: number, offset: string): void {
  // Renamed, so that nobody reads half of it.
  writeFileSync(`${clockOf(node)}.new`, offset);
  renameSync(`${clockOf(node)}.new`, clockOf(node));
}

describe('F10 the clock of one of two nodes is wrong', () => {
  it.each([
    ['clock-ahead', '+1h'],
    ['clock-behind', '-1h'],
    ['clock-a-day-behind', '-1d'],
  ] as const)('%s: every promise holds, it says that it is not ready, and comes back by itself', async (fault, offset) => {
    const keyFile = openSigningKeyFile({ folder: world.keysDir, strict: false, clock: SYSTEM_CLOCK });
    const ready = async () => (await fetch(`${nodes[1]!.url}/readyz`)).status;
    const told = () => nodes[1]!.log.filter(({ event }) => event === 'clock_skew').length;
    const before = told();
    await runScenario(fault, {
      world,
      openStore: storeAt(databaseUrl),
      nodes: () => nodes.map(({ url }) => url),
      fault: async () => {
        step(1, offset);
        await until(async () => (await ready()) === 503, 'the node is not ready');
        await until(() => told() === before + 1, 'it is logged');
        await pause(2000);
      },
      heal: async () => {
        step(1, '+0');
        await until(async () => (await ready()) === 200, 'the node is ready again');
      },
    });
    // No key was made for want of one.
    expect((await keyFile.read()).keys).toHaveLength(2);
  });
});
