import { beforeAll, expect, it } from '@jest/globals';
import type { User } from '../../src/domain/party.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, client, DAY, expectRefusal, fresh, grant, putMarket, putTypes, user, userGroup, type Market } from './samples.ts';

describeEachStore('users and user groups', (suite) => {
  let market: Market;
  beforeAll(async () => {
    await putTypes(suite.store);
    market = await putMarket(suite.store);
  });

  const put = (...users: User[]) => suite.store.transaction((tx) => tx.users.put(users));
  const find = (id: string) => suite.store.transaction(async (tx) => (await tx.users.findMany([id])).get(id));

  it('gives back a user with memberships, sorted by group', async () => {
    const groups = [userGroup({ organization: market.buyer }), userGroup({ organization: market.seller })];
    const given = user({
      organization: market.site,
      username: 'Zoë van Buren',
      email: 'zoe@example.org',
      givenName: 'Zoë',
      familyName: 'van Buren',
      phoneNumber: '+31 20 123',
      active: false,
      authorizedOrganizations: [market.seller, market.buyer],
      memberships: [{ userGroup: groups[1]!.id, validFrom: at(0), validUntil: at(DAY), reason: 'stands in' }, { userGroup: groups[0]!.id }],
    });
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put(groups);
      await tx.users.put([given]);
    });
    expect(await find(given.id)).toEqual({ ...given, memberships: [given.memberships[1], given.memberships[0]] });
  });

  it('replaces memberships with the user', async () => {
    const given = user({ organization: market.site, memberships: [{ userGroup: market.group, reason: 'once' }] });
    await put(given);
    await put({ ...given, memberships: [] });
    expect((await find(given.id))?.memberships).toEqual([]);
  });

  it('refuses a user name that another user has in any spelling', async () => {
    const known = user({ organization: market.site, username: 'Straßer' });
    await put(known);
    const sentence = 'The user name is taken by another user.';
    await expectRefusal(put(user({ organization: market.site, username: 'STRASSER'.replace('SS', 'ß') })), 'already_exists', sentence);
    await expectRefusal(put(user({ organization: market.site, username: 'sTRAßER' })), 'already_exists', sentence);
    await expectRefusal(
      put(user({ organization: market.site, username: 'twin' }), user({ organization: market.site, username: 'TWIN' })),
      'already_exists',
      sentence,
    );
    expect(await suite.store.signIn.findCredential('straßer')).toMatchObject({ userId: known.id });
    expect(await suite.store.signIn.findCredential('twin')).toBeUndefined();
  });

  it('lets two users exchange their names at once, and a name be used again', async () => {
    const [a, b] = [user({ organization: market.site }), user({ organization: market.site })];
    await put(a, b);
    await put({ ...a, username: b.username }, { ...b, username: a.username });
    expect(await suite.store.signIn.findCredential(b.username)).toMatchObject({ userId: a.id });
    await suite.store.transaction((tx) => tx.users.remove([a.id]));
    await put({ ...user({ organization: market.site }), username: b.username });
  });

  it('refuses names that do not exist, and memberships that contradict themselves', async () => {
    await expectRefusal(put(user({ organization: 'nowhere' })), 'invalid_input', 'The organization "nowhere", named by a user, does not exist.');
    const agent = user({ organization: market.site, authorizedOrganizations: ['nowhere'] });
    await expectRefusal(put(agent), 'invalid_input', 'The organization "nowhere", named by a user, does not exist.');
    const member = (memberships: User['memberships']) => put(user({ organization: market.site, memberships }));
    await expectRefusal(member([{ userGroup: 'nobody' }]), 'invalid_input', 'The user group "nobody", named by a user, does not exist.');
    await expectRefusal(member([{ userGroup: market.group }, { userGroup: market.group }]), 'invalid_input', /twice\.$/);
    await expectRefusal(
      member([{ userGroup: market.group, validFrom: at(1), validUntil: at(1) }]),
      'invalid_input',
      'valid_until must be later than valid_from.',
    );
    await expectRefusal(put(user({ organization: market.site, username: ' x' })), 'invalid_input', 'cannot be a user name');
    await expectRefusal(
      suite.store.transaction((tx) => tx.userGroups.put([userGroup({ organization: 'nowhere' })])),
      'invalid_input',
      'named by a user group',
    );
  });

  it('never gives the id of a client to a user, nor the other way round, even after removal', async () => {
    const [person, program] = [user({ organization: market.site }), client()];
    await suite.store.transaction(async (tx) => {
      await tx.users.put([person]);
      await tx.clients.put([program]);
    });
    const asUser = () => put(user({ id: program.clientId, organization: market.site }));
    const asClient = () => suite.store.transaction((tx) => tx.clients.put([client({ clientId: person.id })]));
    await expectRefusal(asUser(), 'already_exists', 'user ids and client ids are never equal');
    await expectRefusal(asClient(), 'already_exists', 'user ids and client ids are never equal');
    await suite.store.transaction(async (tx) => {
      await tx.users.remove([person.id]);
      await tx.clients.remove([program.clientId]);
    });
    await expectRefusal(asUser(), 'already_exists', 'user ids and client ids are never equal');
    await expectRefusal(asClient(), 'already_exists', 'user ids and client ids are never equal');
    await put(person);
  });

  it('refuses to remove a user whose roles a client carries', async () => {
    const person = user({ organization: market.site });
    const program = client({ contextUser: person.id });
    await put(person);
    await suite.store.transaction((tx) => tx.clients.put([program]));
    await expectRefusal(
      suite.store.transaction((tx) => tx.users.remove([person.id])),
      'in_use',
      `The user "${person.id}" is still needed by a client.`,
    );
  });

  it('ends sign-ins and passwords with the user: nobody later under the same id has them', async () => {
    const person = user({ organization: market.site });
    const token = fresh('token');
    await suite.store.transaction(async (tx) => {
      await tx.users.put([person]);
      await tx.setPassword(person.id, 'hash', at(0));
    });
    await suite.store.grants.create(grant(person.id, market.client), token);
    await suite.store.transaction((tx) => tx.users.remove([person.id]));
    await put(person);
    expect(await suite.store.grants.findRefreshToken(token)).toBeUndefined();
    expect(await suite.store.grants.rotate(token, fresh('token'), at(1))).toBe(false);
    expect((await suite.store.signIn.findCredentialOf(person.id))?.passwordHash).toBeUndefined();
  });

  it('removes the memberships of a removed group', async () => {
    const group = userGroup({ organization: market.buyer });
    const member = user({ organization: market.site, memberships: [{ userGroup: group.id }, { userGroup: market.group }] });
    await suite.store.transaction(async (tx) => {
      await tx.userGroups.put([group]);
      await tx.users.put([member]);
      await tx.userGroups.remove([group.id]);
    });
    expect((await find(member.id))?.memberships).toEqual([{ userGroup: market.group }]);
  });

  it('keeps the password when a user is replaced', async () => {
    const person = user({ organization: market.site });
    await suite.store.transaction(async (tx) => {
      await tx.users.put([person]);
      await tx.setPassword(person.id, 'hash', at(0));
      await tx.users.put([{ ...person, active: false }]);
      expect(await tx.findPasswordOwners([person.id, market.user, 'nobody'])).toEqual(new Set([person.id]));
    });
    expect(await suite.store.signIn.findCredentialOf(person.id)).toEqual({ userId: person.id, passwordHash: 'hash', passwordChangedAt: at(0) });
  });

  it('refuses a password for nobody', async () => {
    await expectRefusal(
      suite.store.transaction((tx) => tx.setPassword('nobody', 'hash', at(0))),
      'not_found',
      'There is no user "nobody".',
    );
  });

  it('says whether there is any user', async () => {
    expect(await suite.store.access.hasUsers()).toBe(true);
  });

  it('puts a thousand users with memberships in one batch', async () => {
    const users = Array.from({ length: 1000 }, () => user({ organization: market.site, memberships: [{ userGroup: market.group }] }));
    await put(...users);
    expect(await find(users[999]!.id)).toEqual(users[999]);
  });
});
