/**
 * @module Roles are held over a part of the tree, and the type of an organization says what its people never touch: a
 * change of the tree can hand out power without giving anybody a role.
 */
import type { Catalogue } from '../domain/catalogue.ts';
import { barredResourcesOf, type Organization, type OrganizationType } from '../domain/organization.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { FULL_ACCESS, isBuiltInRole } from '../domain/role.ts';
import { isRootTenancy } from '../domain/tenancy.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { above, aboveCeiling, rolesFromNowOn, type Ceiling } from './ceiling.ts';

type Judged = Pick<WrittenChange, 'objects' | 'meanings' | 'at'>;

/** @throws `above_ceiling` */
export async function judgeTerritory(tx: StoreTransaction, change: Judged, ceiling: Ceiling): Promise<void> {
  judgeOwnOrganization(change, ceiling);
  if (ceiling.everyRole) return;
  judgeBarred(change);
  await judgeMoves(tx, change, ceiling);
}

/** Where the own organization stands is for those above it to say, and at the root for who holds FullAccess. */
function judgeOwnOrganization({ objects }: Judged, { everyRole, tenancy }: Ceiling): void {
  if (tenancy.kind !== 'subtree' || (everyRole && isRootTenancy(tenancy))) return;
  const moved = objects.some(
    ({ section, key, action, fields }) =>
      section === 'organizations' &&
      action === 'update' &&
      key === tenancy.organization &&
      fields.some(({ field }) => field === 'parent' || field === 'type'),
  );
  if (moved) throw aboveCeiling('Nobody moves the own organization or makes another kind of organization of it.', []);
}

/** What a type is barred from is lifted for everybody there, FullAccess included, so that takes FullAccess. */
function judgeBarred({ objects, meanings }: Judged): void {
  const { before, after } = meanings;
  for (const { section, action, before: was, after: becomes } of objects) {
    if (action !== 'update') continue;
    const lifted =
      section === 'organization_types'
        ? opens(was as OrganizationType, becomes as OrganizationType)
        : section === 'organizations' && opens(typeOf(before.catalogue, was), typeOf(after.catalogue, becomes));
    if (lifted)
      throw aboveCeiling('This would open to a type of organization what it is barred from. That is done by an administrator with', [FULL_ACCESS]);
  }
}

const typeOf = (catalogue: Catalogue, organization: object | undefined): OrganizationType | undefined =>
  catalogue.organizationType((organization as Organization).type);

function opens(was: OrganizationType | undefined, becomes: OrganizationType | undefined): boolean {
  if (was === undefined || becomes === undefined) return false;
  const resources = barredResourcesOf(becomes);
  const opened = barredResourcesOf(was).some((resource) => !resources.includes(resource));
  return opened || was.barredRoles.some((role) => isBuiltInRole(role) && !becomes.barredRoles.includes(role));
}

/** In one place of the tree; where there are more, it takes FullAccess to put something below them. */
const MOST_HOLDERS = 1000;

/** Whoever administers the new place comes to administer what is moved there. */
async function judgeMoves(tx: StoreTransaction, { objects, meanings, at }: Judged, ceiling: Ceiling): Promise<void> {
  const moved = objects.filter(
    ({ section, action, fields }) => section === 'organizations' && action === 'update' && fields.some(({ field }) => field === 'parent'),
  );
  if (moved.length === 0) return;
  const now = await tx.organizations.findMany(moved.map(({ key }) => key));
  const gaining = new Set<string>();
  for (const { key, before } of moved) {
    const former = new Set((before as Organization).path);
    for (const id of now.get(key)?.path.slice(0, -1) ?? []) if (!former.has(id)) gaining.add(id);
  }
  const roles = new Set<string>();
  for (const organization of gaining) {
    for (const role of await rolesHeldIn(tx, organization, { catalogue: meanings.after.catalogue, at })) roles.add(role);
  }
  const refused = above(ceiling, [...roles].filter(isBuiltInRole));
  if (refused.length > 0) throw aboveCeiling('Those who administer the new place hold roles that you do not:', refused);
}

async function rolesHeldIn(
  tx: StoreTransaction,
  organization: string,
  { catalogue, at }: { readonly catalogue: Catalogue; readonly at: number },
): Promise<readonly string[]> {
  const query = {
    visibility: { tenancy: { kind: 'everything' }, inherited: false },
    filters: { organization },
    descending: false,
    limit: MOST_HOLDERS,
    total: false,
  } as const;
  const users = await tx.directory.list('users', { ...query, sort: 'id' });
  const clients = await tx.directory.list('clients', { ...query, sort: 'client_id' });
  if (users.next !== undefined || clients.next !== undefined) return catalogue.roles;
  const people = await tx.access.findUsers(users.items.map(({ id }) => id));
  const programs = await tx.access.findClients(clients.items.map(({ clientId }) => clientId));
  return [...people.values(), ...programs.values()].flatMap((subject) => rolesFromNowOn(catalogue, subject, at, [subject.id]));
}
