/** @module How the tables of this folder are written: one for each specification, a row for each demand. */
import { describe, test } from '@jest/globals';
import type { Answer } from '../support/token-client.ts';

/** Section, the demand in a few words, a test that it is met. */
export type Row = readonly [section: string, demand: string, met: () => Promise<unknown>];

/** Status and error code of an answer. */
export const outcome = ({ status, body }: Answer) => [status, body['error']];

export function table(specification: string, rows: readonly Row[]): void {
  describe(specification, () => {
    test.each(rows.map(([section, demand, met]) => [`§${section} ${demand}`, met] as const))('%s', async (_title, met) => {
      await met();
    });
  });
}
