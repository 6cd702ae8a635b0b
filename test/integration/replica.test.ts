import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { EVERYTHING } from '../../src/domain/tenancy.ts';
import type { Store } from '../../src/domain/ports.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { auditEvent } from '../contract/samples.ts';
import { openAdministered, signedIn, type ApiClient } from '../support/administered.ts';
import { TEMPLATE_VARIABLE } from '../support/environment.ts';
import { administer, startPostgres, startReplica, type FailingPostgres } from '../support/postgres.ts';
import { startServer } from '../support/server.ts';
import { describePostgres, testClock } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { runWith } from './cli/harness.ts';

const LAG = 1000;
const seen = {
  visibility: { tenancy: EVERYTHING, inherited: false },
  filters: {},
  sort: 'name',
  descending: false,
  limit: 100,
  total: false,
} as const;

describePostgres('a streaming replica', () => {
  const clock = testClock();
  let primary: FailingPostgres;
  let replica: FailingPostgres;
  /** One node with the replica, one without. */
  let node: Store;
  let other: Store;
  let answers: string[] = [];
  let faults: unknown[] = [];
  let made = 0;

  beforeAll(async () => {
    primary = (await startPostgres())!;
    other = await openPostgresStore({ url: primary.url, clock });
    replica = await startReplica(primary);
  }, 60_000);
  afterAll(async () => {
    await other.close();
    await replica.stop();
    await primary.stop();
  });
  beforeEach(async () => {
    answers = [];
    faults = [];
    node = await openPostgresStore({
      url: primary.url,
      migrate: false,
      clock,
      replica: {
        url: replica.url,
        maximumLagMilliseconds: LAG,
        onAnswer: (by) => answers.push(by),
        onFault: (error) => faults.push(error),
      },
    });
  });
  afterEach(() => node.close());

  const pause = async () => {
    await administer(replica.url, 'SELECT pg_wal_replay_pause()');
    await until(async () => {
      const [row] = await administer<{ readonly state: string }>(replica.url, 'SELECT pg_get_wal_replay_pause_state() AS state');
      return row!.state === 'paused';
    });
  };
  const resume = () => administer(replica.url, 'SELECT pg_wal_replay_resume()');
  const names = async (store = node) => (await store.pages.directory.list('roles', seen)).items.map(({ name }) => name);
  const events = async () => (await node.pages.audit.list({ tenancy: EVERYTHING, filters: {}, descending: true, limit: 1, total: true })).total;
  const addRole = async (store: Store) => {
    const name = `Role${(made += 1)}`;
    await store.transaction((tx) => tx.roles.put([{ name, category: 'other' }]));
    return name;
  };
  const replicaAnswers = () =>
    until(async () => {
      await names();
      return answers.at(-1) === 'replica';
    });

  it('answers pages, once it has everything that it must have', async () => {
    const name = await addRole(node);
    await replicaAnswers();
    expect(await names()).toContain(name);
    expect(await node.pages.directory.list('roles', { ...seen, total: true })).toMatchObject({ total: made });
    expect(faults).toEqual([]);
  });

  it('answers nothing that decides', async () => {
    await replicaAnswers();
    const before = answers.length;
    await node.access.loadDefinitions();
    await node.directory.list('roles', seen);
    await node.directory.find('roles', ['Role1'], seen.visibility);
    await node.transaction((tx) => tx.directory.list('roles', seen));
    await node.revocations.isRevoked({ jti: 'x', clientId: 'c', issuedAt: new Date(clock.now()) });
    await node.revocationFeed.news({ now: new Date(clock.now()), notBeforeAfter: new Date(0) });
    expect(answers).toHaveLength(before);
  });

  it('while it is paused: what this node changed is on its next page, whatever it was', async () => {
    await replicaAnswers();
    await pause();
    const name = await addRole(node);
    expect(await names()).toContain(name);
    expect(answers.at(-1)).toBe('primary');
    const before = await events();
    // No change of the workspace, so no version tells of it.
    await node.revocations.add(
      { kind: 'user', id: 'somebody', notBefore: new Date(clock.now()), expiresAt: new Date(clock.now() + LAG) },
      auditEvent(),
    );
    expect(await events()).toBe(before! + 1);
    await resume();
    await replicaAnswers();
    expect(await names()).toContain(name);
  });

  it('while it is paused: what another node changed is on the next page once this node has heard of it', async () => {
    await replicaAnswers();
    await pause();
    const name = await addRole(other);
    expect(await names()).not.toContain(name);
    expect(answers.at(-1)).toBe('replica');
    await node.access.readChanges(0);
    expect(await names()).toContain(name);
    expect(answers.at(-1)).toBe('primary');
    await resume();
    await replicaAnswers();
  });

  it('while it is paused: no page is further behind than allowed', async () => {
    await replicaAnswers();
    await pause();
    const before = await events();
    await other.transaction((tx) => tx.audit(auditEvent()));
    expect(await events()).toBe(before);
    clock.advance(LAG - 1);
    expect(await events()).toBe(before);
    clock.advance(2);
    expect(await events()).toBe(before! + 1);
    expect(answers.at(-1)).toBe('primary');
    await resume();
    await replicaAnswers();
  });

  it('stopped: the primary answers, the replica is left alone for a while, and answers again by itself', async () => {
    await replicaAnswers();
    await replica.halt('crash');
    const name = await addRole(node);
    expect(await names()).toContain(name);
    expect(faults).toHaveLength(1);
    for (let round = 0; round < 10; round += 1) expect(await names()).toContain(name);
    expect(faults).toHaveLength(1);
    expect(answers.slice(-11)).toEqual(Array.from({ length: 11 }, () => 'primary'));
    await replica.start();
    clock.advance(5000);
    await replicaAnswers();
    expect(await names()).toContain(name);
  }, 60_000);

  it('shows an administrator at once what was changed a request ago, whether or not it keeps up', async () => {
    const env = {
      ROLEMINT_DATABASE_URL: primary.url,
      ROLEMINT_DATABASE_REPLICA_URL: replica.url,
      ROLEMINT_DATABASE_REPLICA_LAG_MILLISECONDS: '60000',
    };
    const servers = await Promise.all([startServer({ env }), startServer({ env })]);
    try {
      await openAdministered(servers[0].app);
      const [deleg, elsewhere] = await Promise.all([signedIn(servers[0], 'deleg'), signedIn(servers[1], 'deleg')]);
      const groups = async (api: ApiClient) =>
        ((await api.get('/user-groups?limit=100')).body as { readonly items: readonly { readonly id: string }[] }).items.map(({ id }) => id);
      for (let round = 0; round < 20; round += 1) {
        if (round === 10) await pause();
        const id = `group-${round}`;
        expect((await deleg.post('/user-groups', { id, name: id, organization: 'B1' })).status).toBe(201);
        expect(await groups(deleg)).toContain(id);
        expect(await groups(elsewhere)).toContain(id);
      }
      await resume();
      await until(async () => {
        await groups(deleg);
        return /rolemint_pages_total\{answered_by="replica"\} [1-9]/.test(await (await fetch(`${servers[0].url}/metrics`)).text());
      });
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  }, 60_000);

  it('is looked at by doctor', async () => {
    const check = async (replicaUrl: string) => {
      const env = { ROLEMINT_DATABASE_URL: primary.url, ROLEMINT_DATABASE_REPLICA_URL: replicaUrl, ROLEMINT_ISSUER: 'http://127.0.0.1:1' };
      const io = { env, cwd: '/', operator: 'ops', signals: { on: () => undefined, off: () => undefined } };
      const result = await runWith(['doctor', '--json'], { ...io, stdin: undefined as never });
      return (result.json()['checks'] as readonly { readonly name: string }[]).find(({ name }) => name === 'replica');
    };
    expect(await check(replica.url)).toMatchObject({ status: 'ok', finding: expect.stringMatching(/^replays, \d+ bytes behind$/) });
    expect(await check(primary.url)).toMatchObject({ status: 'warn', finding: 'it is no replica any more, it was promoted' });
    expect(await check(process.env[TEMPLATE_VARIABLE]!)).toMatchObject({ status: 'fail', finding: 'the replica is one of another database' });
    expect(await check('postgres://rolemint@127.0.0.1:1/x')).toMatchObject({ status: 'warn', finding: 'the replica does not answer' });
  });

  it('refuses what the primary refuses, in the same words', async () => {
    await replicaAnswers();
    await expect(node.pages.directory.list('roles', { ...seen, sort: 'password' })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(faults).toEqual([]);
  });

  it('promoted, it is a replica no more and answers nothing', async () => {
    await replicaAnswers();
    await administer(replica.url, 'SELECT pg_promote()');
    const name = await addRole(node);
    expect(await names()).toContain(name);
    clock.advance(LAG + 1);
    expect(await names()).toContain(name);
    expect(answers.slice(-2)).toEqual(['primary', 'primary']);
  });
});
