/** @module The id of an assignment follows from what it assigns, so that the same assignment made twice is one. */
import { createHash } from 'node:crypto';
import type { Assignment } from '../domain/assignment.ts';

/**
 * The id of an assignment: `as_` and 22 base64url characters made of profile, party, client and start. End, reason and
 * descendants can change without making another assignment of it.
 */
export function assignmentId({
  securityProfile,
  party,
  client,
  validFrom,
}: Pick<Assignment, 'securityProfile' | 'party' | 'client' | 'validFrom'>): string {
  const key = JSON.stringify([securityProfile, party.kind, party.id, client ?? null, validFrom?.toISOString() ?? null]);
  return `as_${createHash('sha256').update(key).digest('base64url').slice(0, 22)}`;
}
