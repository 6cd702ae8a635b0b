/** @module How what was opened is closed: the last first, and none for ever. */
import { setTimeout as pause } from 'node:timers/promises';

export type Closer = () => unknown;

/** Longer than anything takes that is well; requests under way have ten seconds. */
const PATIENCE_MS = 12_000;

/**
 * Empties the list. What takes longer hangs, as a database can that has lost its disk, and is left: who is told to stop ends.
 * @param onLeft is told of each
 */
export async function closeAll(closers: Closer[], onLeft: () => void, patienceMs = PATIENCE_MS): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    const closed = new AbortController();
    const late = pause(patienceMs, undefined, { signal: closed.signal }).then(onLeft, () => undefined);
    await Promise.race([close(), late]).finally(() => closed.abort());
  }
}
