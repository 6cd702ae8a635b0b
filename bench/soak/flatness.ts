/** @module Whether a figure stays where it is. */
import type { Observation } from './observed.ts';

export interface Judgement {
  readonly name: string;
  readonly first: number;
  readonly middle: number;
  readonly last: number;
  /** What it grew in the second half by the straight line through its figures, as a share of their mean. */
  readonly growth: number;
  readonly verdict: 'flat' | 'grows' | 'grows by design';
}

/**
 * A trail that must not lose anything, and what every node may still have to read. Then what lives longer than a soak:
 * ids of whoever was removed, for ever; invitations and their links for days; what ended a session in a browser for a month;
 * device codes, and that somebody has decided on one, for twenty minutes.
 */
const MAY_GROW = new Set([
  'rows audit_events',
  'rows changes',
  'bytes all tables and indexes',
  'rows invitations',
  'rows one_time_links',
  'rows subjects',
  'rows revocations',
  'rows replays',
  'rows artifacts device_code',
  'keys rolemint:device_code',
  'keys rolemint:user_code',
  'keys all',
]);
/** Collection and reaping come in waves. */
const TOLERATED_GROWTH = 0.1;
/** A handful of rows that come and go is no growth. */
const TOLERATED_NUMBER = 30;

export function judge(observations: readonly Observation[]): readonly Judgement[] {
  const names = [...new Set(observations.flatMap((observation) => [...observation.keys()]))];
  const middle = Math.floor(observations.length / 2);
  return names.map((name) => {
    const of = (observation: Observation) => observation.get(name) ?? 0;
    const values = observations.slice(middle).map(of);
    // What ends all at once, as counts of attempts do after ten minutes, rises in between.
    const isNewHeight = Math.max(...values) > Math.max(...observations.slice(0, middle).map(of)) * (1 + TOLERATED_GROWTH);
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    const risen = slope(values) * (values.length - 1);
    const growth = mean === 0 ? 0 : risen / mean;
    const grows = growth > TOLERATED_GROWTH && (name.startsWith('memory') || (risen > TOLERATED_NUMBER && isNewHeight));
    const verdict = !grows ? 'flat' : MAY_GROW.has(name) ? 'grows by design' : 'grows';
    return { name, first: of(observations[0]!), middle: values[0]!, last: values.at(-1)!, growth, verdict };
  });
}

/** Of the least-squares line through the values at 0, 1, 2 … */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  let above = 0;
  let below = 0;
  for (const [index, value] of values.entries()) {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
