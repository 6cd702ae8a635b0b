import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { dropDatabase, startPostgres, type FailingPostgres } from '../support/postgres.ts';
import { runScenario } from './scenario.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { copyOf, openWorld, type World } from './world.ts';

let postgres: FailingPostgres;
let world: World;
let databaseUrl: string;
let nodes: ServerProcess[] = [];

beforeAll(async () => {
  // What was committed must survive a crash of Postgres; a loss of power is not among the faults.
  const started = await startPostgres({ synchronous_commit: 'on' });
  if (started === undefined) throw new Error('needs PostgreSQL 15 or later: install it (Debian: apt-get install postgresql)');
  postgres = started;
  world = await openWorld(postgres.url);
});
afterAll(async () => {
  await world.close();
  await postgres.stop();
});
beforeEach(async () => {
  databaseUrl = await copyOf(world);
  nodes = await Promise.all([0, 1].map(() => startServerProcess({ folder: world.folder, keysDir: world.keysDir, databaseUrl })));
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await dropDatabase(databaseUrl);
});

const urls = () => nodes.map(({ url }) => url);

describe('F1 F4 Postgres under two nodes', () => {
  it.each(['stop', 'crash'] as const)('%s and start', async (how) => {
    await runScenario(how === 'stop' ? 'postgres-stopped' : 'postgres-crashed', {
      world,
      databaseUrl,
      nodes: urls,
      fault: async () => {
        await postgres.halt(how);
        await pause(2000);
      },
      heal: () => postgres.start(),
    });
  });

  it('frozen', async () => {
    await runScenario('postgres-frozen', {
      world,
      databaseUrl,
      nodes: urls,
      fault: async () => {
        postgres.freeze();
        await pause(5000);
      },
      heal: () => postgres.thaw(),
    });
  });
});
