/**
 * @module Looking things up and paging through them in Postgres. Queries are put together from constant texts, chosen by
 * name from allow-lists; whatever came from outside is bound.
 */
import type { Knex } from 'knex';
import { FILTERS, type DirectoryReader, type FilterValue, type ListQuery, type NounName, type Nouns, type Page } from '../../domain/directory.ts';
import { searchFor } from '../../domain/letter-case.ts';
import { checkQuery, isSortedByInstant, keyOf, pageOf, positionOf, searchedIn, textsOf } from '../directory-query.ts';
import { batches, storableKeys } from '../values.ts';
import { postgresBrowse } from './browse.ts';
import { dependentsOf } from './dependents.ts';
import { listHolders } from './directory-holders.ts';
import { LISTED, type ListedNoun } from './directory-nouns.ts';
import { rootsOf, sightOf, type Condition } from './directory-visibility.ts';
import { listLeases } from './leases.ts';
import type { Session } from './session.ts';
import { listSessions } from './sign-in-sessions.ts';

export function postgresDirectory(session: Session): DirectoryReader {
  const list = <N extends NounName>(noun: N, query: ListQuery) => listNoun(session, noun, query);
  return {
    ...postgresBrowse(session),
    find: (noun, keys, visibility) => findNoun(session, noun, { keys, visibility }),
    list,
    listMembers: (userGroup, query) => list('users', { ...query, filters: { user_group: userGroup }, sort: 'id', descending: false }),
    listHolders: (securityProfile, query) => listHolders(session, securityProfile, query),
    listSessions: (userId, now, limit) => listSessions(session, { userId, now, limit }),
    listLeases: (query) => listLeases(session, query),
    dependentsOf: (noun, key, limit) => dependentsOf(session, { noun, key, limit }),
  };
}

interface Lookup extends Pick<ListQuery, 'visibility'> {
  readonly keys: readonly string[];
}

async function findNoun<N extends NounName>(session: Session, noun: N, { keys, visibility }: Lookup): Promise<ReadonlyMap<string, Nouns[N]>> {
  const found = new Map<string, Nouns[N]>();
  const sight = sightOf(noun, visibility, true);
  if (sight === 'nothing') return found;
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  for (const batch of batches([...new Set(storableKeys(keys))])) {
    const rows = await session.select((knex) => {
      const query = selection(knex, listed).whereRaw('?? = ANY (?::text[])', [listed.key, [...batch]]);
      return sight === undefined ? query : where(query, sight);
    });
    for (const row of rows) {
      const object = listed.fromRow(row as never);
      found.set(keyOf(noun, object), object);
    }
  }
  return found;
}

async function listNoun<N extends NounName>(session: Session, noun: N, query: ListQuery): Promise<Page<Nouns[N]>> {
  const conditions = conditionsOf(noun, query);
  if (conditions === undefined) return { items: [], next: undefined, total: query.total ? 0 : undefined };
  const listed: ListedNoun<Nouns[N]> = LISTED[noun];
  const rows = await session.select((knex) => {
    const selected = conditions.reduce(where, selection(knex, listed));
    return inOrder(knex, selected, { listed, query }).limit(query.limit + 1);
  });
  const found = rows.map((row) => listed.fromRow(row as never));
  return pageOf(found, query.limit, {
    position: (object) => positionOf(noun, query.sort, object),
    total: query.total ? await count(session, listed.table, conditions) : undefined,
  });
}

async function count(session: Session, table: string, conditions: readonly Condition[]): Promise<number> {
  const rows = await session.select<{ readonly count: number }>((knex) =>
    conditions.reduce(where, knex.select(knex.raw('count(*)::int AS count')).from(table)),
  );
  return rows[0]!.count;
}

export function selection(knex: Knex, { table, columns }: ListedNoun<unknown>): Knex.QueryBuilder {
  return knex.select(columns.map((column) => knex.raw(column))).from(table);
}

export const where = (query: Knex.QueryBuilder, { sql, values }: Condition): Knex.QueryBuilder => query.whereRaw(sql, values as Knex.RawBinding[]);

/** What everything on any page must be; undefined: nothing can be that. */
export function conditionsOf(
  noun: NounName,
  query: Pick<ListQuery, 'visibility' | 'filters' | 'search' | 'searchIn' | 'sort' | 'after'>,
): readonly Condition[] | undefined {
  const possible = checkQuery(noun, query);
  const filters = Object.entries(query.filters);
  const narrowed = filters.some(([name]) => NARROWING.has(name));
  const sight = sightOf(noun, query.visibility, narrowed);
  if (!possible || sight === 'nothing') return undefined;
  const conditions = filters.map(([name, value]) => filterOf(noun, { name, value, roots: rootsOf(query.visibility.tenancy) }));
  if (query.search !== undefined) conditions.push(searchOf(searchedIn(noun, LISTED[noun].searched, query), query.search));
  return sight === undefined ? conditions : [sight, ...conditions];
}

/** Filters of assignments that leave only few of them. */
const NARROWING: ReadonlySet<string> = new Set(['user', 'user_group', 'organization', 'client_id']);

interface Filter {
  readonly name: string;
  readonly value: FilterValue;
  readonly roots: readonly string[];
}

function filterOf(noun: NounName, { name, value, roots }: Filter): Condition {
  const { filters, scalars } = LISTED[noun];
  if (FILTERS[noun][name] !== 'text') return { sql: scalars[name]!, values: [value] };
  const filter = filters[name]!;
  const texts = textsOf(value);
  if (typeof filter !== 'string') return { sql: filter.sql, values: filter.lists?.(texts, roots) ?? [texts] };
  // One text, compared as such, leaves the order of an index as it is.
  return texts.length === 1 ? { sql: '?? = ?::text', values: [filter, texts[0]!] } : { sql: '?? = ANY (?::text[])', values: [filter, texts] };
}

function searchOf(fields: readonly string[], text: string): Condition {
  const { needle, letters } = searchFor(text);
  const folds = letters.size > 0;
  const [from, to] = [[...letters.keys()].join(''), [...letters.values()].join('')];
  const found = folds ? 'strpos(translate(lower(?? COLLATE "C"), ?::text, ?::text), ?::text) > 0' : 'strpos(lower(?? COLLATE "C"), ?::text) > 0';
  return {
    sql: `(${['false', ...fields.map(() => found)].join(' OR ')})`,
    values: fields.flatMap((field) => (folds ? [field, from, to, needle] : [field, needle])),
  };
}

interface Ordered {
  readonly listed: Pick<ListedNoun<unknown>, 'key' | 'sorts'>;
  readonly query: Pick<ListQuery, 'sort' | 'descending' | 'after'>;
}

/**
 * Of two columns Postgres weighs only the first, and takes nothing to be left where most rows have the value that the page
 * ended with, as those without an end have. What it cannot see, it takes for a third.
 */
const BEYOND = {
  key: { ascending: '?? > ?::text', descending: '?? < ?::text' },
  text: { ascending: '(?, ??) > ((SELECT ?::text), ?::text)', descending: '(?, ??) < ((SELECT ?::text), ?::text)' },
  instant: { ascending: '(?, ??) > ((SELECT ?::timestamptz), ?::text)', descending: '(?, ??) < ((SELECT ?::timestamptz), ?::text)' },
} as const;

/** Rows are compared as a whole, so that an index is entered where the page before ended. */
function inOrder(knex: Knex, rows: Knex.QueryBuilder, { listed, query }: Ordered): Knex.QueryBuilder {
  const { sort, after } = query;
  const direction = query.descending ? 'descending' : 'ascending';
  const order = query.descending ? 'desc' : 'asc';
  const sorted = listed.sorts[sort];
  if (sorted === undefined) {
    const rest = after === undefined ? rows : rows.whereRaw(BEYOND.key[direction], [listed.key, after.key]);
    return rest.orderBy(listed.key, order);
  }
  const expression = knex.raw(sorted);
  const beyond = BEYOND[isSortedByInstant(sort) ? 'instant' : 'text'][direction];
  const rest = after === undefined ? rows : rows.whereRaw(beyond, [expression, listed.key, after.value, after.key]);
  return rest.orderBy([
    { column: expression as unknown as string, order },
    { column: listed.key, order },
  ]);
}
