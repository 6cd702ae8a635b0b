import { describe, expect, it } from '@jest/globals';
import { heldUntil } from '../../../src/domain/access.ts';
import { DomainError } from '../../../src/domain/errors.ts';
import { AccessService, ISSUE_STALENESS } from '../../../src/services/access.ts';
import { assignment, client, organization, profile, to, user } from '../../support/market.ts';
import { openWorld, type World } from './fixtures.ts';

/** The world, with the calls of its store to `access` counted, and failing on demand. */
async function countedWorld() {
  const calls: string[] = [];
  const state = { down: false, hold: undefined as Promise<void> | undefined };
  const counted = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (object, name) => {
        const method = Reflect.get(object, name) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          calls.push(String(name));
          if (state.down) throw new DomainError('unavailable', 'down');
          const answer = await Reflect.apply(method, object, given);
          await state.hold;
          return answer;
        };
      },
    });
  const world = await openWorld((store) => ({ ...store, access: counted(store.access), findClient: counted({ find: store.findClient }).find }));
  await world.access.refresh(0);
  const drain = () => calls.splice(0);
  drain();
  return { ...world, drain, state };
}

/** A second process on the same store. */
const elsewhere = ({ store, clock }: World) => ({ access: new AccessService(store, clock, 64 * 1024 * 1024), change: store.transaction });

const rolesOf = async ({ access }: Pick<World, 'access'>): Promise<string[]> => {
  const { catalogue } = await access.workspace();
  const alice = await access.subject('user', 'alice');
  const held = access.holdings(catalogue, alice!, 'shop');
  return catalogue.roles.filter((_, role) => heldUntil(held, role) > 0);
};

describe('how old an answer may be', () => {
  it('asks the store again only when what is known has become too old', async () => {
    const world = await countedWorld();
    for (let time = 0; time < 5; time += 1) await world.access.refresh(ISSUE_STALENESS);
    expect(world.drain()).toEqual([]);
    world.clock.advance(ISSUE_STALENESS);
    await world.access.refresh(ISSUE_STALENESS);
    expect(world.drain()).toEqual(['readChanges']);
  });

  it('asks every time when nothing old will do', async () => {
    const world = await countedWorld();
    await world.access.refresh(0);
    await world.access.refresh(0);
    expect(world.drain()).toEqual(['readChanges', 'readChanges']);
  });

  it('asks when the clock went backwards', async () => {
    const world = await countedWorld();
    world.clock.advance(-3_600_000);
    await world.access.refresh(ISSUE_STALENESS);
    expect(world.drain()).toEqual(['readChanges']);
  });

  it('sees a change of its own process at once, and one of another within the time allowed', async () => {
    const world = await openWorld();
    expect(await rolesOf(world)).toEqual(['Shopper']);
    await world.change((tx) => tx.securityProfiles.put([profile('shopping', ['OrderReader'])]));
    await world.access.refresh(ISSUE_STALENESS);
    expect(await rolesOf(world)).toEqual(['OrderReader']);
    await elsewhere(world).change((tx) => tx.securityProfiles.put([profile('shopping', [])]));
    world.clock.advance(ISSUE_STALENESS);
    await world.access.refresh(ISSUE_STALENESS);
    expect(await rolesOf(world)).toEqual([]);
  });

  it('is the same for all who read an edited profile at once, also for the one whose answer comes last', async () => {
    const world = await countedWorld();
    await world.access.workspace();
    await world.change((tx) => tx.securityProfiles.put([profile('shopping', ['OrderReader'])]));
    await world.access.refresh(0);
    let open!: () => void;
    world.state.hold = new Promise<void>((resolve) => (open = resolve));
    const late = rolesOf(world);
    await new Promise((resolve) => setImmediate(resolve));
    world.state.hold = undefined;
    expect(await rolesOf(world)).toEqual(['OrderReader']);
    open();
    expect(await late).toEqual(['OrderReader']);
    expect(await rolesOf(world)).toEqual(['OrderReader']);
  });

  it('does not take a read that began before a change for one that saw it', async () => {
    const world = await countedWorld();
    let open!: () => void;
    world.state.hold = new Promise<void>((resolve) => (open = resolve));
    const early = world.access.refresh(0);
    await new Promise((resolve) => setImmediate(resolve));
    await world.store.transaction((tx) => tx.users.put([user('alice', 'acme', { active: false })]));
    const late = world.access.refresh(0);
    world.state.hold = undefined;
    open();
    await Promise.all([early, late]);
    expect((await world.access.subject('user', 'alice'))!.active).toBe(false);
  });

  it('lets many who wait share one read', async () => {
    const world = await countedWorld();
    world.clock.advance(1000);
    await Promise.all(Array.from({ length: 50 }, () => world.access.refresh(ISSUE_STALENESS)));
    expect(world.drain()).toEqual(['readChanges']);
  });

  it('decides nothing from old knowledge while the store is away, and recovers', async () => {
    const world = await countedWorld();
    world.state.down = true;
    world.clock.advance(ISSUE_STALENESS);
    for (let time = 0; time < 2; time += 1) await expect(world.access.refresh(ISSUE_STALENESS)).rejects.toMatchObject({ code: 'unavailable' });
    world.state.down = false;
    await world.access.refresh(ISSUE_STALENESS);
    expect(await rolesOf(world)).toEqual(['Shopper']);
  });
});

describe('what is kept', () => {
  it('is loaded once, and dropped when exactly that changed', async () => {
    const world = await countedWorld();
    const use = async () => {
      await world.access.refresh(0);
      await world.access.workspace();
      await world.access.subject('user', 'alice');
      await world.access.subject('client', 'shop');
      await world.access.client('shop');
      return world.drain().filter((name) => name !== 'readChanges');
    };
    expect(await use()).toEqual(['loadDefinitions', 'findUser', 'findClient', 'find']);
    expect(await use()).toEqual([]);
    await world.change((tx) => tx.users.put([user('alice', 'acme', { email: 'a@example.com' })]));
    expect(await use()).toEqual(['findUser']);
    await world.change((tx) => tx.clients.put([client('shop', { clientName: 'Shop' })]));
    expect(await use()).toEqual(['findClient', 'find']);
    await world.change((tx) => tx.securityProfiles.put([profile('more', [])]));
    expect(await use()).toEqual(['findSecurityProfiles']);
    await world.change((tx) => tx.securityProfiles.remove(['more']));
    expect(await use()).toEqual(['loadDefinitions']);
    await world.change((tx) => tx.organizations.put([organization('acme', 'buyer', { name: 'Acme' })]));
    expect(await use()).toEqual(['findUser', 'findClient', 'find']);
    await world.change((tx) => tx.clients.put([client('other', { clientName: 'Other' })]));
    expect(await use()).toEqual([]);
  });

  it('is not kept of what does not exist', async () => {
    const world = await openWorld();
    expect([await world.access.subject('user', 'bob'), await world.access.client('bob')]).toEqual([undefined, undefined]);
    await world.change((tx) => tx.users.put([user('bob', 'acme')]));
    await world.access.refresh(0);
    expect((await world.access.subject('user', 'bob'))!.id).toBe('bob');
  });

  it('hides a disabled client', async () => {
    const world = await openWorld();
    await world.change((tx) => tx.clients.put([client('shop', { active: false })]));
    await world.access.refresh(0);
    expect(await world.access.client('shop')).toBeUndefined();
  });

  it('is all dropped when the log of changes does not reach back', async () => {
    const world = await countedWorld();
    await world.access.subject('user', 'alice');
    await world.change((tx) => tx.users.put([user('alice', 'acme', { active: false })]));
    // A process that slept longer than changes are kept.
    world.clock.advance(48 * 3_600_000);
    await world.store.reap(new Date(world.clock.now()), 1000);
    await world.access.refresh(0);
    expect((await world.access.subject('user', 'alice'))!.active).toBe(false);
  });
});

describe('holdings', () => {
  it('are remembered until an assignment begins or ends', async () => {
    const world = await openWorld();
    await world.change((tx) =>
      tx.assignments.put([assignment('shopping', to.user('alice'), { client: 'other', validUntil: new Date(world.clock.now() + 5000) })]),
    );
    await world.access.refresh(0);
    const { catalogue } = await world.access.workspace();
    const alice = (await world.access.subject('user', 'alice'))!;
    const held = (clientId: string) => world.access.holdings(catalogue, alice, clientId);
    const first = held('other');
    expect(held('other')).toBe(first);
    expect(held('shop')).not.toBe(first);
    world.clock.advance(4999);
    expect(held('other')).toBe(first);
    world.clock.advance(1);
    expect(held('other')).not.toBe(first);
    world.clock.advance(-10_000);
    expect(held('other').at).toBe(world.clock.now());
  });
});
