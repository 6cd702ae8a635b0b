/** @module How the nouns are listed in memory: which of them are seen, and by what they are filtered and searched. */
import type { NounName, Nouns, Visibility } from '../../domain/directory.ts';
import type { Party } from '../../domain/party.ts';
import { covers, inherits, type OrganizationPath } from '../../domain/tenancy.ts';
import type { Tables } from './tables.ts';

/** What there is, and what of it may be seen. */
export interface Sight {
  readonly tables: Tables;
  readonly visibility: Visibility;
}

type TextFilter<T> = (object: T, texts: readonly string[], sight: Sight) => boolean;

export interface ListedNoun<T> {
  table(tables: Tables): ReadonlyMap<string, T>;
  isSeen(object: T, sight: Sight): boolean;
  readonly texts: Readonly<Record<string, TextFilter<T>>>;
  /** Of filters that are no texts. */
  readonly scalars: Readonly<Record<string, (object: T) => boolean | Date | undefined>>;
  searched(object: T): readonly (string | undefined)[];
}

function pathOf({ tables }: Sight, organization: string | undefined): OrganizationPath {
  return organization === undefined ? undefined : tables.organizations.get(organization)!.path;
}

const isCovered = (sight: Sight, organization: string | undefined): boolean => covers(sight.visibility.tenancy, pathOf(sight, organization));

/** Of what can be inherited. */
function isSeen(_object: unknown, sight: Sight, organization?: string): boolean {
  const { tenancy, inherited } = sight.visibility;
  const path = pathOf(sight, organization);
  return inherited ? inherits(tenancy, path) : covers(tenancy, path);
}

function isPartySeen({ kind, id }: Party, sight: Sight): boolean {
  const { organizations, userGroups, users, clients } = sight.tables;
  if (kind === 'organization') return isCovered(sight, organizations.get(id)!.id);
  if (kind === 'client') return isCovered(sight, clients.get(id)!.organization);
  return isCovered(sight, (kind === 'user' ? users : userGroups).get(id)!.organization);
}

/** A filter that compares what a field says, if it says anything. */
function is<T>(field: (object: T) => string | undefined): TextFilter<T> {
  return (object, texts) => {
    const value = field(object);
    return value !== undefined && texts.includes(value);
  };
}

const partyIs = (kind: Party['kind']) => is<Nouns['assignments']>(({ party }) => (party.kind === kind ? party.id : undefined));
const NO_FILTERS = { texts: {}, scalars: {} };

export const LISTED: { readonly [N in NounName]: ListedNoun<Nouns[N]> } = {
  organization_types: {
    table: ({ organizationTypes }) => organizationTypes,
    isSeen,
    ...NO_FILTERS,
    searched: ({ name }) => [name],
  },
  roles: {
    table: ({ roles }) => roles,
    isSeen,
    texts: { category: is(({ category }) => category) },
    scalars: {},
    searched: ({ name, description }) => [name, description],
  },
  permission_types: {
    table: ({ permissionTypes }) => permissionTypes,
    isSeen,
    ...NO_FILTERS,
    searched: ({ type }) => [type],
  },
  organizations: {
    table: ({ organizations }) => organizations,
    isSeen: ({ id }, sight) => isCovered(sight, id),
    texts: { type: is(({ type }) => type), parent: is(({ parent }) => parent) },
    scalars: { active: ({ active }) => active },
    searched: ({ id, name }) => [id, name],
  },
  user_groups: {
    table: ({ userGroups }) => userGroups,
    isSeen: ({ organization }, sight) => isCovered(sight, organization),
    texts: {
      organization: is(({ organization }) => organization),
      user: ({ id }, texts, sight) => {
        const users = texts.flatMap((text) => sight.tables.users.get(text) ?? []);
        return users.some((user) => isCovered(sight, user.organization) && user.memberships.some(({ userGroup }) => userGroup === id));
      },
    },
    scalars: {},
    searched: ({ id, name }) => [id, name],
  },
  users: {
    table: ({ users }) => users,
    isSeen: ({ organization }, sight) => isCovered(sight, organization),
    texts: {
      organization: is(({ organization }) => organization),
      user_group: ({ memberships }, texts, sight) =>
        memberships.some(({ userGroup }) => texts.includes(userGroup) && isCovered(sight, sight.tables.userGroups.get(userGroup)!.organization)),
      username: is(({ username }) => username),
      email: is(({ email }) => email),
    },
    scalars: { active: ({ active }) => active },
    searched: ({ id, username, email }) => [id, username, email],
  },
  security_profiles: {
    table: ({ securityProfiles }) => securityProfiles,
    isSeen: (profile, sight) => isSeen(profile, sight, profile.organization),
    texts: {
      organization: is(({ organization }) => organization),
      role: ({ roles }, texts) => roles.some((role) => texts.includes(role)),
      origin: is(({ origin }) => origin?.securityProfile),
    },
    scalars: { managed: ({ managed }) => managed, full_access: ({ fullAccess }) => fullAccess },
    searched: ({ id, name, description }) => [id, name, description],
  },
  clients: {
    table: ({ clients }) => clients,
    isSeen: (client, sight) => isSeen(client, sight, client.organization),
    texts: { organization: is(({ organization }) => organization), context_user: is(({ contextUser }) => contextUser) },
    scalars: { active: ({ active }) => active },
    searched: ({ clientId, clientName }) => [clientId, clientName],
  },
  resource_servers: {
    table: ({ resourceServers }) => resourceServers,
    isSeen,
    texts: { client: ({ clients }, texts) => clients.some((id) => texts.includes(id)) },
    scalars: {},
    searched: ({ audience, name }) => [audience, name],
  },
  assignments: {
    table: ({ assignments }) => assignments,
    isSeen: ({ party }, sight) => isPartySeen(party, sight),
    texts: {
      security_profile: is(({ securityProfile }) => securityProfile),
      user: partyIs('user'),
      user_group: partyIs('user_group'),
      organization: partyIs('organization'),
      client_id: partyIs('client'),
      client: is(({ client }) => client),
    },
    scalars: { expires_before: ({ validUntil }) => validUntil, expires_after: ({ validUntil }) => validUntil },
    searched: ({ securityProfile, reason }) => [securityProfile, reason],
  },
  impersonation_rules: {
    table: ({ impersonationRules }) => impersonationRules,
    isSeen: ({ impersonator, target }, sight) => isPartySeen(impersonator, sight) && isPartySeen(target, sight),
    texts: { security_profile: is(({ securityProfile }) => securityProfile), client: is(({ client }) => client) },
    scalars: {},
    searched: ({ id, securityProfile, client }) => [id, securityProfile, client],
  },
};
