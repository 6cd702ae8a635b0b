/**
 * @module Looking things up and paging through them, within what the asking administrator may see. What lies outside is
 * left out before anything is counted, sorted or cut, so that neither totals nor pages tell of it.
 */
import type { Assignment } from './assignment.ts';
import type { BrowseReader } from './browse.ts';
import type { Client } from './client.ts';
import type { ImpersonationRule } from './impersonation-rule.ts';
import type { Organization, OrganizationType } from './organization.ts';
import type { Membership, User, UserGroup } from './party.ts';
import type { ResourceServer } from './resource-server.ts';
import type { Role } from './role.ts';
import type { PermissionType, SecurityProfile } from './security-profile.ts';
import type { Tenancy } from './tenancy.ts';

/** The nouns, named as the sections of a workspace file. */
export interface Nouns {
  readonly organization_types: OrganizationType;
  readonly roles: Role;
  readonly permission_types: PermissionType;
  readonly organizations: Organization;
  readonly user_groups: UserGroup;
  readonly users: User;
  readonly security_profiles: SecurityProfile;
  readonly clients: Client;
  readonly resource_servers: ResourceServer;
  readonly assignments: Assignment;
  readonly impersonation_rules: ImpersonationRule;
}
export type NounName = keyof Nouns;

/**
 * What may be seen. Users, groups, organizations: those of the tenancy. Clients and profiles: those whose organization is
 * in the tenancy. Assignments: those whose party is. Rules: those whose impersonator and target both are. Definitions
 * (organization types, roles, permission types, resource servers) belong to no organization: `covers` and `inherits` of
 * `tenancy.ts` say what that means. Only definitions, profiles and clients are inherited; people, the tree, assignments
 * and rules never are, whatever `inherited` says.
 */
export interface Visibility {
  readonly tenancy: Tenancy;
  /** Also what is inherited: what belongs to organizations above, or to none. */
  readonly inherited: boolean;
}

/** Allowed values of a typed filter. A list matches any of its values. */
export type FilterValue = string | boolean | Date | readonly string[];

/**
 * Where a page ended: the value it is sorted by (as text the store understands again) and the key. It says where to go
 * on, also when the object is gone or has another value by now.
 */
export interface Position {
  readonly value: string;
  readonly key: string;
}

export interface ListQuery {
  readonly visibility: Visibility;
  /** Filters of the noun by name, {@link FILTERS}; all of them must match. One that names what may not be seen matches nothing. */
  readonly filters: Readonly<Record<string, FilterValue>>;
  /** Case-insensitive in every alphabet, anywhere in the noun's {@link SEARCHED} fields; every character stands for itself. */
  readonly search?: string | undefined;
  /** Fields that are looked into, of the noun's {@link SEARCHED}; unset: all of them. */
  readonly searchIn?: readonly string[] | undefined;
  /**
   * One of the noun's {@link SORTS}, compared by code point, or as an instant; of long texts the first 250 characters
   * count. What is absent comes last, descending first. Ties are broken by key, in the same direction.
   */
  readonly sort: string;
  readonly descending: boolean;
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; undefined: this was the last one. */
  readonly next: Position | undefined;
  /** When it was asked for. */
  readonly total: number | undefined;
}

/** A sign-in that lives on in refresh tokens. */
export interface Session {
  /** The grant's id. */
  readonly id: string;
  readonly clientId: string;
  readonly requestedScope: readonly string[];
  readonly audience: string;
  readonly createdAt: Date;
  /** When the newest refresh token was made: at sign-in, or at the latest refresh. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

/** Everything that names an object and stands in the way of its removal, or would go with it. */
export interface Dependents {
  readonly total: number;
  /** The first of them, by noun and key. */
  readonly some: readonly { readonly noun: NounName; readonly key: string }[];
}

export const LEASE_KINDS = ['assignment', 'membership'] as const;

/** What somebody has for a time: an assignment, or a membership in a user group. */
export type Lease =
  | { readonly kind: 'assignment'; readonly endsAt: Date; readonly assignment: Assignment }
  | { readonly kind: 'membership'; readonly endsAt: Date; readonly user: string; readonly membership: Membership };

export interface LeaseQuery {
  /** Assignments are seen as everywhere; memberships with their user. */
  readonly visibility: Visibility;
  readonly kinds: readonly Lease['kind'][];
  /** Those that end at this instant or later. */
  readonly from: Date;
  /** Those that end before this instant. */
  readonly until: Date;
  /** A position of {@link DirectoryReader.listLeases}. */
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

/** Whom a security profile reaches, and how. */
export interface Holder {
  readonly user: User;
  /** Assignments that bring it, in force or not, by id. */
  readonly assignments: readonly string[];
}

export interface DirectoryReader extends BrowseReader {
  /** Those that exist and may be seen, by key; one statement for up to 1,000 keys. */
  find<N extends NounName>(noun: N, keys: readonly string[], visibility: Visibility): Promise<ReadonlyMap<string, Nouns[N]>>;
  /**
   * One page in one statement, and one more for the total.
   * @throws `invalid_input` for a filter or sort that the noun does not have
   */
  list<N extends NounName>(noun: N, query: ListQuery): Promise<Page<Nouns[N]>>;
  /** Members of a group, whether or not their membership is in force, ordered by user id, within what may be seen. */
  listMembers(userGroup: string, query: Pick<ListQuery, 'visibility' | 'after' | 'limit' | 'total'>): Promise<Page<User>>;
  /** Users whom assignments of a profile reach (directly, by group, by organization), ordered by user id, within what may be seen. */
  listHolders(securityProfile: string, query: Pick<ListQuery, 'visibility' | 'after' | 'limit' | 'total'>): Promise<Page<Holder>>;
  /** Grants of a user that have not expired and that no revocation hits, newest first; at most `limit`. */
  listSessions(userId: string, now: Date, limit: number): Promise<readonly Session[]>;
  /**
   * What ends within a span of time, the soonest first; at the same instant assignments by id, then memberships by user
   * and group. One page in one statement, and one more for the total.
   * @throws `invalid_input` for a position that is not one of this list
   */
  listLeases(query: LeaseQuery): Promise<Page<Lease>>;
  /**
   * What names the object, wherever that belongs: what of it may be told is for the caller to find out. A group has its
   * members; a permission type whatever names one of its roles, and the profiles with a pattern that matches it. Nothing
   * depends on itself, nor a clone on its origin.
   */
  dependentsOf(noun: NounName, key: string, limit: number): Promise<Dependents>;
}

/**
 * Filters by noun. Texts are compared byte by byte; `before` is earlier than the instant, `after` not earlier, and what
 * never expires matches neither. The `role` of a profile is one that it names itself, its `origin` the profile that it was
 * cloned from; of an assignment `client_id` is whom it was made to, `client` the one that it is limited to.
 */
export const FILTERS: { readonly [N in NounName]: Readonly<Record<string, 'text' | 'boolean' | 'before' | 'after'>> } = {
  organization_types: {},
  roles: { category: 'text' },
  permission_types: {},
  organizations: { type: 'text', parent: 'text', active: 'boolean' },
  user_groups: { organization: 'text', user: 'text' },
  users: { organization: 'text', user_group: 'text', username: 'text', email: 'text', active: 'boolean' },
  security_profiles: { organization: 'text', role: 'text', managed: 'boolean', full_access: 'boolean', origin: 'text' },
  clients: { organization: 'text', context_user: 'text', active: 'boolean' },
  resource_servers: { client: 'text' },
  assignments: {
    security_profile: 'text',
    user: 'text',
    user_group: 'text',
    organization: 'text',
    client_id: 'text',
    client: 'text',
    expires_before: 'before',
    expires_after: 'after',
  },
  impersonation_rules: { security_profile: 'text', client: 'text' },
};

/** Fields to sort by, the first one by default. */
export const SORTS: { readonly [N in NounName]: readonly [string, ...string[]] } = {
  organization_types: ['name'],
  roles: ['name', 'category'],
  permission_types: ['type'],
  organizations: ['id', 'name', 'type'],
  user_groups: ['id', 'name', 'organization'],
  users: ['id', 'username', 'email', 'organization'],
  security_profiles: ['id', 'name'],
  clients: ['client_id', 'client_name'],
  resource_servers: ['audience', 'name'],
  assignments: ['id', 'security_profile', 'valid_until', 'assigned_at'],
  impersonation_rules: ['id'],
};

/** Fields that a search looks into. */
export const SEARCHED: { readonly [N in NounName]: readonly string[] } = {
  organization_types: ['name'],
  roles: ['name', 'description'],
  permission_types: ['type'],
  organizations: ['id', 'name'],
  user_groups: ['id', 'name'],
  users: ['id', 'username', 'email'],
  security_profiles: ['id', 'name', 'description'],
  clients: ['client_id', 'client_name'],
  resource_servers: ['audience', 'name'],
  assignments: ['security_profile', 'reason'],
  impersonation_rules: ['id', 'security_profile', 'client'],
};
