import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { administer, createDatabase, databaseName, databaseUrl as databaseOn, dropDatabase } from '../support/postgres.ts';
import { claimsOf } from '../support/token-client.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { History } from './history.ts';
import { Requester } from './requests.ts';
import { record } from './results.ts';
import { runScenario, storeAt } from './scenario.ts';
import { openWorld, ROLES, type World } from './world.ts';
import { until } from '../support/until.ts';

let server: string;
let world: World;
let cluster: Cluster;
beforeAll(async () => {
  server = databaseOn(process.env[TEMPLATE_VARIABLE]!, 'postgres');
  world = await openWorld(server);
});
afterAll(() => world.close());
beforeEach(async () => {
  cluster = await startCluster(world, 2);
});
afterEach(() => cluster.close());

const requesterOf = (history: History, node: number) => new Requester(history, () => cluster.nodes[node]!.url);

describe('F13 one node is cut off while others change things', () => {
  it('it answers nothing stale, neither then nor when the line is there again', async () => {
    const { databaseUrl, urls, lines } = cluster;
    await runScenario('node-cut-off', {
      world,
      openStore: storeAt(databaseUrl),
      nodes: urls,
      fault: async ({ requester }) => {
        lines[1]!.mode('partition');
        const elsewhere = requester.at(() => cluster.nodes[0]!.url);
        const token = await elsewhere.machine('admin', ['FullAccess']);
        await elsewhere.disableClient(token!, 'drone');
        await pause(4000);
      },
      heal: () => lines[1]!.mode('pass'),
    });
  });
});

describe('F19 Postgres fails over to a replica that lacks the last writes', () => {
  it('what is known from the lost time is forgotten on every node, also when as much was changed since', async () => {
    const { databaseUrl } = cluster;
    const history = new History();
    const [one, two] = [requesterOf(history, 0), requesterOf(history, 1)];
    const admin = (await one.machine('admin', ['FullAccess']))!;
    const used = (await one.signIn('ada', ROLES))!;
    const revoked = (await two.signIn('ben', ROLES))!;

    const replica = await offline(() => createDatabase(server, databaseName(databaseUrl)));
    await until(async () => (await one.assign(admin, { subject: 'robot', role: 'Red' }, 'client_id')).status === 201, 'a role is given');
    expect(await rolesOf(two, 'Red')).toEqual(['Red']);
    expect(typeof (await one.refresh(used))).toBe('object');
    await one.revoke(revoked);
    expect(await two.introspect(revoked)).toBe(false);

    await offline(async () => {
      const lost = `${databaseName(databaseUrl)}_lost`;
      await administer(server, `ALTER DATABASE ${databaseName(databaseUrl)} RENAME TO ${lost}`);
      await administer(server, `ALTER DATABASE ${databaseName(replica)} RENAME TO ${databaseName(databaseUrl)}`);
      await dropDatabase(databaseOn(server, lost));
    });
    await until(async () => (await one.assign(admin, { subject: 'robot', role: 'Green' }, 'client_id')).status === 201, 'another role is given');
    // One change was lost and one was made: both times the same version.
    expect(await rolesOf(one, 'Green')).toEqual(['Green']);
    expect(await rolesOf(two, 'Green')).toEqual(['Green']);

    // What an asynchronous replica had not received is lost; the operator ends what may be in wrong hands.
    expect(await two.introspect(revoked)).toBe(true);
    const ended = await one.administer(admin, 'DELETE', '/users/ben/sessions', { event: { op: 'end sessions' } });
    expect(ended.status).toBe(204);
    expect(await two.introspect(revoked)).toBe(false);
    expect(history.events.filter(({ status = 500 }) => status >= 500 && status !== 503)).toEqual([]);
    record('failover', { events: history.events, recoverySeconds: undefined, lost: 'the writes that the replica had not received' });
  });
});

/** While no node is connected to the database. */
async function offline<T>(work: () => Promise<T>): Promise<T> {
  for (const line of cluster.lines) line.mode('refuse');
  await administer(server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${databaseName(cluster.databaseUrl)}'`);
  try {
    return await work();
  } finally {
    for (const line of cluster.lines) line.mode('pass');
  }
}

/** The roles in a new token, once the one that is waited for is among them. */
async function rolesOf(requester: Requester, expected: string): Promise<unknown> {
  let roles: readonly string[] = [];
  await until(
    async () => {
      const token = await requester.machine('robot', ROLES);
      roles = token === undefined ? [] : (claimsOf(token)['roles'] as readonly string[]);
      return roles.includes(expected);
    },
    `the token of robot carries ${expected}`,
    5000,
  ).catch(() => undefined);
  return roles;
}
