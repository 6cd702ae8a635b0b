/** @module How long attempts to sign in are held up; the rule that `beginAttempt` of every store follows. */

/** The delay after the first failure too many; it doubles with every further one. */
export const FIRST_DELAY_SECONDS = 30;
export const LONGEST_DELAY_SECONDS = 3600;
/** After this rest a count starts anew. */
export const REST_MS = 24 * 3_600_000;

/** The lock that the given number of failures in a row brings; 0 while they are free of delay. */
export function lockMs(failures: number, limit: { readonly allowed: number; readonly lockSeconds: number }): number {
  const beyond = failures - limit.allowed;
  if (beyond < 0) return 0;
  const growing = Math.min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** Math.min(beyond, 7));
  return Math.max(limit.lockSeconds, growing) * 1000;
}
