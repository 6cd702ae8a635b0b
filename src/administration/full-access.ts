/**
 * @module FullAccess is given rarely, and for a time. Giving it without an end, or for long, takes a word of confirmation;
 * wherever such an assignment is shown, it is marked.
 */
import type { Assignment } from '../domain/assignment.ts';
import { DomainError } from '../domain/errors.ts';
import { givesFullAccess } from '../domain/full-access.ts';
import type { WrittenChange } from '../workspace/change.ts';

/** What `confirm` has to say. */
export const CONFIRMATION = 'full_access';

/** @throws `invalid_input` when an assignment that is made or prolonged gives FullAccess for longer than goes without saying */
export function assertConfirmed(
  { objects, meanings, at }: Pick<WrittenChange, 'objects' | 'meanings' | 'at'>,
  limits: { readonly confirmed: boolean; readonly fullAccessLimit: number },
): void {
  if (limits.confirmed) return;
  for (const { section, after } of objects) {
    if (section !== 'assignments' || after === undefined) continue;
    const { securityProfile, validFrom, validUntil } = after as Assignment;
    if (!givesFullAccess(meanings.after.catalogue, securityProfile)) continue;
    const starts = Math.max(at, validFrom?.getTime() ?? 0);
    if (validUntil !== undefined && validUntil.getTime() - starts <= limits.fullAccessLimit) continue;
    const hours = Math.round(limits.fullAccessLimit / 3_600_000);
    throw new DomainError(
      'invalid_input',
      `The profile ${JSON.stringify(securityProfile)} gives full access. Give it a valid_until within ${hours} hours, or say confirm: "${CONFIRMATION}".`,
      { pointer: '/confirm' },
    );
  }
}
