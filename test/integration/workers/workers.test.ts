import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LogLine, Served } from '../../support/program.ts';
import { startLoad } from '../../support/steady-load.ts';
import { describePostgres } from '../../support/stores.ts';
import { openWorkersWorld, signInForm, TOKEN_FORM, type WorkersWorld } from './world.ts';

const ATTEMPTS = 5;

/** A request on a connection of its own, so that it may reach any worker. */
const post = (url: string, body: string | Record<string, string>) =>
  fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(body), headers: { connection: 'close' } });

/** Samples of `/metrics` by name and labels. */
async function measured(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const ISSUED = 'rolemint_tokens_total{grant_type="client_credentials",outcome="issued"}';

describePostgres('two workers on one port', () => {
  let world: WorkersWorld;
  let served: Served;
  let budgetFile: string;
  beforeAll(async () => {
    world = await openWorkersWorld();
    budgetFile = path.join(world.folder, 'attempts-per-name');
    await writeFile(budgetFile, String(ATTEMPTS));
    served = await world.serve({ ROLEMINT_WORKERS: '2', ROLEMINT_ATTEMPTS_PER_NAME_FILE: budgetFile });
  }, 60_000);
  afterAll(() => (world as WorkersWorld | undefined)?.close(), 60_000);

  const load = (connections: { readonly keptConnections: number; readonly newConnections: number }) =>
    startLoad({ url: `${served.url}/oauth/token`, body: TOKEN_FORM, ...connections });
  const linesOf = (event: string) => served.log.filter((line) => line.event === event);
  const newest = () => Math.max(...linesOf('worker_ready').map(({ worker }) => Number(worker)));

  it('both answer, and each says in the log who it is', async () => {
    const all = load({ keptConnections: 0, newConnections: 4 });
    const both = Promise.all([1, 2].map((worker) => served.logged((line) => line.event === 'token_issued' && line['worker'] === worker)));
    await both;
    await all.stop();
    expect(all.failures).toEqual([]);
    expect(linesOf('listening')).toEqual([expect.objectContaining({ workers: 2 })]);
  }, 60_000);

  it('/metrics adds both up, whichever answers', async () => {
    const before = (await measured(served.url)).get(ISSUED)!;
    for (let request = 0; request < 10; request += 1) expect((await post(served.url, TOKEN_FORM)).status).toBe(200);
    for (let worker = 0; worker < 2; worker += 1) {
      const samples = await measured(served.url);
      expect(samples.get(ISSUED)).toBe(before + 10);
      expect(samples.get('rolemint_workers')).toBe(2);
      expect(samples.has('process_start_time_seconds')).toBe(false);
    }
  }, 60_000);

  it('a budget of attempts is that of the node, not of each worker', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS * 2; attempt += 1) statuses.push((await post(served.url, signInForm('wrong'))).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(ATTEMPTS);
    expect(statuses.slice(ATTEMPTS)).toEqual(Array.from({ length: ATTEMPTS }, () => 429));
    const refused = await post(served.url, signInForm('Correct-Horse-7-Battery'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }, 60_000);

  it('a role that is taken away is gone from the tokens of both', async () => {
    await world.setRoles(['Green']);
    const all = load({ keptConnections: 0, newConnections: 4 });
    const isWithout = ({ event, granted }: LogLine) => event === 'token_issued' && JSON.stringify(granted) === '["Green"]';
    await Promise.all([1, 2].map((worker) => served.logged((line) => isWithout(line) && line['worker'] === worker)));
    const since = served.log.length;
    await all.more(50);
    await all.stop();
    const later = served.log.slice(since).filter(({ event }) => event === 'token_issued');
    expect(later.filter((line) => !isWithout(line))).toEqual([]);
    await world.setRoles(['Red', 'Green']);
  }, 60_000);

  it('SIGHUP renews both under load: no request fails, on kept connections and on new ones', async () => {
    const last = newest();
    const counted = (await measured(served.url)).get(ISSUED)!;
    const all = load({ keptConnections: 4, newConnections: 4 });
    await all.more(50);
    served.child.kill('SIGHUP');
    await served.logged(({ event }) => event === 'renewal_done');
    await all.more(50);
    await all.stop();
    expect(all.failures).toEqual([]);
    expect(linesOf('worker_ready').filter(({ worker }) => Number(worker) > last)).toHaveLength(2);
    expect(linesOf('worker_died')).toEqual([]);
    const samples = await measured(served.url);
    expect(samples.get('rolemint_workers')).toBe(2);
    // What the workers that are gone have counted is in it.
    expect(samples.get(ISSUED)).toBe(counted + all.answered());
  }, 120_000);

  it('a worker that is killed under load is replaced; its requests see the connection end, and nothing hangs', async () => {
    const last = newest();
    const victim = linesOf('worker_ready').find(({ worker }) => worker === last)!;
    const counted = (await measured(served.url)).get(ISSUED)!;
    const all = load({ keptConnections: 4, newConnections: 4 });
    await all.more(50);
    process.kill(Number(victim['pid']), 'SIGKILL');
    await served.logged(({ event, worker }) => event === 'worker_died' && worker === last);
    await served.logged(({ event, worker }) => event === 'worker_ready' && Number(worker) > last);
    await all.more(100);
    await all.stop();
    expect([...new Set(all.failures)].filter((failure) => failure !== 'ECONNRESET' && failure !== 'EPIPE')).toEqual([]);
    expect((await measured(served.url)).get(ISSUED)).toBeGreaterThan(counted);
  }, 120_000);

  it('new workers that cannot start leave the old ones in place', async () => {
    await writeFile(budgetFile, 'many');
    served.child.kill('SIGHUP');
    const { err } = await served.logged(({ event }) => event === 'renewal_failed');
    expect(err).toMatchObject({ message: expect.stringContaining('ROLEMINT_ATTEMPTS_PER_NAME: a whole number is needed') });
    expect((await post(served.url, TOKEN_FORM)).status).toBe(200);
    await writeFile(budgetFile, String(ATTEMPTS));
  }, 60_000);
});
