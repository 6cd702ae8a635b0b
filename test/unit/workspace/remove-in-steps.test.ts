import { describe, expect, it } from '@jest/globals';
import { effectiveRoles, holdings } from '../../../src/domain/access.ts';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
import { takeRemovalStep, type Doomed } from '../../../src/workspace/remove-in-steps.ts';
import { auditEvents } from '../../support/audit.ts';
import { assignment, client, organization, profile, to, user } from '../../support/market.ts';
import { harness, NOW, type Harness } from './harness.ts';

const MANY = 2500;

async function crowd(): Promise<Harness> {
  const market = harness();
  const users = Array.from({ length: MANY }, (_, index) => `u${String(index).padStart(4, '0')}`);
  await market.store.transaction(async (tx) => {
    await tx.organizationTypes.put([{ name: 'buyer', parents: [], barredRoles: [] }]);
    await tx.roles.put(['Shopper', 'Other'].map((name) => ({ name, category: 'custom' as const })));
    await tx.organizations.put([organization('B', 'buyer')]);
    await tx.userGroups.put([
      { id: 'crowd', name: 'Crowd', organization: 'B' },
      { id: 'few', name: 'Few', organization: 'B' },
    ]);
    await tx.users.put(users.map((id) => user(id, 'B', { memberships: [{ userGroup: 'crowd' }, { userGroup: 'few' }] })));
    await tx.securityProfiles.put([profile('big', ['Shopper']), profile('small', ['Other'])]);
    await tx.clients.put([client('shop'), client('other')]);
    await tx.assignments.put([
      ...users.map((id) => assignment('big', to.user(id))),
      ...users.slice(0, 1200).map((id) => assignment('small', to.user(id), { client: 'shop' })),
      assignment('small', to.group('crowd')),
      assignment('small', to.client('shop')),
    ]);
    await tx.impersonationRules.put([
      { id: 'rule', impersonator: to.group('crowd'), target: to.user('u0000'), securityProfile: 'big', client: 'shop' },
    ]);
  });
  return market;
}

async function rolesOf({ store }: Harness, id: string, through = 'shop'): Promise<readonly string[]> {
  const catalogue = compileCatalogue(await store.access.loadDefinitions());
  return effectiveRoles(catalogue, holdings(catalogue, (await store.access.findUser(id))!, through, NOW));
}

async function finish(market: Harness, doomed: Doomed): Promise<number[]> {
  const steps: number[] = [];
  for (let done = false; !done;) {
    const step = await takeRemovalStep(market, doomed);
    steps.push(step.removed);
    done = step.done;
  }
  return steps;
}

describe('removing in steps', () => {
  it('takes a profile out of force at once, then its assignments a thousand at a time, then itself; each told once', async () => {
    const market = await crowd();
    const doomed = { section: 'security_profiles', key: 'big' } as const;
    expect(await rolesOf(market, 'u2499')).toEqual(['Other', 'Shopper']);
    expect(await takeRemovalStep(market, doomed)).toEqual({ removed: 0, done: false });
    expect(await rolesOf(market, 'u2499')).toEqual(['Other']);
    const { roleLosses } = await market.store.revocationFeed.news({ now: new Date(NOW), notBeforeAfter: new Date(0) });
    expect(new Set(roleLosses.map(({ role }) => role))).toEqual(new Set(['Shopper']));
    expect(await takeRemovalStep(market, doomed)).toEqual({ removed: 1000, done: false });
    // Somebody else, or the same one after a crash, goes on.
    expect(await finish({ ...market }, doomed)).toEqual([1000, 500, 0]);
    const unassigned = await market.store.audit.list({
      tenancy: { kind: 'everything' },
      filters: { type: 'profile_unassigned' },
      descending: false,
      limit: 9999,
      total: false,
    });
    expect(new Set(unassigned.items.map(({ target }) => target.id)).size).toBe(MANY);
    expect(unassigned.items).toHaveLength(MANY);
    expect(await auditEvents(market.store, 'security_profile_updated')).toHaveLength(1);
    expect(await auditEvents(market.store, 'security_profile_removed')).toHaveLength(1);
    expect(await auditEvents(market.store, 'impersonation_rule_removed')).toHaveLength(1);
    await expect(takeRemovalStep(market, doomed)).rejects.toMatchObject({ code: 'not_found', message: 'There is no security profile "big".' });
  }, 60_000);

  it('takes a group apart: first what it gives, then its members, who stay in their other groups', async () => {
    const market = await crowd();
    const doomed = { section: 'user_groups', key: 'crowd' } as const;
    expect(await takeRemovalStep(market, doomed)).toEqual({ removed: 1, done: false });
    expect(await rolesOf(market, 'u2499')).toEqual(['Shopper']);
    expect(await finish(market, doomed)).toEqual([1000, 1000, 500, 0]);
    const left = (await market.store.access.findUser('u1111'))!;
    expect(left.memberships.map(({ userGroup }) => userGroup)).toEqual(['few']);
  }, 60_000);

  it('closes a client at once, whether or not it has a secret', async () => {
    const market = await crowd();
    const doomed = { section: 'clients', key: 'shop' } as const;
    expect(await takeRemovalStep(market, doomed)).toEqual({ removed: 0, done: false });
    expect((await market.store.findClient('shop', new Date(NOW)))!.client.active).toBe(false);
    expect(await finish(market, doomed)).toEqual([1000, 201, 0]);
    expect(await market.store.findClient('shop', new Date(NOW))).toBeUndefined();
    expect(await finish(market, { section: 'clients', key: 'other' })).toEqual([0]);
  }, 60_000);
});
