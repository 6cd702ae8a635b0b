/** @module Numbered pages of the in-memory store. */
import { compared, passes, type Annals, type BrowsedNoun, type BrowseQuery, type BrowseReader, type FieldValue } from '../../domain/browse.ts';
import type { Nouns } from '../../domain/directory.ts';
import type { Party } from '../../domain/party.ts';
import { covers } from '../../domain/tenancy.ts';
import { possibleQuery } from '../browse-query.ts';
import { keyOf } from '../directory-query.ts';
import { copy, storableKeys } from '../values.ts';
import { byCodePoint } from '../../domain/code-point.ts';
import { matchesFilters } from './directory.ts';
import { LISTED, type ListedNoun } from './directory-nouns.ts';
import type { Tables } from './tables.ts';

type Fields = { readonly [N in BrowsedNoun]: Readonly<Record<string, (object: Nouns[N], tables: Tables) => FieldValue>> };

const organizationOf = ({ kind, id }: Party, { users, userGroups, clients }: Tables): string | undefined => {
  if (kind === 'organization') return id;
  return kind === 'client' ? clients.get(id)!.organization : (kind === 'user' ? users : userGroups).get(id)!.organization;
};
const typeOf = (organization: string | undefined, { organizations }: Tables): string | undefined =>
  organization === undefined ? undefined : organizations.get(organization)!.type;
const buyerOf = (party: Party, tables: Tables): string | undefined => {
  const organization = organizationOf(party, tables);
  return typeOf(organization, tables) === 'buyer' ? organization : undefined;
};
const idOf = (party: Party, kind: Party['kind']): string | undefined => (party.kind === kind ? party.id : undefined);

const FIELDS: Fields = {
  organizations: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    active: ({ active }) => active,
    made_at: ({ id }, { madeAt }) => madeAt.get(`organizations:${id}`),
  },
  user_groups: { id: ({ id }) => id, name: ({ name }) => name, description: ({ description }) => description },
  users: {
    id: ({ id }) => id,
    username: ({ username }) => username,
    given_name: ({ givenName }) => givenName,
    family_name: ({ familyName }) => familyName,
    email: ({ email }) => email,
    phone_number: ({ phoneNumber }) => phoneNumber,
    active: ({ active }) => active,
    organization: ({ organization }) => organization,
    organization_type: ({ organization }, tables) => typeOf(organization, tables),
    made_at: ({ id }, { madeAt }) => madeAt.get(`users:${id}`),
    password_changed_at: ({ id }, { passwords }) => passwords.get(id)?.changedAt,
  },
  security_profiles: { id: ({ id }) => id, name: ({ name }) => name },
  clients: {
    client_id: ({ clientId }) => clientId,
    client_name: ({ clientName }) => clientName,
    active: ({ active }) => active,
    context_username: ({ contextUser }, { users }) => (contextUser === undefined ? undefined : users.get(contextUser)!.username),
    is_anonymous_buyer: ({ isAnonymousBuyer }) => isAnonymousBuyer === true,
  },
  impersonation_rules: {
    id: ({ id }) => id,
    security_profile: ({ securityProfile }) => securityProfile,
    client: ({ client }) => client,
    impersonator_user: ({ impersonator }) => idOf(impersonator, 'user'),
    impersonator_user_group: ({ impersonator }) => idOf(impersonator, 'user_group'),
    impersonator_buyer: ({ impersonator }, tables) => buyerOf(impersonator, tables),
    target_user: ({ target }) => idOf(target, 'user'),
    target_user_group: ({ target }) => idOf(target, 'user_group'),
    target_buyer: ({ target }, tables) => buyerOf(target, tables),
  },
  assignments: {
    id: ({ id }) => id,
    security_profile: ({ securityProfile }) => securityProfile,
    level: ({ party }) => party.kind,
    organization: ({ party }, tables) => organizationOf(party, tables),
    organization_type: ({ party }, tables) => typeOf(organizationOf(party, tables), tables),
  },
};

export function memoryBrowse(reading: () => Tables): BrowseReader {
  return {
    browse: async (noun, query) => browse(noun, query, reading()),
    browseMemberships: async ({ visibility, organization, userGroup, user, skip, limit }) => {
      const { users, userGroups, organizations } = reading();
      const found = [...users.values()]
        .filter((one) => (user === undefined || one.id === user) && covers(visibility.tenancy, organizations.get(one.organization)!.path))
        .flatMap(({ id, memberships }) => memberships.map((membership) => ({ userGroup: membership.userGroup, user: id })))
        .filter((one) => (userGroup === undefined || one.userGroup === userGroup) && userGroups.get(one.userGroup)!.organization === organization)
        .sort((a, b) => byCodePoint(a.userGroup, b.userGroup) || byCodePoint(a.user, b.user));
      return { items: found.slice(skip, skip + limit), total: found.length };
    },
    findAnnals: async (noun, keys) => {
      const { madeAt, passwords, [noun]: objects } = reading();
      const known = storableKeys(keys).filter((key) => objects.has(key));
      return new Map(
        known.map((key): [string, Annals] => [
          key,
          copy({ madeAt: madeAt.get(`${noun}:${key}`), passwordChangedAt: noun === 'users' ? passwords.get(key)?.changedAt : undefined }),
        ]),
      );
    },
  };
}

function browse<N extends BrowsedNoun>(noun: N, asked: BrowseQuery, tables: Tables) {
  const query = possibleQuery(noun, asked);
  if (query === undefined) return { items: [], total: 0 };
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  const valueOf = (object: Nouns[N], field: string): FieldValue => FIELDS[noun][field]!(object, tables);
  const isFound = (object: Nouns[N]): boolean =>
    query.search === undefined ||
    query.search.fields.some((field) => passes(valueOf(object, field), { not: false, is: { like: ['', query.search!.text, ''] } }));
  const all = [...listed.table(tables).values()].filter(
    (object) =>
      matchesFilters(noun, object, { filters: query.filters, sight: { tables, visibility: query.visibility } }) &&
      query.conditions.every(({ field, oneOf }) => oneOf.some((test) => passes(valueOf(object, field), test))) &&
      isFound(object),
  );
  const sorted = all.sort((a, b) => {
    for (const { field, descending } of query.order) {
      const order = compared(valueOf(a, field), valueOf(b, field)) * (descending ? -1 : 1);
      if (order !== 0) return order;
    }
    return byCodePoint(keyOf(noun, a), keyOf(noun, b)) * (query.order.at(-1)?.descending === true ? -1 : 1);
  });
  return { items: copy(sorted.slice(query.skip, query.skip + query.limit)), total: all.length };
}
