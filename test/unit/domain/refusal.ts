import { DomainError } from '../../../src/domain/errors.ts';

/** The refusal that some work ends with; fails when it does not refuse. */
export function refusal(work: () => unknown): DomainError {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('expected a refusal, but it was accepted');
}
