import { describe, expect, it } from '@jest/globals';
import { holdings, type Reach, type Subject } from '../../../src/domain/access.ts';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
import { negotiate, type ScopeLimits } from '../../../src/domain/scope.ts';
import { dayAfter, dayOf, endOfDay, profileUse, startOfDay } from '../../../src/domain/usage.ts';
import { profile } from '../../support/market.ts';

describe('days', () => {
  it('begin and end at midnight UTC', () => {
    expect(dayOf(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe('2026-02-28');
    expect(dayOf(Date.UTC(2026, 2, 1))).toBe('2026-03-01');
    expect(startOfDay('2026-03-01')).toBe(Date.UTC(2026, 2, 1));
    expect(endOfDay('2026-02-28')).toBe(Date.UTC(2026, 2, 1));
  });

  it('are counted over months and leap years', () => {
    expect(dayAfter('2028-02-28', 2)).toBe('2028-03-01');
    expect(dayAfter('2026-01-01', -1)).toBe('2025-12-31');
    expect(dayAfter('2026-01-01', 0)).toBe('2026-01-01');
  });
});

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];

function uses(
  profiles: Readonly<Record<string, readonly string[]>>,
  requested: readonly string[],
  limits: ScopeLimits = {},
  given: Partial<Reach> = {},
) {
  const catalogue = compileCatalogue({
    roles: NAMES.map((name) => ({ name, category: 'custom' })),
    permissionTypes: [],
    organizationTypes: [{ name: 'buyer', parents: [], barredRoles: ['H'] }],
    securityProfiles: Object.entries(profiles).map(([id, roles]) => profile(id, roles, { fullAccess: id === 'everything' })),
  });
  const reaches = Object.keys(profiles).flatMap((id) =>
    ['one', 'two'].map((assignment): Reach => ({
      assignment: `${id} ${assignment}`,
      profile: id,
      party: { kind: 'user', id: 'alice' },
      includeDescendants: false,
      from: -Infinity,
      until: Infinity,
      assignedAt: 0,
      ...given,
    })),
  );
  const alice: Subject = {
    kind: 'user',
    id: 'alice',
    active: true,
    organization: { id: 'acme', type: 'buyer', path: ['acme'] },
    authorizedOrganizations: [],
    memberships: [],
    reaches,
  };
  const held = holdings(catalogue, alice, 'shop', 1000);
  const found: string[] = [];
  profileUse(catalogue, held, negotiate(catalogue, held, limits, requested), (id, granted) =>
    found.push(`${id}: ${granted ? 'granted' : 'dropped'}`),
  );
  return found;
}

describe('use of profiles by a token', () => {
  it('counts each profile once that gave a role, by however many assignments and roles', () => {
    expect(uses({ one: ['A', 'B'], two: ['B', 'C'], three: ['D'] }, ['A', 'B'])).toEqual(['one: granted', 'two: granted']);
  });

  it('counts a profile whose roles were asked for and let through nowhere', () => {
    const limits = { maximumRoles: new Set(['A', 'C']), resourceServerRoles: new Set(['A', 'B']) };
    const profiles = { a: ['A', 'B'], b: ['B'], c: ['C'], d: ['D'], h: ['H'] };
    expect(uses(profiles, ['A', 'B', 'C', 'H'], limits)).toEqual(['a: granted', 'b: dropped', 'c: dropped', 'h: dropped']);
  });

  it('counts nothing for what nobody asked for, nobody holds or nobody knows', () => {
    expect(uses({ a: ['A'] }, ['B', 'Bogus'])).toEqual([]);
    expect(uses({ a: ['A'] }, [])).toEqual([]);
    expect(uses({}, ['A'])).toEqual([]);
  });

  it('counts full access like any profile', () => {
    expect(uses({ everything: [], empty: [] }, ['A', 'H'])).toEqual(['everything: granted']);
  });

  it.each<[string, Partial<Reach>]>([
    ['is not yet in force', { from: 1001 }],
    ['has ended', { until: 1000 }],
    ['is limited to another client', { client: 'other' }],
  ])('counts nothing by an assignment that %s', (_, given) => {
    expect(uses({ a: ['A'] }, ['A'], {}, given)).toEqual([]);
  });

  it('finds what two sets have in common wherever it stands', () => {
    for (let first = 1; first < 256; first += 1) {
      const roles = NAMES.filter((_, index) => (first >> index) & 1).filter((name) => name !== 'H');
      for (const asked of [['A'], ['C', 'G'], ['B', 'D', 'F'], ['G']]) {
        expect([roles, asked, uses({ p: roles }, asked)]).toEqual([roles, asked, roles.some((name) => asked.includes(name)) ? ['p: granted'] : []]);
      }
    }
  });
});
