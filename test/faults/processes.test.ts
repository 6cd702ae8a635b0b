import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { administer, databaseUrl as databaseOn } from '../support/postgres.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { claimsOf } from '../support/token-client.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { runScenario, storeAt } from './scenario.ts';
import type { ServerOptions, ServerProcess } from './server-process.ts';
import { openWorld, type World } from './world.ts';
import { until } from '../support/until.ts';

/** ROLEMINT_TEST_CROWD=10000 takes a minute of two cores; a run of the whole suite makes do with fewer. */
const CROWD = Number(process.env['ROLEMINT_TEST_CROWD'] ?? '2000');
const ADDRESSES = 10;
const CROWD_PROGRAM = path.resolve(import.meta.dirname, 'crowd.mjs');
const SABOTEUR = ['--import', path.resolve(import.meta.dirname, 'saboteur.mjs')];

let world: World;
beforeAll(async () => {
  world = await openWorld(databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres'));
});
afterAll(() => world.close());

let cluster: Cluster | undefined;
const started = async (options: Omit<ServerOptions, 'folder' | 'keysDir' | 'databaseUrl'> = {}) => (cluster = await startCluster(world, 2, options));
afterEach(() => cluster?.close());

const common = ({ databaseUrl, urls }: Cluster) => ({ world, openStore: storeAt(databaseUrl), nodes: urls });

describe('F15 a node is held up by a crowd', () => {
  it('of connections, idle or half open, from ten addresses that try for more than they may have: others are answered', async () => {
    const env = { ROLEMINT_MAX_CONNECTIONS: String(CROWD + 1000), ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS: String(CROWD / ADDRESSES) };
    const { nodes, ...rest } = await started({ env });
    const [node] = nodes as [ServerProcess];
    const before = await metric(node, 'process_open_fds');
    const { port } = new URL(node.url);
    // Each address wants a fifth more than it may have.
    const values = [port, ADDRESSES, (1.2 * CROWD) / ADDRESSES].map(String);
    let crowd: ChildProcess | undefined;
    await runScenario('connections-held', {
      ...common({ nodes, ...rest }),
      fault: async () => {
        crowd = spawn(process.execPath, [CROWD_PROGRAM, ...values], { stdio: 'ignore' });
        await until(async () => {
          await pause(500);
          const held = await metric(node, 'process_open_fds');
          const refused = await metric(node, 'rolemint_refused_connections_total{limit="caller"}');
          // Three of four are idle, and stay.
          return held > before + 0.7 * CROWD && refused > 0;
        }, 'the crowd is there, and an address got all that it may have');
        await pause(2000);
        expect(await metric(node, 'rolemint_refused_connections_total{limit="total"}')).toBe(0);
      },
      heal: () => void crowd?.kill('SIGKILL'),
    });
    await until(async () => (await metric(node, 'process_open_fds')) < before + 200, 'nothing is left of it');
  });
});

async function metric({ url }: ServerProcess, name: string): Promise<number> {
  const line = (await (await fetch(`${url}/metrics`)).text()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

describe('F16 a node is told to stop under load', () => {
  it('finishes what it began, ends with 0 within ten seconds, and issues no token that nobody got', async () => {
    const { databaseUrl, nodes } = await started();
    const [stopping, staying] = nodes;
    let listed = nodes;
    const { requester } = await runScenario('node-stopped', {
      world,
      openStore: storeAt(databaseUrl),
      nodes: () => listed.map(({ url }) => url),
      fault: async () => {
        stopping!.signal('SIGTERM');
        // A load balancer needs a moment to notice.
        await pause(100);
        listed = [staying!];
        expect(await stopping!.ended).toBe(0);
      },
      promises: { nodesDie: true },
    });
    const issued = stopping!.log.filter(({ event }) => event === 'token_issued').map(({ jti }) => String(jti));
    const received = new Set([...requester.issued.values()].map((token) => String(claimsOf(token)['jti'])));
    expect(issued.length).toBeGreaterThan(10);
    expect(issued.filter((jti) => !received.has(jti) && !requester.assertionTokens.has(jti))).toEqual([]);
  });
});

describe('F17 something fails that nobody waits for', () => {
  it('is logged and counted, and the server goes on', async () => {
    const { nodes, ...rest } = await started({ nodeOptions: SABOTEUR, env: { ROLEMINT_TEST_SABOTAGE: 'stray' } });
    await runScenario('stray-failure', {
      ...common({ nodes, ...rest }),
      fault: async () => {
        for (const node of nodes) {
          node.signal('SIGUSR2');
          await until(() => node.log.some(({ event }) => event === 'stray_failure'), 'it is logged');
          expect(await (await fetch(`${node.url}/metrics`)).text()).toContain('rolemint_stray_failures_total 1');
        }
      },
    });
  });

  it('the audit trail cannot be written: no change is made, tokens are issued', async () => {
    const { databaseUrl, ...rest } = await started();
    const { during } = await runScenario('audit-broken', {
      ...common({ databaseUrl, ...rest }),
      fault: async () => {
        await administer(databaseUrl, 'ALTER TABLE audit_events RENAME TO audit_events_away');
        await pause(2500);
      },
      heal: () => administer(databaseUrl, 'ALTER TABLE audit_events_away RENAME TO audit_events'),
    });
    const changes = during.filter(({ op }) => op === 'assign' || op === 'unassign');
    expect(changes.some(({ status }) => status === 503)).toBe(true);
  });
});

describe('F18 a node is short of time and memory', () => {
  it('its event loop stands still for two seconds', async () => {
    const { nodes, ...rest } = await started({ nodeOptions: SABOTEUR, env: { ROLEMINT_TEST_SABOTAGE: 'block' } });
    await runScenario('event-loop-blocked', {
      ...common({ nodes, ...rest }),
      fault: async () => {
        nodes[0]!.signal('SIGUSR2');
        await pause(2500);
      },
    });
  });

  it('the event loop of one of its two workers never turns again: another worker follows', async () => {
    const env = { ROLEMINT_TEST_SABOTAGE: 'hang', ROLEMINT_WORKERS: '2' };
    const { nodes, ...rest } = await started({ nodeOptions: SABOTEUR, env });
    const [node] = nodes as [ServerProcess];
    const workers = () => node.log.filter(({ event }) => event === 'worker_ready').map(({ pid }) => Number(pid));
    await runScenario('worker-hung', {
      ...common({ nodes, ...rest }),
      fault: async () => {
        const [victim] = workers() as [number];
        process.kill(victim, 'SIGUSR2');
        await until(() => node.log.some(({ event, pid }) => event === 'worker_hung' && pid === victim), 'it is found out');
        await until(() => workers().length === 3, 'another one follows');
      },
      // What the worker had taken ends with it.
      promises: { nodesDie: true, deadline: 20_000 },
    });
  });

  it('it has a heap of 96 MB', async () => {
    const small = await started({ nodeOptions: ['--max-old-space-size=96'] });
    await runScenario('small-heap', { ...common(small), fault: () => pause(4000) });
    expect(small.nodes.flatMap(({ log }) => log.filter(({ event }) => event === 'stray_failure'))).toEqual([]);
  });
});

describe('F20 a node gets a fifth of a core', () => {
  it('as a quota does it: it runs for 20 ms of every 100', async () => {
    const { nodes, ...rest } = await started();
    await runScenario('cpu-starved', {
      ...common({ nodes, ...rest }),
      fault: async () => {
        for (let round = 0; round < 50; round += 1) {
          for (const node of nodes) node.signal('SIGSTOP');
          await pause(80);
          for (const node of nodes) node.signal('SIGCONT');
          await pause(20);
        }
      },
      // Whoever gets no time cannot keep one either.
      promises: { deadline: 15_000 },
    });
  });
});
