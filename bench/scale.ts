/**
 * @module What many processes need, by simulation: `node --import tsx bench/scale.ts`. What it takes for granted is in
 * bench/scale/costs.ts; `--processes=10,1000 --rate=300 --postgres-cores=64 --redis-masters=3 --seconds=2 --seed=1` change the
 * setting, the rate being that of one process.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ASSUMED, kindsOf } from './scale/costs.ts';
import { DEFAULTS, tableOf } from './scale/table.ts';

const given = (name: string): string | undefined => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const number = (name: string, fallback: number): number => Number(given(name) ?? fallback);

console.log(
  `Assumed, in µs: ${Object.entries(ASSUMED)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}\n`,
);
console.log(
  tableOf(kindsOf(readFileSync(path.resolve(import.meta.dirname, '../docs/scale.md'), 'utf8')), {
    processes: given('processes')?.split(',').map(Number) ?? DEFAULTS.processes,
    ratePerProcess: number('rate', DEFAULTS.ratePerProcess),
    postgresCores: number('postgres-cores', DEFAULTS.postgresCores),
    redisMasters: number('redis-masters', DEFAULTS.redisMasters),
    seconds: number('seconds', DEFAULTS.seconds),
    seed: number('seed', DEFAULTS.seed),
  }),
);
