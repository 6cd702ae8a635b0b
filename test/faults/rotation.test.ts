import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SYSTEM_CLOCK } from '../../src/app.ts';
import { currentKey, type KeyFile } from '../../src/domain/signing-key.ts';
import { openSigningKeyFile } from '../../src/storage/files/signing-keys.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { administer, databaseUrl as databaseOn, dropDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { History } from './history.ts';
import { age } from './load.ts';
import { Requester } from './requests.ts';
import { record } from './results.ts';
import { storeAt } from './scenario.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { judge } from './verdict.ts';
import { copyOf, openWorld, type World } from './world.ts';

const SABOTEUR = ['--import', path.resolve(import.meta.dirname, 'saboteur.mjs')];

let world: World;
let databaseUrl: string;
let keyFile: KeyFile;
let node: ServerProcess | undefined;
const history = new History();
const requester = new Requester(history, () => node!.url);

beforeAll(async () => {
  world = await openWorld(databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres'));
  databaseUrl = await copyOf(world);
  keyFile = openSigningKeyFile({ folder: world.keysDir, strict: false, clock: SYSTEM_CLOCK });
  history.add({ op: 'before', t0: -1, t1: -1, outcome: 'ok', status: 200, assigns: { subject: 'admin', role: 'FullAccess' } });
});
afterEach(() => node?.kill());
afterAll(async () => {
  const store = await storeAt(databaseUrl)();
  expect(await judge(requester, store, { nodesDie: true })).toEqual([]);
  await store.close();
  record('rotation-killed', { events: history.events, recoverySeconds: undefined, lost: 'nothing' });
  await dropDatabase(databaseUrl);
  await world.close();
});

/** Starts a node on a ring whose next key may sign at once, and looks at what it publishes. */
async function start(sabotage = ''): Promise<string> {
  await age(keyFile);
  node = await startServerProcess({
    folder: world.folder,
    keysDir: world.keysDir,
    databaseUrl,
    ...(sabotage === '' ? {} : { nodeOptions: SABOTEUR, env: { ROLEMINT_TEST_SABOTAGE: sabotage } }),
  });
  await requester.keys();
  return (await requester.machine('admin', ['FullAccess']))!;
}

/** A node that starts after the kill has one key that signs, publishes every key that signed, and rotates. */
async function expectWhole(): Promise<void> {
  const token = await start();
  const { keys } = await keyFile.read();
  expect(keys.filter(({ activatesAt }) => activatesAt === undefined)).toHaveLength(1);
  const published = new Set(history.events.findLast(({ op }) => op === 'keys')!.published);
  expect(published.has(currentKey({ keys }, 'ES256', Date.now())!.kid)).toBe(true);
  const signed = history.events.flatMap(({ issued }) => issued?.kid ?? []);
  expect(signed.filter((kid) => !published.has(kid))).toEqual([]);
  expect((await requester.rotateKeys(token)).body['outcome']).toBe('rotated');
}

const WAITING = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;

describe('F6 a node is killed while it rotates the signing keys', () => {
  it.each(['before-draft', 'before-rename', 'after-rename'])('in the file of the keys: %s', async (step) => {
    const token = await start(step);
    node!.signal('SIGUSR2');
    await requester.rotateKeys(token);
    expect(await node!.ended).toBe('SIGKILL');
    await expectWhole();
  });

  it('in the database, where the rotation is to be audited', async () => {
    const token = await start();
    const holder = new pg.Client({ connectionString: databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE audit_chain IN ACCESS EXCLUSIVE MODE');
    const before = currentKey(await keyFile.read(), 'ES256', Date.now())!.kid;
    const rotated = requester.rotateKeys(token);
    await until(async () => (await administer(databaseUrl, WAITING)).length > 0, 'the rotation waits');
    await node!.kill();
    await rotated;
    await holder.end();
    expect(currentKey(await keyFile.read(), 'ES256', Date.now())!.kid).not.toBe(before);
    await expectWhole();
  });
});
