import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { AUDIENCES, startExampleApi, startSystem, SYSTEMS, type ExampleApi, type System } from '../support/example-api.ts';
import { DATA, startServer, type TestServer } from '../support/server.ts';
import { describeKinds, openTestStore } from '../support/stores.ts';
import { call } from './systems/calls.ts';
import { scenariosOf, type Scenario } from './systems/scenario.ts';
import { clone, obtain, unlock, type Kept } from './systems/tokens.ts';

interface Running {
  readonly server: TestServer;
  /** Undefined: nothing is called. */
  readonly api: ExampleApi | undefined;
  readonly resource: string | undefined;
}

describe.each(SYSTEMS)('the example %s, with its API', (system) => {
  declareScenarios(system, async () => {
    const server = await startSystem(system);
    try {
      return { server, api: await startExampleApi(system, server.url), resource: AUDIENCES[system] };
    } catch (error) {
      await server.close();
      throw error;
    }
  });
});

/** The same with workspaces that somebody else wrote, for tokens alone: calls are the same whatever the store. */
describeKinds('tokens and clones', ['embedded', 'postgres'], (kind) => {
  describe.each(SYSTEMS)('of %s', (system) => {
    declareScenarios(system, async () => {
      const server = await startServer({ store: await openTestStore({ kind }), workspaces: [path.join(DATA, `workspaces/${system}.yaml`)] });
      return { server, api: undefined, resource: undefined };
    });
  });
});

function declareScenarios(system: System, start: () => Promise<Running>): void {
  let running: Running;

  beforeAll(async () => {
    running = await start();
  }, 60_000);
  afterAll(async () => {
    await running.api?.close();
    await running.server.close();
  });

  test.each(scenariosOf(system).map((scenario) => [`${scenario.id} ${scenario.title}`, scenario] as const))('%s', async (_title, scenario) => {
    await run(running, system, scenario);
  });
}

async function run({ server, api, resource }: Running, system: System, { steps }: Scenario): Promise<void> {
  const kept: Kept = { access: new Map(), refresh: new Map() };
  // To act as somebody else is asked of the server: such a token is for the server, not for the API.
  const actors = new Set(steps.map(({ token }) => token?.actor));
  for (const step of steps) {
    if (step.change?.unlock !== undefined) await unlock(server, step.change.unlock.user);
    if (step.clone !== undefined) await clone(server, step.clone, step.status!);
    if (step.token !== undefined) await obtain({ server, resource: actors.has(step.as ?? undefined) ? undefined : resource }, step, kept);
    if (step.call !== undefined && api !== undefined) await call(api, system, step, kept.access.get(step.with!)!);
  }
}

describe('the scenarios', () => {
  it('have no step that is not understood', () => {
    const understood = ['token', 'change', 'clone', 'call'];
    const steps = SYSTEMS.flatMap(scenariosOf).flatMap((scenario) => scenario.steps);
    expect(steps.filter((step) => !understood.some((kind) => kind in step))).toEqual([]);
    expect(steps.filter(({ change }) => change !== undefined && change.unlock === undefined)).toEqual([]);
    expect(steps.filter((step) => step.call !== undefined).length).toBeGreaterThan(50);
  });
});
