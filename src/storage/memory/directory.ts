/** @module Looking things up and paging through them in memory. */
import {
  FILTERS,
  type DirectoryReader,
  type FilterValue,
  type Holder,
  type ListQuery,
  type NounName,
  type Nouns,
  type Page,
  type Position,
  type Session,
} from '../../domain/directory.ts';
import type { Assignment } from '../../domain/assignment.ts';
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { User } from '../../domain/party.ts';
import { fold, searchFor } from '../../domain/letter-case.ts';
import { checkQuery, pageOf, positionOf, searchedIn, textsOf } from '../directory-query.ts';
import { copy } from '../values.ts';
import { memoryBrowse } from './browse.ts';
import { byCodePoint } from '../../domain/code-point.ts';
import { dependentsOf } from './dependents.ts';
import { LISTED, type ListedNoun, type Sight } from './directory-nouns.ts';
import { isRevoked } from './grants.ts';
import { listLeases } from './leases.ts';
import { partyKey, type Tables } from './tables.ts';

export function memoryDirectory(reading: () => Tables): DirectoryReader {
  const list = <N extends NounName>(noun: N, query: ListQuery) => listNoun(noun, query, reading());
  return {
    ...memoryBrowse(reading),
    find: async (noun, keys, visibility) => find(noun, keys, { tables: reading(), visibility }),
    list: async (noun, query) => list(noun, query),
    listMembers: async (userGroup, query) => list('users', { ...query, filters: { user_group: userGroup }, sort: 'id', descending: false }),
    listHolders: async (securityProfile, query) => listHolders(reading(), securityProfile, query),
    listSessions: async (userId, now, limit) => sessionsOf(reading(), userId, now).slice(0, limit),
    listLeases: async (query) => listLeases(reading(), query),
    dependentsOf: async (noun, key, limit) => dependentsOf(reading(), { noun, key, limit }),
  };
}

function find<N extends NounName>(noun: N, keys: readonly string[], sight: Sight): ReadonlyMap<string, Nouns[N]> {
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  const found = new Map<string, Nouns[N]>();
  for (const key of keys) {
    const object = listed.table(sight.tables).get(key);
    if (object !== undefined && listed.isSeen(object, sight)) found.set(key, copy(object));
  }
  return found;
}

function listNoun<N extends NounName>(noun: N, query: ListQuery, tables: Tables): Page<Nouns[N]> {
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  const sight: Sight = { tables, visibility: query.visibility };
  const search = query.search === undefined ? undefined : searchFor(query.search);
  const matches = (object: Nouns[N]): boolean =>
    matchesFilters(noun, object, { filters: query.filters, sight }) &&
    (search === undefined ||
      searchedIn(noun, listed.searched(object), query).some((text) => text !== undefined && fold(text, search.letters).includes(search.needle)));
  const possible = checkQuery(noun, query);
  const all = possible ? [...listed.table(tables).values()].filter(matches) : [];
  return paged(all, query, (object) => positionOf(noun, query.sort, object));
}

/** Whether an object is seen, and every filter fits. */
export function matchesFilters<N extends NounName>(
  noun: N,
  object: Nouns[N],
  { filters, sight }: Pick<ListQuery, 'filters'> & { readonly sight: Sight },
): boolean {
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  return listed.isSeen(object, sight) && Object.entries(filters).every(([name, value]) => fits(noun, object, { name, value, sight }));
}

interface Filter {
  readonly name: string;
  readonly value: FilterValue;
  readonly sight: Sight;
}

function fits<N extends NounName>(noun: N, object: Nouns[N], { name, value, sight }: Filter): boolean {
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  const kind = FILTERS[noun][name];
  if (kind === 'text') return listed.texts[name]!(object, textsOf(value), sight);
  const found = listed.scalars[name]!(object);
  if (kind === 'boolean') return found === value;
  if (found === undefined) return false;
  return kind === 'before' ? found < (value as Date) : found >= (value as Date);
}

function paged<T>(all: readonly T[], query: Pick<ListQuery, 'descending' | 'after' | 'limit' | 'total'>, position: (object: T) => Position): Page<T> {
  const { after, limit, descending } = query;
  const sign = descending ? -1 : 1;
  const rest = all
    .map((object) => ({ object, at: position(object) }))
    .filter(({ at }) => after === undefined || sign * byPosition(at, after) > 0)
    .sort((a, b) => sign * byPosition(a.at, b.at))
    .slice(0, limit + 1)
    .map(({ object }) => object);
  return pageOf(copy(rest), limit, { position, total: query.total ? all.length : undefined });
}

const byPosition = (a: Position, b: Position): number => byCodePoint(a.value, b.value) || byCodePoint(a.key, b.key);

function listHolders(tables: Tables, profile: string, query: Pick<ListQuery, 'visibility' | 'after' | 'limit' | 'total'>): Page<Holder> {
  const whole: ListQuery = { ...query, filters: {}, sort: 'id', descending: false };
  checkQuery('users', whole);
  const holders: Holder[] = [];
  for (const user of tables.users.values()) {
    if (!LISTED.users.isSeen(user, { tables, visibility: query.visibility })) continue;
    const assignments = reaching(tables, user).filter(({ securityProfile }) => securityProfile === profile);
    if (assignments.length > 0) holders.push({ user, assignments: assignments.map(({ id }) => id).sort(byCodeUnit) });
  }
  return paged(holders, whole, ({ user }) => positionOf('users', 'id', user));
}

function reaching(tables: Tables, user: User): Assignment[] {
  const to = (kind: 'user' | 'user_group' | 'organization', id: string) => tables.assignmentsByParty.get(partyKey({ kind, id })) ?? [];
  const above = tables.organizations.get(user.organization)!.path;
  return [
    ...to('user', user.id),
    ...user.memberships.flatMap(({ userGroup }) => to('user_group', userGroup)),
    ...above.flatMap((id) => to('organization', id).filter(({ includeDescendants }) => includeDescendants || id === user.organization)),
  ];
}

function sessionsOf(tables: Tables, userId: string, now: Date): Session[] {
  const sessions: Session[] = [];
  for (const { id, clientId, requestedScope, audience, createdAt, expiresAt, ...grant } of tables.grants.values()) {
    if (grant.userId !== userId || expiresAt <= now) continue;
    if (isRevoked(tables, { jti: '', grantId: id, userId, clientId, issuedAt: createdAt })) continue;
    const uses = [...tables.refreshTokens.values()].filter(({ grantId }) => grantId === id).map((token) => token.createdAt.getTime());
    sessions.push({ id, clientId, requestedScope, audience, createdAt, lastUsedAt: new Date(Math.max(createdAt.getTime(), ...uses)), expiresAt });
  }
  return copy(sessions.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byCodeUnit(b.id, a.id)));
}
