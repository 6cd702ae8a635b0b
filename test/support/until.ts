import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** What takes longer will never be: the test fails instead of hanging. */
const PATIENCE_MS = 60_000;

/**
 * Waits for a condition, asking again and again.
 * @param what for the message
 * @throws when it does not come about in time
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string = condition.toString(),
  milliseconds = PATIENCE_MS,
): Promise<void> {
  const latest = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > latest) throw new Error(`It was waited for in vain: ${what}`);
    await delay(20);
  }
}
