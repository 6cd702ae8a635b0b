/** @module What ends soon, in memory. */
import { LEASE_KINDS, type Lease, type LeaseQuery, type Page } from '../../domain/directory.ts';
import { pageOf } from '../directory-query.ts';
import { leasePosition, leaseStart, placeOf, type LeasePlace } from '../leases.ts';
import { copy } from '../values.ts';
import { byCodePoint } from '../../domain/code-point.ts';
import { LISTED, type Sight } from './directory-nouns.ts';
import type { Tables } from './tables.ts';

export function listLeases(tables: Tables, query: LeaseQuery): Page<Lease> {
  const { from, until, limit, kinds } = query;
  const start = leaseStart(query);
  const sight: Sight = { tables, visibility: query.visibility };
  const all = [...(kinds.includes('assignment') ? assignmentLeases(sight) : []), ...(kinds.includes('membership') ? membershipLeases(sight) : [])]
    .filter(({ endsAt }) => endsAt >= from && endsAt < until)
    .sort((a, b) => compare(placeOf(a), placeOf(b)));
  const rest = start === undefined ? all : all.filter((lease) => compare(placeOf(lease), start) > 0);
  return pageOf(copy(rest.slice(0, limit + 1)), limit, { position: leasePosition, total: query.total ? all.length : undefined });
}

function assignmentLeases(sight: Sight): Lease[] {
  return [...sight.tables.assignments.values()].flatMap((assignment): Lease[] => {
    const { validUntil } = assignment;
    if (validUntil === undefined || !LISTED.assignments.isSeen(assignment, sight)) return [];
    return [{ kind: 'assignment', endsAt: validUntil, assignment }];
  });
}

function membershipLeases(sight: Sight): Lease[] {
  return [...sight.tables.users.values()]
    .filter((user) => LISTED.users.isSeen(user, sight))
    .flatMap(({ id, memberships }) =>
      memberships.flatMap((membership): Lease[] => {
        const { validUntil } = membership;
        return validUntil === undefined ? [] : [{ kind: 'membership', endsAt: validUntil, user: id, membership }];
      }),
    );
}

function compare(a: LeasePlace, b: LeasePlace): number {
  const [first = '', second = ''] = a.ids;
  const [otherFirst = '', otherSecond = ''] = b.ids;
  return (
    a.endsAt.getTime() - b.endsAt.getTime() ||
    LEASE_KINDS.indexOf(a.kind) - LEASE_KINDS.indexOf(b.kind) ||
    byCodePoint(first, otherFirst) ||
    byCodePoint(second, otherSecond)
  );
}
