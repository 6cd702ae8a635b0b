/**
 * @module `npm run bench [-- SECTION…]`: what a token costs, in ratios that mean something on any machine. All servers of a comparison
 * run at once and are loaded in turn; each round gives one ratio. Results and their reading: bench/README.md.
 */
import { availableParallelism } from 'node:os';
import { load, median, ratio, startServer, stopAll, stopServer, type BenchServer, type Load, type Sample } from './harness.ts';
import { compareConsole } from './console.ts';
import { compareManagement } from './management.ts';
import { comparePasswords, latencyBesideFullQueue, latencyUnderLogins } from './passwords.ts';
import { soak } from './soak/soak.ts';
import { openBenchStores } from './stores.ts';
import { compareWorkers } from './workers.ts';
import { PASSWORD, SCOPE, SECRET } from './world.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2);
const CONNECTIONS = 32;
const LARGE = { clients: 100_000, users: 1_000_000, profiles: 10_000 };

type Environment = Readonly<Record<string, string>>;

interface Contestant {
  readonly server: BenchServer;
  readonly load: Load;
}

/**
 * Loads all contestants, round after round; the first round warms up and does not count.
 * @param atOnce not one after the other: what the machine does to one it does to the other in the same instant, so that a few
 * percent can be told. Their rates say nothing then, each has what the others leave.
 */
async function compare(contestants: readonly Contestant[], { atOnce = false } = {}): Promise<ReadonlyMap<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ server }) => [server.name, []]));
  const measure = async ({ server, load: what }: Contestant, counts: boolean) => {
    const sample = await load(server, what);
    if (sample.failed > 0) throw new Error(`${server.name}: ${sample.failed} requests failed`);
    if (counts) samples.get(server.name)!.push(sample);
  };
  for (let round = 0; round <= ROUNDS; round += 1) {
    if (atOnce) await Promise.all(contestants.map((contestant) => measure(contestant, round > 0)));
    else for (const contestant of contestants) await measure(contestant, round > 0);
  }
  return samples;
}

function print(title: string, samples: ReadonlyMap<string, Sample[]>, reference: string): void {
  const cpu = (name: string) => samples.get(name)!.map((sample) => sample.cpuMicrosecondsPerRequest);
  const rate = (name: string) => samples.get(name)!.map((sample) => sample.requestsPerSecond);
  console.log(
    `\n## ${title}\n\n| server | CPU a request against ${reference} | requests/s against ${reference} | CPU µs | requests/s | p99 ms | RSS MiB |\n|---|---|---|---|---|---|---|`,
  );
  for (const [name, list] of samples) {
    const last = (value: (sample: Sample) => number) => median(list.map(value)).toFixed(0);
    console.log(
      `| ${name} | ${ratio(cpu(name), cpu(reference))} | ${ratio(rate(name), rate(reference))} | ${last((s) => s.cpuMicrosecondsPerRequest)} | ${last((s) => s.requestsPerSecond)} | ${last((s) => s.p99)} | ${last((s) => s.rssMiB)} |`,
    );
  }
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const credentials = (id: string) => form({ grant_type: 'client_credentials', client_id: id, client_secret: SECRET, scope: SCOPE });
const tokenLoad = (bodies: readonly string[], path = '/oauth/token'): Load => ({ path, bodies, connections: CONNECTIONS, seconds: SECONDS });
const signIn = (user: number) =>
  form({ grant_type: 'password', client_id: 'c0', client_secret: SECRET, username: `user${user}`, password: PASSWORD, scope: SCOPE });
/** So many numbers below a limit in an order that has nothing to do with the one in which they were stored. */
const shuffled = (count: number) => Array.from({ length: count }, (_, index) => (index * 7919) % count);
const someClients = (count: number) => Array.from({ length: count }, (_, index) => credentials(`c${index}`));

async function tokenAndIntrospection(small: BenchServer): Promise<void> {
  const bare = await startServer('bare node:http', 'bare.ts');
  const stock = await startServer('oidc-provider as it ships', 'stock.ts');
  const cc = await compare([
    { server: bare, load: tokenLoad([credentials('bench')], '/') },
    { server: stock, load: tokenLoad([credentials('bench')], '/token') },
    { server: small, load: tokenLoad(someClients(10)) },
  ]);
  print('client_credentials: (a) bare, (b) the engine as it ships, (c) Rolemint', cc, stock.name);
  const answer = (await (await fetch(`${small.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(credentials('c0')) })).json()) as {
    access_token: string;
  };
  const introspect = form({ client_id: 'c0', client_secret: SECRET, token: answer.access_token });
  const introspection = await compare([
    { server: stock, load: tokenLoad([credentials('bench')], '/token') },
    { server: small, load: tokenLoad([introspect], '/oauth/introspect') },
  ]);
  print('(d) introspection of a JWT, read through to the store, against (b)', introspection, stock.name);
  await Promise.all([stopServer(bare), stopServer(stock)]);
}

const PAIRS = 9;
const MOST_FOR_SIZE = 1.1;

/**
 * Ten clients ask a small server and a large one at once, in pairs of processes that are started anew: two processes differ
 * by a tenth for as long as they live, also when they are of the same size.
 * @returns whether the median of the pairs is within the target
 */
async function flatInPairs(few: Environment, many: Environment): Promise<boolean> {
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const starts = [() => startServer('Rolemint', 'rolemint.ts', { env: few }), () => startServer('Rolemint, large', 'rolemint.ts', { env: many })];
    const servers: BenchServer[] = [];
    // Which of the two is started first changes.
    for (const start of pair % 2 === 0 ? starts : starts.toReversed()) servers.push(await start());
    const samples = await compare(
      servers.map((server) => ({ server, load: tokenLoad(someClients(10)) })),
      { atOnce: true },
    );
    const cpu = (name: string) => samples.get(name)!.map((sample) => sample.cpuMicrosecondsPerRequest);
    ratios.push(median(cpu('Rolemint, large').map((value, round) => value / cpu('Rolemint')[round]!)));
    await Promise.all(servers.map(stopServer));
  }
  const worlds = Object.entries(LARGE).map(([what, count]) => `${count.toLocaleString('en')} ${what}`);
  console.log(`\n## (c) with 10 clients, users and profiles against ${worlds.join(', ')}; ten clients ask\n`);
  console.log(`CPU a request, median of each of ${PAIRS} pairs: ${ratios.map((value) => value.toFixed(2)).join(', ')}`);
  console.log(`of all pairs: ${median(ratios).toFixed(2)} (target ${MOST_FOR_SIZE})`);
  return median(ratios) <= MOST_FOR_SIZE;
}

async function flatness(small: BenchServer, large: BenchServer): Promise<void> {
  const every = shuffled(LARGE.clients).map((index) => credentials(`c${index}`));
  // Each client once, so that the cache holds them as it does on a server that has run for a while.
  for (let seconds = 0; seconds < 60; seconds += 20) await load(large, { ...tokenLoad(every), seconds: 20 });
  const wide = await compare(
    [
      { server: small, load: tokenLoad(someClients(10)) },
      { server: large, load: tokenLoad(every) },
    ],
    { atOnce: true },
  );
  print('every one of the clients of the large one asks in turn', wide, small.name);
  const signIns = await compare(
    [
      { server: small, load: tokenLoad(Array.from({ length: 10 }, (_, index) => signIn(index))) },
      { server: large, load: tokenLoad(shuffled(LARGE.users).map(signIn)) },
    ],
    { atOnce: true },
  );
  print('sign-ins by password, ten people against each of all people in turn', signIns, small.name);
}

const SECTIONS = ['tokens', 'passwords', 'size', 'management', 'console', 'workers', 'soak'] as const;
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = wanted.find((name) => !SECTIONS.some((section) => section === name));
if (unknown !== undefined) throw new Error(`There is no section ${unknown}: ${SECTIONS.join(', ')}`);
/** A soak is long, and only run when it is asked for. */
const includes = (section: (typeof SECTIONS)[number]) => (wanted.length === 0 ? section !== 'soak' : wanted.includes(section));
const option = (name: string, fallback: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? fallback : Number(given.slice(name.length + 3));
};

/** A figure that is far from what it should be makes the benchmark fail, after everything else has run. */
function judged(what: string, good: boolean): void {
  if (good) return;
  console.log(`\n**Not as it should be: ${what}.**`);
  process.exitCode = 1;
}

if (includes('soak')) judged('what grows', await soak({ minutes: option('minutes', 20), rate: option('rate', 30) }));
if (wanted.length === 1 && includes('soak')) process.exit();

const stores = await openBenchStores();
console.log(
  `# Benchmark\n\nNode ${process.version}, ${availableParallelism()} cores, store: ${stores.kind}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections.`,
);
try {
  if (includes('tokens') || includes('passwords')) await compareTokens();
  if (includes('size')) await compareSizes();
  if (includes('management')) await compareManagement(stores.environment, { rounds: ROUNDS, seconds: SECONDS });
  if (includes('console')) await compareConsole(stores.environment, { rounds: ROUNDS });
  if (includes('workers'))
    judged('two workers against one', await compareWorkers(await stores.environment(), { rounds: 2 * ROUNDS + 1, seconds: SECONDS }));
} finally {
  await stopAll();
  await stores.close();
}

async function compareTokens(): Promise<void> {
  const small = await startServer('Rolemint', 'rolemint.ts', { env: await stores.environment() });
  if (includes('tokens')) await tokenAndIntrospection(small);
  if (includes('passwords')) {
    await comparePasswords(small, { rounds: ROUNDS, seconds: SECONDS });
    await latencyUnderLogins(small, { rounds: ROUNDS, seconds: SECONDS });
    const kept = await latencyBesideFullQueue(await stores.environment(), { rounds: ROUNDS, seconds: SECONDS });
    judged('latency beside a full queue of passwords', kept);
  }
  await stopServer(small);
}

async function compareSizes(): Promise<void> {
  const size = Object.fromEntries(Object.entries(LARGE).map(([what, count]) => [`BENCH_${what.toUpperCase()}`, String(count)]));
  const [few, many] = [await stores.environment(), { ...(await stores.environment()), ...size }];
  // Filled first and started anew, so that the heap of neither remembers how.
  for (const env of [few, many]) await stopServer(await startServer('to be filled', 'rolemint.ts', { env }));
  judged('what a token costs where there is much', await flatInPairs(few, many));
  const small = await startServer('Rolemint', 'rolemint.ts', { env: few });
  const large = await startServer('Rolemint, large', 'rolemint.ts', { env: many });
  await flatness(small, large);
  await Promise.all([stopServer(small), stopServer(large)]);
}
