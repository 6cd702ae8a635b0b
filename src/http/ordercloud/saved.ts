import { DomainError } from '../../domain/errors.ts';

/** OrderCloud's `Save` changes what there is, and makes what there is not. */
export async function saved(change: () => Promise<unknown>, create: () => Promise<unknown>): Promise<200 | 201> {
  try {
    await change();
    return 200;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'not_found' || error.details !== undefined) throw error;
  }
  await create();
  return 201;
}
