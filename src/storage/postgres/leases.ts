/** @module What ends soon, in Postgres: assignments and memberships by the instant at which they end, each from its index. */
import type { Knex } from 'knex';
import type { Lease, LeaseQuery, Page } from '../../domain/directory.ts';
import type { Membership } from '../../domain/party.ts';
import { pageOf } from '../directory-query.ts';
import { leasePosition, leaseStart, type LeasePlace } from '../leases.ts';
import { fromAssignmentRow, type AssignmentRow } from './assignments.ts';
import { rootsOf, sightOf, type Condition } from './directory-visibility.ts';
import { withoutNulls } from './repository.ts';
import type { Session } from './session.ts';

/** Where the leases of one kind are, with the order in which its index keeps them. */
interface Kind {
  readonly table: string;
  readonly columns: string;
  readonly within: string;
  /** Behind a lease of the same kind: later than an instant, or at it with greater ids. */
  readonly beyond: string;
  /** Behind a lease of the other kind that ends at an instant. */
  readonly beyondOther: string;
  readonly order: string;
  sight(query: LeaseQuery): Condition | undefined;
}

const KINDS: { readonly [K in Lease['kind']]: Kind } = {
  assignment: {
    table: 'assignments',
    columns: `
      'assignment' AS kind, assignments.valid_until AS ends_at, assignments.id AS first_id, NULL::text AS second_id,
      assignments.id, security_profile_id, user_id, user_group_id, organization_id, client_id, via_client_id, include_descendants,
      valid_from, valid_until, reason, assigned_by, assigned_at`,
    within: `coalesce(assignments.valid_until, 'infinity') >= ?::timestamptz AND coalesce(assignments.valid_until, 'infinity') < ?::timestamptz`,
    beyond: `(coalesce(assignments.valid_until, 'infinity'), assignments.id) > (?::timestamptz, ?::text)`,
    beyondOther: `coalesce(assignments.valid_until, 'infinity') > ?::timestamptz`,
    order: `coalesce(assignments.valid_until, 'infinity'), assignments.id`,
    sight: ({ visibility }) => {
      const sight = sightOf('assignments', visibility, false);
      return sight === 'nothing' ? undefined : sight;
    },
  },
  membership: {
    table: 'user_group_members',
    columns: `
      'membership' AS kind, user_group_members.valid_until AS ends_at, user_group_members.user_id AS first_id, user_group_members.user_group_id AS second_id,
      NULL::text AS id, NULL::text AS security_profile_id, user_group_members.user_id, user_group_members.user_group_id, NULL::text AS organization_id,
      NULL::text AS client_id, NULL::text AS via_client_id, NULL::boolean AS include_descendants, user_group_members.valid_from,
      user_group_members.valid_until, user_group_members.reason, NULL::text AS assigned_by, NULL::timestamptz AS assigned_at`,
    within: 'user_group_members.valid_until >= ?::timestamptz AND user_group_members.valid_until < ?::timestamptz',
    beyond: '(user_group_members.valid_until, user_group_members.user_id, user_group_members.user_group_id) > (?::timestamptz, ?::text, ?::text)',
    beyondOther: 'user_group_members.valid_until >= ?::timestamptz',
    order: 'user_group_members.valid_until, user_group_members.user_id, user_group_members.user_group_id',
    sight: ({ visibility: { tenancy } }) => (tenancy.kind === 'everything' ? undefined : { sql: MEMBERS, values: [rootsOf(tenancy)] }),
  },
};

const MEMBERS = `EXISTS (SELECT FROM users u JOIN organizations o ON o.id = u.organization_id
  WHERE u.id = user_group_members.user_id AND o.path @> ?::text[])`;

interface LeaseRow extends AssignmentRow {
  readonly kind: Lease['kind'];
  readonly ends_at: Date;
}

function fromRow(row: LeaseRow): Lease {
  const { kind, ends_at: endsAt, user_id: user, user_group_id: userGroup, valid_from: validFrom, valid_until: validUntil, reason } = row;
  if (kind === 'assignment') return { kind, endsAt, assignment: fromAssignmentRow(row) };
  return { kind, endsAt, user: user!, membership: withoutNulls<Membership>({ userGroup: userGroup!, validFrom, validUntil, reason }) };
}

export async function listLeases(session: Session, query: LeaseQuery): Promise<Page<Lease>> {
  const start = leaseStart(query);
  const kinds = query.visibility.tenancy.kind === 'nothing' ? [] : [...new Set(query.kinds)];
  if (kinds.length === 0) return { items: [], next: undefined, total: query.total ? 0 : undefined };
  const rows = await session.select<LeaseRow>((knex) => page(knex, { query, kinds, start }));
  const total = query.total ? await count(session, query, kinds) : undefined;
  return pageOf(rows.map(fromRow), query.limit, { position: leasePosition, total });
}

interface Wanted {
  readonly query: LeaseQuery;
  readonly kinds: readonly Lease['kind'][];
  readonly start: LeasePlace | undefined;
}

/** One more than fit onto the page, of each kind and then of both. */
function page(knex: Knex, { query, kinds, start }: Wanted): Knex.QueryBuilder {
  const limit = query.limit + 1;
  const leases = kinds.map((kind) => {
    const all = spanOf(knex.select(knex.raw(KINDS[kind].columns)).from(KINDS[kind].table), kind, query);
    const rest = start === undefined ? all : all.whereRaw(...beyond(kind, start));
    return rest.orderByRaw(KINDS[kind].order).limit(limit);
  });
  return knex
    .select('*')
    .from(knex.unionAll(leases, true).as('leases'))
    .orderByRaw('ends_at, kind, first_id COLLATE "C", second_id COLLATE "C"')
    .limit(limit);
}

async function count(session: Session, query: LeaseQuery, kinds: readonly Lease['kind'][]): Promise<number> {
  const [found] = await session.select<{ readonly count: number }>((knex) => {
    const counts = kinds.map((kind) => spanOf(knex.select(knex.raw('count(*) AS count')).from(KINDS[kind].table), kind, query));
    return knex.select(knex.raw('sum(count)::int AS count')).from(knex.unionAll(counts, true).as('counts'));
  });
  return found!.count;
}

function spanOf(rows: Knex.QueryBuilder, kind: Lease['kind'], query: LeaseQuery): Knex.QueryBuilder {
  const { within, sight } = KINDS[kind];
  const span = rows.whereRaw(within, [query.from, query.until]);
  const seen = sight(query);
  return seen === undefined ? span : span.whereRaw(seen.sql, seen.values as Knex.RawBinding[]);
}

/** At the same instant assignments come first. */
function beyond(kind: Lease['kind'], { endsAt, kind: last, ids }: LeasePlace): readonly [string, Knex.RawBinding[]] {
  return kind === last ? [KINDS[kind].beyond, [endsAt, ...ids]] : [KINDS[kind].beyondOther, [endsAt]];
}
