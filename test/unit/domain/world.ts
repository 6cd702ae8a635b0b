/** @module Random small worlds: an organization tree with groups, people, clients, profiles and who was assigned what, for how long. */
import * as fc from 'fast-check';
import type { Instant, Reach, Subject } from '../../../src/domain/access.ts';
import type { Definitions } from '../../../src/domain/catalogue.ts';
import type { Party } from '../../../src/domain/party.ts';
import { permissionRole, type PermissionType, type SecurityProfile, type TypePermission } from '../../../src/domain/security-profile.ts';
import { profile, role } from './fixtures.ts';

/** From `from`, included, to `until`, excluded. */
export interface Window {
  readonly from: Instant;
  readonly until: Instant;
}

export interface WorldAssignment extends Window {
  readonly id: string;
  readonly profile: string;
  readonly party: Party;
  readonly client: string | undefined;
  readonly includeDescendants: boolean;
}

export interface World {
  readonly definitions: Definitions;
  readonly organizations: readonly { readonly id: string; readonly type: string; readonly parent?: string }[];
  readonly people: readonly {
    readonly id: string;
    readonly organization: string;
    readonly memberships: readonly (Window & { readonly group: string })[];
  }[];
  readonly clients: readonly { readonly id: string; readonly organization?: string; readonly memberships?: undefined }[];
  readonly assignments: readonly WorldAssignment[];
}

export const ORGANIZATIONS = [
  { id: 'market', type: 'seller' },
  { id: 'acme', type: 'buyer', parent: 'market' },
  { id: 'acme-north', type: 'buyer', parent: 'acme' },
  { id: 'bolt', type: 'buyer', parent: 'market' },
] as const;
export const CLIENTS = [{ id: 'storefront', organization: 'acme' }, { id: 'nightly' }] as const;
export const INSTANTS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const ROLES = ['Order', 'order', 'OrderAdmin', 'a', 'a:read', 'constructor', 'toString', 'data/A:read', 'FullAccess', 'UserReader'] as const;
const TYPES = ['d', 'data', 'data/A', 'data/AB', 'data/B', 'view'] as const;
const PATTERNS = [...TYPES, '*', 'd*', 'data*', 'data/*', 'data/A*', 'data/AB*', 'view*', 'none*'] as const;
const OPERATIONS = ['read', 'update', 'delete'] as const;
const STRANGE = ['Bogus', '__proto__', 'valueOf', 'hasOwnProperty', 'data/*:read', '*', 'ORDER', 'order:read'] as const;

const some = <T>(items: readonly T[]) => fc.subarray([...items]);
const pick = <T>(items: readonly T[]) => fc.constantFrom(...items);

export const permissionTypes: fc.Arbitrary<PermissionType[]> = some(TYPES).chain((types) =>
  fc.tuple(...types.map((type) => some(OPERATIONS).map((operations) => ({ type, operations })))),
);
export const permissions: fc.Arbitrary<TypePermission[]> = fc.array(fc.record({ type: pick(PATTERNS), operations: some(OPERATIONS) }), {
  maxLength: 5,
});

const profileNames = ['p0', 'p1', 'p2', 'p3'] as const;
const securityProfile = (id: string): fc.Arbitrary<SecurityProfile> =>
  fc
    .record({ roles: some([...ROLES, 'Bogus']), permissions, fullAccess: fc.integer({ min: 0, max: 9 }).map((one) => one === 0) })
    .map((given) => profile(id, given));

const definitions: fc.Arbitrary<Definitions> = fc.record({
  roles: some(ROLES).map((names) => names.map(role)),
  permissionTypes,
  organizationTypes: fc
    .record({ seller: some([...ROLES, 'Bogus']), buyer: some([...ROLES, 'data/A:read', 'data/B:update']) })
    .map(({ seller, buyer }) => [
      { name: 'seller', parents: [], barredRoles: seller.slice(0, 2) },
      { name: 'buyer', parents: ['seller', 'buyer'], barredRoles: buyer.slice(0, 3) },
    ]),
  securityProfiles: fc.tuple(...profileNames.map(securityProfile)),
});

const someStart = fc.oneof({ weight: 2, arbitrary: fc.constant(-Infinity) }, { weight: 1, arbitrary: pick(INSTANTS) });
const someEnd = fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: pick(INSTANTS) });
const someWindow: fc.Arbitrary<Window> = fc.record({ from: someStart, until: someEnd }).filter(({ from, until }) => from < until);

const person = (id: string) =>
  fc.record({
    id: fc.constant(id),
    organization: pick(ORGANIZATIONS.map((organization) => organization.id)),
    memberships: some(['approvers', 'buyers']).chain((groups) =>
      fc.tuple(...groups.map((group) => someWindow.map((given) => ({ ...given, group })))),
    ),
  });

const party: fc.Arbitrary<Party> = fc.oneof(
  pick(ORGANIZATIONS).map(({ id }): Party => ({ kind: 'organization', id })),
  pick(['approvers', 'buyers']).map((id): Party => ({ kind: 'user_group', id })),
  pick(['alice', 'bob']).map((id): Party => ({ kind: 'user', id })),
  pick(CLIENTS).map(({ id }): Party => ({ kind: 'client', id })),
);

export const assignment: fc.Arbitrary<WorldAssignment> = fc
  .record({
    id: fc.uuid(),
    profile: pick([...profileNames, 'gone']),
    party,
    client: fc.option(pick(CLIENTS.map(({ id }) => id)), { nil: undefined, freq: 3 }),
    below: fc.boolean(),
    window: someWindow,
  })
  .map(({ below, window: given, ...rest }) => ({ ...rest, ...given, includeDescendants: below && rest.party.kind === 'organization' }));

export const world: fc.Arbitrary<World> = fc.record({
  definitions,
  organizations: fc.constant(ORGANIZATIONS),
  people: fc.tuple(person('alice'), person('bob')),
  clients: fc.constant(CLIENTS),
  assignments: fc.array(assignment, { maxLength: 12 }),
});

/** Names that a request may have: known ones, pairs, and some that nobody knows. */
export const ASKABLE: readonly string[] = [
  ...new Set([...ROLES, ...STRANGE, ...TYPES.flatMap((type) => OPERATIONS.map((operation) => permissionRole(type, operation)))]),
];

/** Ids of an organization and of all above it, itself first. */
export function lineage(from: World, organization: string | undefined): string[] {
  const ids: string[] = [];
  for (let id = organization; id !== undefined; id = from.organizations.find((one) => one.id === id)?.parent) ids.push(id);
  return ids;
}

/** The person or client with every assignment that reaches it, as a store would load it. */
export function subjectOf(from: World, kind: 'user' | 'client', id: string): Subject {
  const found = kind === 'user' ? from.people.find((one) => one.id === id)! : from.clients.find((one) => one.id === id)!;
  const above = lineage(from, found.organization);
  const memberships = found.memberships ?? [];
  const reaches = from.assignments.flatMap((given): Reach[] => {
    const { from: start, until: end, ...rest } = given;
    const through = (window: Window): Reach => ({
      ...rest,
      assignment: given.id,
      from: Math.max(start, window.from),
      until: Math.min(end, window.until),
      assignedAt: 0,
    });
    const open = { from: -Infinity, until: Infinity };
    if (given.party.kind === 'user_group') return memberships.filter(({ group }) => group === given.party.id).map(through);
    if (given.party.kind === kind) return given.party.id === id ? [through(open)] : [];
    if (given.party.kind !== 'organization' || !above.includes(given.party.id)) return [];
    return given.party.id === found.organization || given.includeDescendants ? [through(open)] : [];
  });
  const organization = from.organizations.find((one) => one.id === found.organization);
  return {
    kind,
    id,
    active: true,
    organization: organization && { id: organization.id, type: organization.type, path: above.toReversed() },
    authorizedOrganizations: [],
    memberships: memberships.map(({ group, from: start, until: end }) => ({ userGroup: group, from: start, until: end })),
    reaches,
  };
}
