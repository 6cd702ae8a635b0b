/** @module Numbered pages in Postgres: constant expressions, chosen by name; whatever came from outside is bound. */
import type { Knex } from 'knex';
import { BROWSED, type Annals, type BrowsedNoun, type BrowseQuery, type BrowseReader, type FieldTest, type MemberOf } from '../../domain/browse.ts';
import { SORTS, type Nouns } from '../../domain/directory.ts';
import { possibleQuery } from '../browse-query.ts';
import { fold, searchFor } from '../../domain/letter-case.ts';
import { batches, isStorable, storableKeys } from '../values.ts';
import { EXPRESSIONS } from './browse-expressions.ts';
import { conditionsOf, selection, where } from './directory.ts';
import { LISTED, type ListedNoun } from './directory-nouns.ts';
import { rootsOf } from './directory-visibility.ts';
import { withoutNulls } from './repository.ts';
import type { Session, Statement } from './session.ts';

export function postgresBrowse(session: Session): BrowseReader {
  return {
    browse: (noun, query) => browse(session, noun, query),
    browseMemberships: async (query) => {
      const { visibility, organization, userGroup, user, skip, limit } = query;
      if (visibility.tenancy.kind === 'nothing' || ![organization, userGroup ?? '', user ?? ''].every(isStorable)) return { items: [], total: 0 };
      const named = [organization, rootsOf(visibility.tenancy), userGroup ?? null, userGroup ?? null, user ?? null, user ?? null];
      const items = await session.rows<MemberOf>(MEMBERSHIPS, [...named, limit, skip]);
      const [counted] = await session.rows<{ readonly count: number }>(COUNT_MEMBERSHIPS, named);
      return { items, total: counted!.count };
    },
    findAnnals: async (noun, keys) => {
      const found = new Map<string, Annals>();
      for (const batch of batches(storableKeys(keys))) {
        for (const { id, ...row } of await session.rows<AnnalsRow>(ANNALS[noun], [batch])) found.set(id, withoutNulls<Annals>(row));
      }
      return found;
    },
  };
}

type AnnalsRow = { readonly id: string } & { readonly [K in keyof Annals]: Date | null };

const ANNALS: Readonly<Record<'organizations' | 'users', Statement>> = {
  organizations: { sql: 'SELECT id::text, created_at AS "madeAt" FROM organizations WHERE id = ANY (?::text[])' },
  users: { sql: 'SELECT id::text, created_at AS "madeAt", password_changed_at AS "passwordChangedAt" FROM users WHERE id = ANY (?::text[])' },
};

const MEMBERSHIPS: Statement = {
  sql: `
    SELECT m.user_group_id::text AS "userGroup", m.user_id::text AS "user"
    FROM user_groups g JOIN user_group_members m ON m.user_group_id = g.id JOIN users u ON u.id = m.user_id JOIN organizations o ON o.id = u.organization_id
    WHERE g.organization_id = ? AND o.path @> ?::text[] AND (?::text IS NULL OR g.id = ?::text) AND (?::text IS NULL OR u.id = ?::text)
    ORDER BY m.user_group_id, m.user_id LIMIT ? OFFSET ?`,
};
const COUNT_MEMBERSHIPS: Statement = {
  sql: `
    SELECT count(*)::int AS count
    FROM user_groups g JOIN user_group_members m ON m.user_group_id = g.id JOIN users u ON u.id = m.user_id JOIN organizations o ON o.id = u.organization_id
    WHERE g.organization_id = ? AND o.path @> ?::text[] AND (?::text IS NULL OR g.id = ?::text) AND (?::text IS NULL OR u.id = ?::text)`,
};

async function browse<N extends BrowsedNoun>(session: Session, noun: N, asked: BrowseQuery) {
  const query = possibleQuery(noun, asked);
  const { visibility, filters } = asked;
  const conditions = conditionsOf(noun, { visibility, filters, sort: SORTS[noun][0] });
  if (query === undefined || conditions === undefined) return { items: [], total: 0 };
  const listed = LISTED[noun] as ListedNoun<Nouns[N]>;
  const matching = (knex: Knex, selected: Knex.QueryBuilder): Knex.QueryBuilder =>
    narrowed(knex, conditions.reduce(where, selected), { noun, query });
  const rows = await session.select((knex) => {
    const ordered = query.order.reduce(
      (rest, { field, descending }) => rest.orderBy(knex.raw(EXPRESSIONS[noun][field]!) as unknown as string, descending ? 'desc' : 'asc'),
      matching(knex, selection(knex, listed)),
    );
    return ordered
      .orderBy(listed.key, query.order.at(-1)?.descending === true ? 'desc' : 'asc')
      .offset(query.skip)
      .limit(query.limit);
  });
  const [counted] = await session.select<{ readonly count: number }>((knex) =>
    matching(knex, knex.select(knex.raw('count(*)::int AS count')).from(listed.table)),
  );
  return { items: rows.map((row) => listed.fromRow(row as never)), total: counted!.count };
}

interface Narrowing {
  readonly noun: BrowsedNoun;
  readonly query: BrowseQuery;
}

function narrowed(knex: Knex, rows: Knex.QueryBuilder, { noun, query }: Narrowing): Knex.QueryBuilder {
  for (const { field, oneOf } of query.conditions) {
    rows.where((either) => {
      for (const { not, is } of oneOf) {
        const [sql, values] = testOf(is, BROWSED[noun][field] === 'instant');
        either.orWhereRaw(not ? NEGATED[sql]! : sql, [knex.raw(EXPRESSIONS[noun][field]!), ...values] as Knex.RawBinding[]);
      }
    });
  }
  const { search } = query;
  if (search !== undefined) {
    rows.where((either) => {
      for (const field of search.fields) {
        either.orWhereRaw(LIKE, [knex.raw(EXPRESSIONS[noun][field]!), ...likeValues(['', search.text, ''])] as Knex.RawBinding[]);
      }
    });
  }
  return rows;
}

const LIKE = `coalesce(translate(lower(?), ?::text, ?::text) LIKE ?::text ESCAPE '!', false)`;
const EQUAL_BOOLEAN = 'coalesce(? = ?::boolean, false)';
const EQUAL_INSTANT = 'coalesce(? = ?::timestamptz, false)';
const COMPARED = {
  text: {
    below: ['coalesce(? < ?::text, false)', 'coalesce(? <= ?::text, false)'],
    above: ['coalesce(? > ?::text, false)', 'coalesce(? >= ?::text, false)'],
  },
  instant: {
    below: ['coalesce(? < ?::timestamptz, false)', 'coalesce(? <= ?::timestamptz, false)'],
    above: ['coalesce(? > ?::timestamptz, false)', 'coalesce(? >= ?::timestamptz, false)'],
  },
} as const;

const NEGATED = Object.fromEntries(
  [LIKE, EQUAL_BOOLEAN, EQUAL_INSTANT, ...Object.values(COMPARED).flatMap(({ below, above }) => [...below, ...above])].map((sql) => [
    sql,
    `NOT ${sql}`,
  ]),
) as Readonly<Record<string, string>>;

function testOf(is: FieldTest['is'], isInstant: boolean): readonly [string, readonly unknown[]] {
  if ('like' in is) return [LIKE, likeValues(is.like)];
  if ('equal' in is) return [typeof is.equal === 'boolean' ? EQUAL_BOOLEAN : EQUAL_INSTANT, [is.equal]];
  return [COMPARED[isInstant ? 'instant' : 'text'][is.order][is.orEqual ? 1 : 0], [is.than]];
}

/** How to fold the field, and the pattern. */
function likeValues(pieces: readonly string[]): readonly string[] {
  const { letters } = searchFor(pieces.join(''));
  const pattern = pieces.map((piece) => fold(piece, letters).replaceAll(/[!%_]/g, (character) => `!${character}`)).join('%');
  return [[...letters.keys()].join(''), [...letters.values()].join(''), pattern];
}
