import { beforeAll, describe, expect, it } from '@jest/globals';
import { FILTERS, SORTS, type ListQuery, type NounName, type Nouns, type Visibility } from '../../src/domain/directory.ts';
import type { Store } from '../../src/domain/ports.ts';
import { describeEachStore } from '../support/stores.ts';
import { ALL, inheriting, keyOf, keys, list, NONE, walk, within } from './directory-queries.ts';
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
  putMarket,
  putTypes,
  resourceServer,
  securityProfile,
  user,
  userGroup,
  type Market,
} from './samples.ts';

/** A market, and what belongs to its parts, above them, beside them, to nobody. */
async function putNeighbours(store: Store) {
  const market = await putMarket(store);
  const beside = await putMarket(store);
  const [boss, colleague] = [user({ organization: market.seller }), user({ organization: market.buyer })];
  const group = userGroup({ organization: market.seller });
  const [sellers, buyers, sites] = [market.seller, market.buyer, market.site].map((owner) => securityProfile({ organization: owner }));
  const [sellersApp, nobodysApp] = [client({ organization: market.seller }), client()];
  const parties = [
    ...[market.user, boss.id, colleague.id, beside.user].map(partyUser),
    ...[market.group, group.id].map(partyGroup),
    ...[market.seller, market.buyer, market.site, beside.buyer].map(partyOrganization),
    ...[market.client, sellersApp.clientId, nobodysApp.clientId].map(partyClient),
  ];
  const given = parties.map((party) => assignment(market.profile, party));
  const rule = (...[impersonator, target]: readonly string[]) => ({
    id: fresh('rule'),
    impersonator: partyUser(impersonator!),
    target: partyUser(target!),
    securityProfile: market.profile,
    client: market.client,
  });
  const rules = [rule(colleague.id, market.user), rule(boss.id, market.user), rule(market.user, boss.id), rule(beside.user, market.user)];
  await store.transaction(async (tx) => {
    await tx.users.put([boss, colleague]);
    await tx.userGroups.put([group]);
    await tx.securityProfiles.put([sellers!, buyers!, sites!]);
    await tx.clients.put([sellersApp, nobodysApp]);
    await tx.assignments.put(given);
    await tx.impersonationRules.put(rules);
    await tx.roles.put([{ name: fresh('Role'), category: 'other' }]);
    await tx.permissionTypes.put([{ type: fresh('type'), operations: ['read'] }]);
    await tx.resourceServers.put([resourceServer()]);
  });
  const to = (id: string) => given[parties.findIndex((party) => party.id === id)]!.id;
  const ids = { boss: boss.id, colleague: colleague.id, group: group.id, sellersApp: sellersApp.clientId, nobodysApp: nobodysApp.clientId };
  return { market, beside, ...ids, profiles: [sellers!.id, buyers!.id, sites!.id], rules: rules.map(({ id }) => id), to };
}

describeEachStore('directory', (suite) => {
  beforeAll(async () => putTypes(suite.store));
  const seen = (noun: NounName, visibility: Visibility) => keys(suite.store, noun, { visibility });

  describe('what may be seen', () => {
    let all: Awaited<ReturnType<typeof putNeighbours>>;
    let buyer: Visibility;
    let root: Visibility;
    beforeAll(async () => {
      all = await putNeighbours(suite.store);
      buyer = within(all.market.seller, all.market.buyer);
      root = within(all.market.seller);
    });

    it('is what belongs to the own organization and those below', async () => {
      const { market, to } = all;
      expect(await seen('organizations', buyer)).toEqual([market.buyer, market.site]);
      expect(await seen('user_groups', buyer)).toEqual([market.group]);
      expect(await seen('users', buyer)).toEqual([market.user, all.colleague]);
      expect(await seen('security_profiles', buyer)).toEqual(all.profiles.slice(1));
      expect(await seen('clients', buyer)).toEqual([market.client]);
      const own = [market.user, all.colleague, market.group, market.buyer, market.site, market.client].map(to);
      expect(await seen('assignments', buyer)).toEqual(own.sort());
      expect(await seen('impersonation_rules', buyer)).toEqual([all.rules[0]]);
      for (const noun of ['organization_types', 'roles', 'permission_types', 'resource_servers'] as const)
        expect(await seen(noun, buyer)).toEqual([]);
    });

    it('is for the root of a tree also what belongs to nobody, not what belongs to other trees', async () => {
      const { market, beside, to } = all;
      expect(await seen('organizations', root)).toEqual([market.buyer, market.seller, market.site]);
      expect(await seen('users', root)).toEqual([market.user, all.boss, all.colleague]);
      const profiles = await seen('security_profiles', root);
      expect(profiles).toEqual(expect.arrayContaining([market.profile, beside.profile, ...all.profiles]));
      const clients = await seen('clients', root);
      expect(clients).toEqual(expect.arrayContaining([market.client, all.sellersApp, all.nobodysApp]));
      expect(clients).not.toContain(beside.client);
      const assignments = await seen('assignments', root);
      expect(assignments).toEqual(expect.arrayContaining([market.seller, all.sellersApp, all.nobodysApp].map(to)));
      expect(assignments).not.toContain(to(beside.user));
      expect(assignments).not.toContain(to(beside.buyer));
      expect(await seen('impersonation_rules', root)).toEqual(all.rules.slice(0, 3));
      expect(await seen('roles', root)).not.toEqual([]);
    });

    it('includes what is inherited on demand: definitions, profiles and clients, never people, the tree, assignments or rules', async () => {
      const { market, beside } = all;
      const site = within(market.seller, market.buyer, market.site);
      const profiles = await seen('security_profiles', inheriting(site));
      expect(profiles).toEqual(expect.arrayContaining([market.profile, ...all.profiles]));
      expect(await seen('security_profiles', inheriting(within(beside.seller, beside.buyer)))).not.toContain(all.profiles[0]);
      const clients = await seen('clients', inheriting(site));
      expect(clients).toEqual(expect.arrayContaining([market.client, all.sellersApp, all.nobodysApp]));
      expect(clients).not.toContain(beside.client);
      for (const noun of ['organization_types', 'roles', 'permission_types', 'resource_servers'] as const)
        expect(await seen(noun, inheriting(site))).toEqual(await seen(noun, ALL));
      for (const noun of ['organizations', 'user_groups', 'users', 'assignments', 'impersonation_rules'] as const)
        expect(await seen(noun, inheriting(site))).toEqual(await seen(noun, site));
    });

    it('is the same by key, in a list, in a filtered list and in its total', async () => {
      for (const noun of Object.keys(FILTERS) as NounName[]) {
        const everything = await seen(noun, ALL);
        expect(everything).not.toEqual([]);
        for (const visibility of [ALL, NONE, buyer, root, inheriting(buyer), inheriting(root), within('nowhere'), within('nowhere', 'below')]) {
          const found = await suite.store.directory.find(noun, [...everything, 'unknown', 'a\0b', everything[0]!], visibility);
          const listed = await list(suite.store, noun, { visibility, total: true });
          expect([...found.keys()].sort()).toEqual(listed.items.map((object: Nouns[NounName]) => keyOf(noun, object)));
          expect(listed.total).toBe(found.size);
          for (const object of listed.items) expect(found.get(keyOf(noun, object))).toEqual(object);
        }
        expect(await seen(noun, NONE)).toEqual([]);
      }
      const filters = { security_profile: all.market.profile };
      expect(await keys(suite.store, 'assignments', { visibility: buyer, filters })).toEqual(await seen('assignments', buyer));
    });

    it('is nothing of what a filter names from outside', async () => {
      const { market, beside } = all;
      const filtered = (noun: NounName, filters: ListQuery['filters'], visibility = buyer) => keys(suite.store, noun, { visibility, filters });
      expect(await filtered('users', { organization: market.seller })).toEqual([]);
      expect(await filtered('assignments', { user: all.boss })).toEqual([]);
      const guest = user({ organization: beside.site, memberships: [{ userGroup: market.group }] });
      const member = user({ organization: market.site, memberships: [{ userGroup: all.group }] });
      await suite.store.transaction((tx) => tx.users.put([guest, member]));
      expect(await filtered('user_groups', { user: guest.id })).toEqual([]);
      expect(await filtered('user_groups', { user: guest.id }, ALL)).toEqual([market.group]);
      expect(await filtered('users', { user_group: all.group })).toEqual([]);
      expect(await filtered('users', { user_group: all.group }, root)).toEqual([member.id]);
      await suite.store.transaction((tx) => tx.users.remove([guest.id, member.id]));
    });
  });

  describe('filters', () => {
    it('match what they name, any of a list, all of several', async () => {
      const market = await putMarket(suite.store);
      const [a, b] = [
        user({ organization: market.site, email: 'A@example.com', active: false, memberships: [{ userGroup: market.group }] }),
        user({ organization: market.buyer, username: fresh('Ünï'), email: 'a@example.com' }),
      ];
      const [clone, full] = [
        securityProfile({ organization: market.buyer, roles: ['Rare', 'OrderReader'], origin: originOf(market.profile) }),
        securityProfile({ organization: market.buyer, roles: [], fullAccess: true, managed: true }),
      ];
      const app = client({ organization: market.site, contextUser: a.id, active: false });
      const server = resourceServer({ clients: [market.client] });
      const other = organization({ type: 'buyer', parent: market.buyer, active: false });
      await suite.store.transaction(async (tx) => {
        await tx.organizations.put([other]);
        await tx.users.put([a, b]);
        await tx.securityProfiles.put([clone, full]);
        await tx.clients.put([app]);
        await tx.resourceServers.put([server]);
        await tx.roles.put([{ name: fresh('Shop'), category: 'shopper' }]);
      });
      const visibility = within(market.seller);
      const found = (noun: NounName, filters: ListQuery['filters']) => keys(suite.store, noun, { visibility, filters });
      expect(await found('users', { email: 'A@example.com' })).toEqual([a.id]);
      expect(await found('users', { email: ['a@example.com', 'A@example.com', 'x'] })).toEqual([a.id, b.id]);
      expect(await found('users', { username: b.username })).toEqual([b.id]);
      expect(await found('users', { username: b.username.toUpperCase() })).toEqual([]);
      expect(await found('users', { user_group: market.group })).toEqual([market.user, a.id]);
      expect(await found('users', { user_group: market.group, active: true })).toEqual([market.user]);
      expect(await found('users', { organization: [market.buyer, market.site], active: false })).toEqual([a.id]);
      expect(await found('users', { organization: [] })).toEqual([]);
      expect(await found('user_groups', { user: [a.id, b.id] })).toEqual([market.group]);
      expect(await found('user_groups', { organization: market.site })).toEqual([]);
      expect(await found('organizations', { parent: market.buyer })).toEqual([other.id, market.site].sort());
      expect(await found('organizations', { type: 'seller' })).toEqual([market.seller]);
      expect(await found('organizations', { active: false })).toEqual([other.id]);
      expect(await found('security_profiles', { role: ['Rare', 'x'] })).toEqual([clone.id]);
      expect(await found('security_profiles', { origin: market.profile })).toEqual([clone.id]);
      expect(await found('security_profiles', { organization: market.buyer, managed: true })).toEqual([full.id]);
      expect(await found('security_profiles', { organization: market.buyer, full_access: false })).toEqual([clone.id]);
      expect(await found('clients', { context_user: a.id })).toEqual([app.clientId]);
      expect(await found('clients', { organization: market.site, active: true })).toEqual([]);
      expect(await found('resource_servers', { client: [market.client, 'x'] })).toEqual([server.audience]);
      expect(await found('roles', { category: 'shopper' })).toHaveLength(1);
    });

    it('find assignments by what they join and by when they expire', async () => {
      const market = await putMarket(suite.store);
      const profile = securityProfile({ organization: market.seller });
      const [soon, later, never, program] = [
        assignment(profile.id, partyUser(market.user), { validUntil: at(DAY), client: market.client }),
        assignment(profile.id, partyGroup(market.group), { validUntil: at(2 * DAY) }),
        assignment(profile.id, partyOrganization(market.site)),
        assignment(profile.id, partyClient(market.client)),
      ];
      await suite.store.transaction(async (tx) => {
        await tx.securityProfiles.put([profile]);
        await tx.assignments.put([soon, later, never, program]);
      });
      for (const visibility of [ALL, within(market.seller), within(market.seller, market.buyer)]) {
        const found = (filters: ListQuery['filters']) =>
          keys(suite.store, 'assignments', { visibility, filters: { security_profile: profile.id, ...filters } });
        expect(await found({})).toEqual([soon.id, later.id, never.id, program.id]);
        expect(await found({ user: market.user })).toEqual([soon.id]);
        expect(await found({ user_group: market.group })).toEqual([later.id]);
        expect(await found({ organization: market.site })).toEqual([never.id]);
        expect(await found({ client_id: market.client })).toEqual([program.id]);
        expect(await found({ client: market.client })).toEqual([soon.id]);
        expect(await found({ expires_before: at(2 * DAY) })).toEqual([soon.id]);
        expect(await found({ expires_after: at(2 * DAY) })).toEqual([later.id]);
        expect(await found({ expires_after: at(0), expires_before: at(3 * DAY) })).toEqual([soon.id, later.id]);
        expect(await found({ user: 'a\0b' })).toEqual([]);
      }
    });

    it('are refused when the noun has none of that name, or it has another type', async () => {
      const refused = (filters: object, message: string) =>
        expectRefusal(list(suite.store, 'users', { visibility: ALL, filters: filters as ListQuery['filters'] }), 'invalid_input', message);
      await refused({ password_hash: 'x' }, 'users cannot be filtered by "password_hash".');
      await refused({ 'id; DROP TABLE users': 'x' }, 'users cannot be filtered by "id; DROP TABLE users".');
      await refused({ constructor: 'x' }, 'users cannot be filtered by "constructor".');
      await refused(JSON.parse('{"__proto__": "x"}') as object, 'users cannot be filtered by "__proto__".');
      await refused({ username: { $ne: 1 } }, 'The filter username of users wants texts.');
      await refused({ username: [1] }, 'The filter username of users wants texts.');
      await refused({ active: 'true' }, 'The filter active of users wants true or false.');
      const dated = { visibility: ALL, filters: { expires_before: new Date(Number.NaN) } };
      await expectRefusal(list(suite.store, 'assignments', dated), 'invalid_input', 'The filter expires_before of assignments wants an instant.');
      for (const noun of Object.keys(FILTERS) as NounName[]) {
        for (const [name, kind] of Object.entries(FILTERS[noun])) {
          const value = kind === 'text' ? `'; DROP TABLE users; --` : kind === 'boolean' ? true : at(0);
          await list(suite.store, noun, { visibility: ALL, filters: { [name]: value } });
        }
      }
    });
  });

  describe('search', () => {
    it('looks for every character as it stands, in any case', async () => {
      const { seller, site } = await putMarket(suite.store);
      const texts = ['100%', 'a_b', 'axb', 'back\\slash', `it's "quoted"`, 'MÜLLER Straße', 'müller', 'Ω и Ж', 'ÇA VA', '?? ?? $1'];
      const people = texts.map((email) => user({ organization: site, email }));
      await suite.store.transaction((tx) => tx.users.put(people));
      const found = async (search: string) =>
        (await list(suite.store, 'users', { visibility: within(seller), search })).items
          .map(({ email }) => email)
          .filter((email) => email !== undefined);
      expect(await found('%')).toEqual(['100%']);
      expect(await found('A_B')).toEqual(['a_b']);
      expect(await found('\\')).toEqual(['back\\slash']);
      expect(await found(`'s "Q`)).toEqual([`it's "quoted"`]);
      expect(await found('mÜller')).toEqual(['MÜLLER Straße', 'müller']);
      expect(await found('straße')).toEqual(['MÜLLER Straße']);
      expect(await found('ω И')).toEqual(['Ω и Ж']);
      expect(await found('ça')).toEqual(['ÇA VA']);
      expect(await found('?? $1')).toEqual(['?? ?? $1']);
      expect(await found('a\0b')).toEqual([]);
      expect(await found('x'.repeat(65_536))).toEqual([]);
      expect(await found('')).toEqual(texts);
    });

    it('looks into every searched field, and counts what it found', async () => {
      const market = await putMarket(suite.store);
      const word = fresh('Word');
      const [byName, byDescription] = [securityProfile({ name: `The ${word}!` }), securityProfile({ description: word.toLowerCase() })];
      const given = assignment(market.profile, partyUser(market.user), { reason: `for ${word}` });
      await suite.store.transaction(async (tx) => {
        await tx.securityProfiles.put([byName, byDescription]);
        await tx.assignments.put([given]);
      });
      const page = await list(suite.store, 'security_profiles', { visibility: ALL, search: word.toUpperCase(), total: true, limit: 1 });
      expect(page).toMatchObject({ items: [{ id: byName.id }], next: { value: byName.id, key: byName.id }, total: 2 });
      expect(await keys(suite.store, 'assignments', { visibility: ALL, search: word })).toEqual([given.id]);
      for (const noun of Object.keys(FILTERS) as NounName[])
        expect(await keys(suite.store, noun, { visibility: ALL, search: fresh('nowhere') })).toEqual([]);
    });
  });

  describe('pages', () => {
    let market: Market;
    let visibility: Visibility;
    let people: readonly string[];
    const texts = [undefined, 'b', 'B', 'a', undefined, 'a', '', '~', '=', 'é', '\uFFFD', '😀', 'z'.repeat(300), `${'z'.repeat(299)}a`];
    /** In the order of code points; the last two differ where nobody looks. */
    const sorted = ['', '=', 'B', 'a', 'a', 'b', 'z'.repeat(300), `${'z'.repeat(299)}a`, '~', 'é', '\uFFFD', '😀', undefined, undefined];
    beforeAll(async () => {
      market = await putMarket(suite.store);
      visibility = within(market.seller, market.buyer, market.site);
      const made = texts.map((email) => user({ organization: market.site, ...(email === undefined ? {} : { email }) }));
      people = made.map(({ id }) => id);
      await suite.store.transaction(async (tx) => {
        await tx.clients.remove([market.client]);
        await tx.users.remove([market.user]);
        await tx.users.put(made);
      });
    });

    it('are sorted by code point, what is absent last, ties by key', async () => {
      const emails = async (descending: boolean) =>
        (await list(suite.store, 'users', { visibility, sort: 'email', descending })).items.map(({ email }) => email);
      expect(await emails(false)).toEqual(sorted);
      expect(await emails(true)).toEqual(sorted.toReversed());
    });

    it.each(SORTS.users)('leave nothing out and show nothing twice, sorted by %s', async (sort) => {
      const whole = await keys(suite.store, 'users', { visibility, sort });
      expect(whole.toSorted()).toEqual(people);
      for (const limit of [1, 3, 13, 14, 15]) {
        expect(await walk(suite.store, 'users', { visibility, sort, limit })).toEqual(whole);
        expect(await walk(suite.store, 'users', { visibility, sort, limit, descending: true })).toEqual(whole.toReversed());
      }
    });

    it('go on where they ended when that is gone', async () => {
      const whole = await keys(suite.store, 'users', { visibility, sort: 'email' });
      for (const descending of [false, true]) {
        const gone: string[] = [];
        const walked = await walk(suite.store, 'users', { visibility, sort: 'email', limit: 2, descending }, async (walkedSoFar) => {
          gone.push(walkedSoFar.at(-1)!);
          await suite.store.transaction((tx) => tx.users.remove([walkedSoFar.at(-1)!]));
        });
        expect(walked).toEqual(descending ? whole.toReversed() : whole);
        await suite.store.transaction((tx) => tx.users.put(gone.map((id) => ({ ...user({ id, organization: market.site }), ...emailOf(id) }))));
      }
    });

    const emailOf = (id: string) => {
      const email = texts[people.indexOf(id)];
      return email === undefined ? {} : { email };
    };

    it('tell of the next one only when there is one, and count only when asked', async () => {
      const page = (limit: number, total: boolean) => list(suite.store, 'users', { visibility, limit, total });
      expect(await page(14, true)).toMatchObject({ next: undefined, total: 14 });
      expect(await page(13, false)).toMatchObject({ next: { value: people[12], key: people[12] }, total: undefined });
      const last = await list(suite.store, 'users', { visibility, limit: 5, total: true, after: { value: people[12]!, key: people[12]! } });
      expect(last).toMatchObject({ items: [{ id: people[13] }], next: undefined, total: 14 });
    });

    it('of assignments are sorted by instants, those without end last', async () => {
      const ends = [at(DAY), undefined, at(5), at(-DAY), undefined, at(5)];
      const profile = fresh('profile');
      const given = ends.map((validUntil, index) =>
        assignment(profile, partyUser(people[index]!), { assignedAt: at(-index), ...(validUntil === undefined ? {} : { validUntil }) }),
      );
      await suite.store.transaction(async (tx) => {
        await tx.securityProfiles.put([securityProfile({ id: profile })]);
        await tx.assignments.put(given);
      });
      const query = { visibility, filters: { security_profile: profile }, limit: 2 };
      const byEnd = [3, 2, 5, 0, 1, 4].map((index) => given[index]!.id);
      expect(await walk(suite.store, 'assignments', { ...query, sort: 'valid_until' })).toEqual(byEnd);
      expect(await walk(suite.store, 'assignments', { ...query, sort: 'valid_until', descending: true })).toEqual(byEnd.toReversed());
      expect(await walk(suite.store, 'assignments', { ...query, sort: 'assigned_at' })).toEqual(given.map(({ id }) => id).toReversed());
    });
  });
});

const originOf = (profile: string) => ({ securityProfile: profile, version: 1, roles: [], permissions: [], fullAccess: false });
