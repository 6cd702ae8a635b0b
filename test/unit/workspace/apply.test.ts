import { describe, expect, it } from '@jest/globals';
import { eventTypes, harness, MARKET } from './harness.ts';
import type { WorkspacePlan } from '../../../src/workspace/apply.ts';
import { listAuditEvents } from '../../support/audit.ts';

const rowsOf = ({ rows }: WorkspacePlan): string[] => rows.map(({ section, key, action }) => `${action} ${section} ${key}`);

describe('apply', () => {
  it('creates everything once, and nothing when repeated', async () => {
    const market = harness();
    const first = await market.apply(MARKET);
    expect(first.rows).toHaveLength(17);
    expect(first.rows.every(({ action }) => action === 'create')).toBe(true);
    const events = await eventTypes(market.store);
    const second = await market.apply(MARKET);
    expect(second).toEqual({ workspace: 'market', rows: [], effects: [], effectsCut: false, expectations: 0 });
    expect(await eventTypes(market.store)).toEqual(events);
  });

  it('does not mind the order of sections and of entries', async () => {
    const [head, ...sections] = MARKET.split(/\n(?=[a-z])/);
    const market = harness();
    await market.apply([head, ...sections.reverse()].join('\n'));
    expect((await market.apply(MARKET)).rows).toEqual([]);
  });

  it('compares and changes only what is declared', async () => {
    const market = harness();
    await market.apply(MARKET.replace('{id: ann, organization: B', '{id: ann, username: Ann, email: ann@b.example, organization: B'));
    const plan = await market.apply('rolemint: 1\nusers: [{id: ann, active: false}]\nsecurity_profiles: [{id: P, description: Shops}]\n');
    expect(plan.rows).toEqual([
      { section: 'users', key: 'ann', action: 'update', fields: [{ field: 'active', before: true, after: false }] },
      { section: 'security_profiles', key: 'P', action: 'update', fields: [{ field: 'description', before: undefined, after: 'Shops' }] },
    ]);
    await market.store.transaction(async (tx) => {
      expect((await tx.users.findMany(['ann'])).get('ann')).toMatchObject({
        username: 'Ann',
        email: 'ann@b.example',
        memberships: [{ userGroup: 'G' }],
        active: false,
      });
      expect((await tx.securityProfiles.findMany(['P'])).get('P')).toMatchObject({ name: 'P', roles: ['Shopper'], description: 'Shops' });
    });
  });

  it('replaces lists as a whole, and takes their order for nothing', async () => {
    const market = harness();
    await market.apply(MARKET);
    const profile = (roles: string): string => `rolemint: 1\nsecurity_profiles: [{id: P, roles: [${roles}]}]\n`;
    expect((await market.apply(profile('OrderReader, Shopper, OrderReader'))).rows[0]?.fields).toEqual([
      { field: 'roles', before: ['Shopper'], after: ['OrderReader', 'Shopper'] },
    ]);
    expect((await market.apply(profile('Shopper, OrderReader'))).rows).toEqual([]);
    expect((await market.apply(profile(''))).rows[0]?.fields).toEqual([{ field: 'roles', before: ['OrderReader', 'Shopper'], after: [] }]);
  });

  it('takes an optional value away with null', async () => {
    const market = harness();
    await market.apply(
      MARKET.replace('token_endpoint_auth_method: none}', 'token_endpoint_auth_method: none, maximum_roles: [Shopper], organization: B}'),
    );
    const plan = await market.apply('rolemint: 1\nclients: [{client_id: shop, maximum_roles: null}]\n');
    expect(plan.rows[0]?.fields).toEqual([{ field: 'maximum_roles', before: ['Shopper'], after: undefined }]);
    await market.store.transaction(async (tx) => {
      const client = (await tx.clients.findMany(['shop'])).get('shop');
      expect(client?.maximumRoles).toBeUndefined();
      expect(client?.organization).toBe('B');
    });
  });

  it('keeps who assigned something, and when, through later changes', async () => {
    const market = harness();
    await market.apply(MARKET);
    market.now += 60_000;
    const plan = await market.apply(
      'rolemint: 1\nassignments: [{security_profile: P, organization: B, reason: They shop., valid_until: 2030-01-01}]\n',
    );
    expect(rowsOf(plan)).toEqual(['update assignments P → organization B']);
    await market.store.transaction(async (tx) => {
      const [assignment] = await tx.assignments.list({ limit: 10 });
      expect(assignment).toMatchObject({
        reason: 'They shop.',
        assignedBy: 'tester',
        assignedAt: new Date(market.now - 60_000),
        validUntil: new Date('2030-01-01'),
      });
      expect(assignment?.id).toMatch(/^as_[A-Za-z0-9_-]{22}$/);
    });
  });

  it('upgrades managed profiles like everything else that is declared', async () => {
    const market = harness();
    await market.apply(MARKET.replace('{id: P,', '{id: P, managed: true,'));
    expect((await market.apply('rolemint: 1\nsecurity_profiles: [{id: P, managed: true, roles: [OrderAdmin]}]\n')).rows).toHaveLength(1);
  });

  it('moves organizations, and lets users swap places with those that go', async () => {
    const market = harness();
    await market.apply(MARKET.replace('user_groups:', '  - {id: S2, type: seller}\nuser_groups:'));
    await market.apply('rolemint: 1\norganizations: [{id: B, parent: S2}]\n');
    expect((await market.store.access.findUser('ann'))?.organization?.path).toEqual(['S2', 'B']);
    const renamed = MARKET.replace('{id: bob, organization: B}', '{id: robert, username: bob, organization: B}')
      .replace('parent: S}', 'parent: S2}')
      .replace('{id: S, type: seller}', '{id: S, type: seller}\n  - {id: S2, type: seller}');
    expect(rowsOf(await market.apply(renamed, { prune: true }))).toEqual(['create users robert', 'remove users bob']);
  });

  it('works through more objects than one batch holds', async () => {
    const market = harness();
    const people = Array.from({ length: 2500 }, (_, index) => `  - {id: p${index}, organization: O${index % 1200}}`);
    const organizations = Array.from({ length: 1200 }, (_, index) => `  - {id: O${index}, type: buyer, parent: S}`);
    const text = MARKET.replace('user_groups:', `${organizations.reverse().join('\n')}\nuser_groups:`).replace(
      'security_profiles:',
      `${people.join('\n')}\nsecurity_profiles:`,
    );
    expect((await market.apply(text)).rows).toHaveLength(17 + 3700);
    expect((await market.apply(text)).rows).toEqual([]);
    expect(rowsOf(await market.apply(MARKET, { prune: true }))).toHaveLength(3700);
  });

  it('keeps settings', async () => {
    const market = harness();
    await market.apply(MARKET);
    const plan = await market.apply('rolemint: 1\nworkspace: bazaar\nimpersonation_role: OrderAdmin\n');
    expect(rowsOf(plan)).toEqual(['update settings workspace', 'create settings impersonation_role']);
    expect(await market.store.transaction((tx) => tx.settings.get('impersonation_role'))).toBe('OrderAdmin');
  });
});

describe('prune', () => {
  const withoutBob = MARKET.replace('  - {id: bob, organization: B}\n', '');

  it('is off by default', async () => {
    const market = harness();
    await market.apply(MARKET);
    expect((await market.apply(withoutBob)).rows).toEqual([]);
  });

  it('removes what the sections of the files do not name', async () => {
    const market = harness();
    await market.apply(`${MARKET}  - {security_profile: Q, user: bob}\n`);
    expect(rowsOf(await market.apply(withoutBob, { prune: true }))).toEqual(['remove users bob', 'remove assignments Q → user bob']);
    expect(await market.store.access.findUser('bob')).toBeUndefined();
    expect((await market.apply(withoutBob, { prune: true })).rows).toEqual([]);
  });

  it('leaves sections alone that are not in the files, except what cannot stay', async () => {
    const market = harness();
    await market.apply(
      `${MARKET}  - {security_profile: Q, user: ann}\nimpersonation_rules: [{id: r, impersonator: {organization: S}, target: {user: ann}, security_profile: Q, client: shop}]\n`,
    );
    const plan = await market.apply('rolemint: 1\nsecurity_profiles: [{id: P}]\n', { prune: true });
    expect(rowsOf(plan)).toEqual(['remove security_profiles Q', 'remove assignments Q → user ann', 'remove impersonation_rules r']);
  });

  it('never removes built-in roles', async () => {
    const market = harness();
    await market.apply('rolemint: 1\nroles: [{name: FullAccess}, {name: Mine}]\n');
    expect(rowsOf(await market.apply('rolemint: 1\nroles: []\n', { prune: true }))).toEqual(['remove roles Mine']);
    expect((await market.apply('rolemint: 1\nsecurity_profiles: [{id: X, roles: [FullAccess]}]\n')).rows).toHaveLength(1);
  });

  it('refuses files that name what they prune', async () => {
    const market = harness();
    await market.apply(MARKET);
    const [problem] = await market.refusal('rolemint: 1\nusers: []\nclients: []\nassignments: [{security_profile: P, user: ann}]\n', { prune: true });
    expect(problem?.message).toBe('names the user "ann", which this change removes.');
  });

  it('refuses to take away roles that stored profiles still name', async () => {
    const market = harness();
    await market.apply(MARKET);
    const [problem] = await market.refusal('rolemint: 1\nroles: [{name: OrderReader}, {name: OrderAdmin}]\n', { prune: true });
    expect(problem).toMatchObject({
      file: '(store)',
      path: 'security_profiles.P',
      message: 'still names the role "Shopper", which this change removes.',
    });
  });

  it('changes nothing when something is still needed', async () => {
    const market = harness();
    await market.apply(MARKET);
    const events = await eventTypes(market.store);
    await expect(market.apply('rolemint: 1\norganizations: [{id: S, type: seller}]\n', { prune: true })).rejects.toMatchObject({ code: 'in_use' });
    expect(await eventTypes(market.store)).toEqual(events);
    expect(await market.store.access.findUser('ann')).toBeDefined();
  });

  it('removes a whole tree at once', async () => {
    const market = harness();
    await market.apply(MARKET);
    const empty =
      'rolemint: 1\norganization_types: []\nroles: []\npermission_types: []\norganizations: []\nuser_groups: []\nusers: []\nsecurity_profiles: []\nclients: []\nassignments: []\n';
    expect((await market.apply(empty, { prune: true })).rows).toHaveLength(16);
    expect(await market.store.access.hasUsers()).toBe(false);
  });
});

describe('plan', () => {
  it('says what apply then does, and changes nothing', async () => {
    const market = harness();
    await market.apply(MARKET);
    const before = await market.store.access.readChanges(0);
    const events = await eventTypes(market.store);
    const next = `${MARKET.replace('roles: [Shopper]', 'roles: [Shopper, OrderReader]').replace('{id: bob', '{id: rob')}  - {security_profile: Q, user_group: G}\n`;
    const plan = await market.plan(next, { prune: true });
    expect(await market.store.access.readChanges(0)).toEqual(before);
    expect(await eventTypes(market.store)).toEqual(events);
    expect(plan.rows).not.toHaveLength(0);
    expect(await market.apply(next, { prune: true })).toEqual(plan);
  });

  it('is plain JSON', async () => {
    const plan = await harness().plan(MARKET);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(JSON.parse(JSON.stringify(structuredClone(plan))));
  });
});

describe('audit', () => {
  it('has one event for each object that changed, with before and after', async () => {
    const market = harness();
    await market.apply(MARKET);
    const count = (await eventTypes(market.store)).length;
    await market.apply(
      'rolemint: 1\nworkspace: market\nusers: [{id: ann, active: false}, {id: zoe, organization: B, password: Zoe-has-a-secret-1}]\nassignments: [{security_profile: Q, organization: B}]\n',
      { prune: false },
    );
    await market.apply('rolemint: 1\nassignments: [{security_profile: Q, organization: B, reason: because}]\n', { prune: true });
    const events = (await listAuditEvents(market.store, { limit: 100 })).slice(0, -count).reverse();
    expect(events.map(({ type, target, before, after }) => ({ type, target, before, after }))).toEqual([
      { type: 'user_updated', target: { kind: 'user', id: 'ann' }, before: { active: true }, after: { active: false } },
      {
        type: 'user_created',
        target: { kind: 'user', id: 'zoe' },
        before: undefined,
        after: { id: 'zoe', organization: 'B', password: '[redacted]' },
      },
      {
        type: 'profile_assigned',
        target: { kind: 'assignment', id: expect.stringMatching(/^as_/) },
        before: undefined,
        after: { security_profile: 'Q', organization: 'B' },
      },
      { type: 'assignment_updated', target: { kind: 'assignment', id: expect.stringMatching(/^as_/) }, before: {}, after: { reason: 'because' } },
      {
        type: 'profile_unassigned',
        target: { kind: 'assignment', id: expect.stringMatching(/^as_/) },
        before: { security_profile: 'P', organization: 'B' },
        after: undefined,
      },
    ]);
    expect(events[0]).toMatchObject({ actor: { kind: 'operator', id: 'tester' }, at: new Date(market.now), requestId: 'request-1' });
    expect(JSON.stringify(await listAuditEvents(market.store, { limit: 1000 }))).not.toContain('Zoe-has');
  });
});
