/**
 * @module What every store does alike when it lists: refuses what a noun does not have, folds what is searched for, and
 * tells where a page ends. Stores differ only in how they find the rows.
 */
import { types } from 'node:util';
import {
  FILTERS,
  SEARCHED,
  SORTS,
  type FilterValue,
  type ListQuery,
  type NounName,
  type Nouns,
  type Page,
  type Position,
} from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import { isStorable } from './values.ts';

type ByNoun<Result> = { readonly [N in NounName]: (object: Nouns[N]) => Result };

const KEYS: ByNoun<string> = {
  organization_types: ({ name }) => name,
  roles: ({ name }) => name,
  permission_types: ({ type }) => type,
  organizations: ({ id }) => id,
  user_groups: ({ id }) => id,
  users: ({ id }) => id,
  security_profiles: ({ id }) => id,
  clients: ({ clientId }) => clientId,
  resource_servers: ({ audience }) => audience,
  assignments: ({ id }) => id,
  impersonation_rules: ({ id }) => id,
};

/** The natural key under which an object is kept. */
export function keyOf<N extends NounName>(noun: N, object: Nouns[N]): string {
  return KEYS[noun](object);
}

/** Texts are sorted by this much of them: an index has no room for more, and a cursor is no place for a novel. */
const SORTED_CHARACTERS = 250;

export function sortedPart(text: string): string {
  return text.length <= SORTED_CHARACTERS ? text : Array.from(text).slice(0, SORTED_CHARACTERS).join('');
}

/** Sorts after every text that {@link sortedOptional} makes of one that is there. */
const ABSENT = '~';

/** A text that may be absent, as one that is always there; what is absent comes last. */
export const sortedOptional = (text: string | undefined): string => (text === undefined ? ABSENT : `=${sortedPart(text)}`);

/** The word by which Postgres, too, calls an instant later than all others. */
const NEVER = 'infinity';

type SortValues = { readonly [N in NounName]: Readonly<Record<string, (object: Nouns[N]) => string>> };

const SORT_VALUES: SortValues = {
  organization_types: { name: KEYS.organization_types },
  roles: { name: KEYS.roles, category: ({ category }) => category },
  permission_types: { type: KEYS.permission_types },
  organizations: { id: KEYS.organizations, name: ({ name }) => sortedPart(name), type: ({ type }) => type },
  user_groups: { id: KEYS.user_groups, name: ({ name }) => sortedPart(name), organization: ({ organization }) => organization },
  users: {
    id: KEYS.users,
    username: ({ username }) => sortedPart(username),
    email: ({ email }) => sortedOptional(email),
    organization: ({ organization }) => organization,
  },
  security_profiles: { id: KEYS.security_profiles, name: ({ name }) => sortedPart(name) },
  clients: { client_id: KEYS.clients, client_name: ({ clientName }) => sortedPart(clientName) },
  resource_servers: { audience: KEYS.resource_servers, name: ({ name }) => sortedPart(name) },
  assignments: {
    id: KEYS.assignments,
    security_profile: ({ securityProfile }) => securityProfile,
    valid_until: ({ validUntil }) => validUntil?.toISOString() ?? NEVER,
    assigned_at: ({ assignedAt }) => assignedAt.toISOString(),
  },
  impersonation_rules: { id: KEYS.impersonation_rules },
};

/** What an object is sorted by, as text. Compared by code point: in Postgres with the collation `C`, or as an instant. */
export function positionOf<N extends NounName>(noun: N, sort: string, object: Nouns[N]): Position {
  return { value: SORT_VALUES[noun][sort]!(object), key: keyOf(noun, object) };
}

const SORTED_BY_INSTANT: ReadonlySet<string> = new Set(['valid_until', 'assigned_at']);

export const isSortedByInstant = (sort: string): boolean => SORTED_BY_INSTANT.has(sort);

/**
 * Looks at everything in a query that came from outside.
 * @returns false when nothing can match, because a text in it cannot be kept in a store
 * @throws `invalid_input` for a filter, a sort or a position that the noun does not have
 */
export function checkQuery(noun: NounName, query: Pick<ListQuery, 'filters' | 'search' | 'sort' | 'after'>): boolean {
  if (!SORTS[noun].includes(query.sort)) throw new DomainError('invalid_input', `${noun} cannot be sorted by ${JSON.stringify(query.sort)}.`);
  if (query.after !== undefined) checkPosition(query.after, query.sort);
  const texts = Object.entries(query.filters).map(([name, value]) => checkFilter(noun, name, value));
  return (query.search === undefined || isStorable(query.search)) && texts.every((possible) => possible);
}

function checkPosition({ value, key }: Position, sort: string): void {
  const fits = isStorable(value) && isStorable(key) && (!isSortedByInstant(sort) || value === NEVER || !Number.isNaN(Date.parse(value)));
  if (!fits) throw new DomainError('invalid_input', 'The position is not one of this list.');
}

function checkFilter(noun: NounName, name: string, value: FilterValue): boolean {
  const kind = Object.hasOwn(FILTERS[noun], name) ? FILTERS[noun][name] : undefined;
  if (kind === undefined) throw new DomainError('invalid_input', `${noun} cannot be filtered by ${JSON.stringify(name)}.`);
  const fits =
    kind === 'text' ? isTexts(value) : kind === 'boolean' ? typeof value === 'boolean' : types.isDate(value) && !Number.isNaN(value.getTime());
  if (!fits) throw new DomainError('invalid_input', `The filter ${name} of ${noun} wants ${WANTED[kind]}.`);
  return kind !== 'text' || textsOf(value).some(isStorable);
}

const WANTED = { text: 'texts', boolean: 'true or false', before: 'an instant', after: 'an instant' } as const;

const isTexts = (value: FilterValue): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((text) => typeof text === 'string'));

/** The texts of a text filter that can be in a store. */
export function textsOf(value: FilterValue): readonly string[] {
  return (typeof value === 'string' ? [value] : Array.isArray(value) ? (value as readonly string[]) : []).filter(isStorable);
}

/** Those of a noun's searched fields that a query looks into. @param fields one for each of {@link SEARCHED}, in that order */
export function searchedIn<T>(noun: NounName, fields: readonly T[], { searchIn }: Pick<ListQuery, 'searchIn'>): readonly T[] {
  return searchIn === undefined ? fields : fields.filter((_, index) => searchIn.includes(SEARCHED[noun][index]!));
}

/** A page of what was found when one more than the limit was looked for. */
export function pageOf<T>(found: readonly T[], limit: number, { position, total }: PageEnd<T>): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? position(last) : undefined, total };
}

interface PageEnd<T> {
  readonly position: (object: T) => Position;
  readonly total: number | undefined;
}
