/**
 * @module A change that reaches more people than are looked at one by one: what could become of any of them.
 */
import type { Assignment } from '../domain/assignment.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { ListQuery } from '../domain/directory.ts';
import type { Organization } from '../domain/organization.ts';
import type { PartyKind } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import { EVERYTHING, isRootTenancy, type Tenancy } from '../domain/tenancy.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { changedMeanings } from '../workspace/reach.ts';
import { impersonationOf } from './acting-as.ts';
import { above, aboveCeiling, rolesOfProfile, type Ceiling } from './ceiling.ts';

const SECTION_OF_PARTY = { user: 'users', user_group: 'user_groups', organization: 'organizations', client: 'clients' } as const satisfies Record<
  PartyKind,
  string
>;

/** Who stands in the change is always to be seen; of the others everything that it could give to any of them is judged. @throws `above_ceiling` */
export async function judgeUnseen(tx: StoreTransaction, { objects, credentials, meanings, reached }: WrittenChange, ceiling: Ceiling): Promise<void> {
  const named = {
    users: new Set([...keysOf(objects, 'users'), ...credentials.passwords.keys()]),
    clients: new Set([...keysOf(objects, 'clients'), ...credentials.secrets.keys()]),
  };
  if (named.users.size > reached.users.length || named.clients.size > reached.clients.length)
    throw aboveCeiling('This changes more people than can be judged at once. Send it in parts.', []);
  const { before, after } = meanings;
  const roles: string[] = [];
  for (const { section, before: was, after: becomes } of objects) {
    if (becomes === undefined) continue;
    if (section === 'assignments') roles.push(...rolesOfProfile(after.catalogue, (becomes as Assignment).securityProfile));
    if (section === 'organizations' && was !== undefined)
      roles.push(...(await rolesFromAbove(tx, was as Organization, becomes as Organization, after.catalogue)));
  }
  const changed = changedMeanings(meanings);
  if (reached.partiesCut && !(await areAllWithin(tx, changed.profiles, ceiling.tenancy))) throw aboveCeiling(OUTSIDE, []);
  for (const id of changed.profiles) roles.push(...rolesOfProfile(after.catalogue, id));
  for (const type of changed.types) roles.push(...Array.from(before.catalogue.barred(type), (role) => before.catalogue.roles[role]!));
  const { rules, role } = await impersonationOf(tx);
  if (roles.includes(role) || roles.includes(FULL_ACCESS))
    for (const { securityProfile } of rules) roles.push(...rolesOfProfile(after.catalogue, securityProfile));
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('This could give roles that you do not hold yourself:', refused);
  for (const kind of Object.keys(SECTION_OF_PARTY) as PartyKind[]) {
    const ids = [...new Set(reached.parties.filter((party) => party.kind === kind).map(({ id }) => id))];
    const known = await tx.directory.find(SECTION_OF_PARTY[kind], ids, { tenancy: ceiling.tenancy, inherited: false });
    if (ids.some((id) => !known.has(id))) throw aboveCeiling(OUTSIDE, []);
  }
}

const OUTSIDE = 'This could give roles to somebody outside the organizations that you administer.';

/** Whether everybody to whom these profiles are assigned is in the tenancy: too many to be looked at, so they are counted. */
async function areAllWithin(tx: StoreTransaction, profiles: readonly string[], tenancy: Tenancy): Promise<boolean> {
  // The one tree that there is holds everybody, and its organizations are fewer.
  if (isRootTenancy(tenancy) && (await areSeen(tx, { noun: 'organizations', filters: {}, tenancy }))) return true;
  return areSeen(tx, { noun: 'assignments', filters: { security_profile: profiles }, tenancy });
}

interface Counted {
  readonly noun: 'organizations' | 'assignments';
  readonly filters: ListQuery['filters'];
  readonly tenancy: Tenancy;
}

/** Whether none of them lies outside. */
async function areSeen(tx: StoreTransaction, { noun, filters, tenancy }: Counted): Promise<boolean> {
  const count = async (seen: Tenancy) => {
    const visibility = { tenancy: seen, inherited: false };
    return (await tx.directory.list(noun, { visibility, filters, sort: 'id', descending: false, limit: 1, total: true })).total;
  };
  return (await count(tenancy)) === (await count(EVERYTHING));
}

const keysOf = (objects: WrittenChange['objects'], wanted: 'users' | 'clients'): string[] =>
  objects.filter(({ section }) => section === wanted).map(({ key }) => key);

const MOST_ASSIGNMENTS = 100_000;

/** What an organization and all below come to inherit; everything, when it changes its nature. */
async function rolesFromAbove(tx: StoreTransaction, was: Organization, becomes: Organization, catalogue: Catalogue): Promise<readonly string[]> {
  if (was.type !== becomes.type || (!was.active && becomes.active)) return catalogue.roles;
  if (was.parent === becomes.parent) return [];
  const moved = (await tx.organizations.findMany([becomes.id])).get(becomes.id);
  const roles: string[] = [];
  for (const id of moved?.path.slice(0, -1) ?? []) {
    for (const { includeDescendants, securityProfile } of await tx.access.assignmentsOf({ party: { kind: 'organization', id } }, MOST_ASSIGNMENTS)) {
      if (includeDescendants) roles.push(...rolesOfProfile(catalogue, securityProfile));
    }
  }
  return roles;
}
