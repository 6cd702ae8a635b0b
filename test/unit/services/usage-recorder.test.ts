import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import type { UsageCount, UsageStore } from '../../../src/domain/usage.ts';
import { UsageRecorder } from '../../../src/services/usage-recorder.ts';
import { openWorld, type World } from './fixtures.ts';

const TODAY = '2026-06-15';
const DAY_MS = 86_400_000;

/** A recorder over a store whose calls are written down and can be made to fail. */
async function open() {
  const world = await openWorld();
  const added: UsageCount[][] = [];
  const begun: string[] = [];
  const errors: unknown[] = [];
  const lost: number[] = [];
  const state = { down: false, hold: undefined as Promise<void> | undefined };
  const usage: Pick<UsageStore, 'begin' | 'add'> = {
    begin: async (day) => {
      if (state.down) throw new DomainError('unavailable', 'The database does not answer.');
      begun.push(day);
    },
    add: async (counts) => {
      await state.hold;
      if (state.down) throw new DomainError('unavailable', 'The database does not answer.');
      added.push([...counts]);
    },
  };
  const recorder = new UsageRecorder({
    usage: { ...world.store.usage, ...usage },
    clock: world.clock,
    onError: (error) => errors.push(error),
    onLost: (counts) => lost.push(counts),
  });
  return { world, recorder, added, begun, errors, lost, state };
}

/** Issues a token and gives what was told of it. */
async function issue({ tokens, request, credentials, issued }: World, scope: string, clientId = 'shop') {
  await tokens.password(await request({ scope }, clientId), credentials);
  return issued.at(-1)!;
}

const figures = (counts: readonly UsageCount[]) =>
  Object.fromEntries(counts.map(({ kind, client, name, granted, dropped }) => [`${kind} ${client} ${name}`, [granted, dropped]]));

describe('the usage recorder', () => {
  it('sums tokens up by day, client, role and profile, in one statement', async () => {
    const { world, recorder, added, begun } = await open();
    recorder.record(await issue(world, 'Shopper OrderReader'));
    recorder.record(await issue(world, 'Shopper'));
    recorder.record(await issue(world, 'OrderReader'));
    recorder.record(await issue(world, 'Shopper', 'other'));
    expect(added).toEqual([]);
    await recorder.flush();
    expect(begun).toEqual([TODAY]);
    expect(added).toHaveLength(1);
    expect(added[0]!.every(({ day }) => day === TODAY)).toBe(true);
    expect(figures(added[0]!)).toEqual({
      'client shop ': [3, 0],
      'role shop Shopper': [2, 0],
      'role shop OrderReader': [0, 2],
      'security_profile shop shopping': [2, 0],
      'client other ': [1, 0],
      'role other Shopper': [1, 0],
      'security_profile other shopping': [1, 0],
    });
    await recorder.flush();
    expect(added).toHaveLength(1);
    expect(begun).toHaveLength(1);
  });

  it('begins a new day at midnight UTC, and adds what is left of the one before', async () => {
    const { world, recorder, added } = await open();
    recorder.record(await issue(world, 'Shopper'));
    world.clock.advance(DAY_MS / 2 - 1);
    recorder.record(await issue(world, 'Shopper'));
    world.clock.advance(1);
    recorder.record(await issue(world, 'Shopper'));
    await recorder.flush();
    expect(added[0]!.filter(({ kind }) => kind === 'client').map(({ day, granted }) => [day, granted])).toEqual([
      [TODAY, 2],
      ['2026-06-16', 1],
    ]);
  });

  it('counts twenty unknown names of a client and day by name, and all others under none', async () => {
    const { world, recorder, added } = await open();
    const invented = Array.from({ length: 25 }, (_, index) => `bogus-${index}`);
    recorder.record(await issue(world, invented.slice(0, 15).join(' ')));
    await recorder.flush();
    recorder.record(await issue(world, invented.join(' ')));
    recorder.record(await issue(world, `${'x'.repeat(101)} Shopper #odd`));
    recorder.record(await issue(world, invented.join(' '), 'other'));
    await recorder.flush();
    const ofShop = added[1]!.filter(({ client, kind }) => client === 'shop' && kind === 'role');
    expect(ofShop).toHaveLength(22);
    expect(figures(ofShop)).toMatchObject({
      'role shop bogus-0': [0, 1],
      'role shop bogus-19': [0, 1],
      'role shop ': [0, 7],
      'role shop Shopper': [1, 0],
    });
    expect(added[1]!.filter(({ client, kind, name }) => client === 'other' && kind === 'role' && name !== '')).toHaveLength(20);

    world.clock.advance(DAY_MS);
    recorder.record(await issue(world, invented.slice(20).join(' ')));
    await recorder.flush();
    expect(figures(added[2]!)).toMatchObject({ 'role shop bogus-24': [0, 1] });
    expect(added[2]!.map(({ name, kind }) => `${kind} ${name}`)).not.toContain('role ');
  });

  it('keeps what could not be added, and adds it with what came meanwhile', async () => {
    const { world, recorder, added, state, lost } = await open();
    recorder.record(await issue(world, 'Shopper OrderReader'));
    state.down = true;
    await expect(recorder.flush()).rejects.toMatchObject({ code: 'unavailable', message: 'The database does not answer.' });
    recorder.record(await issue(world, 'Shopper'));
    await expect(recorder.flush()).rejects.toMatchObject({ code: 'unavailable' });
    expect(added).toEqual([]);
    state.down = false;
    await recorder.flush();
    expect(figures(added.flat())).toEqual({
      'client shop ': [2, 0],
      'role shop Shopper': [2, 0],
      'role shop OrderReader': [0, 1],
      'security_profile shop shopping': [2, 0],
    });
    expect(lost).toEqual([]);
  });

  it('never adds the same twice, whatever comes while it is adding', async () => {
    const { world, recorder, added, state } = await open();
    let release = (): void => undefined;
    state.hold = new Promise((resolve) => {
      release = resolve;
    });
    recorder.record(await issue(world, 'Shopper'));
    const first = recorder.flush();
    recorder.record(await issue(world, 'Shopper'));
    const second = recorder.flush();
    release();
    await Promise.all([first, second]);
    await recorder.flush();
    expect(added.map((counts) => figures(counts)['client shop '])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('adds many counts in several statements, each of a bounded size', async () => {
    const { world, recorder, added } = await open();
    const event = await issue(world, 'Shopper');
    for (let index = 0; index < 1500; index += 1) recorder.record({ ...event, clientId: `client-${index}` });
    await recorder.flush();
    expect(added.map((counts) => counts.length)).toEqual([2000, 2000, 500]);
    expect(new Set(added.flat().map(({ client, kind }) => `${client} ${kind}`)).size).toBe(4500);
  });

  it('holds a bounded number of counts while the store is down, and says how many found no place', async () => {
    const { world, recorder, added, state, lost } = await open();
    const event = await issue(world, 'Shopper');
    state.down = true;
    for (let index = 0; index < 40_000; index += 1) recorder.record({ ...event, clientId: `client-${index}` });
    await expect(recorder.flush()).rejects.toMatchObject({ code: 'unavailable' });
    expect(lost).toHaveLength(1);
    recorder.record({ ...event, clientId: 'client-0' });
    state.down = false;
    await recorder.flush();
    expect(added.flat()).toHaveLength(100_000);
    expect(figures(added.flat())['client client-0 ']).toEqual([2, 0]);
  });

  it('adds what is left when it stops, and tells of failures instead of throwing', async () => {
    const { world, recorder, added, errors, state } = await open();
    const stop = recorder.start();
    recorder.record(await issue(world, 'Shopper'));
    await stop();
    expect(figures(added.flat())).toMatchObject({ 'client shop ': [1, 0] });
    expect(errors).toEqual([]);
    state.down = true;
    recorder.record(await issue(world, 'Shopper'));
    await stop();
    expect(errors).toMatchObject([{ code: 'unavailable' }]);
  });

  it('reaches the store', async () => {
    const { world } = await open();
    const usage = world.store.usage;
    const recorder = new UsageRecorder({ usage, clock: world.clock, onError: () => undefined, onLost: () => undefined });
    recorder.record(await issue(world, 'Shopper'));
    await recorder.flush();
    expect(await usage.countedSince()).toBe(TODAY);
    const visibility = { tenancy: EVERYTHING, inherited: true };
    expect(await usage.grantedRoles({ from: TODAY, to: TODAY, visibility })).toEqual(['Shopper']);
  });
});
