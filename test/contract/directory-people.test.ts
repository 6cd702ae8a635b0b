import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Assignment } from '../../src/domain/assignment.ts';
import { byCodeUnit } from '../../src/domain/catalogue.ts';
import type { Dependents, ListQuery, NounName, Visibility } from '../../src/domain/directory.ts';
import type { Party } from '../../src/domain/party.ts';
import { describeEachStore } from '../support/stores.ts';
import { ALL, NONE, within } from './directory-queries.ts';
import {
  assignment,
  at,
  auditEvent,
  client,
  DAY,
  expectRefusal,
  fresh,
  grant,
  organization,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  putTypes,
  resourceServer,
  securityProfile,
  user,
  userGroup,
} from './samples.ts';

type PeopleQuery = Pick<ListQuery, 'visibility' | 'after' | 'limit' | 'total'>;
const asked = (given: Partial<PeopleQuery>): PeopleQuery => ({ visibility: ALL, limit: 1000, total: false, ...given });

describeEachStore('people of the directory', (suite) => {
  beforeAll(async () => putTypes(suite.store));
  const put = (...given: readonly Assignment[]) => suite.store.transaction((tx) => tx.assignments.put(given));
  const holders = (profile: string, given: Partial<PeopleQuery> = {}) => suite.store.directory.listHolders(profile, asked(given));
  const holding = async (profile: string, given: Partial<PeopleQuery> = {}) =>
    (await holders(profile, given)).items.map(({ user: { id }, assignments }) => [id, ...assignments]);

  describe('holders of a profile', () => {
    it('are those whom an assignment reaches: directly, by group, by organization, from above', async () => {
      const market = await putMarket(suite.store);
      const [boss, colleague] = [
        user({ organization: market.seller }),
        user({ organization: market.buyer, memberships: [{ userGroup: market.group }] }),
      ];
      await suite.store.transaction((tx) => tx.users.put([boss, colleague]));
      expect(await holders(market.profile, { total: true })).toEqual({ items: [], next: undefined, total: 0 });
      const direct = assignment(market.profile, partyUser(market.user), { validUntil: at(-DAY) });
      const through = assignment(market.profile, partyGroup(market.group));
      await put(direct, through, assignment(market.profile, partyClient(market.client)));
      expect(await holding(market.profile)).toEqual([
        [market.user, direct.id, through.id],
        [colleague.id, through.id],
      ]);
      const own = assignment(market.profile, partyOrganization(market.buyer));
      await put(own);
      expect(await holding(market.profile)).toEqual([
        [market.user, direct.id, through.id],
        [colleague.id, through.id, own.id],
      ]);
      const above = assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true });
      const limited = assignment(market.profile, partyUser(boss.id), { client: market.client });
      await put(above, limited);
      expect(await holding(market.profile)).toEqual([
        [market.user, direct.id, through.id, above.id],
        [boss.id, above.id, limited.id],
        [colleague.id, through.id, own.id, above.id],
      ]);
      const [first] = (await holders(market.profile, { limit: 1 })).items;
      expect(first?.user).toEqual(user({ id: market.user, organization: market.site, memberships: [{ userGroup: market.group }] }));
    });

    it('are shown as far as they may be seen, page by page, and counted so', async () => {
      const market = await putMarket(suite.store);
      const people = Array.from({ length: 6 }, (_, index) => user({ organization: index % 2 === 0 ? market.seller : market.site }));
      await suite.store.transaction((tx) => tx.users.put(people));
      await put(
        assignment(market.profile, partyOrganization(market.seller), { includeDescendants: true }),
        ...people.slice(0, 3).map(({ id }) => assignment(market.profile, partyUser(id))),
      );
      const seen = async (visibility: Visibility) => {
        const ids: string[] = [];
        let after: PeopleQuery['after'];
        do {
          const page = await holders(market.profile, { visibility, limit: 2, total: true, after });
          ids.push(...page.items.map((holder) => holder.user.id));
          after = page.next;
          expect(page.items.length).toBeLessThanOrEqual(2);
        } while (after !== undefined);
        expect((await holders(market.profile, { visibility, total: true })).total).toBe(ids.length);
        return ids;
      };
      const below = [market.user, ...[1, 3, 5].map((index) => people[index]!.id)];
      expect(await seen(within(market.seller, market.buyer))).toEqual(below.toSorted(byCodeUnit));
      expect(await seen(within(market.seller))).toEqual([market.user, ...people.map(({ id }) => id)].toSorted(byCodeUnit));
      expect(await seen(ALL)).toEqual(await seen(within(market.seller)));
      expect(await seen(NONE)).toEqual([]);
      expect(await seen(within('nowhere'))).toEqual([]);
    });

    it('are the same when it was assigned to very many groups and organizations', async () => {
      const market = await putMarket(suite.store);
      const sites = Array.from({ length: 150 }, () => organization({ type: 'buyer', parent: market.buyer }));
      const groups = Array.from({ length: 150 }, () => userGroup({ organization: market.seller }));
      const people = [
        ...sites.slice(0, 20).map(({ id }) => user({ organization: id })),
        ...groups.slice(0, 20).map(({ id }) => user({ organization: market.seller, memberships: [{ userGroup: id }] })),
        user({ organization: market.seller }),
      ];
      const given = [...sites.map(({ id }) => partyOrganization(id)), ...groups.map(({ id }) => partyGroup(id))].map((party) =>
        assignment(market.profile, party),
      );
      const direct = assignment(market.profile, partyUser(people[0]!.id));
      await suite.store.transaction(async (tx) => {
        await tx.organizations.put(sites);
        await tx.userGroups.put(groups);
        await tx.users.put(people);
        await tx.assignments.put([...given, direct]);
      });
      const expected = people
        .slice(0, 40)
        .map(({ id }, index) => (index === 0 ? [id, given[0]!.id, direct.id] : [id, given[index < 20 ? index : index + 130]!.id]));
      expect(await holding(market.profile)).toEqual(expected);
      const after = { value: people[17]!.id, key: people[17]!.id };
      const page = await holders(market.profile, { after, limit: 4, total: true, visibility: within(market.seller) });
      expect(page.items.map((holder) => holder.user.id)).toEqual(people.slice(18, 22).map(({ id }) => id));
      expect(page).toMatchObject({ next: { key: people[21]!.id }, total: 40 });
      expect(await holding(market.profile, { visibility: within(market.seller, market.buyer) })).toEqual(expected.slice(0, 20));
    });

    it('of no profile are nobody, whatever it is called', async () => {
      for (const profile of ['unknown', 'a\0b', `'; DROP TABLE users; --`]) expect(await holding(profile)).toEqual([]);
      const after = { value: 'a\0b', key: 'a\0b' };
      await expectRefusal(holders('unknown', { after }), 'invalid_input', 'The position is not one of this list.');
    });
  });

  it('members of a group come in order, as far as they and the group may be seen', async () => {
    const market = await putMarket(suite.store);
    const [a, b, guest] = [
      user({ organization: market.buyer, memberships: [{ userGroup: market.group, validUntil: at(-DAY) }] }),
      user({ organization: market.site, memberships: [{ userGroup: market.group }] }),
      user({ organization: market.seller, memberships: [{ userGroup: market.group }] }),
    ];
    await suite.store.transaction((tx) => tx.users.put([a, b, guest]));
    const members = async (given: Partial<PeopleQuery>) => {
      const { items, next, total } = await suite.store.directory.listMembers(market.group, asked({ total: true, ...given }));
      return [items.map(({ id }) => id), next?.key, total];
    };
    expect(await members({})).toEqual([[market.user, a.id, b.id, guest.id], undefined, 4]);
    const buyer = within(market.seller, market.buyer);
    expect(await members({ visibility: buyer, limit: 2 })).toEqual([[market.user, a.id], a.id, 3]);
    expect(await members({ visibility: buyer, limit: 2, after: { value: a.id, key: a.id } })).toEqual([[b.id], undefined, 3]);
    expect(await members({ visibility: within(market.seller, market.buyer, market.site) })).toEqual([[], undefined, 0]);
    expect(await members({ visibility: NONE })).toEqual([[], undefined, 0]);
  });

  it('sessions of a user are the grants that can still be refreshed, newest first', async () => {
    const market = await putMarket(suite.store);
    const other = client();
    await suite.store.transaction((tx) => tx.clients.put([other]));
    const made = (given: Parameters<typeof grant>[2], clientId = market.client) => grant(market.user, clientId, given);
    const [old, recent, revoked, ended, elsewhere] = [
      made({ createdAt: at(0) }),
      made({ createdAt: at(10), requestedScope: ['a', 'b'] }),
      made({ createdAt: at(5) }),
      made({ createdAt: at(1), expiresAt: at(100) }),
      made({ createdAt: at(7) }, other.clientId),
    ];
    const first = fresh('token');
    await suite.store.grants.create(old, first);
    for (const one of [recent, revoked, ended, elsewhere]) await suite.store.grants.create(one, fresh('token'));
    expect(await suite.store.grants.rotate(first, fresh('token'), at(50))).toBe(true);
    const revoke = (kind: 'grant' | 'client' | 'user', id: string, notBefore: Date) =>
      suite.store.revocations.add({ kind, id, notBefore, expiresAt: at(DAY) }, auditEvent());
    await revoke('grant', revoked.id, at(60));
    await revoke('client', other.clientId, at(60));
    const session = ({ id, clientId, requestedScope, audience, createdAt, expiresAt }: typeof old, lastUsedAt: Date) => ({
      id,
      clientId,
      requestedScope,
      audience,
      createdAt,
      lastUsedAt,
      expiresAt,
    });
    const sessions = (limit = 10) => suite.store.directory.listSessions(market.user, at(100), limit);
    expect(await sessions()).toEqual([session(recent, at(10)), session(old, at(50))]);
    expect(await sessions(1)).toEqual([session(recent, at(10))]);
    expect(await suite.store.directory.listSessions('a\0b', at(100), 10)).toEqual([]);
    await revoke('user', market.user, at(5));
    expect(await sessions()).toEqual([session(recent, at(10))]);
  });

  describe('dependents', () => {
    const of = (noun: NounName, key: string, limit = 100) => suite.store.directory.dependentsOf(noun, key, limit);
    const keysOf = ({ some }: Dependents) => some.map(({ noun, key }) => `${noun} ${key}`);

    it('are everything that names an organization, a group, a user, a profile or a client', async () => {
      const market = await putMarket(suite.store);
      const child = organization({ type: 'buyer', parent: market.buyer });
      const [person, guest] = [
        user({ organization: market.buyer, authorizedOrganizations: [market.buyer] }),
        user({ organization: market.seller, authorizedOrganizations: [market.buyer] }),
      ];
      const profile = securityProfile({ organization: market.buyer });
      const app = client({ contextUser: person.id, allowedOrganizations: { ids: [market.buyer], types: ['buyer'] } });
      const server = resourceServer({ clients: [app.clientId] });
      const parties: readonly Party[] = [partyOrganization(market.buyer), partyGroup(market.group), partyUser(person.id), partyClient(app.clientId)];
      const given = parties.map((party) => assignment(profile.id, party));
      const via = assignment(market.profile, partyUser(guest.id), { client: app.clientId });
      const rule = {
        id: fresh('rule'),
        impersonator: partyUser(person.id),
        target: partyOrganization(market.buyer),
        securityProfile: profile.id,
        client: app.clientId,
      };
      const forGroup = { ...rule, id: fresh('rule'), impersonator: partyGroup(market.group), target: partyGroup(market.group) };
      await suite.store.transaction(async (tx) => {
        await tx.organizations.put([child]);
        await tx.users.put([person, guest]);
        await tx.securityProfiles.put([profile]);
        await tx.clients.put([app]);
        await tx.resourceServers.put([server]);
        await tx.assignments.put([...given, via]);
        await tx.impersonationRules.put([rule, forGroup]);
      });
      const [toOrganization, toGroup, toUser, toClient] = given.map(({ id }) => `assignments ${id}`);
      expect(keysOf(await of('organizations', market.buyer))).toEqual(
        [
          toOrganization!,
          `clients ${market.client}`,
          `clients ${app.clientId}`,
          `impersonation_rules ${rule.id}`,
          `organizations ${child.id}`,
          `organizations ${market.site}`,
          `security_profiles ${profile.id}`,
          `user_groups ${market.group}`,
          `users ${person.id}`,
          `users ${guest.id}`,
        ].toSorted(byCodeUnit),
      );
      expect(keysOf(await of('user_groups', market.group))).toEqual([toGroup, `impersonation_rules ${forGroup.id}`, `users ${market.user}`]);
      expect(keysOf(await of('users', person.id))).toEqual([toUser, `clients ${app.clientId}`, `impersonation_rules ${rule.id}`]);
      const rules = [rule, forGroup].map(({ id }) => `impersonation_rules ${id}`);
      expect(keysOf(await of('security_profiles', profile.id))).toEqual([toOrganization, toGroup, toUser, toClient, ...rules]);
      expect(keysOf(await of('clients', app.clientId))).toEqual([toClient, `assignments ${via.id}`, ...rules, `resource_servers ${server.audience}`]);
      expect(await of('organizations', market.buyer, 2)).toMatchObject({ total: 10, some: [{ noun: 'assignments' }, { noun: 'clients' }] });
      for (const noun of ['resource_servers', 'assignments', 'impersonation_rules'] as const)
        expect(await of(noun, server.audience)).toEqual({ total: 0, some: [] });
    });

    it('are everything that names a type, a role, or a permission type by pattern or by one of its roles', async () => {
      const [role, type, kind] = [fresh('Role'), fresh('thing'), fresh('kind')];
      const named = (roles: readonly string[]) => ({
        profile: securityProfile({ roles }),
        most: client({ maximumRoles: roles }),
        least: client({ minimumRoles: roles }),
        omitted: client({ omittedScope: roles }),
        server: resourceServer({ roles }),
        type: { name: fresh('type'), parents: [], barredRoles: roles },
      });
      const [byRole, byPermission] = [named(['OrderReader', role]), named([`${type}:read`])];
      const granting = (pattern: string) => securityProfile({ roles: [], permissions: [{ type: pattern, operations: ['read'] }] });
      const [exact, prefix, every, longer] = [type, `${type.slice(0, -3)}*`, '*', `${type}-more`].map(granting);
      const below = { name: fresh('below'), parents: [kind], barredRoles: [] };
      const [root, limited] = [organization({ type: kind }), client({ allowedOrganizations: { types: [kind] } })];
      await suite.store.transaction(async (tx) => {
        await tx.permissionTypes.put([{ type, operations: ['read', 'write'] }]);
        await tx.roles.put([{ name: role, category: 'other' }]);
        await tx.organizationTypes.put([{ name: kind, parents: [], barredRoles: [] }]);
        for (const { profile, most, least, omitted, server, type: barred } of [byRole, byPermission]) {
          await tx.securityProfiles.put([profile]);
          await tx.clients.put([most, least, omitted]);
          await tx.resourceServers.put([server]);
          await tx.organizationTypes.put([barred]);
        }
        await tx.securityProfiles.put([exact!, prefix!, every!, longer!]);
        await tx.organizationTypes.put([below]);
        await tx.organizations.put([root]);
        await tx.clients.put([limited]);
      });
      const naming = ({ profile, most, least, omitted, server, type: barred }: typeof byRole) => [
        ...[most, least, omitted].map(({ clientId }) => `clients ${clientId}`),
        `organization_types ${barred.name}`,
        `resource_servers ${server.audience}`,
        `security_profiles ${profile.id}`,
      ];
      expect(keysOf(await of('roles', role))).toEqual(naming(byRole));
      expect(keysOf(await of('permission_types', type))).toEqual([
        ...naming(byPermission),
        ...[exact, prefix, every].map((one) => `security_profiles ${one!.id}`),
      ]);
      expect(keysOf(await of('organization_types', kind))).toEqual([
        `clients ${limited.clientId}`,
        `organization_types ${below.name}`,
        `organizations ${root.id}`,
      ]);
      for (const key of ['none', 'unknown', 'a\0b']) expect(await of('roles', key)).toEqual({ total: 0, some: [] });
    });
  });

  describe('inside a transaction', () => {
    it('sees what the transaction wrote, and nobody else does', async () => {
      const market = await putMarket(suite.store);
      const newcomer = user({ organization: market.site });
      await suite.store.transaction(
        async (tx) => {
          await tx.users.put([newcomer]);
          await tx.assignments.put([assignment(market.profile, partyUser(newcomer.id))]);
          expect([...(await tx.directory.find('users', [newcomer.id], ALL)).values()]).toEqual([newcomer]);
          expect((await tx.directory.listHolders(market.profile, asked({}))).items).toHaveLength(1);
          expect((await tx.directory.dependentsOf('users', newcomer.id, 5)).total).toBe(1);
          await expectRefusal(suite.store.directory.find('users', [newcomer.id], ALL), 'internal', 'the store itself was used');
        },
        { rollback: true },
      );
      expect((await suite.store.directory.find('users', [newcomer.id], ALL)).size).toBe(0);
    });

    it('is over with it', async () => {
      const directory = await suite.store.transaction(async (tx) => tx.directory);
      await expectRefusal(directory.find('users', ['x'], ALL), 'internal', 'A transaction was used after its end.');
    });
  });
});
