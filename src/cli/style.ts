/** How output looks to a person: a small palette, times in words, tables. None of it is in `--json`. */
import { visible } from '../workspace/problem.ts';
import type { CliIo } from './io.ts';

type Paint = (text: string) => string;

export interface Style {
  readonly colours: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  /** `Fri 27 Nov 2026 17:00`; midnight goes without saying. */
  readonly date: (instant: string) => string;
}

const paint =
  (colours: boolean, code: number): Paint =>
  (text) =>
    colours ? `\u001B[${code}m${text}\u001B[0m` : text;

/** Colours only on a terminal whose owner has not said no (no-color.org). */
export function styleOf({ stdout, env, timeZone }: Pick<CliIo, 'stdout' | 'env' | 'timeZone'>): Style {
  const colours = stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    colours,
    bold: paint(colours, 1),
    dim: paint(colours, 2),
    good: paint(colours, 32),
    bad: paint(colours, 31),
    warn: paint(colours, 33),
    date: (instant) => dateInWords(instant, timeZone),
  };
}

function dateInWords(instant: string, timeZone: string | undefined): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  });
  const parts = new Map(format.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  const time = `${parts.get('hour')}:${parts.get('minute')}`;
  return `${parts.get('weekday')} ${parts.get('day')} ${parts.get('month')} ${parts.get('year')}${time === '00:00' ? '' : ` ${time}`}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `5 days`, `1 hour`: the largest unit of which there is at least one, rounded down. */
export function spanInWords(milliseconds: number): string {
  const span = Math.abs(milliseconds);
  const [unit, size] = UNITS.find(([, length]) => span >= length) ?? ['second', 1000];
  const count = Math.floor(span / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** `in 5 days`, `2 hours ago`, `now`. */
export function awayInWords(instant: string, from: string): string {
  const distance = Date.parse(instant) - Date.parse(from);
  if (Math.abs(distance) < 1000) return 'now';
  return distance > 0 ? `in ${spanInWords(distance)}` : `${spanInWords(distance)} ago`;
}

/** JSON for a person: indented, and safe for a terminal. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(visible).join('\n');
}

/** Columns as wide as their widest cell. Cells are plain; `paint` colours a padded cell by row and column. */
export function table(
  rows: readonly (readonly string[])[],
  paintCell: (cell: string, row: number, column: number) => string = (cell) => cell,
): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map((row, index) =>
      row
        .map((cell, column) => paintCell(cell.padEnd(widths[column]!), index, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
