import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Visibility } from '../../../src/domain/directory.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import type { UsageCount, UsageKind } from '../../../src/domain/usage.ts';
import { UsageReview } from '../../../src/services/usage-review.ts';
import { assignment, client, organization, profile, to } from '../../support/market.ts';
import { openWorld, type World } from './fixtures.ts';

const operators: Visibility = { tenancy: EVERYTHING, inherited: true };
const acme: Visibility = { tenancy: { kind: 'subtree', organization: 'acme', path: ['acme'] }, inherited: true };
const site: Visibility = { tenancy: { kind: 'subtree', organization: 'site', path: ['acme', 'site'] }, inherited: true };

describe('the review of use', () => {
  let world: World;
  let review: UsageReview;

  const add = async (of: string, kind: UsageKind, name: string, given: Partial<UsageCount> = {}) =>
    world.store.usage.add([{ day: '2026-06-15', client: of, kind, name, granted: 0, dropped: 0, ...given }]);

  beforeEach(async () => {
    world = await openWorld();
    const { store, access, clock } = world;
    review = new UsageReview({ usage: store.usage, access, clock, usageDays: 400 });
    await world.change(async (tx) => {
      await tx.organizationTypes.put([{ name: 'site', parents: ['buyer'], barredRoles: [] }]);
      await tx.organizations.put([organization('site', 'site', { parent: 'acme' })]);
      await tx.clients.put([client('till', { organization: 'site' })]);
      await tx.permissionTypes.put([{ type: 'data/orders', operations: ['read', 'update'] }]);
    });
    await store.usage.begin('2026-06-01');
  });

  describe('totals', () => {
    it('say what was requested, granted and dropped, and which days they speak of', async () => {
      await add('shop', 'role', 'Shopper', { granted: 3, dropped: 1 });
      await add('shop', 'role', 'Bogus', { dropped: 2 });
      await add('shop', 'role', '', { dropped: 5 });
      expect(await review.totals({ by: 'role', limit: 10, total: true }, operators)).toEqual({
        days: 30,
        from: '2026-06-01',
        to: '2026-06-15',
        countedSince: '2026-06-01',
        items: [
          { name: null, known: false, requested: 5, granted: 0, dropped: 5, lastUsedOn: undefined, lastRequestedOn: '2026-06-15' },
          { name: 'Bogus', known: false, requested: 2, granted: 0, dropped: 2, lastUsedOn: undefined, lastRequestedOn: '2026-06-15' },
          { name: 'Shopper', known: true, requested: 4, granted: 3, dropped: 1, lastUsedOn: '2026-06-15', lastRequestedOn: '2026-06-15' },
        ],
        next: undefined,
        total: 3,
      });
    });

    it('of clients and profiles name the unused ones too', async () => {
      await add('till', 'client', '', { granted: 2 });
      await add('till', 'security_profile', 'shopping', { granted: 1, dropped: 1 });
      const clients = await review.totals({ by: 'client', limit: 10 }, operators);
      expect(clients.items.map(({ name, tokens, lastUsedOn }) => [name, tokens, lastUsedOn])).toEqual([
        ['api', 0, undefined],
        ['other', 0, undefined],
        ['shop', 0, undefined],
        ['till', 2, '2026-06-15'],
      ]);
      const profiles = await review.totals({ by: 'security_profile', limit: 10 }, operators);
      expect(profiles.items).toMatchObject([{ name: 'shopping', requested: 2, granted: 1, dropped: 1, lastUsedOn: '2026-06-15' }]);
      expect(profiles.items[0]).not.toHaveProperty('tokens');
    });

    it('can be of one client, one name, one day', async () => {
      await add('shop', 'role', 'Shopper', { granted: 1 });
      await add('till', 'role', 'Shopper', { granted: 10 });
      await add('till', 'role', 'Shopper', { day: '2026-06-14', granted: 100 });
      await add('till', 'role', 'OrderReader', { granted: 1000 });
      const granted = async (given: object) =>
        (await review.totals({ by: 'role', limit: 10, ...given }, operators)).items.map((item) => item.granted);
      expect(await granted({ client: 'till' })).toEqual([1000, 110]);
      expect(await granted({ client: 'till', days: 1 })).toEqual([1000, 10]);
      expect(await granted({ name: 'Shopper' })).toEqual([111]);
      expect((await review.totals({ by: 'client', client: 'till', limit: 10 }, operators)).items.map(({ name }) => name)).toEqual(['till']);
    });

    it('are those of the tenancy, and a client outside of it does not exist', async () => {
      await add('shop', 'role', 'Shopper', { granted: 1 });
      await add('till', 'role', 'Shopper', { granted: 10 });
      expect((await review.totals({ by: 'role', limit: 10 }, acme)).items).toMatchObject([{ granted: 11 }]);
      expect((await review.totals({ by: 'role', limit: 10 }, site)).items).toMatchObject([{ granted: 10 }]);
      for (const id of ['shop', 'absent']) {
        await expect(review.totals({ by: 'role', client: id, limit: 10 }, site)).rejects.toMatchObject({
          code: 'not_found',
          message: `There is no client "${id}".`,
        });
      }
    });

    it.each([0, -1, 1.5, 401, Number.NaN])('refuse %p days', async (days) => {
      await expect(review.totals({ by: 'role', days, limit: 10 }, operators)).rejects.toMatchObject({
        code: 'invalid_input',
        message: 'days must be a whole number from 1 to 400: counts are not kept for longer.',
      });
    });
  });

  it('speaks of no day before counting began, and of none that is not kept', async () => {
    const { store, access, clock } = await openWorld();
    const fresh = new UsageReview({ usage: store.usage, access, clock, usageDays: 400 });
    expect(await fresh.totals({ by: 'role', limit: 1 }, operators)).toMatchObject({ from: '2026-06-15', countedSince: undefined, items: [] });
    expect(await fresh.unusedRoles({ limit: 10 }, operators)).toMatchObject({ countedSince: undefined, items: [{ name: 'Shopper' }] });
    await store.usage.begin('2020-01-01');
    expect(await fresh.totals({ by: 'role', days: 7, limit: 1 }, operators)).toMatchObject({ from: '2026-06-09', countedSince: '2025-05-12' });
  });

  describe('unused roles', () => {
    beforeEach(() =>
      world.change(async (tx) => {
        await tx.securityProfiles.put([
          profile('data', [], { permissions: [{ type: 'data/*', operations: ['read', 'update'] }] }),
          profile('readers', ['OrderReader', 'data/orders:read']),
          profile('everything', [], { fullAccess: true }),
          profile('local', ['UserReader'], { organization: 'site' }),
        ]);
        await tx.assignments.put([assignment('data', to.user('alice'))]);
      }),
    );

    it('are those that a profile gives and no token got', async () => {
      await add('shop', 'role', 'Shopper', { granted: 1 });
      await add('shop', 'role', 'OrderReader', { day: '2026-06-02', granted: 1 });
      await add('shop', 'role', 'OrderReader', { dropped: 1 });
      expect(await review.unusedRoles({ days: 7, limit: 10, total: true }, operators)).toMatchObject({
        from: '2026-06-09',
        countedSince: '2026-06-01',
        total: 4,
        next: undefined,
        items: [
          { name: 'OrderReader', securityProfiles: ['readers'], securityProfileCount: 1, assigned: false, lastUsedOn: '2026-06-02' },
          { name: 'UserReader', securityProfiles: ['local'], assigned: false, lastUsedOn: undefined },
          { name: 'data/orders:read', securityProfiles: ['data', 'readers'], securityProfileCount: 2, assigned: true },
          { name: 'data/orders:update', securityProfiles: ['data'], assigned: true },
        ],
      });
      expect((await review.unusedRoles({ limit: 10 }, operators)).items.map(({ name }) => name)).not.toContain('OrderReader');
    });

    it('are judged by what the tenancy sees', async () => {
      await add('shop', 'role', 'Shopper', { granted: 1 });
      await add('till', 'role', 'UserReader', { granted: 1 });
      const names = async (visibility: Visibility) => (await review.unusedRoles({ limit: 10 }, visibility)).items.map(({ name }) => name);
      expect(await names(site)).toEqual(['OrderReader', 'Shopper', 'data/orders:read', 'data/orders:update']);
      expect(await names({ ...site, inherited: false })).toEqual([]);
      expect((await review.unusedRoles({ limit: 10 }, site)).items.every(({ assigned }) => !assigned)).toBe(true);
      expect(await names({ tenancy: { kind: 'nothing' }, inherited: true })).toEqual([]);
    });

    it('come in pages, and with 20 of their profiles', async () => {
      await world.change((tx) =>
        tx.securityProfiles.put(Array.from({ length: 30 }, (_, index) => profile(`p${String(index).padStart(2, '0')}`, ['OrderReader']))),
      );
      const first = await review.unusedRoles({ limit: 1 }, operators);
      expect(first.items).toMatchObject([{ name: 'OrderReader', securityProfileCount: 31 }]);
      expect(first.items[0]!.securityProfiles).toHaveLength(20);
      const second = await review.unusedRoles({ limit: 2, after: first.next }, operators);
      expect(second.items.map(({ name }) => name)).toEqual(['Shopper', 'UserReader']);
      const third = await review.unusedRoles({ limit: 2, after: second.next }, operators);
      expect(third).toMatchObject({ items: [{ name: 'data/orders:read' }, { name: 'data/orders:update' }], next: undefined, total: undefined });
    });
  });

  it('names what a client asks for in vain', async () => {
    await add('shop', 'role', 'Shopper', { granted: 1, dropped: 9 });
    await add('shop', 'role', 'OrderReader', { dropped: 3 });
    await add('shop', 'role', 'OrderReader', { day: '2026-06-14', dropped: 1 });
    await add('shop', 'role', 'Bogus', { dropped: 2 });
    await add('till', 'role', 'OrderReader', { granted: 1 });
    expect(await review.askedInVain({ client: 'shop', limit: 10, total: true }, operators)).toMatchObject({
      countedSince: '2026-06-01',
      total: 2,
      items: [
        { name: 'Bogus', known: false, requested: 2, lastRequestedOn: '2026-06-15' },
        { name: 'OrderReader', known: true, requested: 4, lastRequestedOn: '2026-06-15' },
      ],
    });
    const first = await review.askedInVain({ client: 'shop', limit: 1 }, operators);
    expect((await review.askedInVain({ client: 'shop', limit: 1, after: first.next }, operators)).items).toMatchObject([{ name: 'OrderReader' }]);
    expect((await review.askedInVain({ client: 'till', limit: 10 }, site)).items).toEqual([]);
    await expect(review.askedInVain({ client: 'shop', limit: 10 }, site)).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no client "shop".',
    });
  });

  it('gives the least scope that covers what a client was granted', async () => {
    await add('shop', 'client', '', { granted: 4 });
    await add('shop', 'role', 'Shopper', { granted: 3 });
    await add('shop', 'role', 'OrderReader', { granted: 1, dropped: 2 });
    await add('shop', 'role', 'UserReader', { dropped: 2 });
    await add('shop', 'role', 'UserAdmin', { day: '2026-06-02', granted: 2 });
    await add('till', 'role', 'data/orders:read', { granted: 1 });
    const asked = { client: 'shop', days: 7 };
    expect(await review.leastScope(asked, operators)).toEqual({
      days: 7,
      from: '2026-06-09',
      to: '2026-06-15',
      countedSince: '2026-06-01',
      client: 'shop',
      tokens: 4,
      names: 2,
      scope: 'OrderReader Shopper',
    });
    expect(await review.leastScope({ client: 'other' }, operators)).toMatchObject({ tokens: 0, names: 0, scope: '' });
    await expect(review.leastScope(asked, site)).rejects.toMatchObject({ code: 'not_found', message: 'There is no client "shop".' });
  });

  it('gives no scope that is longer than a request may be', async () => {
    await world.store.usage.add(
      Array.from({ length: 1001 }, (_, index) => ({
        day: '2026-06-15',
        client: 'shop',
        kind: 'role' as const,
        name: `r${index}`,
        granted: 1,
        dropped: 0,
      })),
    );
    expect(await review.leastScope({ client: 'shop' }, operators)).toMatchObject({ names: 1001, scope: null });
  });
});
