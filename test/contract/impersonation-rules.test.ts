import { beforeAll, expect, it } from '@jest/globals';
import type { ImpersonationRule } from '../../src/domain/impersonation-rule.ts';
import type { StoreTransaction } from '../../src/domain/ports.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  client,
  fresh,
  organization,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  securityProfile,
  user,
  userGroup,
  type Market,
} from './samples.ts';

describeEachStore('impersonation rules', (suite) => {
  let market: Market;
  let profile: string;
  beforeAll(async () => {
    market = await putMarket(suite.store);
    const given = securityProfile();
    profile = given.id;
    await suite.store.transaction((tx) => tx.securityProfiles.put([given]));
  });

  const change = (work: (tx: StoreTransaction) => Promise<unknown>) => suite.store.transaction(async (tx) => void (await work(tx)));
  const rule = (given: Partial<ImpersonationRule> = {}): ImpersonationRule => ({
    id: fresh('rule'),
    impersonator: partyUser(market.user),
    target: partyOrganization(market.buyer),
    securityProfile: profile,
    client: market.client,
    ...given,
  });
  const definitions = () => suite.store.access.loadDefinitions();
  const ruleIds = async () => (await definitions()).impersonationRules.map(({ id }) => id);

  it('come with the definitions as they were put, in the order of their ids', async () => {
    const rules = [
      rule(),
      rule({ impersonator: partyGroup(market.group), maxLifetimeSeconds: 60 }),
      rule({ impersonator: partyOrganization(market.buyer) }),
    ];
    await change((tx) => tx.impersonationRules.put(rules.toReversed()));
    const { impersonationRules } = await definitions();
    expect(impersonationRules.filter(({ id }) => rules.some((given) => given.id === id))).toEqual(rules);
    const ids = await ruleIds();
    expect(ids).toEqual(ids.toSorted());
  });

  it('need the role that the workspace names, if it names one', async () => {
    expect((await definitions()).impersonationRole).toBeUndefined();
    await change((tx) => tx.settings.set('impersonation_role', 'Support'));
    expect((await definitions()).impersonationRole).toBe('Support');
  });

  it.each<
    [
      string,
      (tx: StoreTransaction, id: string) => Promise<unknown>,
      (id: string) => Partial<ImpersonationRule>,
      (tx: StoreTransaction, id: string) => Promise<unknown>,
    ]
  >([
    [
      'user who impersonates',
      (tx, id) => tx.users.put([user({ id, organization: market.buyer })]),
      (id) => ({ impersonator: partyUser(id) }),
      (tx, id) => tx.users.remove([id]),
    ],
    [
      'user who is impersonated',
      (tx, id) => tx.users.put([user({ id, organization: market.buyer })]),
      (id) => ({ target: partyUser(id) }),
      (tx, id) => tx.users.remove([id]),
    ],
    [
      'group',
      (tx, id) => tx.userGroups.put([userGroup({ id, organization: market.buyer })]),
      (id) => ({ impersonator: partyGroup(id) }),
      (tx, id) => tx.userGroups.remove([id]),
    ],
    [
      'organization',
      (tx, id) => tx.organizations.put([organization({ id })]),
      (id) => ({ target: partyOrganization(id) }),
      (tx, id) => tx.organizations.remove([id]),
    ],
    ['client', (tx, id) => tx.clients.put([client({ clientId: id })]), (id) => ({ client: id }), (tx, id) => tx.clients.remove([id])],
    [
      'profile',
      (tx, id) => tx.securityProfiles.put([securityProfile({ id })]),
      (id) => ({ securityProfile: id }),
      (tx, id) => tx.securityProfiles.remove([id]),
    ],
  ])('go with the %s that they name, and whoever remembers them is told', async (what, put, naming, remove) => {
    const [id, other] = [fresh('named'), fresh('named')];
    const given = rule(naming(id));
    await change(async (tx) => {
      await put(tx, id);
      await put(tx, other);
      await tx.impersonationRules.put([given]);
    });
    const versionBefore = (await suite.store.access.readChanges(0)).version;
    await change((tx) => remove(tx, id));
    expect(await ruleIds()).not.toContain(given.id);
    const { version, changes } = await suite.store.access.readChanges(versionBefore);
    expect(changes).toContainEqual({ kind: 'catalogue', id: '' });
    // Nobody is told of rules where there are none.
    await change((tx) => remove(tx, other));
    if (what !== 'profile') expect((await suite.store.access.readChanges(version)).changes).not.toContainEqual({ kind: 'catalogue', id: '' });
  });
});
