/** @module Whom a security profile reaches, in Postgres. */
import type { Holder, ListQuery, Page } from '../../domain/directory.ts';
import { checkQuery, pageOf } from '../directory-query.ts';
import { isStorable } from '../values.ts';
import { rootsOf } from './directory-visibility.ts';
import { LISTED } from './directory-nouns.ts';
import { fromUserRow, type UserRow } from './parties.ts';
import type { Session, Statement, Value } from './session.ts';

/** As many groups and organizations are few: as long as each of them is entered apart. */
const FEW = 200;

/**
 * Ids of the holders after one, in order. Users to whom the profile was assigned themselves come by its index. The others
 * come, where it was assigned to few groups and organizations, from the beginning of each of these; where it was assigned
 * to many, by a walk through all users, of whom many are reached then. OFFSET 0 keeps Postgres from hashing all memberships
 * for a walk that soon ends.
 */
const PAGE = `
  WITH given AS MATERIALIZED (
    SELECT user_group_id, organization_id, include_descendants FROM assignments
    WHERE security_profile_id = ? AND (user_group_id IS NOT NULL OR organization_id IS NOT NULL)
  ), places AS MATERIALIZED (
    SELECT o.id FROM given g JOIN organizations o ON o.id = g.organization_id WHERE o.path @> ?::text[]
    UNION
    SELECT o.id FROM organizations o
    WHERE o.path && ARRAY(SELECT g.organization_id::text FROM given g WHERE g.include_descendants) AND o.path @> ?::text[]
  ), size AS MATERIALIZED (
    SELECT (SELECT count(*) FROM places) + (SELECT count(*) FROM given WHERE user_group_id IS NOT NULL) <= ?::int AS few
  ), reached AS (
    (SELECT DISTINCT a.user_id AS id
      FROM assignments a JOIN users u ON u.id = a.user_id JOIN organizations o ON o.id = u.organization_id
      WHERE a.security_profile_id = ? AND a.user_id > ?::text AND o.path @> ?::text[] ORDER BY a.user_id LIMIT ?)
    UNION
    (SELECT e.user_id FROM given g CROSS JOIN LATERAL (
        SELECT m.user_id FROM user_group_members m JOIN users u ON u.id = m.user_id JOIN organizations o ON o.id = u.organization_id
        WHERE m.user_group_id = g.user_group_id AND m.user_id > ?::text AND o.path @> ?::text[] ORDER BY m.user_id LIMIT ?) e
      WHERE (SELECT few FROM size))
    UNION
    (SELECT e.id FROM places p CROSS JOIN LATERAL (
        SELECT u.id FROM users u WHERE u.organization_id = p.id AND u.id > ?::text ORDER BY u.id LIMIT ?) e
      WHERE (SELECT few FROM size))
    UNION
    (SELECT u.id FROM users u JOIN organizations o ON o.id = u.organization_id
      WHERE NOT (SELECT few FROM size) AND u.id > ?::text AND o.path @> ?::text[]
        AND (u.organization_id IN (SELECT id FROM places) OR EXISTS (SELECT FROM user_group_members m WHERE m.user_id = u.id
          AND (m.user_group_id IN (SELECT user_group_id FROM given WHERE user_group_id IS NOT NULL)) IS TRUE OFFSET 0))
      ORDER BY u.id LIMIT ?)
  )
  SELECT id FROM reached ORDER BY id LIMIT ?`;

const ASSIGNMENTS = `
  ARRAY(SELECT id::text FROM (
    SELECT a.id FROM assignments a WHERE a.security_profile_id = ? AND a.user_id = users.id
    UNION ALL
    SELECT a.id FROM user_group_members m JOIN assignments a ON a.user_group_id = m.user_group_id
    WHERE m.user_id = users.id AND a.security_profile_id = ?
    UNION ALL
    SELECT a.id FROM organizations o JOIN assignments a ON a.organization_id = ANY (o.path) AND (a.include_descendants OR a.organization_id = o.id)
    WHERE o.id = users.organization_id AND a.security_profile_id = ?) given ORDER BY id) AS assignments`;

const TOTAL: Statement = {
  sql: `
    WITH given AS MATERIALIZED (
      SELECT user_group_id, organization_id, include_descendants FROM assignments
      WHERE security_profile_id = ? AND (user_group_id IS NOT NULL OR organization_id IS NOT NULL)
    ), reached AS (
      SELECT user_id AS id FROM assignments WHERE security_profile_id = ? AND user_id IS NOT NULL
      UNION
      SELECT m.user_id FROM given g JOIN user_group_members m ON m.user_group_id = g.user_group_id
      UNION
      SELECT u.id FROM given g JOIN users u ON u.organization_id = g.organization_id
      UNION
      SELECT u.id FROM organizations o JOIN users u ON u.organization_id = o.id
      WHERE o.path && ARRAY(SELECT g.organization_id::text FROM given g WHERE g.include_descendants)
    )
    SELECT count(*)::int AS count
    FROM reached JOIN users u ON u.id = reached.id JOIN organizations o ON o.id = u.organization_id WHERE o.path @> ?::text[]`,
};

type HoldersQuery = Pick<ListQuery, 'visibility' | 'after' | 'limit' | 'total'>;

export async function listHolders(session: Session, profile: string, query: HoldersQuery): Promise<Page<Holder>> {
  const { visibility, after, limit } = query;
  checkQuery('users', { ...query, filters: {}, sort: 'id' });
  if (visibility.tenancy.kind === 'nothing' || !isStorable(profile)) return { items: [], next: undefined, total: query.total ? 0 : undefined };
  const [roots, start, rows] = [rootsOf(visibility.tenancy), after?.key ?? '', limit + 1];
  const beginnings = [[start, roots, rows], [start, rows], [start, roots, rows], [rows]].flat() as Value[];
  const values = [profile, roots, roots, FEW, profile, start, roots, rows, ...beginnings];
  const found = await session.select<UserRow & { readonly assignments: readonly string[] }>((knex) =>
    knex
      .with('page', knex.raw(PAGE, values as never))
      .select([...LISTED.users.columns.map((column) => knex.raw(column)), knex.raw(ASSIGNMENTS, [profile, profile, profile])])
      .from('page')
      .join('users', 'users.id', 'page.id')
      .orderBy('users.id'),
  );
  const holders = found.map((row) => ({ user: fromUserRow(row), assignments: row.assignments }));
  const total = query.total ? (await session.rows<{ readonly count: number }>(TOTAL, [profile, profile, roots]))[0]!.count : undefined;
  return pageOf(holders, limit, { position: ({ user }) => ({ value: user.id, key: user.id }), total });
}
