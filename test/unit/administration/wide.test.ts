import { beforeEach, describe, expect, it } from '@jest/globals';
import { Administration, type WriteCall } from '../../../src/administration/administration.ts';
import { tenancyOf } from '../../../src/domain/tenancy.ts';
import { AccessService } from '../../../src/services/access.ts';
import { DefinitionsCache } from '../../../src/services/definitions.ts';
import type { Store } from '../../../src/domain/ports.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';
import { assignment, client, organization, profile, to, user } from '../../support/market.ts';
import { fakeHasher } from '../workspace/harness.ts';
import { countingRandom, testClock } from '../services/fixtures.ts';

/** Changes that reach more people than are looked at one by one; here that is three. */
const MOST = 3;

let store: Store;
let administration: Administration;
/** As a server has it, which looks at more. */
let usual: Administration;
const clock = testClock();

beforeEach(async () => {
  store = openMemoryStore({ clock });
  const random = countingRandom(clock);
  const access = new AccessService(store, clock, 2 ** 20);
  const options = {
    issuer: 'https://id.example.com',
    store,
    access,
    hasher: fakeHasher(),
    clock,
    random,
    definitions: new DefinitionsCache(),
    fullAccessHours: 1,
  };
  administration = new Administration({ ...options, mostSubjects: MOST });
  usual = new Administration(options);
  const crowd = Array.from({ length: 10 }, (_, index) => `p${index}`);
  await store.transaction(async (tx) => {
    await tx.organizationTypes.put([
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller', 'buyer'], barredRoles: ['Secret'] },
      { name: 'branch', parents: ['seller', 'buyer'], barredRoles: [] },
    ]);
    await tx.roles.put(['A', 'B', 'Secret'].map((name) => ({ name, category: 'custom' as const })));
    await tx.organizations.put([
      organization('S', 'seller'),
      organization('B1', 'buyer', { parent: 'S' }),
      organization('B2', 'buyer', { parent: 'S' }),
      organization('region', 'buyer', { parent: 'S' }),
    ]);
    await tx.userGroups.put([
      { id: 'crowd', name: 'Crowd', organization: 'B1' },
      { id: 'strong', name: 'Strong', organization: 'B1' },
    ]);
    await tx.users.put([
      user('root', 'S'),
      user('dana', 'S', { memberships: [{ userGroup: 'crowd' }] }),
      user('zoe', 'B1'),
      ...crowd.map((id) => user(id, 'B1', { memberships: [{ userGroup: 'crowd' }] })),
    ]);
    await tx.securityProfiles.put([
      profile('full', ['FullAccess']),
      profile('a', ['A']),
      profile('ab', ['A', 'B']),
      profile('secret', ['Secret']),
      profile('admin', ['SecurityProfileAdmin', 'UserAdmin', 'OrganizationAdmin', 'RoleAdmin', 'ImpersonationRuleAdmin', 'Impersonation']),
      profile('acting', ['Impersonation']),
      profile('people', ['UserAdmin']),
    ]);
    await tx.clients.put([client('web'), client('job', { grantTypes: ['client_credentials'], organization: 'B1' })]);
    await tx.impersonationRules.put([
      { id: 'rule', impersonator: to.group('crowd'), target: to.user('root'), securityProfile: 'secret', client: 'web' },
    ]);
    await tx.assignments.put([
      assignment('full', to.user('root'), { id: 'root' }),
      assignment('admin', to.user('dana')),
      assignment('a', to.user('dana'), { validUntil: new Date(clock.now() + 3_600_000) }),
      assignment('ab', to.group('strong')),
      assignment('secret', to.organization('B1')),
      assignment('ab', to.organization('region'), { includeDescendants: true }),
    ]);
  });
});

async function as(id: string): Promise<WriteCall> {
  const acting = (await store.access.findUser(id))!;
  const tenancy = tenancyOf(acting);
  const administrator = {
    actor: { kind: 'user' as const, id },
    onBehalfOf: undefined,
    clientId: 'console',
    roles: new Set<string>(),
    acting,
    tenancy,
    barred: new Map(),
    requestId: 'r',
  };
  return { administrator, needs: [], dryRun: false, confirmed: true };
}

const refused = (roles: readonly string[]) => ({ code: 'above_ceiling', details: { roles } });

describe('a change that reaches very many', () => {
  it('is allowed when it gives everybody what the administrator holds', async () => {
    const { blastRadius } = await administration.create(
      'assignments',
      { security_profile: 'a', organization: 'B1' },
      { ...(await as('dana')), dryRun: true },
    );
    expect(blastRadius?.subjects).toMatchObject({ cut: true });
    expect((await administration.create('assignments', { security_profile: 'a', organization: 'B1' }, await as('dana'))).object).toMatchObject({
      security_profile: 'a',
    });
  });

  it('is refused for everything that it could give to any of them', async () => {
    const dana = await as('dana');
    await expect(administration.create('assignments', { security_profile: 'ab', user_group: 'crowd' }, dana)).rejects.toMatchObject(refused(['B']));
    await expect(administration.change('organizations', 'B1', dana, (current) => ({ ...current, parent: 'region' }))).rejects.toMatchObject(
      refused(['B']),
    );
  });

  it('is refused when a type is freed from what it was barred from', async () => {
    await expect(
      administration.change('organization_types', 'buyer', await as('dana'), (current) => ({ ...current, barred_roles: [] })),
    ).rejects.toMatchObject(refused(['Secret']));
    await expect(administration.change('organizations', 'B1', await as('dana'), (current) => ({ ...current, type: 'branch' }))).rejects.toMatchObject(
      { code: 'above_ceiling' },
    );
  });

  it('hides nobody who stands in it', async () => {
    const crowdAndZoe = {
      rolemint: 1,
      assignments: [{ security_profile: 'people', organization: 'B1' }],
      users: [{ id: 'zoe', user_groups: ['strong'] }],
    };
    await expect(administration.apply(crowdAndZoe, await as('dana'), { prune: false })).rejects.toMatchObject(refused(['B']));
    expect((await store.access.findUser('zoe'))?.memberships).toEqual([]);
  });

  it('does not hide the administrator', async () => {
    // Dana is in the crowd, and holds A for an hour.
    await expect(administration.create('assignments', { security_profile: 'a', user_group: 'crowd' }, await as('dana'))).rejects.toMatchObject(
      refused(['A']),
    );
  });

  it('lets nobody into rules that give more', async () => {
    await expect(administration.create('assignments', { security_profile: 'acting', user_group: 'crowd' }, await as('dana'))).rejects.toMatchObject({
      code: 'above_ceiling',
      details: { roles: expect.arrayContaining(['Secret']) },
    });
  });

  it('is sent in parts when more stand in it than can be looked at', async () => {
    const users = Array.from({ length: MOST + 1 }, (_, index) => ({ id: `new${index}`, organization: 'B1' }));
    await expect(administration.apply({ rolemint: 1, users }, await as('dana'), { prune: false })).rejects.toMatchObject({
      code: 'above_ceiling',
      message: 'This changes more people than can be judged at once. Send it in parts.',
    });
    expect(
      (await administration.apply({ rolemint: 1, users: users.slice(0, MOST) }, await as('dana'), { prune: false })).blastRadius,
    ).toBeUndefined();
  });

  it('looks at 2,000 of them for a change of an object, and at 10,000 for a workspace', async () => {
    await store.transaction((tx) => tx.users.put(Array.from({ length: 2001 }, (_, index) => user(`q${index}`, 'B2'))));
    const dryRun = { ...(await as('root')), dryRun: true };
    const given = { security_profile: 'a', organization: 'B2' };
    expect((await usual.create('assignments', given, dryRun)).blastRadius?.subjects).toMatchObject({ total: 2000, cut: true });
    const workspace = { rolemint: 1, assignments: [given] };
    expect((await usual.apply(workspace, dryRun, { prune: false })).blastRadius?.subjects).toMatchObject({ total: 2001, cut: false });
  });

  it('counts those who are too many to be looked at, and gives nothing to anybody outside', async () => {
    const people = Array.from({ length: MOST + 1 }, (_, index) => `q${index}`);
    await store.transaction(async (tx) => {
      await tx.users.put([...people.map((id) => user(id, 'B1')), user('outside', 'B2')]);
      await tx.securityProfiles.put([profile('wide', [], { organization: 'B1' })]);
      await tx.assignments.put([
        assignment('admin', to.user('zoe')),
        assignment('a', to.user('zoe')),
        ...people.map((id) => assignment('wide', to.user(id))),
        assignment('wide', to.user('outside'), { id: 'outside' }),
      ]);
    });
    const edit = async (roles: readonly string[]) =>
      administration.change('security_profiles', 'wide', await as('zoe'), (current) => ({ ...current, roles }));
    await expect(edit(['A'])).rejects.toMatchObject({ ...refused([]), message: expect.stringContaining('outside the organizations') });
    await store.transaction((tx) => tx.assignments.remove(['outside']));
    expect((await edit(['A'])).object).toMatchObject({ roles: ['A'] });
  });

  it('does not take FullAccess from the last administrator unseen', async () => {
    await store.transaction(async (tx) => {
      await tx.userGroups.put([{ id: 'chiefs', name: 'Chiefs', organization: 'S' }]);
      await tx.users.put([
        user('zz-root', 'S', { memberships: [{ userGroup: 'chiefs' }] }),
        ...Array.from({ length: 5 }, (_, index) => user(`a${index}`, 'B1', { memberships: [{ userGroup: 'chiefs' }] })),
      ]);
      await tx.assignments.remove(['root']);
      await tx.assignments.put([assignment('full', to.group('chiefs'), { id: 'chiefs' })]);
    });
    await expect(administration.remove('assignments', 'chiefs', await as('zz-root'))).rejects.toMatchObject({
      code: 'in_use',
      message: 'This would take FullAccess from the last administrator. Make somebody else one first.',
    });
  });
});
