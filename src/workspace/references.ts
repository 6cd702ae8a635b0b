/** @module What an entry names: other objects by their keys, and roles. Only declared fields are looked at. */
import { partyOf, type DeclaredParty } from './declared-party.ts';
import type { Path } from './problem.ts';
import type { Declared, SectionName } from './schema.ts';
import type { Entry } from './workspace.ts';

/** A key that stands in a field of an entry. */
export interface Reference {
  readonly to: SectionName;
  readonly key: string;
  readonly field: Path;
}

/** A role that stands in a field of an entry. */
export interface RoleReference {
  readonly role: string;
  readonly field: Path;
}

type Readers<T> = { readonly [N in SectionName]?: (declared: Declared<N>) => T[] };

const one = (to: SectionName, key: string | null | undefined, ...field: Path): Reference[] =>
  key === null || key === undefined ? [] : [{ to, key, field }];
const many = (to: SectionName, keys: readonly string[] | null | undefined, ...field: Path): Reference[] =>
  (keys ?? []).map((key) => ({ to, key, field }));

const PARTY_SECTIONS = { user: 'users', user_group: 'user_groups', organization: 'organizations', client: 'clients' } as const;

function party(declared: DeclaredParty | undefined, ...field: Path): Reference[] {
  if (declared === undefined) return [];
  const { kind, id } = partyOf(declared);
  return one(PARTY_SECTIONS[kind], id, ...field, kind === 'client' ? 'client_id' : kind);
}

const REFERENCES: Readers<Reference> = {
  organization_types: (type) => many('organization_types', type.parents, 'parents'),
  organizations: (organization) => [...one('organization_types', organization.type, 'type'), ...one('organizations', organization.parent, 'parent')],
  user_groups: (group) => one('organizations', group.organization, 'organization'),
  users: (user) => [
    ...one('organizations', user.organization, 'organization'),
    ...(user.user_groups ?? []).flatMap(({ user_group }, index) => one('user_groups', user_group, 'user_groups', index)),
    ...many('organizations', user.authorized_organizations, 'authorized_organizations'),
  ],
  security_profiles: (profile) => one('organizations', profile.organization, 'organization'),
  clients: (client) => [
    ...one('organizations', client.organization, 'organization'),
    ...one('users', client.context_user, 'context_user'),
    ...many('organization_types', client.allowed_organizations?.types, 'allowed_organizations', 'types'),
    ...many('organizations', client.allowed_organizations?.ids, 'allowed_organizations', 'ids'),
  ],
  resource_servers: (server) => many('clients', server.clients, 'clients'),
  assignments: (assignment) => [
    ...one('security_profiles', assignment.security_profile, 'security_profile'),
    ...party(assignment),
    ...one('clients', assignment.client, 'client'),
  ],
  impersonation_rules: (rule) => [
    ...party(rule.impersonator, 'impersonator'),
    ...party(rule.target, 'target'),
    ...one('security_profiles', rule.security_profile, 'security_profile'),
    ...one('clients', rule.client, 'client'),
  ],
};

export function referencesOf<N extends SectionName>(section: N, declared: Declared<N>): Reference[] {
  return REFERENCES[section]?.(declared) ?? [];
}

export function referencesOfExpectation(expectation: Declared<'expectations'>): Reference[] {
  return [
    ...one('users', expectation.user, 'user'),
    ...one('clients', expectation.client_id, 'client_id'),
    ...one('clients', expectation.via, 'via'),
  ];
}

const named = (list: readonly string[] | null | undefined, ...field: Path): RoleReference[] => (list ?? []).map((role) => ({ role, field }));

const ROLES: Readers<RoleReference> = {
  organization_types: (type) => named(type.barred_roles, 'barred_roles'),
  security_profiles: (profile) => named(profile.roles, 'roles'),
  clients: (client) => [
    ...named(client.maximum_roles, 'maximum_roles'),
    ...named(client.minimum_roles, 'minimum_roles'),
    ...named(typeof client.omitted_scope === 'string' ? [] : client.omitted_scope, 'omitted_scope'),
  ],
  resource_servers: (server) => named(server.roles, 'roles'),
};

export function rolesOf<N extends SectionName>(section: N, declared: Declared<N>): RoleReference[] {
  return ROLES[section]?.(declared) ?? [];
}

/**
 * Where in a list of an entry a name stands. Lists lose repeated names when they are read, so positions are looked up in
 * the file.
 */
export function placeInList(entry: Entry, field: Path, name: string): Path {
  const value = [...entry.path, ...field].reduce<unknown>(
    (outer, step) => (outer as Record<string | number, unknown> | undefined)?.[step],
    entry.document.value,
  );
  const index = Array.isArray(value) ? value.indexOf(name) : -1;
  return index < 0 ? field : [...field, index];
}
