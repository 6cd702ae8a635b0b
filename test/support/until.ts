import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, asking again and again. @throws when it does not come about in time */
export async function until(condition: () => Promise<boolean>, milliseconds = 15_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('What was waited for did not come about.');
    await delay(20);
  }
}
