import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SYSTEM_CLOCK } from '../../src/app.ts';
import { currentKey } from '../../src/domain/signing-key.ts';
import { openSigningKeyFile } from '../../src/storage/files/signing-keys.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { administer, createDatabase, databaseUrl as databaseOn, dropDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { History } from './history.ts';
import { age, idOf } from './load.ts';
import { Requester } from './requests.ts';
import { record } from './results.ts';
import { storeAt } from './scenario.ts';
import { startServerProcess } from './server-process.ts';
import { judge } from './verdict.ts';
import { ISSUER, openWorld, type World } from './world.ts';

const ROTATIONS = 200;
const ASSIGNMENTS = 50;
const MIGRATIONS = 3;
const PROGRAM = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');

let server: string;
let world: World;
let cluster: Cluster;
beforeAll(async () => {
  server = databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres');
  world = await openWorld(server);
  cluster = await startCluster(world, 2);
});
afterAll(async () => {
  await cluster.close();
  await world.close();
});

/** An administrator at each of the two nodes. */
async function administrators() {
  const one = new Requester(new History(), () => cluster.nodes[0]!.url);
  one.history.add({ op: 'before', t0: -1, t1: -1, outcome: 'ok', status: 200, assigns: { subject: 'admin', role: 'FullAccess' } });
  await one.keys();
  const two = one.at(() => cluster.nodes[1]!.url);
  const token = (await one.machine('admin', ['FullAccess']))!;
  // Keys are aged here faster than a node reads them anew, which it does every second.
  await until(async () => (await fetch(`${cluster.nodes[1]!.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).ok);
  return { one, two, token };
}

describe('F7 two nodes do the same at once', () => {
  it(`rotate, ${ROTATIONS} times: one key takes over, and the other rotation learns of it or comes after it`, async () => {
    const keyFile = openSigningKeyFile({ folder: world.keysDir, strict: false, clock: SYSTEM_CLOCK });
    const { one, two, token } = await administrators();
    for (let round = 0; round < ROTATIONS; round += 1) {
      await age(keyFile);
      const before = currentKey(await keyFile.read(), 'ES256', Date.now())!.kid;
      const answers = await Promise.all([one.rotateKeys(token), two.rotateKeys(token)]);
      const rotated = answers.filter(({ body }) => body['outcome'] === 'rotated');
      expect(rotated.map(({ body }) => body['predecessor'])).toEqual([before]);
      const other = answers.find((answer) => answer !== rotated[0])!;
      const successor = rotated[0]!.body['successor'];
      expect(other.body['outcome'] === 'scheduled' ? other.body['predecessor'] : other.body['successor']).toBe(successor);
      const ring = await keyFile.read();
      expect(currentKey(ring, 'ES256', Date.now())!.kid).toBe(successor);
      expect(ring.keys.filter(({ activatesAt }) => activatesAt === undefined)).toHaveLength(1);
    }
    await expectKept(one);
    record('keys-rotated-at-once', { events: one.history.events, recoverySeconds: undefined, lost: 'nothing' });
  });

  it(`assign and unassign, ${ASSIGNMENTS} times: one does it, the other is told that it was done`, async () => {
    const { one, two, token } = await administrators();
    const holding = { subject: 'robot', role: 'Red' };
    const id = idOf('client_id', 'robot', 'Red');
    for (let round = 0; round < ASSIGNMENTS; round += 1) {
      const made = await Promise.all([one, two].map((node) => node.assign(token, holding, 'client_id')));
      expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201, 409]));
      const taken = await Promise.all([one, two].map((node) => node.unassign(token, holding, id)));
      expect(new Set(taken.map(({ status }) => status))).toEqual(new Set([204, 404]));
    }
    await expectKept(one);
    record('assigned-at-once', { events: one.history.events, recoverySeconds: undefined, lost: 'nothing' });
  });
});

async function expectKept(requester: Requester): Promise<void> {
  const store = await storeAt(cluster.databaseUrl)();
  try {
    expect(await judge(requester, store)).toEqual([]);
  } finally {
    await store.close();
  }
}

describe('F8 two processes migrate at once, and one is killed', () => {
  it(`at random points, ${MIGRATIONS} times: the other one completes it, and a server starts on it`, async () => {
    const steps = await stepsOf(world.template);
    for (let round = 0; round < MIGRATIONS; round += 1) {
      const url = await createDatabase(server);
      const [victim, other] = [migrate(url), migrate(url)];
      // It may have ended before the other one is killed.
      const ended = once(other, 'exit');
      await pause(Math.random() * 3000);
      victim.kill('SIGKILL');
      const [code] = (await ended) as [number];
      expect(code).toBe(0);
      expect(await stepsOf(url)).toEqual(steps);
      const node = await startServerProcess({ folder: world.folder, keysDir: world.keysDir, databaseUrl: url });
      await node.kill();
      await dropDatabase(url);
    }
    record('migration-killed', { events: [], recoverySeconds: undefined, lost: 'nothing' });
  });
});

function migrate(url: string) {
  const env = { PATH: process.env['PATH'], ROLEMINT_ISSUER: ISSUER, ROLEMINT_DATABASE_URL: url };
  return spawn(process.execPath, [PROGRAM, 'migrate'], { cwd: world.folder, stdio: 'ignore', env });
}

async function stepsOf(url: string): Promise<readonly string[]> {
  const rows = await administer<{ readonly name: string }>(url, 'SELECT name FROM knex_migrations ORDER BY id');
  return rows.map(({ name }) => name);
}
