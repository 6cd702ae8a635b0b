/** @module The organization tree of the in-memory store. */
import type { Organization, OrganizationType } from '../../domain/organization.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { parentsFirst } from '../organization-order.ts';
import { circular, misplaced, missing, stillNeeded, type Reference } from '../refusals.ts';
import { memoryRepository } from './repository.ts';
import { removeAssignments, removeRules } from './assignments.ts';
import { removeInvitationsInto } from './invitations.ts';
import type { Draft, Tables } from './tables.ts';

export function memoryOrganizationTypes(draft: Draft): WritableRepository<OrganizationType> {
  return memoryRepository<OrganizationType>({
    what: 'an organization type',
    key: (type) => type.name,
    table: () => draft.tables.organizationTypes,
    put(types) {
      const table = draft.edit('organizationTypes');
      for (const type of types) table.set(type.name, type);
      for (const type of types) {
        for (const parent of type.parents) if (!table.has(parent)) throw missing('organization_types_parents', parent);
      }
      draft.changed('catalogue', '');
    },
    remove(names) {
      if (names.length === 0) return;
      const table = draft.edit('organizationTypes');
      for (const name of names) table.delete(name);
      const gone = new Set(names);
      for (const organization of draft.tables.organizations.values()) {
        if (gone.has(organization.type)) throw stillNeeded('organizations_type_fk', organization.type);
      }
      for (const type of table.values()) {
        for (const parent of type.parents) if (gone.has(parent)) throw stillNeeded('organization_types_parents', parent);
      }
      draft.changed('catalogue', '');
    },
  });
}

export function memoryOrganizations(draft: Draft): WritableRepository<Organization> {
  const repository = memoryRepository<Organization>({
    what: 'an organization',
    key: (organization) => organization.id,
    table: () => draft.tables.organizations,
    put: (organizations) => putOrganizations(draft, organizations),
    remove: (ids) => removeOrganizations(draft, ids),
  });
  return { ...repository, put: (organizations) => repository.put(parentsFirst(organizations)) };
}

function putOrganizations(draft: Draft, organizations: readonly Organization[]): void {
  const table = draft.edit('organizations');
  for (const organization of organizations) {
    table.set(organization.id, organization);
    draft.made('organizations', organization.id);
  }
  for (const { type, parent } of organizations) {
    if (!draft.tables.organizationTypes.has(type)) throw missing('organizations_type_fk', type);
    if (parent !== undefined && !table.has(parent)) throw missing('organizations_parent_fk', parent);
  }
  const put = new Set(organizations.map(({ id }) => id));
  for (const organization of table.values()) {
    if (!put.has(organization.id) && !organization.path.some((id) => put.has(id))) continue;
    table.set(organization.id, { ...organization, path: pathOf(table, organization) });
  }
  for (const organization of table.values()) {
    if (put.has(organization.id) || (organization.parent !== undefined && put.has(organization.parent))) assertPlace(draft.tables, organization);
  }
  for (const id of put) draft.changed('organization', id);
}

function pathOf(table: ReadonlyMap<string, Organization>, organization: Organization): string[] {
  const path = [organization.id];
  const seen = new Set(path);
  for (let { parent } = organization; parent !== undefined; parent = table.get(parent)!.parent) {
    if (seen.has(parent)) throw circular(organization.id);
    seen.add(parent);
    path.push(parent);
  }
  return path.reverse();
}

function assertPlace(tables: Tables, organization: Organization): void {
  const { parents } = tables.organizationTypes.get(organization.type)!;
  const parentType = organization.parent === undefined ? undefined : tables.organizations.get(organization.parent)!.type;
  const fits = parentType === undefined ? parents.length === 0 : parents.includes(parentType);
  if (!fits) throw misplaced(organization, parentType);
}

/** Checked at the end of a transaction: organizations and the types that allow their places may change together. */
export function assertPlaces(draft: Draft): void {
  for (const organization of draft.tables.organizations.values()) assertPlace(draft.tables, organization);
}

function removeOrganizations(draft: Draft, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const gone = new Set(ids);
  const table = draft.edit('organizations');
  for (const id of ids) {
    table.delete(id);
    draft.edit('madeAt').delete(`organizations:${id}`);
  }
  const { tables } = draft;
  const holders: readonly [Reference, Iterable<{ readonly organization?: string | undefined }>][] = [
    ['organizations_parent_fk', [...table.values()].map(({ parent }) => ({ organization: parent }))],
    ['users_organization_fk', tables.users.values()],
    ['user_groups_organization_fk', tables.userGroups.values()],
    ['clients_organization_fk', tables.clients.values()],
    ['security_profiles_organization_fk', tables.securityProfiles.values()],
  ];
  for (const [reference, objects] of holders) {
    for (const { organization } of objects) {
      if (organization !== undefined && gone.has(organization)) throw stillNeeded(reference, organization);
    }
  }
  for (const user of tables.users.values()) {
    if (!user.authorizedOrganizations.some((id) => gone.has(id))) continue;
    draft.edit('users').set(user.id, { ...user, authorizedOrganizations: user.authorizedOrganizations.filter((id) => !gone.has(id)) });
    draft.changed('user', user.id);
  }
  removeAssignments(draft, ({ party }) => party.kind === 'organization' && gone.has(party.id));
  removeRules(draft, (party) => party.kind === 'organization' && gone.has(party.id));
  removeInvitationsInto(draft, gone);
  for (const id of ids) draft.changed('organization', id);
}
