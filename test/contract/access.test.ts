import { beforeAll, expect, it } from '@jest/globals';
import type { Party } from '../../src/domain/party.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  client,
  DAY,
  organization,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  putTypes,
  user,
  userGroup,
} from './samples.ts';

describeEachStore('access', (suite) => {
  beforeAll(async () => putTypes(suite.store));

  const profilesOf = async (id: string) => (await suite.store.access.findUser(id))?.reaches.map(({ assignment: given }) => given);

  it('gives a user with every assignment that reaches it', async () => {
    const market = await putMarket(suite.store);
    const own = assignment(market.profile, partyUser(market.user), {
      client: market.client,
      validFrom: at(0),
      validUntil: at(DAY),
      reason: 'why',
      assignedBy: 'root',
    });
    const through = assignment(market.profile, partyGroup(market.group));
    const above = assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true });
    await suite.store.transaction((tx) => tx.assignments.put([own, through, above]));
    const unlimited = { includeDescendants: false, from: -Infinity, until: Infinity, assignedAt: at(0).getTime(), profile: market.profile };
    expect(await suite.store.access.findUser(market.user)).toEqual({
      kind: 'user',
      id: market.user,
      username: market.user,
      active: true,
      organization: { id: market.site, type: 'buyer', path: [market.seller, market.buyer, market.site] },
      authorizedOrganizations: [],
      memberships: [{ userGroup: market.group, from: -Infinity, until: Infinity }],
      reaches: [
        {
          ...unlimited,
          assignment: own.id,
          party: own.party,
          client: market.client,
          from: at(0).getTime(),
          until: at(DAY).getTime(),
          reason: 'why',
          assignedBy: 'root',
        },
        { ...unlimited, assignment: through.id, party: through.party },
        { ...unlimited, assignment: above.id, party: above.party, includeDescendants: true },
      ],
    });
    expect(await suite.store.access.findUser('nobody')).toBeUndefined();
    expect(await suite.store.access.findUser(market.client)).toBeUndefined();
  });

  it('reaches down the tree only with include_descendants', async () => {
    const market = await putMarket(suite.store);
    const [leaking, own, middle] = [
      assignment(market.profile, partyOrganization(market.seller)),
      assignment(market.profile, partyOrganization(market.site)),
      assignment(market.profile, partyOrganization(market.buyer), { includeDescendants: true }),
    ];
    const sibling = organization({ type: 'buyer', parent: market.seller });
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([sibling]);
      await tx.assignments.put([leaking, own, middle, assignment(market.profile, partyOrganization(sibling.id), { includeDescendants: true })]);
    });
    expect(await profilesOf(market.user)).toEqual([own.id, middle.id]);
  });

  it('follows a user into another organization', async () => {
    const market = await putMarket(suite.store);
    const sellers = assignment(market.profile, partyOrganization(market.seller));
    await suite.store.transaction((tx) => tx.assignments.put([sellers]));
    expect(await profilesOf(market.user)).toEqual([]);
    await suite.store.transaction((tx) => tx.users.put([user({ id: market.user, organization: market.seller })]));
    expect(await profilesOf(market.user)).toEqual([sellers.id]);
  });

  it('intersects the windows of assignment and membership, once for each way', async () => {
    const market = await putMarket(suite.store);
    const other = userGroup({ organization: market.buyer });
    const [a, b] = [
      assignment(market.profile, partyGroup(market.group), { validFrom: at(10), validUntil: at(50) }),
      assignment(market.profile, partyGroup(other.id)),
    ];
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put([other]);
      const memberships = [
        { userGroup: market.group, validFrom: at(0), validUntil: at(40) },
        { userGroup: other.id, validFrom: at(20) },
      ];
      await tx.users.put([user({ id: market.user, organization: market.site, memberships })]);
      await tx.assignments.put([a, b]);
    });
    const windows = (await suite.store.access.findUser(market.user))?.reaches.map(({ from, until }) => [from, until]);
    expect(windows).toEqual([
      [at(10).getTime(), at(40).getTime()],
      [at(20).getTime(), Infinity],
    ]);
  });

  it('gives assignments that have ended too', async () => {
    const market = await putMarket(suite.store);
    const ended = assignment(market.profile, partyUser(market.user), { validUntil: at(-DAY) });
    await suite.store.transaction((tx) => tx.assignments.put([ended]));
    expect(await profilesOf(market.user)).toEqual([ended.id]);
  });

  it('calls a user or client inactive when it is, or any organization above', async () => {
    const market = await putMarket(suite.store);
    const active = async () => [
      (await suite.store.access.findUser(market.user))?.active,
      (await suite.store.access.findClient(market.client))?.active,
    ];
    const disable = (given: Parameters<typeof organization>[0]) => suite.store.transaction((tx) => tx.organizations.put([organization(given)]));
    expect(await active()).toEqual([true, true]);
    await disable({ id: market.site, type: 'buyer', parent: market.buyer, active: false });
    expect(await active()).toEqual([false, true]);
    await disable({ id: market.site, type: 'buyer', parent: market.buyer });
    await disable({ id: market.seller, active: false });
    expect(await active()).toEqual([false, false]);
    await disable({ id: market.seller });
    expect(await active()).toEqual([true, true]);
    await suite.store.transaction(async (tx) => {
      await tx.users.put([user({ id: market.user, organization: market.site, active: false })]);
      await tx.clients.put([client({ clientId: market.client, organization: market.buyer, active: false })]);
    });
    expect(await active()).toEqual([false, false]);
  });

  it('gives a client what is assigned to it and to its organization', async () => {
    const market = await putMarket(suite.store);
    const alone = client();
    const [own, beside, above] = [
      assignment(market.profile, partyClient(market.client)),
      assignment(market.profile, partyOrganization(market.buyer)),
      assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true }),
    ];
    const notIts = [
      assignment(market.profile, partyUser(market.user), { client: market.client }),
      assignment(market.profile, partyClient(alone.clientId)),
    ];
    await suite.store.transaction(async (tx) => {
      await tx.clients.put([alone]);
      await tx.assignments.put([own, beside, above, ...notIts]);
    });
    const subject = await suite.store.access.findClient(market.client);
    expect(subject).toMatchObject({ kind: 'client', id: market.client, active: true, authorizedOrganizations: [] });
    expect(subject?.organization).toEqual({ id: market.buyer, type: 'buyer', path: [market.seller, market.buyer] });
    expect(subject?.reaches.map(({ assignment: given }) => given)).toEqual([own.id, beside.id, above.id]);
    expect(subject).not.toHaveProperty('username');
    const lonely = await suite.store.access.findClient(alone.clientId);
    expect(lonely?.reaches).toHaveLength(1);
    expect(lonely).not.toHaveProperty('organization');
    expect(await suite.store.access.findClient(market.user)).toBeUndefined();
  });

  it('finds the users whom an assignment to a party reaches', async () => {
    const market = await putMarket(suite.store);
    const [colleague, sellers] = [user({ organization: market.buyer }), user({ organization: market.seller })];
    await suite.store.transaction((tx) => tx.users.put([colleague, sellers]));
    const reached = (...parties: Parameters<typeof suite.store.access.usersReachedBy>[0]) => suite.store.access.usersReachedBy(parties, 100);
    expect(await reached(partyUser(market.user), partyUser('nobody'))).toEqual([market.user]);
    expect(await reached(partyGroup(market.group))).toEqual([market.user]);
    expect(await reached(partyOrganization(market.buyer))).toEqual([market.user, colleague.id]);
    expect(await reached(partyOrganization(market.seller), partyUser(market.user))).toEqual([market.user, colleague.id, sellers.id]);
    expect(await reached(partyClient(market.client))).toEqual([]);
    expect(await reached()).toEqual([]);
    expect(await suite.store.access.usersReachedBy([partyOrganization(market.seller)], 2)).toEqual([market.user, colleague.id]);
  });

  it('answers in the order of the assignments, however they reach', async () => {
    const market = await putMarket(suite.store);
    const mixed = [partyOrganization(market.site), partyUser(market.user), partyGroup(market.group)].map((party) =>
      assignment(market.profile, party),
    );
    await suite.store.transaction((tx) => tx.assignments.put([...mixed].reverse()));
    expect(await profilesOf(market.user)).toEqual(mixed.map(({ id }) => id));
  });

  it('gives a user with every membership, with its window and without assignments too', async () => {
    const market = await putMarket(suite.store);
    const [ended, coming] = [userGroup({ organization: market.seller }), userGroup({ organization: market.site })];
    const memberships = [
      { userGroup: coming.id, validFrom: at(DAY), reason: 'why' },
      { userGroup: market.group },
      { userGroup: ended.id, validFrom: at(-DAY), validUntil: at(-1) },
    ];
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put([ended, coming]);
      await tx.users.put([user({ id: market.user, organization: market.site, memberships })]);
    });
    expect((await suite.store.access.findUser(market.user))?.memberships).toEqual([
      { userGroup: market.group, from: -Infinity, until: Infinity },
      { userGroup: ended.id, from: at(-DAY).getTime(), until: at(-1).getTime() },
      { userGroup: coming.id, from: at(DAY).getTime(), until: Infinity },
    ]);
    expect((await suite.store.access.findClient(market.client))?.memberships).toEqual([]);
  });

  it('gives many at once as it gives each', async () => {
    const market = await putMarket(suite.store);
    const people = Array.from({ length: 1100 }, () => user({ organization: market.site }));
    const apps = [client({ organization: market.site }), client()];
    const given = [
      assignment(market.profile, partyUser(people[5]!.id)),
      assignment(market.profile, partyGroup(market.group)),
      assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true }),
      assignment(market.profile, partyClient(apps[0]!.clientId)),
    ];
    await suite.store.transaction(async (tx) => {
      await tx.users.put(people);
      await tx.clients.put(apps);
      await tx.assignments.put(given);
    });
    const { access } = suite.store;
    const users = await access.findUsers(['nobody', 'a\0b', market.user, market.user, market.client, ...people.map(({ id }) => id)]);
    expect([...users.keys()].sort()).toEqual([market.user, ...people.map(({ id }) => id)].sort());
    for (const id of [market.user, people[5]!.id, people[1099]!.id]) expect(users.get(id)).toEqual(await access.findUser(id));
    const clients = await access.findClients([market.client, market.user, ...apps.map(({ clientId }) => clientId)]);
    expect([...clients.keys()].sort()).toEqual([market.client, ...apps.map(({ clientId }) => clientId)].sort());
    for (const [id, subject] of clients) expect(subject).toEqual(await access.findClient(id));
    expect((await access.findUsers([])).size).toBe(0);
    await suite.store.transaction(async (tx) => {
      await tx.users.put([user({ id: market.user, organization: market.site, active: false })]);
      expect((await tx.access.findUsers([market.user])).get(market.user)).toMatchObject({ active: false, memberships: [] });
    });
  });

  it('counts the users whom an assignment to a party reaches, each once', async () => {
    const market = await putMarket(suite.store);
    await suite.store.transaction((tx) => tx.users.put([user({ organization: market.buyer }), user({ organization: market.seller })]));
    const count = (...parties: readonly Party[]) => suite.store.access.countUsersReachedBy(parties);
    expect(await count(partyUser(market.user), partyGroup(market.group), partyOrganization(market.site))).toBe(1);
    expect(await count(partyOrganization(market.buyer))).toBe(2);
    expect(await count(partyOrganization(market.seller), partyUser('nobody'))).toBe(3);
    expect(await count(partyClient(market.client))).toBe(0);
    expect(await count()).toBe(0);
  });

  it('finds the clients that an assignment to a party changes: the party, those of its organizations, those that act for a user', async () => {
    const market = await putMarket(suite.store);
    const [own, acting, alone] = [client({ organization: market.site }), client({ contextUser: market.user }), client()];
    await suite.store.transaction((tx) => tx.clients.put([own, acting, alone]));
    const reached = (parties: readonly Party[], contextUsers: readonly string[] = [], limit = 10) =>
      suite.store.access.clientsReachedBy(parties, contextUsers, limit);
    expect(await reached([partyClient(alone.clientId), partyClient('nobody')])).toEqual([alone.clientId]);
    expect(await reached([partyOrganization(market.buyer)])).toEqual([market.client, own.clientId]);
    expect(await reached([partyOrganization(market.site)])).toEqual([own.clientId]);
    expect(await reached([], [market.user, 'nobody', 'a\0b'])).toEqual([acting.clientId]);
    const all = [market.client, own.clientId, acting.clientId];
    expect(await reached([partyOrganization(market.seller), partyClient(own.clientId)], [market.user])).toEqual(all);
    expect(await reached([partyOrganization(market.seller)], [market.user], 2)).toEqual(all.slice(0, 2));
    expect(await reached([partyUser(market.user), partyGroup(market.group)])).toEqual([]);
    expect(await reached([])).toEqual([]);
  });

  it('finds the assignments of a profile, to a party, limited to a client, or all of it', async () => {
    const market = await putMarket(suite.store);
    const [limited, free] = [
      assignment(market.profile, partyUser(market.user), { client: market.client }),
      assignment(market.profile, partyUser(market.user)),
    ];
    const grouped = assignment(market.profile, partyGroup(market.group), { client: market.client });
    await suite.store.transaction((tx) => tx.assignments.put([limited, free, grouped]));
    const found = async (filter: Parameters<typeof suite.store.access.assignmentsOf>[0], limit = 10) =>
      (await suite.store.access.assignmentsOf(filter, limit)).map(({ id }) => id);
    expect(await found({ securityProfile: market.profile })).toEqual([limited.id, free.id, grouped.id]);
    expect(await found({ client: market.client })).toEqual([limited.id, grouped.id]);
    expect(await found({ client: market.client }, 1)).toEqual([limited.id]);
    expect(await found({ client: market.client, party: partyGroup(market.group) })).toEqual([grouped.id]);
    expect(await found({ client: market.client, securityProfile: 'unknown' })).toEqual([]);
    expect(await found({ client: 'a\0b' })).toEqual([]);
  });
});
