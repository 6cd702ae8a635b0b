import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Lease, LeaseQuery, Page } from '../../src/domain/directory.ts';
import { describeEachStore } from '../support/stores.ts';
import { ALL, keys, NONE, within } from './directory-queries.ts';
import {
  assignment,
  at,
  DAY,
  expectRefusal,
  HOUR,
  organization,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  putTypes,
  user,
  userGroup,
  type Market,
} from './samples.ts';

const asked = (given: Partial<LeaseQuery>): LeaseQuery => ({
  visibility: ALL,
  kinds: ['assignment', 'membership'],
  from: at(0),
  until: at(30 * DAY),
  limit: 1000,
  total: false,
  ...given,
});

const named = (lease: Lease): string => (lease.kind === 'assignment' ? lease.assignment.id : `${lease.user}/${lease.membership.userGroup}`);

describeEachStore('leases', (suite) => {
  beforeAll(async () => putTypes(suite.store));
  const list = (market: Market, given: Partial<LeaseQuery> = {}): Promise<Page<Lease>> =>
    suite.store.directory.listLeases(asked({ visibility: within(market.seller), ...given }));
  const names = async (market: Market, given: Partial<LeaseQuery> = {}) => (await list(market, given)).items.map(named);

  describe('are what ends within a span of time', () => {
    it('assignments and memberships, the soonest first, with all that they say', async () => {
      const market = await putMarket(suite.store);
      const later = assignment(market.profile, partyUser(market.user), { validUntil: at(2 * DAY), client: market.client });
      const sooner = assignment(market.profile, partyGroup(market.group), { validUntil: at(HOUR), reason: 'trial', assignedBy: 'boss' });
      const membership = { userGroup: market.group, validFrom: at(-DAY), validUntil: at(DAY), reason: 'holiday' };
      const member = user({ organization: market.buyer, memberships: [membership] });
      await suite.store.transaction(async (tx) => {
        await tx.users.put([member]);
        await tx.assignments.put([later, sooner, assignment(market.profile, partyClient(market.client))]);
      });
      expect(await list(market, { total: true })).toEqual({
        items: [
          { kind: 'assignment', endsAt: at(HOUR), assignment: sooner },
          { kind: 'membership', endsAt: at(DAY), user: member.id, membership },
          { kind: 'assignment', endsAt: at(2 * DAY), assignment: later },
        ],
        next: undefined,
        total: 3,
      });
      expect(await names(market, { kinds: ['membership'] })).toEqual([`${member.id}/${market.group}`]);
      expect(await names(market, { kinds: ['assignment'] })).toEqual([sooner.id, later.id]);
      expect(await list(market, { kinds: [], total: true })).toEqual({ items: [], next: undefined, total: 0 });
    });

    it('from its first instant on, up to its last one excluded', async () => {
      const market = await putMarket(suite.store);
      const ending = [-1, 0, 1, 99, 100].map((seconds) => at(seconds));
      const put = ending.map((validUntil) =>
        assignment(market.profile, partyUser(market.user), { validFrom: new Date(validUntil.getTime() - 500), validUntil }),
      );
      const groups = ending.map(() => userGroup({ organization: market.site }));
      const member = user({
        organization: market.site,
        memberships: groups.map(({ id }, index) => ({ userGroup: id, validUntil: ending[index] })),
      });
      await suite.store.transaction(async (tx) => {
        await tx.userGroups.put(groups);
        await tx.users.put([member]);
        await tx.assignments.put(put);
      });
      const expected = [1, 2, 3].flatMap((index) => [put[index]!.id, `${member.id}/${groups[index]!.id}`]);
      expect(await names(market, { from: at(0), until: at(100) })).toEqual(expected);
      expect((await list(market, { from: at(0), until: at(100), total: true })).total).toBe(6);
    });
  });

  it('come page by page, also where many end at the same instant', async () => {
    const market = await putMarket(suite.store);
    const groups = [userGroup({ organization: market.buyer }), userGroup({ organization: market.buyer })];
    const instants = [at(DAY), at(DAY), at(2 * DAY)];
    const members = instants.map((validUntil) =>
      user({ organization: market.buyer, memberships: groups.map(({ id }) => ({ userGroup: id, validUntil })) }),
    );
    const put = members.flatMap(({ id }) =>
      instants.slice(0, 2).map((validUntil, index) => assignment(market.profile, partyUser(id), { validUntil, validFrom: at(index) })),
    );
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put(groups);
      await tx.users.put(members);
      await tx.assignments.put(put);
    });
    const whole = await names(market);
    expect(whole).toHaveLength(12);
    expect(whole.slice(0, 6)).toEqual(put.map(({ id }) => id).sort());
    for (const limit of [1, 2, 5, 11]) {
      const seen: string[] = [];
      let after: LeaseQuery['after'];
      do {
        const page = await list(market, { limit, after, total: true });
        expect(page.total).toBe(12);
        seen.push(...page.items.map(named));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(whole);
    }
  });

  it('are seen with their party, or with their member', async () => {
    const market = await putMarket(suite.store);
    const elsewhere = organization({ type: 'buyer', parent: market.seller });
    const validUntil = at(DAY);
    const outside = user({ organization: market.seller, memberships: [{ userGroup: market.group, validUntil }] });
    const inside = user({ organization: market.site, memberships: [{ userGroup: market.group, validUntil }] });
    const above = assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true, validUntil });
    const own = assignment(market.profile, partyOrganization(market.site), { validUntil });
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([elsewhere]);
      await tx.users.put([outside, inside]);
      await tx.assignments.put([above, own]);
    });
    const [first, second] = [outside.id, inside.id].sort();
    expect(await names(market)).toEqual([above.id, own.id, `${first}/${market.group}`, `${second}/${market.group}`]);
    const below = await list(market, { visibility: within(market.seller, market.buyer), total: true });
    expect({ ...below, items: below.items.map(named) }).toEqual({ items: [own.id, `${inside.id}/${market.group}`], next: undefined, total: 2 });
    for (const visibility of [within(market.seller, elsewhere.id), NONE]) {
      expect(await list(market, { visibility, total: true })).toEqual({ items: [], next: undefined, total: 0 });
    }
  });

  it('refuse a position that is not one of theirs', async () => {
    const market = await putMarket(suite.store);
    const value = at(0).toISOString();
    for (const after of [
      { value, key: 'x' },
      { value, key: '["assignment"]' },
      { value, key: '["membership","a"]' },
      { value, key: '["other","a"]' },
      { value, key: '["assignment",1]' },
      { value, key: '["assignment","a\\u0000"]' },
      { value: 'yesterday', key: '["assignment","a"]' },
    ]) {
      await expectRefusal(list(market, { after }), 'invalid_input', 'The position is not one of this list.');
    }
  });
});

describeEachStore('a search in some fields', (suite) => {
  it('finds nothing by the others', async () => {
    const market = await putMarket(suite.store);
    const person = user({ organization: market.site, username: 'Quentin', email: 'quentin.secret@example.com' });
    await suite.store.transaction((tx) => tx.users.put([person]));
    const found = (search: string, searchIn?: readonly string[]) =>
      keys(suite.store, 'users', { visibility: within(market.seller), search, searchIn });
    expect(await found('quentin.secret')).toEqual([person.id]);
    expect(await found('quentin.secret', ['id', 'username'])).toEqual([]);
    expect(await found('QUENT', ['id', 'username'])).toEqual([person.id]);
    expect(await found('QUENT', ['email'])).toEqual([person.id]);
    expect(await found('QUENT', [])).toEqual([]);
  });
});
