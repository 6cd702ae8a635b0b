/** @module An assignment gives a security profile to exactly one party, perhaps only through one client, perhaps only for a time. */
import { DomainError } from './errors.ts';
import type { Party } from './party.ts';

export interface Assignment {
  readonly id: string;
  readonly securityProfile: string;
  readonly party: Party;
  /** In force only in tokens for this client. */
  readonly client?: string | undefined;
  /** For organizations: also reaches the organizations below. */
  readonly includeDescendants: boolean;
  readonly validFrom?: Date | undefined;
  readonly validUntil?: Date | undefined;
  readonly reason?: string | undefined;
  readonly assignedBy?: string | undefined;
  readonly assignedAt: Date;
}

/** @throws `invalid_input` when the assignment contradicts itself */
export function assertAssignment(
  assignment: Pick<Assignment, 'party' | 'client' | 'includeDescendants' | 'validFrom' | 'validUntil'>,
  pointer?: string,
): void {
  if (assignment.includeDescendants && assignment.party.kind !== 'organization') {
    throw new DomainError('invalid_input', 'include_descendants goes with an organization only.', { pointer });
  }
  if (assignment.validFrom !== undefined && assignment.validUntil !== undefined && assignment.validFrom >= assignment.validUntil) {
    throw new DomainError('invalid_input', 'valid_until must be later than valid_from.', { pointer });
  }
}
