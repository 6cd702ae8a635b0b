import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { SYSTEM_CLOCK } from '../../src/app.ts';
import { currentKey, type KeyRing } from '../../src/domain/signing-key.ts';
import { openSigningKeyFile } from '../../src/storage/files/signing-keys.ts';
import { databaseUrl as databaseOn, dropDatabase } from '../support/postgres.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { changesPassword, rotatesKeys } from './load.ts';
import { runScenario, storeAt } from './scenario.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { copyOf, openWorld, type World } from './world.ts';

/** ROLEMINT_TEST_KILLS=200 takes several minutes of two cores; a run of the whole suite makes do with fewer. */
const KILLS = Number(process.env['ROLEMINT_TEST_KILLS'] ?? '15');
/** One node lives, so that there are always answers to compare. */
const VICTIMS = 3;

let world: World;
let databaseUrl: string;
const nodes: ServerProcess[] = [];
/** Those that a load balancer believes to be there. */
const alive = new Set<ServerProcess>();
const start = () => startServerProcess({ folder: world.folder, keysDir: world.keysDir, databaseUrl });

beforeAll(async () => {
  world = await openWorld(databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres'));
  databaseUrl = await copyOf(world);
  nodes.push(...(await Promise.all(Array.from({ length: VICTIMS + 1 }, start))));
  for (const node of nodes) alive.add(node);
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await dropDatabase(databaseUrl);
  await world.close();
});

describe('F5 F6 nodes are killed at random points', () => {
  it(
    `${KILLS} times, while tokens are refreshed, revoked and used twice, roles assigned, passwords changed and keys rotated`,
    async () => {
      const keyFile = openSigningKeyFile({ folder: world.keysDir, strict: false, clock: SYSTEM_CLOCK });
      let left = KILLS;
      const killer = async (victim: number) => {
        while (left > 0) {
          left -= 1;
          await pause(Math.random() * 500);
          const killed = nodes[victim]!.kill();
          await pause(10);
          alive.delete(nodes[victim]!);
          await killed;
          nodes[victim] = await start();
          alive.add(nodes[victim]);
        }
      };
      const { requester } = await runScenario('node-killed', {
        world,
        openStore: storeAt(databaseUrl),
        nodes: () => [...alive].map(({ url }) => url),
        more: [changesPassword, rotatesKeys(keyFile)],
        fault: () => Promise.all(Array.from({ length: VICTIMS }, (_, index) => killer(index + 1))),
        promises: { nodesDie: true },
      });
      const ring: KeyRing = await keyFile.read();
      expect(currentKey(ring, 'ES256', Date.now())).toBeDefined();
      expect(ring.keys.filter(({ activatesAt }) => activatesAt === undefined)).toHaveLength(1);
      const kids = new Set(requester.history.events.flatMap(({ issued }) => issued?.kid ?? []));
      expect(kids.size).toBeGreaterThan(1);
      expect([...kids].filter((kid) => !ring.keys.some((key) => key.kid === kid))).toEqual([]);
    },
    Math.max(600_000, KILLS * 15_000),
  );
});
