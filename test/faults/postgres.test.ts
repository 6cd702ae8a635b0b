import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { administer, startPostgres, unprivileged, type FailingPostgres } from '../support/postgres.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import type { Fault } from './catalogue.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { runScenario, storeAt, type Scenario } from './scenario.ts';
import { fill, mountDisk, unmountDisks } from './small-disk.ts';
import { openWorld, type World } from './world.ts';

let postgres: FailingPostgres;
let world: World;
let cluster: Cluster;

beforeAll(async () => {
  // What was committed must survive a crash of Postgres; a loss of power is not among the faults.
  const started = await startPostgres({ synchronous_commit: 'on', max_connections: '40' });
  if (started === undefined) throw new Error('needs PostgreSQL 15 or later: install it (Debian: apt-get install postgresql)');
  postgres = started;
  world = await openWorld(postgres.url);
  cluster = await startCluster(world, 2);
});
afterAll(async () => {
  await cluster.close();
  await world.close();
  await postgres.stop();
  unmountDisks();
});

const run = (fault: Fault, given: Pick<Scenario, 'fault' | 'heal'> & Partial<Scenario>) =>
  runScenario(fault, { world, openStore: storeAt(cluster.databaseUrl), nodes: cluster.urls, ...given });

/** A fault of the lines between the nodes and Postgres. */
const onLines = (fault: (line: TcpProxy) => void, heal: (line: TcpProxy) => void, milliseconds: number): Pick<Scenario, 'fault' | 'heal'> => ({
  fault: async () => {
    cluster.lines.forEach(fault);
    await pause(milliseconds);
  },
  heal: () => cluster.lines.forEach(heal),
});

/** What other sessions of a Postgres do, until they are told to stop. */
async function sessionThat(...statements: readonly string[]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  return client;
}

const BACKENDS = `FROM pg_stat_activity WHERE application_name = 'rolemint'`;

describe('F1 Postgres goes away', () => {
  it('stopped, and started', async () => {
    await run('postgres-stopped', {
      fault: async () => {
        await postgres.halt('stop');
        await pause(2000);
      },
      heal: () => postgres.start(),
    });
  });

  it('crashed, and started', async () => {
    await run('postgres-crashed', {
      fault: async () => {
        await postgres.halt('crash');
        await pause(1000);
      },
      heal: () => postgres.start(),
    });
  });

  it('lines reset, and refused', async () => {
    await run(
      'postgres-refused',
      onLines(
        (line) => line.mode('refuse'),
        (line) => line.mode('pass'),
        2000,
      ),
    );
  });
});

describe('F2 Postgres is there and does not do its work', () => {
  it('one backend is killed: Postgres ends all others and recovers', async () => {
    await run('postgres-backend-killed', {
      fault: async () => {
        const [backend] = await administer<{ readonly pid: number }>(cluster.databaseUrl, `SELECT pid ${BACKENDS} LIMIT 1`);
        process.kill(backend!.pid, 'SIGKILL');
        await pause(1000);
      },
    });
  });

  it('all backends are terminated, ten times', async () => {
    await run('postgres-backends-terminated', {
      fault: async () => {
        for (let round = 0; round < 10; round += 1) {
          await administer(cluster.databaseUrl, `SELECT pg_terminate_backend(pid) ${BACKENDS}`);
          await pause(200);
        }
      },
    });
  });

  it('out of connections', async () => {
    const others: pg.Client[] = [];
    await run('postgres-connections-exhausted', {
      fault: async () => {
        const greedy = await sessionThat();
        others.push(greedy);
        for (let free = true; free;) {
          await greedy.query(`SELECT pg_terminate_backend(pid) ${BACKENDS}`);
          free = await sessionThat().then(
            (client) => others.push(client) > 0,
            () => false,
          );
        }
        await greedy.query(`SELECT pg_terminate_backend(pid) ${BACKENDS}`);
        await pause(2500);
      },
      heal: async () => void (await Promise.all(others.map((client) => client.end()))),
    });
  });

  it('somebody holds locks on what every token and every change needs', async () => {
    let holder: pg.Client | undefined;
    await run('postgres-locked', {
      fault: async () => {
        holder = await sessionThat('BEGIN', 'SELECT version FROM workspace_state FOR UPDATE', 'LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE');
        await pause(4500);
      },
      heal: () => holder?.end(),
    });
  });
});

describe('F3 Postgres commits and the answer is lost', () => {
  it('answers do not arrive', async () => {
    await run(
      'postgres-answers-lost',
      onLines(
        (line) => line.mode('deaf'),
        (line) => line.mode('pass'),
        4000,
      ),
    );
  });

  it('connections break in the middle of an answer', async () => {
    await run(
      'postgres-answers-cut',
      onLines(
        (line) => line.cutAfter(3000),
        (line) => line.cutAfter(Infinity),
        3000,
      ),
    );
  });
});

describe('F4 Postgres hangs', () => {
  it('frozen', async () => {
    await run('postgres-frozen', {
      fault: async () => {
        postgres.freeze();
        await pause(6000);
      },
      heal: () => postgres.thaw(),
    });
  });

  it('cut off: what was sent arrives when the line is there again', async () => {
    await run(
      'postgres-partitioned',
      onLines(
        (line) => line.mode('partition'),
        (line) => line.mode('pass'),
        6000,
      ),
    );
  });

  it('slow: every statement takes 1.2 s longer', async () => {
    await run(
      'postgres-slow',
      onLines(
        (line) => line.delay(600),
        (line) => line.delay(0),
        7000,
      ),
    );
  });
});

/** Where no disk may be mounted: what Postgres says when it has none left. */
const REFUSE_AS_IF_FULL = [
  `CREATE FUNCTION as_if_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$`,
  ...['refresh_tokens', 'audit_events'].map((table) => `CREATE TRIGGER as_if_full BEFORE INSERT ON ${table} EXECUTE FUNCTION as_if_full()`),
];

const ALL_TABLES = (from: string, to: string) => [
  `ALTER TABLE ALL IN TABLESPACE ${from} SET TABLESPACE ${to}`,
  `ALTER INDEX ALL IN TABLESPACE ${from} SET TABLESPACE ${to}`,
];

describe('F11 the disk of Postgres is full', () => {
  it('what must be written is answered 503, and the rest goes on', async () => {
    const disk = mkdtempSync(path.join(tmpdir(), 'rolemint-tablespace-'));
    const real = mountDisk(disk, 60, unprivileged());
    if (real) {
      await administer(cluster.databaseUrl, `CREATE TABLESPACE small LOCATION '${disk}'`);
      await (await sessionThat(...ALL_TABLES('pg_default', 'small'))).end();
    }
    const ballast = path.join(disk, 'ballast');
    const { during } = await run('postgres-disk-full', {
      fault: async ({ requester }) => {
        if (real) fill(ballast);
        else await (await sessionThat(...REFUSE_AS_IF_FULL)).end();
        const begun = requester.history.events.length;
        await until(() => requester.history.events.slice(begun).some(({ status }) => status === 503), 'a write fails');
        await pause(2000);
      },
      heal: async () => {
        if (real) rmSync(ballast);
        else await administer(cluster.databaseUrl, 'DROP FUNCTION as_if_full() CASCADE');
      },
    });
    expect(during.some(({ status, op }) => status === 200 && op === 'keys')).toBe(true);
    if (real) {
      await (await sessionThat(...ALL_TABLES('small', 'pg_default'))).end();
      await administer(cluster.databaseUrl, 'DROP TABLESPACE small');
    }
  });
});
