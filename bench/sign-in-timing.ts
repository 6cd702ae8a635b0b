/**
 * @module What a clock learns from refused sign-ins: `node --import tsx bench/sign-in-timing.ts`. Each kind of refusal is
 * asked for in turn, one request at a time, so that what the machine does to one it does to all. Medians should differ by
 * less than 5 %, and the two-sample Kolmogorov-Smirnov test should find no difference (p > 0.01).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { attemptKey } from '../src/services/sign-in.ts';
import { openMemoryStore } from '../src/storage/memory/store.ts';
import { median } from './harness.ts';
import { fill, SECRET } from './world.ts';

const TIMES = Number(process.env['BENCH_TIMES'] ?? 200);
const GENEROUS = '1000000';

const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-bench-'));
const app = await openApp(
  loadConfig({
    ROLEMINT_ISSUER: 'http://localhost',
    ROLEMINT_PORT: '0',
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
    ROLEMINT_LOG_LEVEL: 'silent',
    ROLEMINT_ATTEMPTS_PER_ADDRESS: GENEROUS,
    ROLEMINT_ATTEMPTS_PER_NAME: GENEROUS,
  }),
  { store: openMemoryStore() },
);
// Every attempt is at a person of its own: the second failure of one must not be measured for the first.
await fill(app, { clients: 1, users: 3 * TIMES, profiles: 10 });
const disabled = (index: number) => `u${TIMES + index}`;
const locked = (index: number) => `u${2 * TIMES + index}`;
const ids = Array.from({ length: TIMES }, (_, index) => disabled(index));
await app.store.transaction(async (tx) => tx.users.put([...(await tx.users.findMany(ids)).values()].map((user) => ({ ...user, active: false }))));
for (let index = 0; index < TIMES; index += 1) {
  await app.store.signIn.beginAttempt(attemptKey(locked(index)), { allowed: 1, lockSeconds: 3600 }, new Date(app.clock.now()));
}
const { port } = await app.listen();

const kinds: Readonly<Record<string, (index: number) => string>> = {
  'wrong password': (index) => `user${index}`,
  'unknown user': (index) => `nobody${index}`,
  'disabled user': (index) => `user${TIMES + index}`,
  'locked user': (index) => `user${2 * TIMES + index}`,
};

async function refuse(username: string): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'password', client_id: 'c0', client_secret: SECRET, username, password: 'Wrong-Horse-7-Battery' });
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body });
  await response.arrayBuffer();
  if (response.status !== 400) throw new Error(`${username} was answered ${response.status}`);
  return performance.now() - startedAt;
}

/** Two-sample Kolmogorov-Smirnov test: how likely samples of one distribution differ as much. */
function sameDistribution(a: readonly number[], b: readonly number[]): number {
  const share = (list: readonly number[], value: number) => list.filter((one) => one <= value).length / list.length;
  const distance = Math.max(...[...a, ...b].map((value) => Math.abs(share(a, value) - share(b, value))));
  const size = Math.sqrt((a.length * b.length) / (a.length + b.length));
  const lambda = (size + 0.12 + 0.11 / size) * distance;
  let sum = 0;
  for (let term = 1; term <= 100; term += 1) sum += (term % 2 === 1 ? 2 : -2) * Math.exp(-2 * term * term * lambda * lambda);
  return lambda < 0.3 ? 1 : Math.min(1, Math.max(0, sum));
}

const times = new Map<string, number[]>(Object.keys(kinds).map((name) => [name, []]));
for (let warmUp = 0; warmUp < 20; warmUp += 1) await refuse(`warm-up-${warmUp}`);
for (let index = 0; index < TIMES; index += 1) {
  for (const [name, username] of Object.entries(kinds)) times.get(name)!.push(await refuse(username(index)));
}

const reference = times.get('wrong password')!;
console.log('| refused because of | median ms | against a wrong password | KS test, p |\n|---|---|---|---|');
for (const [name, list] of times) {
  const middle = median(list);
  console.log(
    `| ${name} | ${middle.toFixed(2)} | ${((middle / median(reference) - 1) * 100).toFixed(1)} % | ${sameDistribution(list, reference).toFixed(3)} |`,
  );
}
await app.close();
await rm(folder, { recursive: true, force: true });
