import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Visibility } from '../../src/domain/directory.ts';
import { EVERYTHING } from '../../src/domain/tenancy.ts';
import type { UsageCount, UsageKind, UsageQuery, UsageTotal } from '../../src/domain/usage.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  client,
  DAY,
  expectRefusal,
  fresh,
  organization,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putTypes,
  securityProfile,
  user,
  userGroup,
} from './samples.ts';

const all: Visibility = { tenancy: EVERYTHING, inherited: true };
const below = (...path: string[]): Visibility => ({ tenancy: { kind: 'subtree', organization: path.at(-1)!, path }, inherited: false });
const inheriting = (visibility: Visibility): Visibility => ({ ...visibility, inherited: true });
const nothing: Visibility = { tenancy: { kind: 'nothing' }, inherited: true };

describeEachStore('usage', (suite) => {
  let seller: string;
  let buyer: string;
  let other: string;
  let site: string;
  /** Clients of the seller, the buyer, the site, the other buyer, and of nobody. */
  let [ofSeller, ofBuyer, ofSite, ofOther, ofNobody]: string[] = [];

  const count = (of: string, kind: UsageKind, name: string, given: Partial<UsageCount> = {}): UsageCount => ({
    day: '2026-01-10',
    client: of,
    kind,
    name,
    granted: 0,
    dropped: 0,
    ...given,
  });
  const query = (by: UsageKind, given: Partial<UsageQuery> = {}): UsageQuery => ({
    by,
    from: '2026-01-01',
    to: '2026-01-31',
    visibility: all,
    limit: 100,
    total: false,
    ...given,
  });
  const list = async (by: UsageKind, given: Partial<UsageQuery> = {}) => (await suite.store.usage.list(query(by, given))).items;
  const figures = (totals: readonly UsageTotal[]) => Object.fromEntries(totals.map(({ name, granted, dropped }) => [name, [granted, dropped]]));

  beforeAll(() => putTypes(suite.store));
  beforeEach(async () => {
    [seller, buyer, other, site] = [fresh('seller'), fresh('buyer'), fresh('other'), fresh('site')];
    const clients = [fresh('client'), fresh('client'), fresh('client'), fresh('client'), fresh('client')];
    [ofSeller, ofBuyer, ofSite, ofOther, ofNobody] = clients;
    await suite.store.transaction(async (tx) => {
      for (const { clientId } of await tx.clients.list({ limit: 1000 })) await tx.clients.remove([clientId]);
      await tx.organizations.put([
        organization({ id: seller }),
        organization({ id: buyer, type: 'buyer', parent: seller }),
        organization({ id: other, type: 'buyer', parent: seller }),
        organization({ id: site, type: 'buyer', parent: buyer }),
      ]);
      await tx.clients.put([seller, buyer, site, other].map((id, index) => client({ clientId: clients[index]!, organization: id })));
      await tx.clients.put([client({ clientId: clients[4]! })]);
    });
  });

  it('remembers since when counting runs, whoever says it again', async () => {
    await suite.store.usage.begin('2026-01-05');
    await suite.store.usage.begin('2026-01-03');
    expect(await suite.store.usage.countedSince()).toBe('2026-01-05');
  });

  it('adds up what comes for the same client, day and name', async () => {
    const { usage } = suite.store;
    await usage.add([count(ofSeller!, 'role', 'A', { granted: 2, dropped: 1 }), count(ofSeller!, 'role', 'B', { dropped: 3 })]);
    await usage.add([count(ofSeller!, 'role', 'A', { granted: 5 }), count(ofSeller!, 'role', 'A', { day: '2026-01-12', dropped: 7 })]);
    await usage.add([]);
    expect(await list('role')).toEqual([
      { name: 'A', tokens: undefined, granted: 7, dropped: 8, lastUsedOn: '2026-01-10', lastRequestedOn: '2026-01-12' },
      { name: 'B', tokens: undefined, granted: 0, dropped: 3, lastUsedOn: undefined, lastRequestedOn: '2026-01-10' },
    ]);
  });

  it('loses nothing when many add the same at once, in any order', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `role-${index}`);
    const adding = Array.from({ length: 8 }, (_, index) => {
      const counts = names.map((name) => count(ofSeller!, 'role', name, { granted: 1 }));
      return suite.store.usage.add(index % 2 === 0 ? counts : counts.toReversed());
    });
    await Promise.all(adding);
    expect(new Set((await list('role')).map(({ granted }) => granted))).toEqual(new Set([8]));
    expect(await list('role')).toHaveLength(40);
  });

  it('passes over clients that do not exist, and forgets those that were removed', async () => {
    const { usage } = suite.store;
    await usage.add([count('nobody', 'role', 'A', { granted: 1 }), count(ofSeller!, 'role', 'B', { granted: 1 })]);
    expect(figures(await list('role'))).toEqual({ B: [1, 0] });
    await suite.store.transaction((tx) => tx.clients.remove([ofSeller!]));
    await suite.store.transaction((tx) => tx.clients.put([client({ clientId: ofSeller!, organization: other })]));
    expect(await list('role')).toEqual([]);
  });

  it('leaves counts untouched by a transaction that is undone', async () => {
    await suite.store.usage.add([count(ofSeller!, 'role', 'A', { granted: 1 })]);
    await suite.store.transaction((tx) => tx.clients.remove([ofSeller!]), { rollback: true });
    expect(figures(await list('role'))).toEqual({ A: [1, 0] });
  });

  it('refuses what cannot be a count, and keeps nothing of it', async () => {
    const { usage } = suite.store;
    const good = count(ofSeller!, 'role', 'A', { granted: 1 });
    await expectRefusal(usage.add([good, good]), 'invalid_input', 'A count of use is given twice.');
    await expectRefusal(usage.add([good, { ...good, day: '2026-1-1' }]), 'invalid_input', 'A count of use is of no day.');
    await expectRefusal(usage.add([good, { ...good, day: '2026-13-01' }]), 'invalid_input', 'A count of use is of no day.');
    await expectRefusal(usage.add([good, { ...good, name: 'B', granted: -1 }]), 'invalid_input', 'A count of use is not a whole number.');
    await expectRefusal(usage.add([good, { ...good, name: 'B\0' }]), 'invalid_input', 'A count of use contains NUL or invalid Unicode.');
    await expectRefusal(usage.add([good, { ...good, name: 'B'.repeat(251) }]), 'invalid_input', 'The name in a count of use is too long.');
    const many = Array.from({ length: 2001 }, (_, index) => count(ofSeller!, 'role', `r${index}`, { granted: 1 }));
    await expectRefusal(usage.add(many), 'invalid_input', 'More than 2000 counts at once.');
    expect(await list('role')).toEqual([]);
  });

  it('takes 2,000 counts in one statement', async () => {
    await suite.store.usage.add(Array.from({ length: 2000 }, (_, index) => count(ofSeller!, 'role', `r${index}`, { granted: 1 })));
    expect((await suite.store.usage.list(query('role', { total: true }))).total).toBe(2000);
  });

  it('sums up roles over the days and the clients of a tenancy', async () => {
    await suite.store.usage.add([
      ...[ofSeller, ofBuyer, ofSite, ofOther, ofNobody].map((id) => count(id!, 'role', 'A', { granted: 1 })),
      count(ofSite!, 'role', 'A', { day: '2026-01-09', granted: 10 }),
      count(ofSite!, 'role', 'A', { day: '2026-01-11', granted: 100 }),
      count(ofSite!, 'security_profile', 'A', { granted: 1000 }),
      count(ofOther!, 'role', 'B', { dropped: 1 }),
    ]);
    const day = { from: '2026-01-10', to: '2026-01-10' };
    expect(figures(await list('role', day))).toEqual({ A: [5, 0], B: [0, 1] });
    expect(figures(await list('role', { ...day, visibility: below(seller) }))).toEqual({ A: [5, 0], B: [0, 1] });
    expect(figures(await list('role', { ...day, visibility: inheriting(below(seller, buyer)) }))).toEqual({ A: [2, 0] });
    expect(figures(await list('role', { ...day, visibility: below(seller, other) }))).toEqual({ A: [1, 0], B: [0, 1] });
    expect(await list('role', { ...day, visibility: nothing })).toEqual([]);
    expect(figures(await list('role', { from: '2026-01-09', to: '2026-01-10', client: ofSite }))).toEqual({ A: [11, 0] });
    expect(await list('role', { client: ofSite, visibility: below(seller, other) })).toEqual([]);
    expect(figures(await list('role', { inVain: true }))).toEqual({ B: [0, 1] });
    expect(figures(await list('role', { inVain: true, client: ofOther }))).toEqual({ B: [0, 1] });
    expect(figures(await list('role', { names: ['B', 'C'] }))).toEqual({ B: [0, 1] });
  });

  it('sums up every client of a tenancy, the unused ones too', async () => {
    await suite.store.usage.add([
      count(ofBuyer!, 'client', '', { granted: 3 }),
      count(ofBuyer!, 'role', 'A', { granted: 2, dropped: 1 }),
      count(ofBuyer!, 'role', '', { dropped: 4 }),
      count(ofBuyer!, 'security_profile', 'P', { granted: 50 }),
      count(ofNobody!, 'client', '', { day: '2026-01-11', granted: 1 }),
    ]);
    const unused = { tokens: 0, granted: 0, dropped: 0, lastUsedOn: undefined, lastRequestedOn: undefined };
    const used = { name: ofBuyer!, tokens: 3, granted: 2, dropped: 5, lastUsedOn: '2026-01-10', lastRequestedOn: '2026-01-10' };
    expect(await list('client', { visibility: inheriting(below(seller, buyer)) })).toEqual([used, { ...unused, name: ofSite! }]);
    expect((await list('client', { visibility: below(seller) })).map(({ name }) => name)).toEqual([ofSeller, ofBuyer, ofSite, ofOther, ofNobody]);
    expect(await list('client', { visibility: below(seller, buyer), names: [ofSeller!, ofBuyer!] })).toEqual([used]);
    expect(await list('client', { names: [ofNobody!], to: '2026-01-10' })).toEqual([{ ...unused, name: ofNobody! }]);
    expect(await list('client', { visibility: nothing })).toEqual([]);
  });

  it('sums up every profile that may be seen, from the clients of the tenancy alone', async () => {
    const [global, ofTheSeller, ofTheSite] = [fresh('profile'), fresh('profile'), fresh('profile')];
    await suite.store.transaction((tx) =>
      tx.securityProfiles.put([
        securityProfile({ id: global }),
        securityProfile({ id: ofTheSeller, organization: seller }),
        securityProfile({ id: ofTheSite, organization: site }),
      ]),
    );
    await suite.store.usage.add([
      count(ofSeller!, 'security_profile', ofTheSeller, { granted: 1, dropped: 20 }),
      count(ofSite!, 'security_profile', ofTheSeller, { granted: 2 }),
      count(ofSite!, 'security_profile', ofTheSeller, { day: '2026-01-11', dropped: 4 }),
      count(ofSite!, 'role', ofTheSeller, { granted: 100 }),
    ]);
    const names = [global, ofTheSeller, ofTheSite];
    const seen = (visibility: Visibility, given: Partial<UsageQuery> = {}) =>
      list('security_profile', { visibility, names, ...given }).then((totals) => figures(totals));
    expect(await seen(all)).toEqual({ [global]: [0, 0], [ofTheSeller]: [3, 24], [ofTheSite]: [0, 0] });
    expect(await seen(below(seller))).toEqual({ [global]: [0, 0], [ofTheSeller]: [3, 24], [ofTheSite]: [0, 0] });
    expect(await seen(below(seller, buyer))).toEqual({ [ofTheSite]: [0, 0] });
    expect(await seen(inheriting(below(seller, buyer)))).toEqual({ [global]: [0, 0], [ofTheSeller]: [2, 4], [ofTheSite]: [0, 0] });
    expect(await seen(inheriting(below(seller, other)))).toEqual({ [global]: [0, 0], [ofTheSeller]: [0, 0] });
    expect(await seen(all, { client: ofSeller })).toEqual({ [global]: [0, 0], [ofTheSeller]: [1, 20], [ofTheSite]: [0, 0] });
    expect(await seen(nothing)).toEqual({});
    const [total] = await list('security_profile', { visibility: inheriting(below(seller, buyer)), names: [ofTheSeller] });
    expect(total).toMatchObject({ lastUsedOn: '2026-01-10', lastRequestedOn: '2026-01-11' });
  });

  it.each<UsageKind>(['role', 'client', 'security_profile'])('pages through totals by %s', async (by) => {
    const profiles = ['a', 'b', 'c', 'd', 'e'].map((letter) => securityProfile({ id: `${fresh('paged')}-${letter}` }));
    await suite.store.transaction((tx) => tx.securityProfiles.put(profiles));
    await suite.store.usage.add(['', 'A', 'B', 'a', 'b'].map((name) => count(ofSeller!, 'role', name, { granted: 1 })));
    const given = by === 'security_profile' ? { names: profiles.map(({ id }) => id) } : {};
    const whole = await suite.store.usage.list(query(by, { ...given, total: true }));
    expect(whole).toMatchObject({ next: undefined, total: 5 });
    const names = whole.items.map(({ name }) => name);
    expect(names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));

    const first = await suite.store.usage.list(query(by, { ...given, limit: 2 }));
    expect(first).toMatchObject({ next: { key: names[1] }, total: undefined });
    const second = await suite.store.usage.list(query(by, { ...given, limit: 2, after: first.next, total: true }));
    expect(second.total).toBe(5);
    const third = await suite.store.usage.list(query(by, { ...given, limit: 2, after: second.next }));
    expect([...first.items, ...second.items, ...third.items].map(({ name }) => name)).toEqual(names);
    expect(third.next).toBeUndefined();
  });

  it('tells which roles were granted', async () => {
    await suite.store.usage.add([
      count(ofBuyer!, 'role', 'b', { granted: 1 }),
      count(ofSite!, 'role', 'b', { granted: 1 }),
      count(ofSite!, 'role', 'C', { day: '2026-01-11', granted: 1 }),
      count(ofSite!, 'role', 'A', { dropped: 1 }),
      count(ofOther!, 'role', 'D', { granted: 1 }),
    ]);
    const january = { from: '2026-01-01', to: '2026-01-31' };
    const granted = (given: object) => suite.store.usage.grantedRoles({ ...january, visibility: all, ...given });
    expect(await granted({})).toEqual(['C', 'D', 'b']);
    expect(await granted({ visibility: below(seller, buyer) })).toEqual(['C', 'b']);
    expect(await granted({ client: ofBuyer })).toEqual(['b']);
    expect(await granted({ to: '2026-01-10' })).toEqual(['D', 'b']);
    expect(await granted({ visibility: nothing })).toEqual([]);
    expect(await granted({ visibility: below(seller, other), client: ofBuyer })).toEqual([]);
  });

  it('tells which profiles are assigned within a tenancy', async () => {
    const [group, person] = [fresh('group'), fresh('user')];
    const profiles = ['user', 'group', 'organization', 'client', 'above', 'above-alone', 'ended', 'nobody'].map((name) => fresh(name));
    const [toUser, toGroup, toOrganization, toClient, fromAbove, aboveAlone, ended, unassigned] = profiles as [string, ...string[]];
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put([userGroup({ id: group, organization: site })]);
      await tx.users.put([user({ id: person, organization: site })]);
      await tx.securityProfiles.put([
        ...profiles.map((id) => securityProfile({ id })),
        securityProfile({ id: fresh('foreign'), organization: other }),
      ]);
      await tx.assignments.put([
        assignment(toUser, partyUser(person)),
        assignment(toGroup!, partyGroup(group)),
        assignment(toOrganization!, partyOrganization(site)),
        assignment(toClient!, partyClient(ofSite!)),
        assignment(fromAbove!, partyOrganization(seller), { includeDescendants: true }),
        assignment(aboveAlone!, partyOrganization(seller)),
        assignment(ended!, partyUser(person), { validUntil: at(DAY) }),
      ]);
    });
    const inUse = async (visibility: Visibility, now = at(DAY)) => {
      const found = await suite.store.usage.profilesInUse(visibility, now);
      expect(found.map(({ id }) => id)).toEqual(found.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1)));
      return found.filter(({ id, assigned }) => profiles.includes(id) && assigned).map(({ id }) => id);
    };
    const own = [toUser, toGroup, toOrganization, toClient];
    expect(new Set(await inUse(all))).toEqual(new Set([...own, fromAbove, aboveAlone]));
    expect(new Set(await inUse(inheriting(below(seller, buyer))))).toEqual(new Set([...own, fromAbove]));
    expect(await inUse(inheriting(below(seller, other)))).toEqual([fromAbove]);
    expect(await inUse(inheriting(below(seller, buyer)), at(DAY - 1))).toContain(ended);
    expect(await inUse(all)).not.toContain(unassigned);
    const seen = await suite.store.usage.profilesInUse(inheriting(below(seller, buyer)), at(0));
    expect(seen.filter(({ id }) => id.startsWith('foreign'))).toEqual([]);
    expect(await suite.store.usage.profilesInUse(below(seller, buyer), at(0))).toEqual([]);
    expect(await suite.store.usage.profilesInUse(nothing, at(0))).toEqual([]);
  });

  it('finds nothing under names that cannot be', async () => {
    await suite.store.usage.add([count(ofSeller!, 'role', 'A', { granted: 1 })]);
    expect(await list('role', { client: "'; DROP TABLE clients --\0" })).toEqual([]);
    expect(await list('role', { names: ['\0', "A' OR 'x'='x"] })).toEqual([]);
    expect(await list('client', { names: ['\ud800'] })).toEqual([]);
    expect(await list('role', { after: { value: '', key: '\0' } })).toEqual([]);
    expect(await suite.store.usage.grantedRoles({ from: '2026-01-01', to: '2026-01-31', visibility: all, client: '\0' })).toEqual([]);
  });

  it('lets old days go, in batches', async () => {
    const { usage } = suite.store;
    await usage.add(['2025-12-30', '2025-12-31', '2026-01-01'].map((day) => count(ofSeller!, 'role', 'A', { day, granted: 1 })));
    await usage.add([count(ofSeller!, 'client', '', { day: '2025-12-31', granted: 1 })]);
    expect(await usage.reap('2026-01-01', 2)).toBe(2);
    expect(await usage.reap('2026-01-01', 2)).toBe(1);
    expect(await usage.reap('2026-01-01', 2)).toBe(0);
    expect(figures(await list('role', { from: '2025-01-01' }))).toEqual({ A: [1, 0] });
  });
});
