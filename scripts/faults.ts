// `npm run docs:faults`: writes what the last fault run measured into docs/faults.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FAULTS, type Fault } from '../test/faults/catalogue.ts';
import { RESULTS, type Result } from '../test/faults/results.ts';

const DOCUMENT = path.resolve(import.meta.dirname, '../docs/faults.md');
const BEGIN = '<!-- measured: faults -->';
const END = '<!-- end -->';

const seconds = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(1)} s`);

/** 2xx and 4xx are answers like any other day's: a used token is refused whether or not something fails. */
function seen({ answers }: Result): string {
  const count = (wanted: (status: string) => boolean) =>
    Object.entries(answers)
      .filter(([status]) => wanted(status))
      .reduce((sum, [, number]) => sum + number, 0);
  const parts = [
    [count((status) => /^[234]/.test(status)), 'answered'],
    [count((status) => status.startsWith('5')), '× 503'],
    [count((status) => status === 'none'), 'without an answer'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return told.length === 0 ? '–' : told.join(', ');
}

const text = readFileSync(DOCUMENT, 'utf8');
const [head, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
const before = new Map([...text.matchAll(/^\| (.+?) \|.*$/gm)].map(([line, name]) => [name, line]));

/** As it was measured last; a part of the suite leaves the other rows as they are. */
function row(fault: Fault): string {
  const name = FAULTS[fault];
  const file = path.join(RESULTS, `${fault}.json`);
  const known = before.get(name);
  if (!existsSync(file) && known === undefined) throw new Error(`${fault} was not measured: run \`npm run test:faults\` first.`);
  if (!existsSync(file)) return known!;
  const result = JSON.parse(readFileSync(file, 'utf8')) as Result;
  return `| ${name} | ${seen(result)} | ${seconds(result.longestWaitSeconds)} | ${seconds(result.recoverySeconds)} | ${result.lost} |`;
}

const rows = (Object.keys(FAULTS) as Fault[]).map(row);
const table = ['| fault | what clients saw | longest wait | works again after | lost |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
writeFileSync(DOCUMENT, `${head}${BEGIN}\n\n${table}\n\n${rest}`);
console.log(`docs/faults.md: ${rows.length} faults`);
