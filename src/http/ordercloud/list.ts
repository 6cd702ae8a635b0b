/** Lists as OrderCloud has them: `search`, `searchOn`, `sortBy`, `page`, `pageSize`, every other parameter a filter; `{Meta, Items}`. */
import { z } from 'zod';
import { BROWSED, type BrowsedNoun, type BrowseQuery, type FieldCondition, type NumberedPage } from '../../domain/browse.ts';
import type { FilterValue, Visibility } from '../../domain/directory.ts';
import { invalidInput, type InputProblem } from '../api/validation.ts';
import { parseFilter } from './filters.ts';

/** Fields of a list, by OrderCloud's names. */
export interface Listing {
  readonly noun: BrowsedNoun;
  /** To a field of the noun; `null`: nothing that is kept, so it is absent everywhere. */
  readonly fields: Readonly<Record<string, string | null>>;
  readonly searched: readonly string[];
  readonly sorted: readonly string[];
}

/** What a list was asked for. */
export interface ListOptions {
  readonly page: number;
  readonly pageSize: number;
  readonly search: BrowseQuery['search'];
  readonly order: BrowseQuery['order'];
  /** Undefined: nothing can match. */
  readonly conditions: readonly FieldCondition[] | undefined;
}

const LARGEST_PAGE = 100;
const USUAL_PAGE = 20;
/** Whoever goes on for longer sorts by ID and asks for `ID: '>last'`, which costs the same on every page. */
const LAST_PAGE = 1000;

const whole = (most: number, usual: number) =>
  z
    .string()
    .regex(/^\d{1,7}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(most))
    .default(usual);

/** Parameters of every list, also of those that can neither be searched nor sorted. */
export const PAGE_PARAMETERS = { page: whole(LAST_PAGE, 1), pageSize: whole(LARGEST_PAGE, USUAL_PAGE) };

const LIST_PARAMETERS = z.object({
  ...PAGE_PARAMETERS,
  search: z.string().max(200).optional(),
  searchOn: z.string().max(500).optional(),
  sortBy: z.string().max(500).optional(),
});

/** The parameters of a list that come once; all others are filters. */
export const LIST_PARAMETER_NAMES: readonly string[] = Object.keys(LIST_PARAMETERS.shape);

/**
 * What a list is asked for.
 * @param given parameters that come once
 * @param filters every other one, as often as it comes
 * @throws `invalid_input`
 */
export function listOptions(listing: Listing, given: Readonly<Record<string, string>>, filters: readonly (readonly [string, string])[]): ListOptions {
  const parsed = LIST_PARAMETERS.safeParse(given);
  const problems: InputProblem[] = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({ parameter: String(path[0]), message: `${message}.` }));
  const { page = 1, pageSize = USUAL_PAGE, search, searchOn, sortBy } = parsed.success ? parsed.data : {};
  const named = (parameter: string, text: string | undefined, allowed: readonly string[]): string[] => {
    const names = (text ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const unknown = names.find((name) => !allowed.includes(name.replace(/^!/, '')));
    if (unknown !== undefined)
      problems.push({ parameter, message: `there is no ${JSON.stringify(unknown.slice(0, 100))}. Allowed: ${allowed.join(', ')}.` });
    return unknown === undefined ? names : [];
  };
  const searched = named('searchOn', searchOn, listing.searched);
  const fields = (searched.length === 0 ? listing.searched : searched).flatMap((name) => listing.fields[name] ?? []);
  const order = named('sortBy', sortBy, listing.sorted).flatMap((name) => {
    const field = listing.fields[name.replace(/^!/, '')] ?? null;
    return field === null ? [] : [{ field, descending: name.startsWith('!') }];
  });
  const conditions = conditionsOf(listing, filters, problems);
  if (problems.length > 0) throw invalidInput(problems);
  return { page, pageSize, order, conditions, search: search === undefined || search === '' ? undefined : { text: search, fields } };
}

const MOST_FILTERS = 20;

function conditionsOf(listing: Listing, filters: readonly (readonly [string, string])[], problems: InputProblem[]): ListOptions['conditions'] {
  if (filters.length > MOST_FILTERS) problems.push({ parameter: 'filters', message: `there are more than ${MOST_FILTERS}.` });
  const conditions: FieldCondition[] = [];
  let possible = true;
  for (const [name, text] of filters.slice(0, MOST_FILTERS)) {
    const parameter = name.slice(0, 100);
    const field = Object.hasOwn(listing.fields, name) ? listing.fields[name]! : undefined;
    if (field === undefined) {
      problems.push({ parameter, message: unknownFilter(name, listing) });
      continue;
    }
    const parsed = parseFilter(text, field === null ? 'text' : BROWSED[listing.noun][field]!);
    if ('problem' in parsed) problems.push({ parameter, message: parsed.problem });
    else if (field !== null) conditions.push({ field, oneOf: parsed.tests });
    else possible &&= parsed.tests.some(({ not }) => not);
  }
  return possible ? conditions : undefined;
}

const unknownFilter = (name: string, { fields }: Listing): string =>
  name.startsWith('xp.') || name === 'xp'
    ? 'extended properties are not kept here, so nothing can be filtered by them.'
    : `unknown parameter. Filters here: ${Object.keys(fields).join(', ')}.`;

export interface Browsing {
  readonly visibility: Visibility;
  readonly filters?: Readonly<Record<string, FilterValue>>;
  /** Besides those that were asked for. */
  readonly conditions?: readonly FieldCondition[];
}

/** The query of a list; undefined: nothing can match. */
export function browseQuery(options: ListOptions, { visibility, filters = {}, conditions = [] }: Browsing): BrowseQuery | undefined {
  if (options.conditions === undefined) return undefined;
  const { page, pageSize, search, order } = options;
  return {
    visibility,
    filters,
    conditions: [...conditions, ...options.conditions],
    search,
    order,
    skip: (page - 1) * pageSize,
    limit: pageSize,
  };
}

/** A text that is this one, byte by byte. */
export const exactly = (field: string, than: string): readonly FieldCondition[] =>
  (['below', 'above'] as const).map((order) => ({ field, oneOf: [{ not: false, is: { than, order, orEqual: true } }] }));

export const NOTHING: NumberedPage<never> = { items: [], total: 0 };

/** A page as it is answered. */
export function pageOf<T>({ page, pageSize }: Pick<ListOptions, 'page' | 'pageSize'>, { items, total }: NumberedPage<T>) {
  const first = (page - 1) * pageSize + 1;
  return {
    Meta: {
      Page: page,
      PageSize: pageSize,
      TotalCount: total,
      TotalPages: Math.ceil(total / pageSize),
      ItemRange: [first, first + items.length - 1],
      NextPageKey: null,
    },
    Items: items,
  };
}
