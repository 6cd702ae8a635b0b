import { beforeAll, expect, it } from '@jest/globals';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  client,
  expectRefusal,
  fresh,
  organization,
  partyOrganization,
  putMarket,
  putTypes,
  securityProfile,
  user,
  userGroup,
} from './samples.ts';

describeEachStore('organizations', (suite) => {
  beforeAll(async () => putTypes(suite.store));

  const pathOf = (id: string) => suite.store.transaction(async (tx) => (await tx.organizations.findMany([id])).get(id)?.path);

  it('computes the path, whatever was put as one, children before parents', async () => {
    const [root, middle, leaf] = [fresh('root'), fresh('middle'), fresh('leaf')];
    await suite.store.transaction((tx) =>
      tx.organizations.put([
        organization({ id: leaf, type: 'buyer', parent: middle, path: ['nonsense'] }),
        organization({ id: middle, type: 'buyer', parent: root }),
        organization({ id: root }),
      ]),
    );
    expect(await pathOf(leaf)).toEqual([root, middle, leaf]);
    expect(await pathOf(root)).toEqual([root]);
  });

  it('puts a tree that is larger than a batch in any order', async () => {
    const root = fresh('root');
    const chain = Array.from({ length: 20 }, () => fresh('chain'));
    const wide = Array.from({ length: 1500 }, () => organization({ type: 'buyer', parent: chain.at(-1)! }));
    const links = chain.map((id, index) => organization({ id, type: 'buyer', parent: chain[index - 1] ?? root }));
    await suite.store.transaction((tx) => tx.organizations.put([...wide, ...links.reverse(), organization({ id: root })]));
    expect(await pathOf(wide[1234]!.id)).toEqual([root, ...chain, wide[1234]!.id]);
  });

  it('moves everything below with an organization', async () => {
    const market = await putMarket(suite.store);
    const other = organization();
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([other]);
      await tx.organizations.put([organization({ id: market.buyer, type: 'buyer', parent: other.id })]);
    });
    expect(await pathOf(market.site)).toEqual([other.id, market.buyer, market.site]);
    expect((await suite.store.access.findUser(market.user))?.organization?.path).toEqual([other.id, market.buyer, market.site]);
  });

  it('refuses an organization below itself, and keeps the tree as it was', async () => {
    const market = await putMarket(suite.store);
    const move = suite.store.transaction((tx) => tx.organizations.put([organization({ id: market.buyer, type: 'buyer', parent: market.site })]));
    await expectRefusal(move, 'invalid_input', /^The organization "(buyer|site)-\d+" would be below itself\.$/);
    const [a, b] = [fresh('loop'), fresh('loop')];
    const loop = [organization({ id: a, type: 'buyer', parent: b }), organization({ id: b, type: 'buyer', parent: a })];
    await expectRefusal(
      suite.store.transaction((tx) => tx.organizations.put(loop)),
      'invalid_input',
      'would be below itself.',
    );
    const self = organization({ id: a, type: 'buyer', parent: a });
    await expectRefusal(
      suite.store.transaction((tx) => tx.organizations.put([self])),
      'invalid_input',
      'would be below itself.',
    );
    expect(await pathOf(market.site)).toEqual([market.seller, market.buyer, market.site]);
  });

  it('refuses a type in a place where it cannot be', async () => {
    const market = await putMarket(suite.store);
    const put = (given: Parameters<typeof organization>[0]) => suite.store.transaction((tx) => tx.organizations.put([organization(given)]));
    await expectRefusal(put({ id: 'lost', type: 'buyer' }), 'invalid_input', 'The organization "lost" of type "buyer" cannot be at the root.');
    await expectRefusal(put({ id: 'lost', parent: market.buyer }), 'invalid_input', 'of type "seller" cannot be under one of type "buyer".');
    await expectRefusal(put({ type: 'unheard' }), 'invalid_input', 'The organization type "unheard", named by an organization, does not exist.');
    await expectRefusal(
      put({ type: 'buyer', parent: 'nowhere' }),
      'invalid_input',
      'The organization "nowhere", named by an organization, does not exist.',
    );
    // The children must still fit when their parent becomes something else.
    await expectRefusal(put({ id: market.seller, type: 'buyer', parent: market.seller }), 'invalid_input');
  });

  it('lets types and places change together, but not apart', async () => {
    const [type, next] = [fresh('type'), fresh('type')];
    const [root, leaf] = [organization(), organization({ type })];
    const nested = { ...leaf, parent: root.id };
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put([{ name: type, parents: ['seller'], barredRoles: [] }]);
      await tx.organizations.put([root, nested]);
    });
    const rootType = { name: type, parents: [], barredRoles: [] };
    await expectRefusal(
      suite.store.transaction((tx) => tx.organizationTypes.put([rootType])),
      'invalid_input',
      'cannot be under one of type "seller".',
    );
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put([rootType]);
      await tx.organizations.put([leaf]);
    });
    expect(await pathOf(leaf.id)).toEqual([leaf.id]);
    const unknown = suite.store.transaction((tx) => tx.organizationTypes.put([{ name: next, parents: ['unheard'], barredRoles: [] }]));
    await expectRefusal(unknown, 'invalid_input', 'The organization type "unheard", named by an organization type, does not exist.');
  });

  it('refuses to remove a type that is still named', async () => {
    const [above, below] = [fresh('type'), fresh('type')];
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put([
        { name: above, parents: [], barredRoles: [] },
        { name: below, parents: [above], barredRoles: [] },
      ]);
      await tx.organizations.put([organization({ type: above })]);
    });
    const remove = (...names: string[]) => suite.store.transaction((tx) => tx.organizationTypes.remove(names));
    await expectRefusal(remove(above, below), 'in_use', `The organization type "${above}" is still needed by an organization.`);
    const free = fresh('type');
    await suite.store.transaction((tx) =>
      tx.organizationTypes.put([
        { name: free, parents: [], barredRoles: [] },
        { name: below, parents: [free], barredRoles: [] },
      ]),
    );
    await expectRefusal(remove(free), 'in_use', `The organization type "${free}" is still needed by an organization type.`);
    await remove(free, below);
  });

  it('refuses to remove an organization that something belongs to, and says what', async () => {
    const remove = (id: string) => suite.store.transaction((tx) => tx.organizations.remove([id]));
    const needed = async (by: string, put: (id: string) => (tx: Parameters<Parameters<typeof suite.store.transaction>[0]>[0]) => Promise<void>) => {
      const { id } = organization({ id: fresh('needed') });
      await suite.store.transaction(async (tx) => {
        await tx.organizations.put([organization({ id })]);
        await put(id)(tx);
      });
      await expectRefusal(remove(id), 'in_use', `The organization "${id}" is still needed by ${by}.`);
    };
    await needed('an organization', (id) => (tx) => tx.organizations.put([organization({ type: 'buyer', parent: id })]));
    await needed('a user', (id) => (tx) => tx.users.put([user({ organization: id })]));
    await needed('a user group', (id) => (tx) => tx.userGroups.put([userGroup({ organization: id })]));
    await needed('a client', (id) => (tx) => tx.clients.put([client({ organization: id })]));
    await needed('a security profile', (id) => (tx) => tx.securityProfiles.put([securityProfile({ organization: id })]));
  });

  it('removes with an organization what was assigned to it and the right to act for it', async () => {
    const market = await putMarket(suite.store);
    const [a, b, c] = [organization(), organization(), organization()];
    const agent = user({ organization: market.site, authorizedOrganizations: [c.id, a.id, b.id] });
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([a, b, c]);
      await tx.users.put([agent]);
      await tx.assignments.put([assignment(market.profile, partyOrganization(a.id))]);
    });
    const { version } = await suite.store.access.readChanges(0);
    await suite.store.transaction((tx) => tx.organizations.remove([a.id]));
    expect((await suite.store.access.findUser(agent.id))?.authorizedOrganizations).toEqual([c.id, b.id]);
    expect(await suite.store.access.assignmentsOf({ party: partyOrganization(a.id) }, 10)).toEqual([]);
    const { changes } = await suite.store.access.readChanges(version);
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'organization', id: a.id },
        { kind: 'user', id: agent.id },
      ]),
    );
  });

  it('removes a whole subtree at once', async () => {
    const [root, leaf] = [organization(), organization({ type: 'buyer' })];
    await suite.store.transaction((tx) => tx.organizations.put([root, { ...leaf, parent: root.id }]));
    await suite.store.transaction((tx) => tx.organizations.remove([root.id, leaf.id]));
    expect(await pathOf(leaf.id)).toBeUndefined();
  });
});
