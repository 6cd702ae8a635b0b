import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cloneOf, driftOf, merged, versionAfter, type ContentsChange } from '../../../src/domain/lineage.ts';
import { expandPermissions, type ProfileContents, type SecurityProfile } from '../../../src/domain/security-profile.ts';
import { profile } from './fixtures.ts';
import { refusal } from './refusal.ts';
import { permissions, permissionTypes } from './world.ts';

const shopper = profile('shopper', {
  name: 'Shopper',
  description: 'Buys.',
  organization: 'market',
  roles: ['Shopper', 'OrderReader'],
  permissions: [{ type: 'data/*', operations: ['read'] }],
  passwordPolicy: { minimumLength: 12 },
  managed: true,
  version: 3,
});
const types = [
  { type: 'data/User', operations: ['read', 'update'] },
  { type: 'data/Role', operations: ['read', 'update'] },
];
const clone = cloneOf(shopper, { id: 'acme-shopper', name: 'Shopper of Acme', organization: 'acme' });
const nothing = { gained: [], lost: [] };
const unchanged: ContentsChange = { roles: nothing, permissions: [], fullAccess: 'kept', resolved: nothing };

/** What a profile gives, told in one way only. */
function contents({ roles, permissions: entries, fullAccess }: ProfileContents) {
  const operations = new Map<string, Set<string>>();
  for (const { type, operations: some } of entries) operations.set(type, new Set([...(operations.get(type) ?? []), ...some]));
  return { roles: new Set(roles), operations, fullAccess };
}

describe('a clone', () => {
  it('gives what its origin gives, remembers it with its version, and is not managed', () => {
    expect(clone).toEqual({
      id: 'acme-shopper',
      name: 'Shopper of Acme',
      description: 'Buys.',
      organization: 'acme',
      roles: ['Shopper', 'OrderReader'],
      permissions: [{ type: 'data/*', operations: ['read'] }],
      fullAccess: false,
      passwordPolicy: { minimumLength: 12 },
      managed: false,
      version: 1,
      origin: {
        securityProfile: 'shopper',
        version: 3,
        roles: ['OrderReader', 'Shopper'],
        permissions: [{ type: 'data/*', operations: ['read'] }],
        fullAccess: false,
      },
    });
  });

  it('of a clone comes from that clone', () => {
    expect(cloneOf(clone, { id: 'third', name: 'Third', organization: undefined }).origin).toMatchObject({
      securityProfile: 'acme-shopper',
      version: 1,
    });
  });
});

describe('drift', () => {
  it('is there for clones only', () => {
    expect(driftOf(shopper, shopper, types)).toBeUndefined();
    expect(driftOf(clone, shopper, types)).toEqual({ origin: unchanged, local: unchanged });
  });

  it('tells apart what the origin gained and lost and what was changed in the clone', () => {
    const origin = { ...shopper, roles: ['Shopper', 'MeAdmin'], permissions: [{ type: 'data/*', operations: ['read', 'update'] }] };
    const changed = { ...clone, roles: [...clone.roles, 'Approver'], permissions: [...clone.permissions, { type: 'data/Role', operations: [] }] };
    expect(driftOf(changed, origin, types)).toEqual({
      origin: {
        roles: { gained: ['MeAdmin'], lost: ['OrderReader'] },
        permissions: [{ type: 'data/*', entry: 'kept', gained: ['update'], lost: [] }],
        fullAccess: 'kept',
        resolved: { gained: ['MeAdmin', 'data/Role:update', 'data/User:update'], lost: ['OrderReader'] },
      },
      local: {
        roles: { gained: ['Approver'], lost: [] },
        permissions: [{ type: 'data/Role', entry: 'gained', gained: [], lost: [] }],
        fullAccess: 'kept',
        resolved: { gained: ['Approver'], lost: ['data/Role:read'] },
      },
    });
  });

  it('sees a role that stays although it is given in another way', () => {
    const origin = { ...shopper, permissions: [{ type: 'data/User', operations: ['read'] }], roles: [...shopper.roles, 'data/Role:read'] };
    expect(driftOf(clone, origin, types)?.origin).toEqual({
      roles: { gained: ['data/Role:read'], lost: [] },
      permissions: [
        { type: 'data/*', entry: 'lost', gained: [], lost: ['read'] },
        { type: 'data/User', entry: 'gained', gained: ['read'], lost: [] },
      ],
      fullAccess: 'kept',
      resolved: nothing,
    });
  });

  it('tells of full_access by itself', () => {
    expect(driftOf(clone, { ...shopper, fullAccess: true }, types)?.origin).toEqual({ ...unchanged, fullAccess: 'gained' });
    expect(driftOf({ ...clone, fullAccess: true }, shopper, types)?.local).toEqual({ ...unchanged, fullAccess: 'gained' });
  });

  it('of a clone whose origin is gone still tells what was changed in it', () => {
    expect(driftOf({ ...clone, roles: ['Shopper'] }, undefined, types)).toEqual({
      origin: undefined,
      local: { ...unchanged, roles: { gained: [], lost: ['OrderReader'] }, resolved: { gained: [], lost: ['OrderReader'] } },
    });
  });

  it('does not see order or repetition', () => {
    const shuffled = { ...shopper, roles: ['OrderReader', 'Shopper', 'Shopper'], permissions: [...shopper.permissions, ...shopper.permissions] };
    expect(driftOf(clone, shuffled, types)?.origin).toEqual(unchanged);
  });
});

describe('merging', () => {
  const origin = {
    ...shopper,
    version: 5,
    roles: ['Shopper', 'MeAdmin', 'PasswordReset'],
    permissions: [{ type: 'data/User', operations: ['update'] }],
  };
  const changed = { ...clone, name: 'Ours', roles: ['OrderReader', 'Approver'], passwordPolicy: { minimumLength: 20 } };

  it('takes everything over, and leaves what was changed in the clone', () => {
    const result = merged(changed, origin, 'all');
    expect(result).toEqual({
      ...changed,
      roles: ['Approver', 'MeAdmin', 'PasswordReset'],
      permissions: [{ type: 'data/User', operations: ['update'] }],
      origin: {
        securityProfile: 'shopper',
        version: 5,
        roles: ['MeAdmin', 'PasswordReset', 'Shopper'],
        permissions: [{ type: 'data/User', operations: ['update'] }],
        fullAccess: false,
      },
    });
    expect(driftOf(result, origin, types)?.origin).toEqual(unchanged);
  });

  it('takes over what was chosen, and goes on offering the rest', () => {
    const result = merged(changed, origin, { roles: ['MeAdmin'], permissions: ['data/*'] });
    expect(result).toMatchObject({ roles: ['Approver', 'MeAdmin', 'OrderReader'], permissions: [] });
    expect(result.origin).toEqual({
      securityProfile: 'shopper',
      version: 3,
      roles: ['MeAdmin', 'OrderReader', 'Shopper'],
      permissions: [],
      fullAccess: false,
    });
    expect(driftOf(result, origin, [])?.origin).toEqual({
      roles: { gained: ['PasswordReset'], lost: ['OrderReader'] },
      permissions: [{ type: 'data/User', entry: 'gained', gained: ['update'], lost: [] }],
      fullAccess: 'kept',
      resolved: { gained: ['PasswordReset'], lost: ['OrderReader'] },
    });
  });

  it('remembers the version of now when nothing is left to take', () => {
    const once = merged(changed, origin, { roles: ['MeAdmin', 'PasswordReset', 'OrderReader'] });
    expect(once.origin?.version).toBe(3);
    expect(merged(once, origin, { permissions: ['data/*', 'data/User'] })).toEqual(merged(changed, origin, 'all'));
  });

  it('takes full_access over only when that is chosen', () => {
    const open = { ...shopper, fullAccess: true, roles: [...shopper.roles, 'MeAdmin'] };
    expect(merged(clone, open, { roles: ['MeAdmin'] }).fullAccess).toBe(false);
    expect(merged(clone, open, { roles: ['MeAdmin'], fullAccess: false }).fullAccess).toBe(false);
    expect(merged(clone, open, { fullAccess: true })).toMatchObject({ fullAccess: true, origin: { fullAccess: true, version: 3 } });
    expect(merged({ ...merged(clone, open, 'all'), fullAccess: false }, open, 'all').fullAccess).toBe(false);
  });

  it('never makes an entry that was narrowed in the clone wider by taking it away', () => {
    const wide = profile('wide', {
      permissions: [
        { type: 'data/*', operations: ['read', 'update'] },
        { type: 'data/Role', operations: ['read', 'update'] },
      ],
    });
    const narrowed = { ...cloneOf(wide, { id: 'narrow', name: 'Narrow', organization: undefined }) };
    const local = { ...narrowed, permissions: [wide.permissions[0]!, { type: 'data/Role', operations: ['read'] }] };
    const result = merged(local, { ...wide, permissions: [wide.permissions[0]!] }, 'all');
    expect(result.permissions).toEqual([
      { type: 'data/*', operations: ['read', 'update'] },
      { type: 'data/Role', operations: [] },
    ]);
    expect(merged(narrowed, { ...wide, permissions: [wide.permissions[0]!] }, 'all').permissions).toEqual([wide.permissions[0]!]);
  });

  it.each([
    [{ roles: ['Shopper'] }, 'The origin neither gained nor lost the role "Shopper" since the base of the clone.'],
    [{ roles: ['MeAdmin', 'Bogus'] }, 'The origin neither gained nor lost the role "Bogus" since the base of the clone.'],
    [{ permissions: ['data/Role'] }, 'The origin neither gained nor lost permissions on "data/Role" since the base of the clone.'],
    [{ fullAccess: true }, 'The origin neither gained nor lost full_access since the base of the clone.'],
  ])('refuses a choice that is no difference: %j', (take, message) => {
    expect(refusal(() => merged(changed, origin, take))).toMatchObject({ code: 'invalid_input', message });
  });

  it('refuses what is no clone', () => {
    expect(refusal(() => merged(shopper, origin, 'all'))).toMatchObject({
      code: 'invalid_input',
      message: 'The security profile "shopper" is no clone: there is nothing to merge into it.',
    });
  });
});

describe('the version after a put', () => {
  it('is 1 at first, whatever is put', () => {
    expect(versionAfter(undefined, { ...shopper, version: 17 })).toBe(1);
  });

  it.each<[string, Partial<SecurityProfile>]>([
    ['roles', { roles: ['Shopper'] }],
    ['permissions', { permissions: [] }],
    ['an entry without operations', { permissions: [...shopper.permissions, { type: 'data/Role', operations: [] }] }],
    ['full_access', { fullAccess: true }],
    ['the password policy', { passwordPolicy: { minimumLength: 13 } }],
    ['a policy that goes', { passwordPolicy: undefined }],
  ])('counts a change of %s', (_, change) => {
    expect(versionAfter(shopper, { ...shopper, ...change, version: 1 })).toBe(4);
    expect(versionAfter({ ...shopper, ...change }, shopper)).toBe(4);
  });

  it.each<[string, Partial<SecurityProfile>]>([
    ['name, description, owner', { name: 'Other', description: undefined, organization: 'acme' }],
    ['managed', { managed: false }],
    ['the origin', { origin: clone.origin }],
    ['the order of roles', { roles: ['OrderReader', 'Shopper', 'OrderReader'] }],
    ['a policy that says nothing more', { passwordPolicy: { minimumLength: 12, history: undefined } }],
  ])('does not count a change of %s', (_, change) => {
    expect(versionAfter(shopper, { ...shopper, ...change })).toBe(3);
  });
});

describe('for all profiles', () => {
  const ROLES = ['A', 'B', 'C', 'D', 'FullAccess'] as const;
  const given: fc.Arbitrary<ProfileContents> = fc.record({ roles: fc.subarray([...ROLES]), permissions, fullAccess: fc.boolean() });
  const law = <Ts extends [unknown, ...unknown[]]>(arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> }, check: (...values: Ts) => void) =>
    fc.assert(fc.property(...arbitraries, check), { numRuns: fc.readConfigureGlobal().numRuns ?? 300 });
  const family = fc.record({ base: given, theirs: given, ours: given, types: permissionTypes }).map(({ base, theirs, ours, types: known }) => {
    const before = profile('origin', base);
    const cloned = cloneOf(before, { id: 'clone', name: 'Clone', organization: undefined });
    return { before, cloned, origin: { ...before, ...theirs, version: 9 }, changed: { ...cloned, ...ours }, types: known };
  });

  it('cloning has no drift', () => {
    law([family], ({ before, cloned, types: known }) => {
      expect(driftOf(cloned, before, known)).toEqual({ origin: unchanged, local: unchanged });
    });
  });

  it('merging all of it into an unchanged clone makes it what its origin is', () => {
    law([family], ({ cloned, origin }) => {
      const result = merged(cloned, origin, 'all');
      expect(contents(result)).toEqual(contents(origin));
      expect(result.origin?.version).toBe(9);
    });
  });

  it('after merging all of it nothing is left of the origin, and merging again changes nothing', () => {
    law([family], ({ changed, origin, types: known }) => {
      const result = merged(changed, origin, 'all');
      expect(driftOf(result, origin, known)?.origin).toEqual(unchanged);
      expect(merged(result, origin, 'all')).toEqual(result);
    });
  });

  it('what was changed in the clone survives', () => {
    law([family], ({ changed, origin }) => {
      const { local } = driftOf(changed, origin, [])!;
      const result = contents(merged(changed, origin, 'all'));
      for (const role of local.roles.gained) expect(result.roles).toContain(role);
      for (const role of local.roles.lost) expect(result.roles).not.toContain(role);
      for (const { type, gained, lost } of local.permissions) {
        for (const operation of gained) expect(result.operations.get(type)).toContain(operation);
        for (const operation of lost) expect(result.operations.get(type) ?? new Set()).not.toContain(operation);
      }
      if (local.fullAccess !== 'kept') expect(result.fullAccess).toBe(changed.fullAccess);
    });
  });

  it('merging gives nothing that neither the clone nor its origin says', () => {
    law([family], ({ changed, origin }) => {
      const [ours, theirs, result] = [changed, origin, merged(changed, origin, 'all')].map(contents);
      for (const role of result!.roles) expect(ours!.roles.has(role) || theirs!.roles.has(role)).toBe(true);
      for (const [type, operations] of result!.operations) {
        for (const operation of operations) {
          expect((ours!.operations.get(type)?.has(operation) ?? false) || (theirs!.operations.get(type)?.has(operation) ?? false)).toBe(true);
        }
      }
      if (result!.fullAccess) expect(ours!.fullAccess || theirs!.fullAccess).toBe(true);
    });
  });

  it('taking differences one by one, in any order, comes to the same as taking all at once', () => {
    law([family, fc.infiniteStream(fc.nat())], ({ changed, origin }, order) => {
      const { origin: difference } = driftOf(changed, origin, [])!;
      const choices = [
        ...[...difference!.roles.gained, ...difference!.roles.lost].map((role) => ({ roles: [role] })),
        ...difference!.permissions.map(({ type }) => ({ permissions: [type] })),
        ...(difference!.fullAccess === 'kept' ? [] : [{ fullAccess: true }]),
      ]
        .map((choice) => ({ choice, rank: order.next().value as number }))
        .toSorted((a, b) => a.rank - b.rank);
      const result = choices.reduce((current: SecurityProfile, { choice }) => merged(current, origin, choice), changed);
      const atOnce = merged(changed, origin, 'all');
      expect(contents(result)).toEqual(contents(atOnce));
      if (choices.length > 0) expect(result.origin).toEqual(atOnce.origin);
    });
  });

  it('drift tells of resolved roles what resolving says', () => {
    law([family], ({ before, origin, cloned, types: known }) => {
      const resolve = (one: ProfileContents) => new Set([...one.roles, ...expandPermissions(one.permissions, known)]);
      const [was, becomes] = [resolve(before), resolve(origin)];
      const { resolved } = driftOf(cloned, origin, known)!.origin!;
      expect(new Set(resolved.gained)).toEqual(new Set([...becomes].filter((role) => !was.has(role))));
      expect(new Set(resolved.lost)).toEqual(new Set([...was].filter((role) => !becomes.has(role))));
    });
  });
});
