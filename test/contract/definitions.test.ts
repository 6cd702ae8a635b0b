import { beforeAll, expect, it } from '@jest/globals';
import { cloneOf } from '../../src/domain/lineage.ts';
import type { OrganizationType } from '../../src/domain/organization.ts';
import type { SecurityProfile } from '../../src/domain/security-profile.ts';
import { MAXIMUM_NAMED_PROFILES } from '../../src/storage/options.ts';
import { describeEachStore } from '../support/stores.ts';
import { assignment, expectRefusal, fresh, organization, partyUser, putMarket, putTypes, securityProfile } from './samples.ts';

describeEachStore('definitions', (suite) => {
  beforeAll(async () => putTypes(suite.store));

  it('gives back what was put, in every field', async () => {
    const owner = organization();
    const profile: SecurityProfile = {
      id: fresh('profile'),
      name: 'Everything',
      description: 'With "quotes" and ünïcödé',
      organization: owner.id,
      roles: ['B', 'A', 'A'],
      permissions: [
        { type: 'data/*', operations: ['read', 'update'] },
        { type: 'data/Role', operations: [] },
      ],
      fullAccess: true,
      passwordPolicy: { minimumLength: 12, uppercaseRequired: true },
      managed: true,
      version: 1,
    };
    const role = { name: fresh('Role'), category: 'custom', description: 'Does things' } as const;
    const plain = { name: fresh('Role'), category: 'reader' } as const;
    const type = { type: fresh('data/Type'), operations: ['update', 'read'] };
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([owner]);
      await tx.securityProfiles.put([profile]);
      await tx.roles.put([role, plain]);
      await tx.permissionTypes.put([type]);
      expect((await tx.securityProfiles.findMany([profile.id, 'nobody'])).get(profile.id)).toEqual(profile);
      expect([...(await tx.roles.findMany([role.name, plain.name])).values()]).toEqual(expect.arrayContaining([role, plain]));
      expect((await tx.permissionTypes.findMany([type.type])).get(type.type)).toEqual(type);
    });
    const definitions = await suite.store.access.loadDefinitions();
    expect(definitions.securityProfiles).toContainEqual(profile);
    expect(definitions.roles).toEqual(expect.arrayContaining([role, plain]));
    expect(definitions.roles.find(({ name }) => name === plain.name)).not.toHaveProperty('description');
    expect(definitions.permissionTypes).toContainEqual(type);
    expect(definitions.organizationTypes).toContainEqual({ name: 'buyer', parents: ['seller', 'buyer'], barredRoles: ['ApiClientAdmin'] });
  });

  it('replaces under the same key, optional fields included', async () => {
    const before = securityProfile({ description: 'old', passwordPolicy: { minimumLength: 9 } });
    const after: SecurityProfile = { ...securityProfile({ id: before.id }), name: 'new' };
    await suite.store.transaction(async (tx) => {
      await tx.securityProfiles.put([before]);
      await tx.securityProfiles.put([after]);
      const found = (await tx.securityProfiles.findMany([before.id])).get(before.id);
      expect(found).toEqual({ ...after, version: 2 });
      expect(found).not.toHaveProperty('description');
      expect(found).not.toHaveProperty('passwordPolicy');
    });
  });

  it('counts the versions of a profile itself, whatever is put', async () => {
    const profile = securityProfile({ roles: ['A', 'B'], permissions: [{ type: 'data/*', operations: ['read'] }], version: 40 });
    const steps: readonly (readonly [Partial<SecurityProfile>, number])[] = [
      [{}, 1],
      [{ name: 'Another name', description: 'And more' }, 1],
      [{ roles: ['B', 'A', 'B'] }, 1],
      [{ roles: ['A'] }, 2],
      [{ permissions: [] }, 3],
      [{ fullAccess: true }, 4],
      [{ passwordPolicy: { minimumLength: 12 } }, 5],
      [{ passwordPolicy: { minimumLength: 12 }, managed: true }, 5],
    ];
    let put = profile;
    for (const [change, version] of steps) {
      put = Object.assign({}, put, change);
      await suite.store.transaction((tx) => tx.securityProfiles.put([put]));
      const definitions = await suite.store.access.loadDefinitions();
      expect(definitions.securityProfiles.find(({ id }) => id === profile.id)).toEqual({ ...put, version });
    }
    await suite.store.transaction(async (tx) => {
      await tx.securityProfiles.remove([profile.id]);
      await tx.securityProfiles.put([put]);
      expect((await tx.securityProfiles.findMany([profile.id])).get(profile.id)?.version).toBe(1);
    });
  });

  it('names profiles that were put, and gives back those that are asked for', async () => {
    const [first, second] = [securityProfile({ roles: ['A'] }), securityProfile()];
    await suite.store.transaction((tx) => tx.securityProfiles.put([first]));
    const { version } = await suite.store.access.readChanges(-1);
    await suite.store.transaction((tx) => tx.securityProfiles.put([{ ...first, roles: ['B'] }, second]));
    const { changes } = await suite.store.access.readChanges(version);
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(expect.arrayContaining([first, second].map(({ id }) => ({ kind: 'catalogue', id }))));
    const found = await suite.store.access.findSecurityProfiles([first.id, fresh('nobody'), second.id, 'nul\0']);
    expect(found).toEqual(
      new Map([
        [first.id, { ...first, roles: ['B'], version: 2 }],
        [second.id, { ...second, version: 1 }],
      ]),
    );
  });

  it('takes everything for changed when a profile is removed, or more are put than are worth naming', async () => {
    const changesOf = async (write: Parameters<typeof suite.store.transaction>[0]) => {
      const { version } = await suite.store.access.readChanges(-1);
      await suite.store.transaction(write);
      return (await suite.store.access.readChanges(version)).changes;
    };
    const many = Array.from({ length: MAXIMUM_NAMED_PROFILES + 1 }, () => securityProfile());
    expect(await changesOf((tx) => tx.securityProfiles.put(many))).toEqual([{ kind: 'catalogue', id: '' }]);
    expect(await changesOf((tx) => tx.securityProfiles.remove([many[0]!.id]))).toEqual([{ kind: 'catalogue', id: '' }]);
    await suite.store.transaction((tx) => tx.securityProfiles.remove(many.map(({ id }) => id)));
  });

  it('keeps the origin of a clone, also when the origin is removed', async () => {
    const origin = securityProfile({ roles: ['Shopper'], permissions: [{ type: 'data/*', operations: ['read', 'update'] }] });
    const clone = cloneOf(origin, { id: fresh('clone'), name: 'A clone', organization: undefined });
    await suite.store.transaction((tx) => tx.securityProfiles.put([origin, clone]));
    await suite.store.transaction((tx) => tx.securityProfiles.remove([origin.id]));
    const { securityProfiles } = await suite.store.access.loadDefinitions();
    expect(securityProfiles.find(({ id }) => id === clone.id)?.origin).toEqual({
      securityProfile: origin.id,
      version: 1,
      roles: ['Shopper'],
      permissions: [{ type: 'data/*', operations: ['read', 'update'] }],
      fullAccess: false,
    });
    await suite.store.transaction(async (tx) => {
      const { origin: _, ...independent } = clone;
      await tx.securityProfiles.put([independent]);
      expect((await tx.securityProfiles.findMany([clone.id])).get(clone.id)).not.toHaveProperty('origin');
    });
  });

  it('refuses a clone that is managed', async () => {
    const clone = cloneOf(securityProfile(), { id: fresh('clone'), name: 'A clone', organization: undefined });
    const put = suite.store.transaction((tx) => tx.securityProfiles.put([{ ...clone, managed: true }]));
    await expectRefusal(put, 'invalid_input', 'A clone cannot be managed: what is upgraded from outside would overwrite what was changed in it.');
    expect((await suite.store.access.loadDefinitions()).securityProfiles.find(({ id }) => id === clone.id)).toBeUndefined();
  });

  it('keeps the resources that a type is barred from, and tells none from unset', async () => {
    const types: readonly OrganizationType[] = [
      { name: fresh('type'), parents: [], barredRoles: [], barredResources: ['keys', 'clients'] },
      { name: fresh('type'), parents: [], barredRoles: [], barredResources: [] },
      { name: fresh('type'), parents: [], barredRoles: [] },
    ];
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put(types);
      expect([...(await tx.organizationTypes.findMany(types.map(({ name }) => name))).values()]).toEqual(expect.arrayContaining([...types]));
    });
    expect((await suite.store.access.loadDefinitions()).organizationTypes).toEqual(expect.arrayContaining([...types]));
    const { barredResources: _, ...unset } = types[0]!;
    await suite.store.transaction((tx) => tx.organizationTypes.put([unset]));
    const { organizationTypes } = await suite.store.access.loadDefinitions();
    expect(organizationTypes.find(({ name }) => name === unset.name)).not.toHaveProperty('barredResources');
  });

  it('walks through all objects in code-unit order, page by page', async () => {
    const start = fresh('walk');
    const names = ['a', 'B', 'aa', 'Z', '_', 'b'].map((name) => `${start}.${name}`);
    const walked: string[] = [];
    await suite.store.transaction(async (tx) => {
      await tx.roles.put(names.map((name) => ({ name, category: 'other' as const })));
      for (let after = start; ;) {
        const page = await tx.roles.list({ after, limit: 4 });
        walked.push(...page.map(({ name }) => name).filter((name) => name.startsWith(start)));
        if (page.length < 4) break;
        after = page.at(-1)!.name;
      }
      expect((await tx.roles.list({ limit: 1 })).length).toBe(1);
    });
    expect(walked).toEqual([...names].sort());
  });

  it('removes what exists and passes over the rest', async () => {
    const role = { name: fresh('Role'), category: 'other' } as const;
    await suite.store.transaction((tx) => tx.roles.put([role]));
    await suite.store.transaction((tx) => tx.roles.remove([role.name, 'nobody', role.name]));
    expect((await suite.store.access.loadDefinitions()).roles).not.toContainEqual(role);
  });

  it('refuses a key that is empty, too long or given twice', async () => {
    const put = (...names: string[]) => suite.store.transaction((tx) => tx.roles.put(names.map((name) => ({ name, category: 'other' as const }))));
    await expectRefusal(put(''), 'invalid_input', 'The key of a role is empty.');
    await expectRefusal(put('x'.repeat(251)), 'invalid_input', 'The key of a role is longer than 250 characters.');
    await expectRefusal(put('twice', 'twice'), 'invalid_input', 'a role "twice" is given twice.');
  });

  it('refuses a profile of an organization that does not exist', async () => {
    const put = suite.store.transaction((tx) => tx.securityProfiles.put([securityProfile({ organization: 'nowhere' })]));
    await expectRefusal(put, 'invalid_input', 'The organization "nowhere", named by a security profile, does not exist.');
  });

  it('removes the assignments of a removed profile and tells those who had it', async () => {
    const market = await putMarket(suite.store);
    const given = assignment(market.profile, partyUser(market.user));
    await suite.store.transaction((tx) => tx.assignments.put([given]));
    const { version } = await suite.store.access.readChanges(0);
    await suite.store.transaction((tx) => tx.securityProfiles.remove([market.profile]));
    expect((await suite.store.access.findUser(market.user))?.reaches).toEqual([]);
    const { changes } = await suite.store.access.readChanges(version);
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'catalogue', id: '' },
        { kind: 'user', id: market.user },
      ]),
    );
  });

  it('puts thousands at once', async () => {
    const roles = Array.from({ length: 2500 }, () => ({ name: fresh('Many'), category: 'other' as const }));
    await suite.store.transaction(async (tx) => {
      await tx.roles.put(roles);
      expect((await tx.roles.findMany(roles.map(({ name }) => name))).size).toBe(2500);
    });
  });

  it('gives copies: what is done to an object afterwards stays outside', async () => {
    const profile = { ...securityProfile(), roles: ['Kept'] };
    await suite.store.transaction(async (tx) => {
      await tx.securityProfiles.put([profile]);
      profile.roles.push('Slipped in');
      ((await tx.securityProfiles.findMany([profile.id])).get(profile.id)!.roles as string[]).push('Slipped in');
      expect((await tx.securityProfiles.findMany([profile.id])).get(profile.id)!.roles).toEqual(['Kept']);
    });
  });
});
