import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crimesOf, isSame } from './delegation/judge.ts';
import { heldBy, pathOf, readState, type State } from './delegation/model.ts';
import { NUMBER_OF_OPERATIONS, perform, type Choice } from './delegation/operations.ts';
import { ADMINISTRATORS, HOUR, openWorld } from './delegation/world.ts';

const OPERATIONS = 50;
const RUNS = 20;

/** How many writes went through, and why the others did not, over all runs. */
const outcomes = new Map<string, number>();

it('never lets an administrator give anybody what the administrator does not hold, whatever is done in whatever order', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  for (const [run, choices] of fc.sample(STORY, { seed, numRuns: RUNS }).entries()) {
    const { crimes, told } = await crimesIn(choices);
    expect({ seed, run, crimes, told: crimes.length === 0 ? [] : told }).toEqual({ seed, run, crimes: [], told: [] });
  }
  const allowed = outcomes.get('allowed') ?? 0;
  const above = outcomes.get('above_ceiling') ?? 0;
  // A test in which nothing succeeds, or nothing is above, proves nothing.
  expect({ seed, allowed: allowed > RUNS * 3, above: above > RUNS * 3 }).toEqual({ seed, allowed: true, above: true });
}, 400_000);

const choice: fc.Arbitrary<Choice & { readonly wait: boolean }> = fc.record({
  operation: fc.nat(NUMBER_OF_OPERATIONS - 1),
  // Whoever administers everything has most to try.
  administrator: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(ADMINISTRATORS.length - 1) }),
  numbers: fc.array(fc.nat(1023), { minLength: 12, maxLength: 12 }),
  wait: fc.nat(7).map((number) => number === 0),
});

const hasAdministrator = (state: State, now: number): boolean =>
  [...state.users.values()].some(
    ({ id, organization }) => pathOf(state, organization).length === 1 && heldBy(state, { kind: 'user', id }, undefined, now).has('FullAccess'),
  );

const STORY = fc.array(choice, { minLength: OPERATIONS, maxLength: OPERATIONS });

async function crimesIn(choices: readonly (Choice & { readonly wait: boolean })[]): Promise<{ crimes: readonly string[]; told: readonly string[] }> {
  const world = await openWorld();
  try {
    const told: string[] = [];
    let before: State = await readState(world.server.app.store);
    for (const one of choices) {
      if (one.wait) world.clock.advance(HOUR / 2);
      const now = world.clock.now();
      const { said, administrator, answer, takenOver } = await perform(world.as, one, { state: before, now });
      const after = await readState(world.server.app.store);
      const outcome = answer.status < 300 ? 'allowed' : String(answer.body?.code);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === 'allowed') told.push(said);
      const crimes = crimesOf({ administrator, before, after, now, takenOver });
      if (answer.status >= 300 && !isSame(before, after)) crimes.push('a refused request changed something');
      if (answer.status >= 500) crimes.push('a fault');
      if (!hasAdministrator(after, now)) crimes.push('the last administrator was lost');
      if (crimes.length > 0) return { crimes, told: [...told, said] };
      before = after;
    }
    return { crimes: [], told };
  } finally {
    await world.server.close();
  }
}
