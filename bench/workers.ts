/** @module Two workers against one: `npm run bench -- workers`. Needs Postgres and Linux. */
import { openApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { load, median, ratio, type Load } from './harness.ts';
import { startProgram, type BenchProgram } from './program.ts';
import { fill, SECRET, SCOPE } from './world.ts';

const CONNECTIONS = 64;
const CORES = 2;
const TARGET = 1.7;

interface Round {
  readonly requestsPerSecond: number;
  /** Processors in use, of 1 each: by all processes of the server, by the busiest thread that runs JavaScript, by the generator. */
  readonly server: number;
  readonly busiest: number;
  readonly generator: number;
}

const tokens = (seconds: number): Load => ({
  path: '/oauth/token',
  bodies: Array.from({ length: 10 }, (_, index) =>
    new URLSearchParams({ grant_type: 'client_credentials', client_id: `c${index}`, client_secret: SECRET, scope: SCOPE }).toString(),
  ),
  connections: CONNECTIONS,
  seconds,
});

async function measure(program: BenchProgram, what: Load): Promise<Round> {
  const before = program.uses();
  const generatorBefore = process.cpuUsage();
  const begun = performance.now();
  const sample = await load(program, what);
  const took = (performance.now() - begun) * 1000;
  const generator = process.cpuUsage(generatorBefore);
  if (sample.failed > 0) throw new Error(`${program.name}: ${sample.failed} requests failed`);
  const used = program.uses().map((now, index) => ({ all: now.cpu - before[index]!.cpu, main: now.mainThreadCpu - before[index]!.mainThreadCpu }));
  return {
    requestsPerSecond: (sample.requestsPerSecond * what.seconds * 1e6) / took,
    server: used.reduce((total, { all }) => total + all, 0) / took,
    busiest: Math.max(...used.map(({ main }) => main)) / took,
    generator: (generator.user + generator.system) / took,
  };
}

/**
 * Both run on one database and are loaded in turn. The generator has the same two cores, and takes from two workers what
 * one leaves idle, so the rates themselves say little. What counts is what each would do if the server had both cores:
 * one worker is done when its thread that runs JavaScript uses a whole core, two when they use both cores up.
 * @returns whether the target is met
 */
export async function compareWorkers(
  environment: Readonly<Record<string, string>>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<boolean> {
  if (environment['ROLEMINT_DATABASE_URL'] === undefined) throw new Error('Several workers need Postgres.');
  const app = await openApp(loadConfig({ ...environment, ROLEMINT_LOG_LEVEL: 'silent' }));
  await fill(app, { clients: 10, users: 10, profiles: 10 });
  await app.close();
  const one = await startProgram('one worker', { ...environment, ROLEMINT_WORKERS: '1' });
  const two = await startProgram('two workers', { ...environment, ROLEMINT_WORKERS: '2' });
  try {
    const ones: Round[] = [];
    const twos: Round[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // Who is first changes, for what a machine does in the meantime.
      const order =
        round % 2 === 0
          ? ([
              [one, ones],
              [two, twos],
            ] as const)
          : ([
              [two, twos],
              [one, ones],
            ] as const);
      for (const [program, kept] of order) {
        const measured = await measure(program, tokens(seconds));
        if (round > 0) kept.push(measured);
      }
    }
    return print(ones, twos);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
}

function print(ones: readonly Round[], twos: readonly Round[]): boolean {
  const rates = (of: readonly Round[]) => of.map(({ requestsPerSecond }) => requestsPerSecond);
  const perCore = (of: readonly Round[]) => of.map(({ requestsPerSecond, server }) => requestsPerSecond / server);
  const alone = ones.map(({ requestsPerSecond, busiest }) => requestsPerSecond / busiest);
  const both = perCore(twos).map((rate) => rate * CORES);
  const use = (of: readonly Round[], what: keyof Round) => median(of.map((round) => round[what])).toFixed(2);
  console.log(
    '\n## client_credentials: two workers against one\n\n| | requests/s | cores of the server | busiest thread | cores of the generator | requests per core and second |\n|---|---|---|---|---|---|',
  );
  for (const [name, of] of [
    ['one worker', ones],
    ['two workers', twos],
  ] as const)
    console.log(
      `| ${name} | ${median(rates(of)).toFixed(0)} | ${use(of, 'server')} | ${use(of, 'busiest')} | ${use(of, 'generator')} | ${median(perCore(of)).toFixed(0)} |`,
    );
  const capacity = median(both.map((rate, round) => rate / alone[round]!));
  console.log(`\nrequests/s as they were, with the generator on the same cores: ${ratio(rates(twos), rates(ones))}`);
  console.log(`requests per core and second: ${ratio(perCore(twos), perCore(ones))}`);
  console.log(`two workers on two cores against one whose thread has a core for itself: ${ratio(both, alone)} (target ${TARGET})`);
  return capacity >= TARGET;
}
