/** @module How the nouns are listed in Postgres: allow-lists from the names of sorts and filters to columns, and the mappers of rows. */
import type { Nouns } from '../../domain/directory.ts';
import { canonicalUsername } from '../../domain/party.ts';
import { sortedOptional } from '../directory-query.ts';
import { fromAssignmentRow, fromRuleRow } from './assignments.ts';
import { fromClientRow, fromResourceServerRow, RESOURCE_SERVER_CLIENTS } from './clients.ts';
import { fromOrganizationTypeRow, fromPermissionTypeRow, fromRoleRow, fromSecurityProfileRow } from './definitions.ts';
import { fromOrganizationRow } from './organizations.ts';
import { fromUserGroupRow, fromUserRow, MEMBERSHIPS, USER_COLUMNS } from './parties.ts';

/**
 * A column to compare with, or a condition with a `?` for each list of texts. `roots` restricts the path of what a filter
 * reaches over to: the organization that must be in it, or nothing.
 */
export type TextFilter =
  | string
  | { readonly sql: string; readonly lists?: (texts: readonly string[], roots: readonly string[]) => readonly (readonly string[])[] };

export interface ListedNoun<T> {
  readonly table: string;
  readonly key: string;
  readonly columns: readonly string[];
  fromRow(row: never): T;
  /** By name: an expression that is never NULL, as in the indexes. The key sorts by itself. */
  readonly sorts: Readonly<Record<string, string>>;
  readonly filters: Readonly<Record<string, TextFilter>>;
  /** Conditions of filters that are no texts, with a `?` for the value. */
  readonly scalars: Readonly<Record<string, string>>;
  readonly searched: readonly string[];
}

const NO_FILTERS = { filters: {}, scalars: {} };

export const LISTED: { readonly [N in keyof Nouns]: ListedNoun<Nouns[N]> } = {
  organization_types: {
    table: 'organization_types',
    key: 'organization_types.name',
    columns: ['organization_types.*'],
    fromRow: fromOrganizationTypeRow,
    sorts: {},
    ...NO_FILTERS,
    searched: ['organization_types.name'],
  },
  roles: {
    table: 'roles',
    key: 'roles.name',
    columns: ['roles.*'],
    fromRow: fromRoleRow,
    sorts: { category: 'roles.category COLLATE "C"' },
    filters: { category: 'roles.category' },
    scalars: {},
    searched: ['roles.name', 'roles.description'],
  },
  permission_types: {
    table: 'permission_types',
    key: 'permission_types.type',
    columns: ['permission_types.*'],
    fromRow: fromPermissionTypeRow,
    sorts: {},
    ...NO_FILTERS,
    searched: ['permission_types.type'],
  },
  organizations: {
    table: 'organizations',
    key: 'organizations.id',
    columns: ['organizations.*'],
    fromRow: fromOrganizationRow,
    sorts: { name: 'left(organizations.name, 250) COLLATE "C"', type: 'organizations.type' },
    filters: { type: 'organizations.type', parent: 'organizations.parent_id' },
    scalars: { active: 'organizations.active = ?' },
    searched: ['organizations.id', 'organizations.name'],
  },
  user_groups: {
    table: 'user_groups',
    key: 'user_groups.id',
    columns: ['user_groups.*'],
    fromRow: fromUserGroupRow,
    sorts: { name: 'left(user_groups.name, 250) COLLATE "C"', organization: 'user_groups.organization_id' },
    filters: {
      organization: 'user_groups.organization_id',
      user: {
        sql: `EXISTS (SELECT FROM user_group_members m JOIN users u ON u.id = m.user_id JOIN organizations uo ON uo.id = u.organization_id
          WHERE m.user_group_id = user_groups.id AND m.user_id = ANY (?::text[]) AND uo.path @> ?::text[])`,
        lists: (texts, roots) => [texts, roots],
      },
    },
    scalars: {},
    searched: ['user_groups.id', 'user_groups.name'],
  },
  users: {
    table: 'users',
    key: 'users.id',
    columns: [...USER_COLUMNS.map((column) => `users.${column}`), MEMBERSHIPS],
    fromRow: fromUserRow,
    sorts: {
      username: 'left(users.username, 250) COLLATE "C"',
      email: `coalesce('=' || left(users.email, 250), '~') COLLATE "C"`,
      organization: 'users.organization_id',
    },
    filters: {
      organization: 'users.organization_id',
      user_group: {
        sql: `EXISTS (SELECT FROM user_group_members m JOIN user_groups g ON g.id = m.user_group_id JOIN organizations go ON go.id = g.organization_id
          WHERE m.user_id = users.id AND m.user_group_id = ANY (?::text[]) AND go.path @> ?::text[])`,
        lists: (texts, roots) => [texts, roots],
      },
      // The indexes hold other forms of the same texts.
      username: {
        sql: 'users.username_canonical = ANY (?::text[]) AND users.username = ANY (?::text[])',
        lists: (texts) => [texts.flatMap((text) => canonicalUsername(text) ?? []), texts],
      },
      email: {
        sql: `coalesce('=' || left(users.email, 250), '~') COLLATE "C" = ANY (?::text[]) AND users.email = ANY (?::text[])`,
        lists: (texts) => [texts.map(sortedOptional), texts],
      },
    },
    scalars: { active: 'users.active = ?' },
    searched: ['users.id', 'users.username', 'users.email'],
  },
  security_profiles: {
    table: 'security_profiles',
    key: 'security_profiles.id',
    columns: ['security_profiles.*'],
    fromRow: fromSecurityProfileRow,
    sorts: { name: 'left(security_profiles.name, 250) COLLATE "C"' },
    filters: {
      organization: 'security_profiles.organization_id',
      role: { sql: 'security_profiles.roles && ?::text[]' },
      origin: 'security_profiles.origin_id',
    },
    scalars: { managed: 'security_profiles.managed = ?', full_access: 'security_profiles.full_access = ?' },
    searched: ['security_profiles.id', 'security_profiles.name', 'security_profiles.description'],
  },
  clients: {
    table: 'clients',
    key: 'clients.client_id',
    columns: ['clients.*'],
    fromRow: fromClientRow,
    sorts: { client_name: 'left(clients.client_name, 250) COLLATE "C"' },
    filters: { organization: 'clients.organization_id', context_user: 'clients.context_user_id' },
    scalars: { active: 'clients.active = ?' },
    searched: ['clients.client_id', 'clients.client_name'],
  },
  resource_servers: {
    table: 'resource_servers',
    key: 'resource_servers.audience',
    columns: ['resource_servers.*', RESOURCE_SERVER_CLIENTS],
    fromRow: fromResourceServerRow,
    sorts: { name: 'left(resource_servers.name, 250) COLLATE "C"' },
    filters: {
      client: {
        sql: 'EXISTS (SELECT FROM resource_server_clients l WHERE l.audience = resource_servers.audience AND l.client_id = ANY (?::text[]))',
      },
    },
    scalars: {},
    searched: ['resource_servers.audience', 'resource_servers.name'],
  },
  assignments: {
    table: 'assignments',
    key: 'assignments.id',
    columns: ['assignments.*'],
    fromRow: fromAssignmentRow,
    sorts: {
      security_profile: 'assignments.security_profile_id',
      valid_until: `coalesce(assignments.valid_until, 'infinity')`,
      assigned_at: 'assignments.assigned_at',
    },
    filters: {
      security_profile: 'assignments.security_profile_id',
      user: 'assignments.user_id',
      user_group: 'assignments.user_group_id',
      organization: 'assignments.organization_id',
      client_id: 'assignments.client_id',
      client: 'assignments.via_client_id',
    },
    scalars: {
      expires_before: `coalesce(assignments.valid_until, 'infinity') < ?::timestamptz`,
      expires_after: `coalesce(assignments.valid_until, 'infinity') >= ?::timestamptz AND assignments.valid_until IS NOT NULL`,
    },
    searched: ['assignments.security_profile_id', 'assignments.reason'],
  },
  impersonation_rules: {
    table: 'impersonation_rules',
    key: 'impersonation_rules.id',
    columns: ['impersonation_rules.*'],
    fromRow: fromRuleRow,
    sorts: {},
    filters: { security_profile: 'impersonation_rules.security_profile_id', client: 'impersonation_rules.client_id' },
    scalars: {},
    searched: ['impersonation_rules.id', 'impersonation_rules.security_profile_id', 'impersonation_rules.client_id'],
  },
};
