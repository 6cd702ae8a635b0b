/** @module The outcome of the simulation as a table. */
import type { Kind } from './costs.ts';
import { simulate, type Outcome } from './simulation.ts';

export interface Setting {
  readonly processes: readonly number[];
  readonly ratePerProcess: number;
  readonly postgresCores: number;
  readonly redisMasters: number;
  readonly seconds: number;
  readonly seed: number;
}

export const DEFAULTS: Setting = { processes: [10, 100, 1000], ratePerProcess: 300, postgresCores: 64, redisMasters: 3, seconds: 0.5, seed: 1 };

const SHOWN = ['`client_credentials`', '`refresh_token`', 'sign-in on the page, up to the code', 'introspection'];

/** In Markdown, a column for each number of processes. */
export function tableOf(kinds: readonly Kind[], { processes, ratePerProcess, ...setting }: Setting): string {
  const outcomes = processes.map((count) => simulate(kinds, { ...setting, processes: count, rate: ratePerProcess * count }));
  const row = (name: string, show: (outcome: Outcome) => string) => `| ${name} | ${outcomes.map(show).join(' | ')} |`;
  return [
    `| | ${processes.map((count) => `${count.toLocaleString('en')} processes`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(processes.length)}`,
    `| requests a second | ${processes.map((count) => thousands(count * ratePerProcess)).join(' | ')} |`,
    row('cores of Postgres in use', ({ busy }) => busy.postgres.toFixed(1)),
    row('masters of Redis in use', ({ busy }) => busy.redis.toFixed(2)),
    row('of the thread of a process in use', ({ busy }) => percent(busy.process)),
    row('statements a second', ({ statements }) => thousands(statements)),
    row('commands a second', ({ commands }) => thousands(commands)),
    ...SHOWN.map((name) => row(`${name}: median, p99 (ms)`, ({ waits }) => both(waits.get(name)!))),
    row('oldest knowledge that a token is decided from (ms)', ({ oldest }) => oldest.toFixed(0)),
  ].join('\n');
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const thousands = (count: number): string => (Math.round(count / 100) * 100).toLocaleString('en');
const both = ({ median, p99 }: { readonly median: number; readonly p99: number }): string => `${median.toFixed(1)}, ${p99.toFixed(1)}`;
