import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { effectiveRoles, type Subject } from '../../../src/domain/access.ts';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
import { impersonate, mayStillImpersonate, suffices, type ImpersonationRule } from '../../../src/domain/impersonation-rule.ts';
import type { Party } from '../../../src/domain/party.ts';
import { negotiate } from '../../../src/domain/scope.ts';
import { resolveByFormula } from './formula.ts';
import { alice, catalogueOf, HOUR, market, NOW, profile, reach, role } from './fixtures.ts';
import { ASKABLE, CLIENTS, ORGANIZATIONS, subjectOf, world } from './world.ts';

const membership = (userGroup: string, given: Partial<Subject['memberships'][number]> = {}) => ({
  userGroup,
  from: -Infinity,
  until: Infinity,
  ...given,
});

/** Carla of the Market's support, who helps buyers. */
const carla = (given: Partial<Subject> = {}): Subject => ({
  ...alice(),
  id: 'carla',
  organization: { id: 'market', type: 'seller', path: ['market'] },
  ...given,
});

const rule = (given: Partial<ImpersonationRule> = {}): ImpersonationRule => ({
  id: 'support',
  impersonator: { kind: 'organization', id: 'market' },
  target: { kind: 'organization', id: 'acme' },
  securityProfile: 'shopper',
  client: 'storefront',
  ...given,
});

interface Asked {
  readonly actor?: Subject;
  readonly target?: Subject;
  readonly client?: string;
}

const ask = (rules: readonly ImpersonationRule[], { actor = carla(), target = alice(), client = 'storefront' }: Asked = {}) =>
  impersonate(market, rules, { actor, target, client, at: NOW });
const rolesGiven = (rules: readonly ImpersonationRule[], asked?: Asked) => {
  const given = ask(rules, asked);
  return given && effectiveRoles(market, given.held);
};

describe('a rule', () => {
  it('gives the roles of its profile, whatever the two hold', () => {
    const asked = { actor: carla({ reaches: [reach('invoices')] }), target: alice(reach('approval')) };
    expect(rolesGiven([rule()], asked)).toEqual(['OrderReader', 'Shopper']);
    expect(ask([rule()], asked)).toMatchObject({ rules: ['support'], until: Infinity, held: { subject: { id: 'alice' } } });
  });

  it.each<[string, Party]>([
    ['the user', { kind: 'user', id: 'carla' }],
    ['a group of the user', { kind: 'user_group', id: 'support' }],
    ['the own organization', { kind: 'organization', id: 'market' }],
  ])('matches an impersonator by %s', (_what, impersonator) => {
    const actor = carla({ memberships: [membership('support')] });
    expect(rolesGiven([rule({ impersonator })], { actor })).toEqual(['OrderReader', 'Shopper']);
    const other = { ...actor, id: 'dora', organization: { id: 'bolt', type: 'buyer', path: ['market', 'bolt'] }, memberships: [membership('sales')] };
    expect(ask([rule({ impersonator })], { actor: other })).toBeUndefined();
  });

  it.each<[string, Party]>([
    ['the user', { kind: 'user', id: 'alice' }],
    ['a group of the user', { kind: 'user_group', id: 'buyers' }],
    ['the own organization', { kind: 'organization', id: 'acme' }],
  ])('matches a target by %s', (_what, target) => {
    const found = { ...alice(), memberships: [membership('buyers')] };
    expect(rolesGiven([rule({ target })], { target: found })).toEqual(['OrderReader', 'Shopper']);
    const other = { ...found, id: 'bob', organization: { id: 'bolt', type: 'buyer', path: ['market', 'bolt'] }, memberships: [] };
    expect(ask([rule({ target })], { target: other })).toBeUndefined();
  });

  it('of an organization does not reach the organizations below', () => {
    expect(ask([rule({ target: { kind: 'organization', id: 'market' } })])).toBeUndefined();
  });

  it.each([
    ['through another client', [rule({ client: 'other' })], {}],
    ['of which there is none', [], {}],
    ['for oneself', [rule({ target: { kind: 'user', id: 'carla' } })], { target: carla() }],
    ['for a client', [rule({ target: { kind: 'client', id: 'alice' } })], {}],
    ['by a client', [rule()], { actor: carla({ kind: 'client' }) }],
    ['as a client', [rule()], { target: { ...alice(), kind: 'client' as const } }],
  ])('%s gives nothing', (_what, rules, asked) => expect(ask(rules, asked)).toBeUndefined());

  it('counts while the memberships are in force, and no longer', () => {
    const impersonator: Party = { kind: 'user_group', id: 'support' };
    const asked = (given: { readonly from?: number; readonly until?: number }) =>
      ask([rule({ impersonator })], { actor: carla({ memberships: [membership('support', given)] }) });
    expect(asked({ from: NOW + 1 })).toBeUndefined();
    expect(asked({ until: NOW })).toBeUndefined();
    expect(asked({ from: NOW, until: NOW + HOUR })?.until).toBe(NOW + HOUR);
  });

  it('keeps what the organization type of the target is barred from', () => {
    expect(rolesGiven([rule({ securityProfile: 'orders' })])).toEqual(['OrderReader']);
  });

  it('whose profile is gone gives an empty token', () => {
    expect(rolesGiven([rule({ securityProfile: 'gone' })])).toEqual([]);
  });
});

describe('several rules', () => {
  it('add up, each for as long as it allows', () => {
    const rules = [rule({ id: 'short', securityProfile: 'approval', maxLifetimeSeconds: 60 }), rule({ id: 'long', maxLifetimeSeconds: 300 })];
    const given = ask(rules)!;
    expect(given).toMatchObject({ rules: ['long', 'short'], until: NOW + 300_000 });
    expect(negotiate(market, given.held, {}, ['OrderReader', 'Shopper']).until).toBe(NOW + 300_000);
    expect(negotiate(market, given.held, {}, ['OrderReader', 'OrderApprover']).until).toBe(NOW + 60_000);
  });
});

describe('what impersonation needs', () => {
  const catalogue = catalogueOf({
    roles: ['Support'].map(role),
    organizationTypes: [
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller'], barredRoles: ['Support'] },
    ],
    securityProfiles: [
      profile('support', { roles: ['Support'] }),
      profile('full', { roles: ['FullAccess'] }),
      profile('none', { roles: ['UserReader'] }),
    ],
  });
  const still = (actor: Subject) => mayStillImpersonate(catalogue, actor, { role: 'Support', at: NOW });

  it('is the role, or FullAccess', () => {
    expect([['Support'], ['FullAccess'], ['fullaccess', 'support'], []].map((roles) => suffices(roles, 'Support'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is held while an assignment gives it, through whichever client', () => {
    expect(still(carla({ reaches: [reach('support', { client: 'desk' })] }))).toBe(true);
    expect(still(carla({ reaches: [reach('full')] }))).toBe(true);
    for (const reaches of [[], [reach('none')], [reach('gone')], [reach('support', { until: NOW })], [reach('support', { from: NOW + 1 })]]) {
      expect(still(carla({ reaches }))).toBe(false);
    }
  });

  it('does not count where the organization type is barred from it', () => {
    expect(still({ ...alice(reach('support')), id: 'bob' })).toBe(false);
    expect(still({ ...alice(reach('full')), id: 'bob' })).toBe(true);
  });

  it('nobody can hold where no role has the name', () => {
    expect(mayStillImpersonate(catalogue, carla({ reaches: [reach('support')] }), { role: 'Bogus', at: NOW })).toBe(false);
  });
});

describe('laws', () => {
  const party: fc.Arbitrary<Party> = fc.oneof(
    fc.constantFrom(...ORGANIZATIONS.map(({ id }) => id)).map((id): Party => ({ kind: 'organization', id })),
    fc.constantFrom('approvers', 'buyers').map((id): Party => ({ kind: 'user_group', id })),
    fc.constantFrom('alice', 'bob').map((id): Party => ({ kind: 'user', id })),
  );
  const rules = fc.array(
    fc.record({
      id: fc.uuid(),
      impersonator: party,
      target: party,
      securityProfile: fc.constantFrom('p0', 'p1', 'p2', 'p3', 'gone'),
      client: fc.constantFrom(...CLIENTS.map(({ id }) => id)),
      maxLifetimeSeconds: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
    }),
    { maxLength: 6 },
  );
  const impersonation = fc.record({ world, rules, at: fc.constantFrom(1, 2, 3, 4, 5), requested: fc.shuffledSubarray([...ASKABLE]) });

  it('granted ⊆ requested ∩ the profiles of rules for the client, less what is barred; and ends with them', () => {
    fc.assert(
      fc.property(impersonation, ({ world: given, rules: all, at, requested }) => {
        const catalogue = compileCatalogue(given.definitions);
        const actor = subjectOf(given, 'user', 'bob');
        const target = subjectOf(given, 'user', 'alice');
        const found = impersonate(catalogue, all, { actor, target, client: 'storefront', at });
        if (found === undefined) return;
        const used = all.filter(({ id }) => found.rules.includes(id));
        expect(used.length).toBeGreaterThan(0);
        expect(used.every(({ client }) => client === 'storefront')).toBe(true);
        const profiles = given.definitions.securityProfiles.filter(({ id }) => used.some(({ securityProfile }) => securityProfile === id));
        const most = new Set(profiles.flatMap((one) => [...resolveByFormula(given.definitions, one)]));
        const barred = given.definitions.organizationTypes.find(({ name }) => name === target.organization!.type)!.barredRoles;
        const { granted, until } = negotiate(catalogue, found.held, {}, requested);
        expect(granted).toEqual(requested.filter((name) => most.has(name) && !barred.includes(name)).toSorted());
        if (granted.length > 0) expect(until).toBeLessThanOrEqual(found.until);
        expect(until).toBeGreaterThan(at);
      }),
      { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
    );
  });

  it('neither what the actor holds nor what the target holds changes anything', () => {
    fc.assert(
      fc.property(impersonation, ({ world: given, rules: all, at }) => {
        const catalogue = compileCatalogue(given.definitions);
        const actor = subjectOf(given, 'user', 'bob');
        const target = subjectOf(given, 'user', 'alice');
        const roles = (by: Subject, as: Subject) => {
          const found = impersonate(catalogue, all, { actor: by, target: as, client: 'storefront', at });
          return found && [found.rules, found.until, effectiveRoles(catalogue, found.held)];
        };
        expect(roles(actor, target)).toEqual(roles({ ...actor, reaches: [] }, { ...target, reaches: [] }));
      }),
      { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
    );
  });
});
