/** @module How the tables of this folder are written: one for each specification, a row for each demand. */
import { describe, test } from '@jest/globals';

/** Section, the demand in a few words, a test that it is met. */
export type Row = readonly [section: string, demand: string, met: () => Promise<unknown>];

export function table(specification: string, rows: readonly Row[]): void {
  describe(specification, () => {
    test.each(rows.map(([section, demand, met]) => [`§${section} ${demand}`, met] as const))('%s', async (_title, met) => {
      await met();
    });
  });
}
