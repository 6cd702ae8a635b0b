/**
 * @module `npm run bench -- soak [--minutes=20] [--rate=30]`: all grants, refreshes, revocations, introspection, refused
 * sign-ins and changing roles on Postgres and Redis with two workers, and what grows meanwhile.
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { History } from '../../test/faults/history.ts';
import { startLoad } from '../../test/faults/load.ts';
import { copyOf, openWorld, ISSUER } from '../../test/faults/world.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { findRedis, startRedis } from '../../test/support/redis.ts';
import { startProgram } from '../program.ts';
import { judge, type Judgement } from './flatness.ts';
import { observe, type Observation } from './observed.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Requests a second of all clients together, about. */
  readonly rate: number;
}

const MOST_OBSERVATIONS = 40;
/** Looking costs a collection of garbage and a count of every row. */
const SHORTEST_STEP_MS = 5000;
/** Loops of the load, each of which makes one request and pauses. */
const CLIENTS = 12;
/** Short, so that what expires does so many times during the soak. */
const LIFETIMES = { ROLEMINT_ACCESS_TOKEN_LIFETIME_SECONDS: '30', ROLEMINT_REFRESH_TOKEN_LIFETIME_SECONDS: '60' };
const NAMES_GUESSED = 100;

/** @returns whether all stayed flat and every request was answered as it should be */
export async function soak({ minutes, rate }: SoakOptions): Promise<boolean> {
  const postgres = await startPostgres();
  if (postgres === undefined) throw new Error('The soak needs PostgreSQL.');
  const redisProgram = findRedis();
  const redis = redisProgram === undefined ? undefined : await startRedis(redisProgram);
  const world = await openWorld(postgres.url);
  const databaseUrl = await copyOf(world);
  const program = await startProgram('soak', {
    ROLEMINT_ISSUER: ISSUER,
    ROLEMINT_PORT: '0',
    ROLEMINT_LOG_FORMAT: 'json',
    ROLEMINT_WORKERS: '2',
    ROLEMINT_DATABASE_URL: databaseUrl,
    ROLEMINT_KEYS_DIR: world.keysDir,
    ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000',
    ...(redis === undefined ? {} : { ROLEMINT_REDIS_URL: redis.url }),
    ...LIFETIMES,
    NODE_OPTIONS: `--import=${pathToFileURL(path.resolve(import.meta.dirname, '../servers/collecting.mjs')).href}`,
  });
  try {
    const history = new History();
    const pace = (CLIENTS * 1000) / rate;
    const load = await startLoad({ history, world, nodes: () => [program.url], pace });
    const guesses = startGuessing(program.url, pace);
    console.log(`\n# Soak: ${minutes} min, about ${rate} requests/s, two workers, Postgres${redis === undefined ? '' : ' and Redis'}\n`);
    const observations: Observation[] = [];
    const count = Math.max(2, Math.min(MOST_OBSERVATIONS, Math.floor((minutes * 60_000) / SHORTEST_STEP_MS)));
    const step = (minutes * 60_000) / count;
    for (let index = 0; index <= count; index += 1) {
      if (index > 0) await pause(step);
      const observation = await observe({ program, databaseUrl, redisUrl: redis?.url });
      observations.push(observation);
      console.log(`${((index * step) / 60_000).toFixed(1)} min, ${history.events.length} requests: ${inShort(observation)}`);
    }
    await Promise.all([load.stop(), guesses.stop()]);
    const judgements = judge(observations);
    print(judgements);
    // What the load notes about the time before it has no time of its own.
    const lost = history.events.filter(({ outcome, t0 }) => outcome === 'unknown' && t0 >= 0);
    console.log(`\n${history.events.length} requests, ${guesses.made()} guesses; not answered, or by 429 or 5xx: ${lost.length}`);
    for (const { op, status, fault } of lost.slice(0, 20)) console.log(`- ${op}: ${status ?? fault}`);
    return lost.length === 0 && judgements.every(({ verdict }) => verdict !== 'grows');
  } finally {
    await program.stop();
    await redis?.close();
    await world.close();
    await postgres.stop();
  }
}

/** Sign-ins with wrong passwords under names of which most do not exist. */
function startGuessing(url: string, pace: number) {
  let made = 0;
  let stopped = false;
  const loop = async () => {
    for (; !stopped; made += 1) {
      const body = new URLSearchParams({
        grant_type: 'password',
        client_id: 'app',
        username: `guess-${made % NAMES_GUESSED}`,
        password: 'Wrong-Horse-7',
      });
      await fetch(`${url}/oauth/token`, { method: 'POST', body }).then((answer) => answer.arrayBuffer());
      await pause(pace);
    }
  };
  const running = loop();
  return {
    made: () => made,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

function inShort(observation: Observation): string {
  const memory = [...observation].filter(([name]) => name.startsWith('memory')).map(([name, value]) => `${name.slice(7)} ${value.toFixed(0)} MiB`);
  const rows = [...observation].filter(([name]) => name.startsWith('rows ')).reduce((total, [, value]) => total + value, 0);
  return [...memory, `${rows} rows`, `${observation.get('keys all') ?? 0} keys`].join(', ');
}

function print(judgements: readonly Judgement[]): void {
  const show = (value: number) => (value >= 1000 ? value.toFixed(0) : value.toFixed(value % 1 === 0 ? 0 : 1));
  console.log('\n| figure | at first | after half | at last | growth in the second half | |\n|---|---|---|---|---|---|');
  for (const { name, first, middle, last, growth, verdict } of judgements) {
    if (first === 0 && middle === 0 && last === 0) continue;
    console.log(`| ${name} | ${show(first)} | ${show(middle)} | ${show(last)} | ${(growth * 100).toFixed(1)} % | ${verdict} |`);
  }
}
