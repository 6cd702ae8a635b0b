import { AccessError } from '../../../src/sdk/errors.ts';

/** The refusal that the work ends with. */
export function refusal(work: () => unknown): AccessError {
  try {
    work();
  } catch (error) {
    if (error instanceof AccessError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
