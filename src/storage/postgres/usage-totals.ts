/**
 * @module The statements that sum counts up: a page of names or objects is chosen first, then only its counts are read.
 * Each stands beside the values that it binds, in their order.
 */
import type { Visibility } from '../../domain/directory.ts';
import { isRootTenancy } from '../../domain/tenancy.ts';
import type { UsageKind, UsageQuery } from '../../domain/usage.ts';
import { storableKeys } from '../values.ts';
import type { Statement, Value } from './session.ts';

interface Listing {
  readonly page: Statement;
  readonly pageValues: (query: UsageQuery) => readonly Value[];
  readonly count: Statement;
  readonly countValues: (query: UsageQuery) => readonly Value[];
}

/** For `everything OR path contains OR (root AND no organization)`. */
export function own({ tenancy }: Visibility): readonly Value[] {
  return [tenancy.kind === 'everything', tenancy.kind === 'subtree' ? tenancy.organization : null, isRootTenancy(tenancy)];
}

/** For the same `OR inherited from one of these`. */
export function ownOrInherited(visibility: Visibility): readonly Value[] {
  const [everything, organization, root] = own(visibility);
  return [everything!, organization!, visibility.inherited || root!, visibility.inherited ? above(visibility) : []];
}

/** The tenancy's organization and those above it. */
export const above = ({ tenancy }: Visibility): readonly string[] => (tenancy.kind === 'subtree' ? tenancy.path : []);

const span = ({ from, to }: UsageQuery): readonly Value[] => [from, to];
const ofClient = ({ client }: UsageQuery): readonly Value[] => [client ?? null, client ?? null];
const chosen = ({ names }: UsageQuery): readonly Value[] => {
  const keys = names === undefined ? null : storableKeys(names);
  return [keys, keys];
};
/** One more than asked for tells whether there is a next page. */
const page = ({ after, limit }: UsageQuery): readonly Value[] => [after?.key ?? null, after?.key ?? null, limit + 1];

const roleValues = (query: UsageQuery): readonly Value[] => [
  ...span(query),
  ...ofClient(query),
  ...chosen(query),
  ...own(query.visibility),
  !(query.inVain ?? false),
];

/** Materialized, because the limit would lead Postgres to read all counts in the order of their names, of all clients. */
const ROLES: Listing = {
  page: {
    sql: `
      WITH totals AS MATERIALIZED (
        SELECT u.name, NULL::float8 AS tokens, sum(u.granted)::float8 AS granted, sum(u.dropped)::float8 AS dropped,
          (max(u.day) FILTER (WHERE u.granted > 0))::text AS last_used_on, max(u.day)::text AS last_requested_on
        FROM usage_by_day u JOIN clients c ON c.client_id = u.client_id LEFT JOIN organizations o ON o.id = c.organization_id
        WHERE u.kind = 'role' AND u.day BETWEEN ?::date AND ?::date
          AND (?::text IS NULL OR u.client_id = ?::text)
          AND (?::text[] IS NULL OR u.name = ANY (?::text[]))
          AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))
        GROUP BY u.name
        HAVING ?::boolean OR sum(u.granted) = 0
      )
      SELECT * FROM totals WHERE ?::text IS NULL OR name > ?::text ORDER BY name LIMIT ?`,
  },
  pageValues: (query) => [...roleValues(query), ...page(query)],
  count: {
    sql: `
      SELECT count(*)::int AS count FROM (
        SELECT u.name
        FROM usage_by_day u JOIN clients c ON c.client_id = u.client_id LEFT JOIN organizations o ON o.id = c.organization_id
        WHERE u.kind = 'role' AND u.day BETWEEN ?::date AND ?::date
          AND (?::text IS NULL OR u.client_id = ?::text)
          AND (?::text[] IS NULL OR u.name = ANY (?::text[]))
          AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))
        GROUP BY u.name
        HAVING ?::boolean OR sum(u.granted) = 0
      ) names`,
  },
  countValues: roleValues,
};

const CLIENTS: Listing = {
  page: {
    sql: `
      SELECT p.client_id AS name, t.*
      FROM (
        SELECT c.client_id FROM clients c LEFT JOIN organizations o ON o.id = c.organization_id
        WHERE (?::text[] IS NULL OR c.client_id = ANY (?::text[]))
          AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))
          AND (?::text IS NULL OR c.client_id > ?::text)
        ORDER BY c.client_id LIMIT ?
      ) p
      CROSS JOIN LATERAL (
        SELECT COALESCE(sum(u.granted) FILTER (WHERE u.kind = 'client'), 0)::float8 AS tokens,
          COALESCE(sum(u.granted) FILTER (WHERE u.kind = 'role'), 0)::float8 AS granted,
          COALESCE(sum(u.dropped) FILTER (WHERE u.kind = 'role'), 0)::float8 AS dropped,
          max(u.day)::text AS last_used_on, max(u.day)::text AS last_requested_on
        FROM usage_by_day u WHERE u.client_id = p.client_id AND u.day BETWEEN ?::date AND ?::date
      ) t
      ORDER BY p.client_id`,
  },
  pageValues: (query) => [...chosen(query), ...own(query.visibility), ...page(query), ...span(query)],
  count: {
    sql: `
      SELECT count(*)::int AS count FROM clients c LEFT JOIN organizations o ON o.id = c.organization_id
      WHERE (?::text[] IS NULL OR c.client_id = ANY (?::text[]))
        AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))`,
  },
  countValues: (query) => [...chosen(query), ...own(query.visibility)],
};

const PROFILES: Listing = {
  page: {
    sql: `
      SELECT p.id AS name, t.*
      FROM (
        SELECT p.id FROM security_profiles p LEFT JOIN organizations o ON o.id = p.organization_id
        WHERE (?::text[] IS NULL OR p.id = ANY (?::text[]))
          AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND p.organization_id IS NULL) OR p.organization_id = ANY (?::text[]))
          AND (?::text IS NULL OR p.id > ?::text)
        ORDER BY p.id LIMIT ?
      ) p
      CROSS JOIN LATERAL (
        SELECT NULL::float8 AS tokens, COALESCE(sum(u.granted), 0)::float8 AS granted, COALESCE(sum(u.dropped), 0)::float8 AS dropped,
          (max(u.day) FILTER (WHERE u.granted > 0))::text AS last_used_on, max(u.day)::text AS last_requested_on
        FROM usage_by_day u JOIN clients c ON c.client_id = u.client_id LEFT JOIN organizations o ON o.id = c.organization_id
        WHERE u.kind = 'security_profile' AND u.name = p.id AND u.day BETWEEN ?::date AND ?::date
          AND (?::text IS NULL OR u.client_id = ?::text)
          AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND c.organization_id IS NULL))
      ) t
      ORDER BY p.id`,
  },
  pageValues: (query) => [
    ...chosen(query),
    ...ownOrInherited(query.visibility),
    ...page(query),
    ...span(query),
    ...ofClient(query),
    ...own(query.visibility),
  ],
  count: {
    sql: `
      SELECT count(*)::int AS count FROM security_profiles p LEFT JOIN organizations o ON o.id = p.organization_id
      WHERE (?::text[] IS NULL OR p.id = ANY (?::text[]))
        AND (?::boolean OR o.path @> ARRAY[?::text] OR (?::boolean AND p.organization_id IS NULL) OR p.organization_id = ANY (?::text[]))`,
  },
  countValues: (query) => [...chosen(query), ...ownOrInherited(query.visibility)],
};

export const LISTINGS: Readonly<Record<UsageKind, Listing>> = { role: ROLES, client: CLIENTS, security_profile: PROFILES };
