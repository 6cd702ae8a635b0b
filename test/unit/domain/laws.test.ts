import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { effectiveRoles, heldUntil, holdings, type Holdings, reachState, type Subject } from '../../../src/domain/access.ts';
import { byCodeUnit, compileCatalogue, type Catalogue } from '../../../src/domain/catalogue.ts';
import { explain, judge, negotiate, omittedNames, type ScopeLimits, type Verdict } from '../../../src/domain/scope.ts';
import { expandPermissions } from '../../../src/domain/security-profile.ts';
import { effectiveByFormula, everyRole, grantedByFormula, heldUntilByFormula, resolveByFormula, verdictByFormula, type Question } from './formula.ts';
import { ASKABLE, assignment, CLIENTS, INSTANTS, permissions, permissionTypes, subjectOf, world } from './world.ts';

interface Decision extends Question {
  readonly limits: ScopeLimits;
  readonly requested: readonly string[];
  readonly catalogue: Catalogue;
  readonly subject: Subject;
  readonly held: Holdings;
}

const names = fc.shuffledSubarray([...ASKABLE]);
const limit = fc.option(
  names.map((list) => new Set(list)),
  { nil: undefined, freq: 2 },
);

const question: fc.Arbitrary<Question & Pick<Decision, 'limits' | 'requested'>> = fc
  .record({
    world,
    subject: fc.constantFrom(
      ...(['alice', 'bob'] as const).map((id) => ({ kind: 'user' as const, id })),
      ...CLIENTS.map(({ id }) => ({ kind: 'client' as const, id })),
    ),
    client: fc.constantFrom(undefined, ...CLIENTS.map(({ id }) => id)),
    at: fc.constantFrom(...INSTANTS),
    limits: fc.record({ maximumRoles: limit, resourceServerRoles: limit }),
    requested: names,
  })
  .map(({ subject, ...rest }) => ({ ...rest, ...subject }));

function decide(asked: Question & Pick<Decision, 'limits' | 'requested'>): Decision {
  const catalogue = compileCatalogue(asked.world.definitions);
  const subject = subjectOf(asked.world, asked.kind, asked.id);
  return { ...asked, catalogue, subject, held: holdings(catalogue, subject, asked.client, asked.at) };
}

const decision = question.map(decide);
const answer = ({ catalogue, held, limits, requested }: Decision) => negotiate(catalogue, held, limits, requested);

/** A test that the check holds for whatever the generators come up with. */
function law<Ts extends [unknown, ...unknown[]]>(arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> }, check: (...values: Ts) => void): () => void {
  return () => fc.assert(fc.property(...arbitraries, check), { numRuns: fc.readConfigureGlobal().numRuns ?? 300 });
}

describe('the implementation and the formula agree', () => {
  it(
    'on what every profile resolves to',
    law([world], ({ definitions }) => {
      const catalogue = compileCatalogue(definitions);
      expect(catalogue.roles).toEqual([...everyRole(definitions)].toSorted());
      for (const profile of definitions.securityProfiles) {
        const resolved = [...catalogue.profile(profile.id)!.roles].map((position) => catalogue.roles[position]);
        expect(resolved).toEqual([...resolveByFormula(definitions, profile)].toSorted());
      }
    }),
  );

  it(
    'on what is held, and until when',
    law([decision], (given) => {
      expect(given.catalogue.roles.map((_, role) => heldUntil(given.held, role))).toEqual(
        given.catalogue.roles.map((role) => heldUntilByFormula(given, role)),
      );
      expect(effectiveRoles(given.catalogue, given.held)).toEqual(effectiveByFormula(given));
    }),
  );

  it(
    'on what is granted, why the rest is not, and when it ends',
    law([decision], (given) => {
      const { granted, dropped, until, requested } = answer(given);
      expect(granted).toEqual(grantedByFormula(given, given.limits, given.requested));
      expect(dropped).toEqual(
        given.requested
          .map((name) => ({ name, verdict: verdictByFormula(given, given.limits, name) }))
          .filter(({ verdict }) => verdict !== 'granted'),
      );
      expect(until).toBe(Math.min(Infinity, ...granted.map((role) => heldUntilByFormula(given, role))));
      expect(requested).toEqual(given.requested);
    }),
  );
});

describe('granted', () => {
  it(
    'is a part of what was requested',
    law([decision], (given) => {
      for (const role of answer(given).granted) expect(given.requested).toContain(role);
    }),
  );

  it(
    'is a part of what is held, less what is barred',
    law([decision], (given) => {
      const effective = effectiveRoles(given.catalogue, given.held);
      for (const role of answer(given).granted) expect(effective).toContain(role);
    }),
  );

  it(
    'is complete: requested, effective and within the limits is granted',
    law([decision], (given) => {
      const { granted } = answer(given);
      for (const role of effectiveRoles(given.catalogue, given.held)) {
        const within = (given.limits.maximumRoles?.has(role) ?? true) && (given.limits.resourceServerRoles?.has(role) ?? true);
        expect(granted.includes(role)).toBe(within && given.requested.includes(role));
      }
    }),
  );

  it(
    'with what was dropped is exactly what was requested',
    law([decision], (given) => {
      const { granted, dropped } = answer(given);
      expect([...granted, ...dropped.map(({ name }) => name)].toSorted()).toEqual([...given.requested].toSorted());
    }),
  );

  it(
    'is sorted by code unit, without duplicates',
    law([decision], (given) => {
      const { granted } = answer(given);
      expect(granted).toEqual([...new Set(granted)].toSorted(byCodeUnit));
    }),
  );

  it(
    'asked for again is granted again, and nothing else',
    law([decision], (given) => {
      const first = answer(given);
      const second = answer({ ...given, requested: first.granted });
      expect(second.granted).toEqual(first.granted);
      expect(second.dropped).toEqual([]);
      expect(second.until).toBe(first.until);
    }),
  );

  it(
    'for a part of the names is that part of what is granted for all of them',
    law([decision, names], (given, part) => {
      const narrowed = given.requested.filter((name) => part.includes(name));
      expect(answer({ ...given, requested: narrowed }).granted).toEqual(answer(given).granted.filter((name) => part.includes(name)));
    }),
  );

  it(
    'never grows under a tighter limit',
    law([decision, names], (given, part) => {
      const { granted } = answer(given);
      const tighter = new Set(granted.filter((name) => part.includes(name)));
      expect(answer({ ...given, limits: { ...given.limits, maximumRoles: tighter } }).granted).toEqual([...tighter]);
      expect(answer({ ...given, limits: { ...given.limits, resourceServerRoles: tighter } }).granted).toEqual([...tighter]);
    }),
  );

  it(
    'for a request without scope is never more than for one with it',
    law([decision], (given) => {
      const all = omittedNames(given.catalogue, given.held, 'all');
      expect(answer({ ...given, limits: {}, requested: all }).granted).toEqual(all);
      const list = omittedNames(given.catalogue, given.held, [...given.requested, ...given.requested]);
      expect(answer({ ...given, requested: list })).toEqual(answer(given));
    }),
  );
});

describe('order does not matter', () => {
  it(
    'of requested names',
    law([decision], (given) => {
      const { granted, until } = answer(given);
      expect(answer({ ...given, requested: given.requested.toReversed() })).toMatchObject({ granted, until });
    }),
  );

  it(
    'of assignments',
    law([decision, fc.gen()], (given, gen) => {
      const reaches = gen(fc.shuffledSubarray, [...given.subject.reaches], { minLength: given.subject.reaches.length });
      const held = holdings(given.catalogue, { ...given.subject, reaches }, given.client, given.at);
      expect(held.roles).toEqual(given.held.roles);
      expect(held.until).toEqual(given.held.until);
      expect(held.goodUntil).toBe(given.held.goodUntil);
      expect(answer({ ...given, held })).toEqual(answer(given));
    }),
  );

  it(
    'of roles, types, entries and profiles in the definitions',
    law([question], (given) => {
      const { definitions } = given.world;
      const reversed = {
        roles: definitions.roles.toReversed(),
        permissionTypes: definitions.permissionTypes.toReversed().map((type) => ({ ...type, operations: type.operations.toReversed() })),
        organizationTypes: definitions.organizationTypes.toReversed().map((type) => ({ ...type, barredRoles: type.barredRoles.toReversed() })),
        securityProfiles: definitions.securityProfiles
          .toReversed()
          .map((profile) => ({ ...profile, roles: profile.roles.toReversed(), permissions: profile.permissions.toReversed() })),
      };
      expect(answer(decide({ ...given, world: { ...given.world, definitions: reversed } }))).toEqual(answer(decide(given)));
    }),
  );
});

describe('assignments', () => {
  it(
    'only ever add: one more never takes a role away or ends it sooner',
    law([question, assignment], (given, added) => {
      const before = answer(decide(given));
      const after = answer(decide({ ...given, world: { ...given.world, assignments: [...given.world.assignments, added] } }));
      expect(after.granted).toEqual(expect.arrayContaining([...before.granted]));
      const common = decide({ ...given, requested: before.granted, world: { ...given.world, assignments: [...given.world.assignments, added] } });
      expect(answer(common).until).toBeGreaterThanOrEqual(before.until);
    }),
  );

  it(
    'of other people, clients, groups and organizations change nothing for me',
    law([question, fc.array(assignment)], (given, added) => {
      const { people, clients } = given.world;
      const me = (given.kind === 'user' ? people : clients).find(({ id }) => id === given.id)!;
      const mine = new Set([given.id, me.organization, ...(me.memberships ?? []).map(({ group }) => group)]);
      const foreign = added.filter(({ party, includeDescendants }) => !mine.has(party.id) && !includeDescendants);
      const without = {
        ...given.world,
        assignments: given.world.assignments.filter(({ party, includeDescendants }) => mine.has(party.id) || includeDescendants),
      };
      const expected = answer(decide(given));
      expect(answer(decide({ ...given, world: { ...given.world, assignments: [...foreign, ...given.world.assignments] } }))).toEqual(expected);
      expect(answer(decide({ ...given, world: without }))).toEqual(expected);
    }),
  );

  it(
    'of an organization do not leak to those below it unless they say so',
    law([question], (given) => {
      const closed = given.world.assignments.map((one) => ({ ...one, includeDescendants: false }));
      const own = [...given.world.people, ...given.world.clients].find(({ id }) => id === given.id)!.organization;
      const { reaches } = subjectOf({ ...given.world, assignments: closed }, given.kind, given.id);
      expect(reaches.filter(({ party }) => party.kind === 'organization' && party.id !== own)).toEqual([]);
    }),
  );

  it(
    'by two paths: a role survives the loss of any one of them',
    law([decision], (given) => {
      for (const { name, verdict, paths } of explain(given.catalogue, given.held, given.limits, given.requested)) {
        const inForce = paths.filter(({ state }) => state === 'in_force');
        if (verdict !== 'granted' || inForce.length < 2) continue;
        for (const lost of inForce) {
          const reaches = given.subject.reaches.filter((reach) => reach !== lost.reach);
          const held = holdings(given.catalogue, { ...given.subject, reaches }, given.client, given.at);
          expect(judge(given.catalogue, held, given.limits, name)).toBe('granted');
        }
      }
    }),
  );
});

describe('time', () => {
  it(
    'changes nothing before goodUntil, and changes some assignment then',
    law([decision], (given) => {
      const { goodUntil } = given.held;
      expect(goodUntil).toBeGreaterThan(given.at);
      for (const at of [...INSTANTS, goodUntil - 0.5].filter((one) => one > given.at && one < goodUntil)) {
        const later = holdings(given.catalogue, given.subject, given.client, at);
        expect({ ...later, at: given.at }).toEqual(given.held);
        expect(answer({ ...given, held: later })).toEqual(answer(given));
      }
      if (goodUntil === Infinity) return;
      const changed = given.subject.reaches.some((reach) => reachState(reach, given.client, given.at) !== reachState(reach, given.client, goodUntil));
      expect(changed).toBe(true);
    }),
  );

  it(
    'a token that ends when the answer says holds nothing that is not held to its end',
    law([decision], (given) => {
      const { granted, until } = answer(given);
      expect(until).toBeGreaterThan(given.at);
      const last = until === Infinity ? Number.MAX_SAFE_INTEGER : until - 0.5;
      const paths = given.subject.reaches.filter((reach) => reachState(reach, given.client, given.at) === 'in_force' && last < reach.until);
      const heldToTheEnd = holdings(given.catalogue, { ...given.subject, reaches: paths }, given.client, given.at);
      expect(answer({ ...given, held: heldToTheEnd, requested: granted }).granted).toEqual(granted);
    }),
  );
});

describe('a wildcard', () => {
  it(
    'never gives more when an operation is taken from any entry',
    law([permissions, permissionTypes], (entries, types) => {
      const before = expandPermissions(entries, types);
      entries.forEach((entry, index) => {
        for (const operation of entry.operations) {
          const fewer = entries.with(index, { ...entry, operations: entry.operations.filter((one) => one !== operation) });
          for (const role of expandPermissions(fewer, types)) expect(before).toContain(role);
        }
      });
    }),
  );

  it(
    'gives plain names of existing pairs only, none twice',
    law([permissions, permissionTypes], (entries, types) => {
      const roles = expandPermissions(entries, types);
      const pairs = types.flatMap(({ type, operations }) => operations.map((operation) => `${type}:${operation}`));
      for (const role of roles) expect(pairs).toContain(role);
      expect(new Set(roles).size).toBe(roles.length);
    }),
  );

  it(
    'is resolved within its profile: an empty entry in one never takes from another',
    law([decision], (given) => {
      for (const reach of given.subject.reaches.filter((one) => reachState(one, given.client, given.at) === 'in_force')) {
        for (const role of given.catalogue.profile(reach.profile)?.roles ?? []) expect(heldUntil(given.held, role)).toBeGreaterThan(given.at);
      }
    }),
  );
});

/** What a person, or an attacker, could write in the place of a name. */
const variants = (name: string) => [
  name.toUpperCase(),
  name.toLowerCase(),
  ` ${name}`,
  `${name} `,
  `${name}\0`,
  `${name}\u200B`,
  `${name}*`,
  name.slice(0, -1),
  name.replace('a', 'а'),
  name.replace('O', 'Ｏ'),
  name.replace('e', 'e\u0301'),
  encodeURIComponent(name).replace(':', '%3A'),
];

describe('names', () => {
  const inherited = Object.getOwnPropertyNames(Object.prototype);
  it(
    'are compared byte by byte',
    law([decision], (given) => {
      const known = everyRole(given.world.definitions);
      const strangers = given.catalogue.roles.flatMap(variants).filter((variant) => !known.has(variant));
      expect(strangers.length).toBeGreaterThan(100);
      expect(strangers.filter((name) => judge(given.catalogue, given.held, {}, name) !== 'unknown')).toEqual([]);
    }),
  );

  it(
    'that every object inherits are unknown unless they are roles, and pollute nothing',
    law([decision], (given) => {
      const known = everyRole(given.world.definitions);
      for (const { name, verdict, paths } of explain(given.catalogue, given.held, given.limits, inherited)) {
        expect(verdict === 'unknown').toBe(!known.has(name));
        expect(known.has(name) ? [] : paths).toEqual([]);
      }
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(inherited);
    }),
  );

  it(
    'of any kind never throw, and are granted only when they are known',
    law([decision, fc.array(fc.string({ unit: 'binary' }))], (given, anything) => {
      const { granted } = answer({ ...given, requested: anything });
      for (const name of granted) expect(given.catalogue.roles).toContain(name);
    }),
  );
});

const HELD: ReadonlySet<Verdict> = new Set<Verdict>(['granted', 'barred_for_organization_type', 'above_client_maximum', 'outside_resource_server']);

describe('explaining', () => {
  it(
    'agrees with negotiating on every name',
    law([decision], (given) => {
      const explained = explain(given.catalogue, given.held, given.limits, given.requested);
      const { granted, dropped } = answer(given);
      expect(explained.map(({ name }) => name)).toEqual(given.requested);
      expect(
        explained
          .filter(({ verdict }) => verdict === 'granted')
          .map(({ name }) => name)
          .toSorted(byCodeUnit),
      ).toEqual(granted);
      expect(explained.filter(({ verdict }) => verdict !== 'granted').map(({ name, verdict }) => ({ name, verdict }))).toEqual(dropped);
    }),
  );

  it(
    'shows a path in force exactly when the role is held',
    law([decision], (given) => {
      for (const { verdict, paths } of explain(given.catalogue, given.held, given.limits, given.requested)) {
        const held = HELD.has(verdict);
        expect(paths.some(({ state }) => state === 'in_force')).toBe(held);
        const states = new Set(paths.map(({ state }) => state));
        expect(verdict === 'not_yet_valid').toBe(!held && states.has('not_yet_valid'));
        expect(verdict === 'expired').toBe(!held && states.has('expired') && !states.has('not_yet_valid'));
      }
    }),
  );

  it(
    'without limits and barred roles, is granted exactly when there is a path in force',
    law([decision], (given) => {
      const free = compileCatalogue({ ...given.world.definitions, organizationTypes: [] });
      const held = holdings(free, given.subject, given.client, given.at);
      for (const { verdict, paths } of explain(free, held, {}, given.requested)) {
        expect(verdict === 'granted').toBe(paths.some(({ state }) => state === 'in_force'));
      }
    }),
  );

  it(
    'leaves nothing changed: the same question has the same answer',
    law([decision], (given) => {
      const first = answer(given);
      const untils = [...given.held.until];
      explain(given.catalogue, given.held, given.limits, given.requested);
      expect(answer(given)).toEqual(first);
      expect([...given.held.until]).toEqual(untils);
    }),
  );
});
