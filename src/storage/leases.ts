/** @module Where a page of leases ends, as every store tells it and reads it back. */
import { LEASE_KINDS, type Lease, type LeaseQuery, type Position } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import { isStorable } from './values.ts';

/** The place of a lease in the list: by instant, then by kind, then by ids. */
export interface LeasePlace {
  readonly endsAt: Date;
  readonly kind: Lease['kind'];
  /** Of the assignment, or of user and group. */
  readonly ids: readonly string[];
}

export function placeOf(lease: Lease): LeasePlace {
  const { kind, endsAt } = lease;
  return { endsAt, kind, ids: kind === 'assignment' ? [lease.assignment.id] : [lease.user, lease.membership.userGroup] };
}

export function leasePosition(lease: Lease): Position {
  const { endsAt, kind, ids } = placeOf(lease);
  return { value: endsAt.toISOString(), key: JSON.stringify([kind, ...ids]) };
}

/** The place after which a page begins; undefined: at the start of the list. @throws `invalid_input` */
export function leaseStart({ after }: Pick<LeaseQuery, 'after'>): LeasePlace | undefined {
  if (after === undefined) return undefined;
  const endsAt = new Date(after.value);
  const [kind, ...ids] = keyParts(after.key);
  const known = LEASE_KINDS.find((one) => one === kind);
  if (known === undefined || ids.length !== (known === 'assignment' ? 1 : 2) || Number.isNaN(endsAt.getTime())) throw notOfThisList();
  return { endsAt, kind: known, ids };
}

function keyParts(key: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(key);
    if (Array.isArray(parts) && parts.every((part) => typeof part === 'string' && isStorable(part))) return parts as string[];
  } catch {
    // No JSON at all.
  }
  throw notOfThisList();
}

const notOfThisList = () => new DomainError('invalid_input', 'The position is not one of this list.');
