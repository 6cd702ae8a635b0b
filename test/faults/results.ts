/** @module What the faults did to users, as a run measured it: a file for each fault, from which `npm run docs:faults` makes the page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Fault } from './catalogue.ts';
import type { Event } from './history.ts';

export const RESULTS = path.resolve(import.meta.dirname, '../../node_modules/.cache/rolemint/faults');

export interface Result {
  /** Answers by status, and `none` for those without. */
  readonly answers: Readonly<Record<string, number>>;
  readonly longestWaitSeconds: number;
  /** From the end of the fault until everything works again on every node; undefined: it never stopped working. */
  readonly recoverySeconds: number | undefined;
  readonly lost: string;
}

export interface Measured {
  readonly events: readonly Event[];
  readonly recoverySeconds: number | undefined;
  readonly lost: string;
}

export function record(fault: Fault, { events, recoverySeconds, lost }: Measured): void {
  const answers: Record<string, number> = {};
  for (const { status = 'none' } of events) answers[status] = (answers[status] ?? 0) + 1;
  const longestWaitSeconds = Math.max(0, ...events.map(({ t0, t1 }) => (t1 - t0) / 1000));
  const result: Result = { answers, longestWaitSeconds, recoverySeconds, lost };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, `${fault}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
