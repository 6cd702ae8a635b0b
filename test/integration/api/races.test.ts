import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { StoreTransaction } from '../../../src/domain/ports.ts';
import { openPostgresStore } from '../../../src/storage/postgres/store.ts';
import { apiWith, openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { assignment, profile, to, user } from '../../support/market.ts';
import { dropDatabase } from '../../support/postgres.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createTestDatabase, describePostgres } from '../../support/stores.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

/** T-69: of two requests at once one comes first, and the other one is judged on what it left. */
const ITERATIONS = { onOne: 50, onTwo: 200 };
/** For all of them, on a machine that has other things to do as well. */
jest.setTimeout(300_000);

/** Between the second node and the database, each way, in milliseconds. */
const LATENCY = 1;

/** The same people, each on a node of their own. */
interface Nodes {
  readonly one: TestServer;
  readonly other: TestServer;
  close(): Promise<void>;
}

async function onOne(): Promise<Nodes> {
  const one = await startServer();
  return { one, other: one, close: () => one.close() };
}

async function onTwo(): Promise<Nodes> {
  const url = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-races-'));
  const open = async (way: string) =>
    startServer({ store: await openPostgresStore({ url: way, migrate: false }), env: { ROLEMINT_KEYS_DIR: folder } });
  const { hostname, port } = new URL(url);
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  const farther = new URL(url);
  farther.port = String(proxy.port);
  const one = await open(url);
  const other = await open(farther.href);
  proxy.delay(LATENCY);
  const close = async () => {
    await Promise.all([one.close(), other.close()]);
    await proxy.close();
    await dropDatabase(url);
    await rm(folder, { recursive: true, force: true });
  };
  return { one, other, close };
}

describe('two requests at once, on one node', () => races(onOne, ITERATIONS.onOne));
describePostgres('two requests at once, on two nodes', () => races(onTwo, ITERATIONS.onTwo));

function races(open: () => Promise<Nodes>, iterations: number): void {
  let nodes: Nodes;
  let root: ApiClient;
  let second: ApiClient;
  let deleg: ApiClient;

  beforeAll(async () => {
    nodes = await open();
    await openAdministered(nodes.one.app, async (tx) => {
      await tx.users.put([user('second', 'S'), user('joiner', 'B1')]);
      await tx.assignments.put([
        assignment('full', to.user('second'), { id: 'full-second' }),
        assignment('full', to.user('root'), { id: 'full-root' }),
      ]);
      const known = await tx.access.assignmentsOf({ securityProfile: 'everything' }, 10);
      await tx.assignments.remove(known.map(({ id }) => id));
      await tx.setPassword('second', await nodes.one.app.hasher.hash('Correct-Horse-7-Battery'), new Date());
    });
    root = await signedIn(nodes.one, 'root');
    second = apiWith(nodes.other, (await signedIn(nodes.one, 'second')).token);
    deleg = apiWith(nodes.other, (await signedIn(nodes.one, 'deleg')).token);
  });

  afterAll(() => nodes.close());

  const prepare = (work: (tx: StoreTransaction) => Promise<void>) => nodes.one.app.store.transaction(work);

  /** Both at once; which one is sent first, and with how much of a start, changes from time to time. */
  async function atOnce(iteration: number, a: () => Promise<ApiAnswer>, b: () => Promise<ApiAnswer>): Promise<[ApiAnswer, ApiAnswer]> {
    const isTurned = iteration % 2 === 1;
    const first = (isTurned ? b : a)();
    for (let roundTrips = 3 * Math.floor((iteration % 8) / 2); roundTrips > 0; roundTrips -= 1) await root.get('/me');
    const answers = await Promise.all([first, (isTurned ? a : b)()]);
    return isTurned ? [answers[1], answers[0]] : answers;
  }

  /** What was recorded last of an object, newest first. */
  async function recorded(types: readonly string[]): Promise<string[]> {
    const events = await listAuditEvents(nodes.one.app.store, { limit: 10 });
    return events.map(({ type }) => type).filter((type) => types.includes(type));
  }

  /** So often either came first; when it was always the same one nothing raced. */
  function bothHappened(first: number): void {
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(iterations);
  }

  it('hands out nothing that was taken away a moment before', async () => {
    let inTime = 0;
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      await prepare(async (tx) => {
        await tx.assignments.put([assignment('ab', to.user('deleg'), { id: 'lent' })]);
        const given = await tx.access.assignmentsOf({ securityProfile: 'ab', party: to.user('norole') }, 10);
        await tx.assignments.remove(given.map(({ id }) => id));
      });
      const [removed, given] = await atOnce(
        iteration,
        () => root.delete('/assignments/lent'),
        () => deleg.post('/assignments', { security_profile: 'ab', user: 'norole' }),
      );
      expect(removed.status).toBe(204);
      const held = (await root.get('/assignments?user=norole&security_profile=ab')).body.items;
      if (given.status === 201) {
        inTime += 1;
        expect((await recorded(['profile_assigned', 'profile_unassigned'])).slice(0, 2)).toEqual(['profile_unassigned', 'profile_assigned']);
        expect(held).toHaveLength(1);
      } else {
        expect(given.body).toMatchObject({ code: 'above_ceiling', roles: ['B'] });
        expect(held).toEqual([]);
      }
    }
    bothHappened(inTime);
  });

  it('assigns no profile that became more a moment before', async () => {
    let inTime = 0;
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      await prepare(async (tx) => {
        const given = await tx.access.assignmentsOf({ securityProfile: 'growing' }, 10);
        await tx.assignments.remove(given.map(({ id }) => id));
        await tx.securityProfiles.put([profile('growing', ['A'])]);
      });
      const [edited, given] = await atOnce(
        iteration,
        () => root.patch('/security-profiles/growing', { roles: ['A', 'B'] }),
        () => deleg.post('/assignments', { security_profile: 'growing', user: 'norole' }),
      );
      expect(edited.status).toBe(200);
      if (given.status === 201) {
        inTime += 1;
        expect((await recorded(['profile_assigned', 'security_profile_updated'])).slice(0, 2)).toEqual([
          'security_profile_updated',
          'profile_assigned',
        ]);
      } else {
        expect(given.body).toMatchObject({ code: 'above_ceiling', roles: ['B'] });
        expect((await root.get('/assignments?security_profile=growing')).body.items).toEqual([]);
      }
    }
    bothHappened(inTime);
  });

  it('lets nobody into a group that is gone', async () => {
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      await prepare(async (tx) => {
        await tx.users.put([user('joiner', 'B1')]);
        await tx.userGroups.put([{ id: 'brief', name: 'Brief', organization: 'B1' }]);
      });
      const [gone, joined] = await atOnce(
        iteration,
        () => root.delete('/user-groups/brief'),
        () => deleg.put('/user-groups/brief/members/joiner', {}),
      );
      const { user_groups: groups } = (await root.get('/users/joiner')).body as { readonly user_groups: readonly string[] };
      if (joined.status === 200) {
        // A group that has members is needed.
        expect(gone.body).toMatchObject({ code: 'in_use' });
        expect(groups).toEqual(['brief']);
      } else {
        expect([gone.status, joined.status < 500]).toEqual([204, true]);
        expect(groups).toEqual([]);
      }
    }
  });

  it('keeps one of two administrators who remove each other', async () => {
    let firstWon = 0;
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      await prepare((tx) =>
        tx.assignments.put([assignment('full', to.user('second'), { id: 'full-second' }), assignment('full', to.user('root'), { id: 'full-root' })]),
      );
      const answers = await atOnce(
        iteration,
        () => root.delete('/assignments/full-second'),
        () => second.delete('/assignments/full-root'),
      );
      expect(answers.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1);
      const [first] = answers;
      if (first.status === 204) firstWon += 1;
      const left = await nodes.one.app.store.transaction((tx) => tx.assignments.findMany(['full-root', 'full-second']), { rollback: true });
      expect([...left.keys()]).toEqual([first.status === 204 ? 'full-root' : 'full-second']);
    }
    bothHappened(firstWon);
    await prepare((tx) => tx.assignments.put([assignment('full', to.user('root'), { id: 'full-root' })]));
  });
}
