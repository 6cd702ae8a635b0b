/** @module One fault from beginning to end: load, fault, healing, recovery, verdict, and a line for the documentation. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Store } from '../../src/domain/ports.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import type { Promises } from './checker.ts';
import type { Fault } from './catalogue.ts';
import { History, now, type Event } from './history.ts';
import { startLoad, type Client, type Load } from './load.ts';
import { outcomeOf, Requester } from './requests.ts';
import { record } from './results.ts';
import { judge } from './verdict.ts';
import { SINGLE_USE } from './single-use.ts';
import { ROLES, USERS, type WorldFile } from './world.ts';
import { until } from '../support/until.ts';

/** Four times the product's own bound: the machine that runs the tests has other things to do, too. */
const RECOVERY_MS = 20_000;

export interface Scenario {
  readonly world: WorldFile;
  /** What the nodes wrote, opened once they have their last request. */
  readonly openStore: () => Promise<Store>;
  /** URLs of the servers; may change meanwhile. */
  readonly nodes: () => readonly string[];
  /** Makes the fault, and resolves when it is to be ended. */
  readonly fault: (load: Load) => Promise<unknown>;
  readonly heal?: () => Promise<unknown> | void;
  readonly promises?: Partial<Promises>;
  /** What users lost; "nothing" when unset. */
  readonly lost?: string;
  readonly more?: readonly Client[];
}

/** Runs it, asserts that every promise was kept, and notes what users saw. */
export async function runScenario(name: Fault, scenario: Scenario): Promise<{ readonly requester: Requester; readonly during: readonly Event[] }> {
  const { world, openStore, nodes, fault, heal, promises, lost = 'nothing', more = [] } = scenario;
  const history = new History();
  const load = await startLoad({ history, world, nodes, more });
  let begun = 0;
  let healed = 0;
  let recovered = 0;
  try {
    await until(() => history.events.filter(({ outcome }) => outcome === 'ok').length > 60, 'the load works');
    for (const op of SINGLE_USE) await until(() => history.events.some((event) => event.op === op && event.outcome === 'ok'), `${op} works`);
    begun = now();
    try {
      await fault(load);
    } finally {
      await heal?.();
      healed = now();
    }
    recovered = await recovery(nodes);
    await pause(500);
  } finally {
    await load.stop();
  }
  const store = await openStore();
  try {
    expect(await judge(load.requester, store, promises)).toEqual([]);
  } finally {
    await store.close();
  }
  expect(recovered - healed).toBeLessThan(RECOVERY_MS);
  const during = history.events.filter(({ t0, t1 }) => t1 >= begun && t0 <= recovered);
  record(name, { events: during, recoverySeconds: (recovered - healed) / 1000, lost });
  return { requester: load.requester, during };
}

/** The store in a Postgres, past the nodes. */
export const storeAt = (databaseUrl: string) => (): Promise<Store> => openPostgresStore({ url: databaseUrl, migrate: false });

/** @returns when every node did everything again; asked with requests that are not part of the history */
async function recovery(nodes: () => readonly string[]): Promise<number> {
  for (const url of nodes()) {
    await until(async () => {
      const probe = new Requester(new History(), () => url);
      const tokens = await probe.signIn(USERS[0], ROLES);
      if (tokens === undefined) return false;
      await probe.introspect(tokens);
      await probe.refresh(tokens);
      await probe.machine('robot', ROLES);
      const admin = await probe.machine('admin', ['FullAccess']);
      if (admin === undefined) return false;
      const reply = await probe.administer(admin, 'PATCH', '/users/dan', {
        body: { email: `dan-${Math.round(now())}@example.com` },
        event: { op: 'patch' },
      });
      return outcomeOf(reply) === 'ok' && probe.history.events.every(({ outcome }) => outcome === 'ok');
    }, `${url} works again`);
  }
  return now();
}
