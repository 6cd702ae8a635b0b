import { describe, expect, it } from '@jest/globals';
import { cloneOf, driftOf, merged } from '../../../src/domain/lineage.ts';
import type { SecurityProfile } from '../../../src/domain/security-profile.ts';
import { exportWorkspace } from '../../../src/workspace/export.ts';
import { harness, lines, MARKET, read, type Harness } from './harness.ts';

const MANAGED = 'A clone cannot be managed: what is upgraded from outside would overwrite what was changed in it.';
const workspace = (body: string): string => `rolemint: 1\n${body}\n`;
const problemsOf = (body: string): string[] => lines(read(workspace(body)).problems);

async function profileOf(market: Harness, id: string): Promise<SecurityProfile | undefined> {
  return (await market.store.access.loadDefinitions()).securityProfiles.find((profile) => profile.id === id);
}

/** The market with C, a clone of P that lost Shopper and gained OrderAdmin. */
async function marketWithClone(): Promise<Harness> {
  const market = harness();
  await market.apply(MARKET.replace('{id: P, roles: [Shopper]}', '{id: P, roles: [Shopper], permissions: [{type: data/*, operations: [read]}]}'));
  const clone = cloneOf((await profileOf(market, 'P'))!, { id: 'C', name: 'Copy', organization: 'B' });
  await market.store.transaction((tx) => tx.securityProfiles.put([{ ...clone, roles: ['OrderAdmin'] }]));
  return market;
}

describe('a clone in a workspace', () => {
  it('is exported with its origin and is the same clone in another store, also when its origin is gone', async () => {
    const market = await marketWithClone();
    await market.store.transaction((tx) => tx.securityProfiles.put([cloneOf({ ...gone, fullAccess: true }, { ...gone, id: 'D' })]));
    const exported = await exportWorkspace(market.store);
    expect(exported).toContain(`  - id: C
    name: Copy
    organization: B
    roles: [OrderAdmin]
    permissions:
      - type: data/*
        operations: [read]
    origin:
      security_profile: P
      version: 1
      roles: [Shopper]
      permissions:
        - type: data/*
          operations: [read]
  - id: D
    name: Gone
    full_access: true
    origin:
      security_profile: gone
      version: 4
      full_access: true
`);
    const copy = harness();
    await copy.apply(exported);
    for (const id of ['C', 'D']) expect(await profileOf(copy, id)).toEqual(await profileOf(market, id));
    expect(await exportWorkspace(copy.store)).toBe(exported);
    expect((await market.apply(exported, { prune: true })).rows).toEqual([]);
  });

  it('stays as it is when its origin is upgraded, and drifts', async () => {
    const market = await marketWithClone();
    const clone = await profileOf(market, 'C');
    await market.apply(workspace('security_profiles: [{id: P, roles: [Shopper, OrderReader]}]'));
    const origin = (await profileOf(market, 'P'))!;
    expect(origin.version).toBe(2);
    expect(await profileOf(market, 'C')).toEqual(clone);
    expect(driftOf(clone!, origin, [])).toMatchObject({
      origin: { roles: { gained: ['OrderReader'], lost: [] } },
      local: { roles: { gained: ['OrderAdmin'], lost: ['Shopper'] } },
    });
  });

  it('says in a plan that its base moved', async () => {
    const market = await marketWithClone();
    await market.apply(workspace('security_profiles: [{id: P, roles: []}]'));
    const after = merged((await profileOf(market, 'C'))!, (await profileOf(market, 'P'))!, 'all');
    const plan = await market.apply(
      workspace('security_profiles: [{id: C, origin: {security_profile: P, version: 2, permissions: [{type: data/*, operations: [read]}]}}]'),
    );
    expect(plan.rows).toEqual([expect.objectContaining({ section: 'security_profiles', key: 'C', action: 'update' })]);
    expect(plan.rows[0]!.fields.map(({ field }) => field)).toEqual(['origin']);
    expect(await profileOf(market, 'C')).toEqual(after);
  });

  it('keeps its origin where the file does not speak of it, and loses it with null', async () => {
    const market = await marketWithClone();
    const { origin } = (await profileOf(market, 'C'))!;
    await market.apply(workspace('security_profiles: [{id: C, name: Other}]'));
    expect(await profileOf(market, 'C')).toMatchObject({ name: 'Other', origin });
    await market.apply(workspace('security_profiles: [{id: C, origin: null, managed: true}]'));
    expect(await profileOf(market, 'C')).toMatchObject({ managed: true, roles: ['OrderAdmin'] });
    expect(await profileOf(market, 'C')).not.toHaveProperty('origin');
  });

  it('is never managed, whichever of the two the file says', async () => {
    const market = await marketWithClone();
    expect(lines(await market.refusal(workspace('security_profiles: [{id: C, managed: true}]')))).toEqual([
      `workspace.yaml:2:38 security_profiles[0].managed: ${MANAGED}`,
    ]);
    await market.apply(workspace('security_profiles: [{id: Q, managed: true}]'));
    expect(lines(await market.refusal(workspace('security_profiles: [{id: Q, origin: {security_profile: P, version: 1}}]')))).toEqual([
      `workspace.yaml:2:37 security_profiles[0].origin: ${MANAGED}`,
    ]);
    expect((await profileOf(market, 'C'))?.managed).toBe(false);
    expect((await profileOf(market, 'Q'))?.managed).toBe(true);
  });

  it.each([
    ['{security_profile: P}', 'origin.version: is missing.'],
    ['{version: 1}', 'origin.security_profile: is missing.'],
    ['{security_profile: P, version: 0}', 'origin.version: must be 1 or more; found 0.'],
    ['{security_profile: P, version: 1, rules: []}', 'origin.rules: unknown field. Did you mean "roles"?'],
    ['{security_profile: P, version: 1, permissions: [{type: "a*b", operations: []}]}', 'origin.permissions[0].type: '],
    ['P', 'origin: must be an object; found "P".'],
  ])('is refused with the origin %s', (origin, message) => {
    expect(problemsOf(`security_profiles: [{id: C, origin: ${origin}}]`)).toEqual([expect.stringContaining(`security_profiles[0].${message}`)]);
  });
});

const gone: SecurityProfile = { id: 'gone', name: 'Gone', roles: [], permissions: [], fullAccess: false, managed: false, version: 4 };

describe('barred resources in a workspace', () => {
  const barred = async (market: Harness): Promise<unknown> =>
    (await market.store.access.loadDefinitions()).organizationTypes.find(({ name }) => name === 'buyer')?.barredResources;

  it('are kept, taken away and told from none', async () => {
    const market = harness();
    await market.apply(MARKET);
    expect(await barred(market)).toBeUndefined();
    const change = async (value: string) => (await market.apply(workspace(`organization_types: [{name: buyer, barred_resources: ${value}}]`))).rows;
    expect((await change('[keys, clients, keys]'))[0]?.fields).toEqual([
      { field: 'barred_resources', before: undefined, after: ['clients', 'keys'] },
    ]);
    expect(await change('[clients, keys]')).toEqual([]);
    expect(await barred(market)).toEqual(['keys', 'clients']);
    expect(await exportWorkspace(market.store)).toContain('    barred_resources: [clients, keys]\n');
    await market.apply(workspace('organization_types: [{name: buyer, barred_roles: [Shopper]}]'));
    expect(await barred(market)).toEqual(['keys', 'clients']);
    await change('[]');
    expect(await barred(market)).toEqual([]);
    expect(await exportWorkspace(market.store)).toContain('    barred_resources: []\n');
    await change('null');
    expect(await barred(market)).toBeUndefined();
  });

  it('are resources that there are', () => {
    expect(problemsOf('organization_types: [{name: buyer, barred_resources: [resource-servers]}]')).toEqual([
      expect.stringMatching(
        /barred_resources\[0\]: must be one of organization_types, .*; found "resource-servers"\. Did you mean "resource_servers"\?/,
      ),
    ]);
  });
});
