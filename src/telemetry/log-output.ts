/** @module Standard output as the log uses it: written behind the answers, and never a reason not to answer, or not to end. */
import { setTimeout as pause } from 'node:timers/promises';
import { pino, type DestinationStream, type Logger } from 'pino';

/** Bytes that a pipe takes as one (POSIX `PIPE_BUF`): lines of several processes do not get into each other. */
const CHUNKS = { minLength: 3072, maxWrite: 4096 };

/** Bytes that wait while nobody reads, or the disk is full; further lines are dropped. */
const LONGEST_BACKLOG = 16 * 1024 * 1024;

/** How long who stops waits for whoever reads the log. */
const PATIENCE_MS = 2000;

/** How often the end of the process tries again to write to a pipe that is full, 100 ms after the last time. */
const LAST_TRIES = 20;

/** What cannot be written is tried again with the next line. */
export function openLogOutput(): DestinationStream {
  let failing = false;
  let tries = Infinity;
  const retryEAGAIN = () => (tries -= 1) > 0;
  const output = pino.destination({ fd: 1, sync: false, ...CHUNKS, maxLength: LONGEST_BACKLOG, periodicFlush: 500, retryEAGAIN });
  output.on('error', () => (failing = true));
  output.on('write', () => (failing = false));
  // Called when the process ends. By itself it would try for ever what fails.
  const flushSync = output.flushSync.bind(output);
  output.flushSync = () => {
    if (failing) return;
    tries = LAST_TRIES;
    try {
      flushSync();
    } catch {
      // Nobody reads it.
    }
  };
  return output;
}

/** Resolves once what was logged is written, or cannot be: before the process ends. */
export async function flushLog(log: Logger): Promise<void> {
  const written = new Promise<void>((resolve) => log.flush(() => resolve()));
  await Promise.race([written, pause(PATIENCE_MS, undefined, { ref: false })]);
}
