/** Lists of the management API: one noun's parameters as a schema, and the query that they stand for. */
import { z } from 'zod';
import { FILTERS, SEARCHED, SORTS, type FilterValue, type ListQuery, type NounName, type Page, type Visibility } from '../../domain/directory.ts';
import type { Tenancy } from '../../domain/tenancy.ts';
import type { Cursors } from './cursor.ts';
import { flag } from './query.ts';

export const LARGEST_PAGE = 100;
const USUAL_PAGE = 20;
const LONGEST_SEARCH = 200;
const LONGEST_FILTER = 500;

const text = (longest: number): z.ZodString => z.string().min(1).max(longest);
const instant = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .pipe(z.date());

/** Parameters of every page, also of lists that can neither be searched nor sorted. */
export const PAGE_PARAMETERS = {
  limit: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(LARGEST_PAGE))
    .default(USUAL_PAGE)
    .describe('How many at most.'),
  cursor: z.string().min(1).max(1500).optional().describe('`next_cursor` of the page before. It goes with the same parameters only.'),
  total: flag.default(false).describe('Whether to count everything that matches.'),
};

type PageQuery = z.output<z.ZodObject<typeof PAGE_PARAMETERS>>;

/** What comes of the parameters of a noun's list. */
export interface NounQuery extends PageQuery {
  readonly search?: string | undefined;
  /** One of the noun's sorts, `-` before it for the other direction. */
  readonly sort: string;
  /** The noun's filters by name. */
  readonly [filter: string]: unknown;
}

/** Parameters of a noun's list, for `query` of its route. */
export function listParameters(noun: NounName): z.ZodObject {
  const sorts = SORTS[noun].flatMap((sort) => [sort, `-${sort}`]);
  return z.object({
    ...PAGE_PARAMETERS,
    search: text(LONGEST_SEARCH)
      .optional()
      .describe(`Part of ${SEARCHED[noun].join(', ')}; letter case does not matter.`),
    sort: z.enum(sorts).default(sorts[0]!).describe('`-` turns the order round.'),
    ...Object.fromEntries(Object.entries(FILTERS[noun]).map(([name, kind]) => [name, FILTER_SCHEMAS[kind].optional()])),
  });
}

const FILTER_SCHEMAS = { text: text(LONGEST_FILTER), boolean: flag, before: instant, after: instant };

/** A list as the store is asked for it, and as the caller asked for it. */
export interface NounList {
  readonly query: ListQuery;
  /** The cursor of the page after this one; undefined after the last. */
  readonly next: (page: Pick<Page<unknown>, 'next'>) => string | undefined;
}

export interface NounListOptions {
  readonly cursors: Cursors;
  readonly visibility: Visibility;
}

/**
 * What a noun's list is to be read with.
 * @throws `invalid_input` for a cursor of another list
 */
export function nounList(noun: NounName, asked: NounQuery, { cursors, visibility }: NounListOptions): NounList {
  const filters: Record<string, FilterValue> = {};
  for (const name of Object.keys(FILTERS[noun])) {
    if (asked[name] !== undefined) filters[name] = asked[name] as FilterValue;
  }
  const { search, sort, limit, total, cursor } = asked;
  const context = [noun, sort, Object.entries(filters), search ?? '', tenancyKey(visibility.tenancy), visibility.inherited];
  return {
    query: {
      visibility,
      filters,
      search,
      sort: sort.replace(/^-/, ''),
      descending: sort.startsWith('-'),
      after: cursor === undefined ? undefined : cursors.open(context, cursor),
      limit,
      total,
    },
    next: (page) => (page.next === undefined ? undefined : cursors.seal(context, page.next)),
  };
}

/** Whose part of the tree; for the context of a cursor. */
export function tenancyKey(tenancy: Tenancy): string {
  return tenancy.kind === 'subtree' ? `subtree:${tenancy.organization}` : tenancy.kind;
}

/** The answer of a list; its name in the document is that of its items with `Page`. */
export function pageOf(item: z.ZodType): z.ZodObject {
  const id = item.meta()?.id;
  const page = z.strictObject({
    items: z.array(item),
    next_cursor: z.string().optional().describe('Where the next page starts; missing on the last one.'),
    total: z.int().optional().describe('Everything that matches; when it was asked for.'),
  });
  return id === undefined ? page : page.meta({ id: `${id}Page` });
}
