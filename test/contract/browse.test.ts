import { beforeAll, describe, expect, it } from '@jest/globals';
import { BROWSED, type BrowsedNoun, type BrowseQuery, type FieldCondition, type FieldTest } from '../../src/domain/browse.ts';
import { describeEachStore } from '../support/stores.ts';
import { ALL, NONE, within } from './directory-queries.ts';
import {
  assignment,
  at,
  client,
  expectRefusal,
  fresh,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  putTypes,
  user,
  type Market,
} from './samples.ts';

const like = (...pieces: [string, ...string[]]): FieldTest => ({ not: false, is: { like: pieces } });
const not = ({ is }: FieldTest): FieldTest => ({ not: true, is });
const where = (field: string, ...oneOf: readonly FieldTest[]): FieldCondition => ({ field, oneOf });

describeEachStore('numbered pages', (suite) => {
  let market: Market;
  let people: readonly string[];

  beforeAll(async () => {
    await putTypes(suite.store);
    market = await putMarket(suite.store);
    const names: readonly (readonly [string, string | undefined, Partial<Parameters<typeof user>[0]>])[] = [
      ['Anna', 'Smith', { email: 'anna@b.example' }],
      ['Ben', 'smithers', { active: false }],
      ['Émile', 'Zola', { phoneNumber: '100%_!' }],
      ['Dora', undefined, {}],
      ['Eve', 'Smith-Jones', {}],
    ];
    const users = names.map(([givenName, familyName, more]) => user({ organization: market.buyer, givenName, familyName, ...more }));
    people = users.map(({ id }) => id);
    await suite.store.transaction(async (tx) => {
      await tx.users.put(users);
      await tx.setPassword(people[0]!, 'hash', at(10));
      await tx.setPassword(people[1]!, 'hash', at(5));
    });
  });

  const browse = (more: Partial<BrowseQuery> = {}, noun: BrowsedNoun = 'users') =>
    suite.store.directory.browse(noun, {
      visibility: ALL,
      filters: noun === 'users' ? { organization: market.buyer } : {},
      conditions: [],
      order: [],
      skip: 0,
      limit: 100,
      ...more,
    });
  /** Positions of the people who were found, in the order in which they were. */
  const found = async (...conditions: readonly FieldCondition[]): Promise<number[]> =>
    (await browse({ conditions })).items.map((one) => people.indexOf((one as { id: string }).id));

  it('are cut out of what matches, which is counted', async () => {
    expect((await browse({ skip: 1, limit: 2 })).items.map((one) => (one as { id: string }).id)).toEqual(people.slice(1, 3));
    expect((await browse({ skip: 1, limit: 2 })).total).toBe(5);
    expect(await browse({ skip: 5 })).toEqual({ items: [], total: 5 });
  });

  it.each<[string, readonly FieldCondition[], number[]]>([
    ['a whole text, whatever its letter case', [where('family_name', like('SMITH'))], [0]],
    ['a beginning', [where('family_name', like('smith', ''))], [0, 1, 4]],
    ['an end', [where('family_name', like('', 'ES'))], [4]],
    ['pieces in their order', [where('family_name', like('s', 'h', 'jo', ''))], [4]],
    ['pieces that do not overlap', [where('family_name', like('smith', 'th'))], []],
    ['letters beyond ASCII', [where('given_name', like('ÉMILE'))], [2]],
    ['one of several', [where('family_name', like('zola'), like('', 'ers'))], [1, 2]],
    ['all of several', [where('family_name', like('smith', '')), where('given_name', like('', 'e'))], [4]],
    ['what is not so, what is absent included', [where('family_name', not(like('smith', '')))], [2, 3]],
    ['what is there', [where('family_name', like('', ''))], [0, 1, 2, 4]],
    ['what is absent', [where('family_name', not(like('', '')))], [3]],
    ['what stands for itself', [where('phone_number', like('100%_!'))], [2]],
    ['what stands for itself, and nothing else', [where('phone_number', like('100_%!'))], []],
    ['true and false', [where('active', { not: false, is: { equal: false } })], [1]],
    ['text behind another', [where('given_name', { not: false, is: { than: 'Dora', order: 'above', orEqual: false } })], [2, 4]],
    ['text not behind another', [where('given_name', { not: false, is: { than: 'Ben', order: 'below', orEqual: true } })], [0, 1]],
    ['an instant', [where('password_changed_at', { not: false, is: { equal: at(5) } })], [1]],
    ['instants before', [where('password_changed_at', { not: false, is: { than: at(10), order: 'below', orEqual: false } })], [1]],
    ['instants before, or the same', [where('password_changed_at', { not: false, is: { than: at(10), order: 'below', orEqual: true } })], [0, 1]],
    ['the organization', [where('organization_type', like('buyer'))], [0, 1, 2, 3, 4]],
    ['nothing for what no store can keep', [where('given_name', like('a\0'))], []],
    ['anything but what no store can keep', [where('given_name', not(like('a\0')))], [0, 1, 2, 3, 4]],
  ])('find %s', async (_, conditions, expected) => {
    expect(await found(...conditions)).toEqual(expected);
  });

  it('search in the fields that are named', async () => {
    const search = async (text: string, ...fields: string[]) =>
      (await browse({ search: { text, fields } })).items.map((one) => people.indexOf((one as { id: string }).id));
    expect(await search('ANNA', 'given_name')).toEqual([0]);
    expect(await search('b.example', 'given_name', 'email')).toEqual([0]);
    expect(await search('%', 'given_name', 'email')).toEqual([]);
    expect(await search('x\0', 'given_name')).toEqual([]);
  });

  it('are sorted by several fields; what is absent comes last, descending first; then by key', async () => {
    const sorted = async (...order: BrowseQuery['order']) => (await browse({ order })).items.map((one) => people.indexOf((one as { id: string }).id));
    const by = (field: string, descending = false) => ({ field, descending });
    expect(await sorted(by('family_name'))).toEqual([0, 4, 2, 1, 3]);
    expect(await sorted(by('family_name', true))).toEqual([3, 1, 2, 4, 0]);
    expect(await sorted(by('active'), by('given_name', true))).toEqual([1, 2, 4, 3, 0]);
    expect(await sorted(by('password_changed_at'))).toEqual([1, 0, 2, 3, 4]);
    expect(await sorted(by('id', true))).toEqual([4, 3, 2, 1, 0]);
  });

  it('show what may be seen, and count nothing else', async () => {
    expect((await browse({ visibility: within(market.seller, market.buyer) })).total).toBe(5);
    const elsewhere = await putMarket(suite.store);
    expect(await browse({ visibility: within(elsewhere.seller, elsewhere.buyer) })).toEqual({ items: [], total: 0 });
    expect(await browse({ visibility: NONE })).toEqual({ items: [], total: 0 });
  });

  it('look by every field of every noun', async () => {
    for (const noun of Object.keys(BROWSED) as BrowsedNoun[]) {
      for (const [field, kind] of Object.entries(BROWSED[noun])) {
        const is: FieldTest['is'] = kind === 'text' ? { like: ['', ''] } : { equal: kind === 'boolean' ? true : at(0) };
        const { items } = await browse({ filters: {}, conditions: [where(field, { not: false, is })], order: [{ field, descending: true }] }, noun);
        expect(Array.isArray(items)).toBe(true);
      }
    }
  });

  it('refuse fields that there are not', async () => {
    await expectRefusal(browse({ conditions: [where('password_hash', like('', ''))] }), 'invalid_input');
    await expectRefusal(browse({ order: [{ field: 'constructor', descending: false }] }), 'invalid_input');
    await expectRefusal(browse({ search: { text: 'a', fields: ['__proto__'] } }), 'invalid_input');
  });

  it('know where assignments belong', async () => {
    const profile = market.profile;
    const app = client({ organization: market.buyer });
    const given = [
      assignment(profile, partyUser(people[0]!)),
      assignment(profile, partyGroup(market.group)),
      assignment(profile, partyOrganization(market.seller)),
      assignment(profile, partyClient(app.clientId)),
    ];
    await suite.store.transaction(async (tx) => {
      await tx.clients.put([app]);
      await tx.assignments.put(given);
    });
    const which = async (...conditions: readonly FieldCondition[]) => {
      const { items } = await browse({ filters: { security_profile: profile }, conditions }, 'assignments');
      return items.map((one) => given.findIndex(({ id }) => id === (one as { id: string }).id)).filter((index) => index >= 0);
    };
    expect(await which(where('level', like('user')))).toEqual([0]);
    expect(await which(where('level', not(like('client'))))).toEqual([0, 1, 2]);
    expect(await which(where('organization', like(market.buyer)))).toEqual([0, 1, 3]);
    expect(await which(where('organization_type', like('seller')))).toEqual([2]);
  });

  it('know whose context user a client has, and between which buyers rules are', async () => {
    const app = client({ contextUser: people[0]!, isAnonymousBuyer: true });
    const rules = [
      {
        id: fresh('rule'),
        impersonator: partyOrganization(market.seller),
        target: partyGroup(market.group),
        securityProfile: market.profile,
        client: app.clientId,
      },
      {
        id: fresh('rule'),
        impersonator: partyUser(people[0]!),
        target: partyOrganization(market.buyer),
        securityProfile: market.profile,
        client: app.clientId,
      },
    ];
    await suite.store.transaction(async (tx) => {
      await tx.clients.put([app]);
      await tx.impersonationRules.put(rules);
    });
    expect((await browse({ conditions: [where('context_username', like(people[0]!))] }, 'clients')).items).toEqual([app]);
    const which = async (field: string, value: string) =>
      (await browse({ filters: { client: app.clientId }, conditions: [where(field, like(value))] }, 'impersonation_rules')).items;
    expect(await which('target_buyer', market.buyer)).toEqual(rules);
    expect(await which('impersonator_buyer', market.buyer)).toEqual([rules[1]]);
    expect(await which('impersonator_buyer', market.seller)).toEqual([]);
    expect(await which('target_user_group', market.group)).toEqual([rules[0]]);
  });

  describe('of memberships', () => {
    const members = (more: Partial<Parameters<typeof suite.store.directory.browseMemberships>[0]> = {}) =>
      suite.store.directory.browseMemberships({ visibility: ALL, organization: market.buyer, skip: 0, limit: 100, ...more });

    it('go by group and user', async () => {
      expect(await members()).toEqual({ items: [{ userGroup: market.group, user: market.user }], total: 1 });
      expect(await members({ user: market.user, userGroup: market.group, skip: 1 })).toEqual({ items: [], total: 1 });
      expect((await members({ user: people[0] })).total).toBe(0);
      expect((await members({ userGroup: 'x\0' })).total).toBe(0);
      expect((await members({ organization: market.seller })).total).toBe(0);
      expect((await members({ visibility: within(market.seller, market.buyer) })).total).toBe(1);
      const elsewhere = await putMarket(suite.store);
      expect((await members({ visibility: within(elsewhere.seller) })).total).toBe(0);
      expect((await members({ visibility: NONE })).total).toBe(0);
    });
  });

  describe('annals', () => {
    it('tell when something was made, which a change leaves as it is', async () => {
      const { store, clock } = suite;
      const madeAt = new Date(clock.now());
      const someone = user({ organization: market.site });
      await store.transaction((tx) => tx.users.put([someone]));
      clock.advance(60_000);
      await store.transaction((tx) => tx.users.put([{ ...someone, givenName: 'Someone' }]));
      const known = await store.directory.findAnnals('users', [someone.id, people[0]!, 'nobody', 'x\0']);
      expect(known.get(someone.id)).toEqual({ madeAt });
      expect(known.get(people[0]!)).toEqual({ madeAt: expect.any(Date), passwordChangedAt: at(10) });
      expect(known.size).toBe(2);
      expect((await store.directory.findAnnals('organizations', [market.site])).get(market.site)?.madeAt).toBeInstanceOf(Date);
    });
  });
});
