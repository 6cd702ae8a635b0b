/**
 * @module Runs servers side by side and loads them in turn, so that what a shared machine does to one it does to all.
 * What counts are ratios within a round.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import autocannon from 'autocannon';

/** What can be loaded, and says what it has used. */
export interface Loaded {
  readonly name: string;
  readonly url: string;
  usage(): Promise<Usage>;
}

export interface BenchServer extends Loaded {
  readonly child: ChildProcess;
  /** What the server said when it was ready. */
  readonly hello: Record<string, unknown>;
}

export interface Sample {
  readonly requestsPerSecond: number;
  readonly cpuMicrosecondsPerRequest: number;
  readonly p50: number;
  readonly p99: number;
  readonly rssMiB: number;
  readonly failed: number;
}

export interface Load {
  readonly path: string;
  /** Forms to post, one after the other, round robin; unset: GET. */
  readonly bodies?: readonly string[];
  /** Requests a second of all connections together at most; unset: as many as are answered. */
  readonly rate?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

const running = new Set<BenchServer>();

/** Stops whatever still runs; for the end of a benchmark, however it came. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stopServer));
}

/** Starts a server of `bench/servers` in a process of its own. */
export async function startServer(
  name: string,
  file: string,
  options: { readonly env?: Record<string, string>; readonly execArgv?: readonly string[] } = {},
): Promise<BenchServer> {
  const child = fork(path.join(import.meta.dirname, 'servers', file), {
    execArgv: ['--import', 'tsx', ...(options.execArgv ?? [])],
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const hello = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Record<string, unknown>));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  const server = { name, url: `http://127.0.0.1:${String(hello['port'])}`, child, hello, usage: () => usage(child) };
  running.add(server);
  return server;
}

export async function stopServer(server: BenchServer): Promise<void> {
  const { child } = server;
  running.delete(server);
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export interface Usage {
  /** Processor time so far, in microseconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly rss: number;
}

let asked = 0;

/** Two may ask the same server at the same time; each waits for its own answer. */
async function usage(child: ChildProcess): Promise<Usage> {
  const question = (asked += 1);
  child.send({ usage: question });
  for (;;) {
    const [answer] = (await once(child, 'message')) as [Usage & { readonly usage: number }];
    if (answer.usage === question) return answer;
  }
}

/** Loads one server for some seconds. */
export async function load(server: Loaded, { path: target, bodies, rate, headers = {}, connections, seconds }: Load): Promise<Sample> {
  const before = await server.usage();
  let next = 0;
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    setupRequest: (request: object) => ({ ...request, body: bodies?.[(next += 1) % bodies.length] }),
  };
  const result = await autocannon({
    url: server.url + target,
    connections,
    duration: seconds,
    ...(rate === undefined ? {} : { overallRate: rate }),
    requests: [bodies === undefined ? { method: 'GET', headers } : post],
  } as never);
  const after = await server.usage();
  const answered = result.requests.total;
  return {
    requestsPerSecond: answered / result.duration,
    cpuMicrosecondsPerRequest: (after.cpu - before.cpu) / Math.max(1, answered),
    p50: result.latency.p50,
    p99: result.latency.p99,
    rssMiB: after.rss / 1024 / 1024,
    failed: result.non2xx + result.errors,
  };
}

export interface Timing {
  readonly wallMicroseconds: number;
  readonly cpuMicroseconds: number;
}

/** Makes one request after the other for some seconds; what each takes, in time and in processor time of the server. */
export async function timeEach(server: Loaded, request: () => Promise<unknown>, seconds: number): Promise<Timing> {
  const before = await server.usage();
  const begun = performance.now();
  let requests = 0;
  do {
    await request();
    requests += 1;
  } while (performance.now() - begun < seconds * 1000);
  const took = performance.now() - begun;
  const after = await server.usage();
  return { wallMicroseconds: (took * 1000) / requests, cpuMicroseconds: (after.cpu - before.cpu) / requests };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** `1.23 [1.10..1.31]`: the median of the ratios of each round, and the extremes. */
export function ratio(numerators: readonly number[], denominators: readonly number[]): string {
  const ratios = numerators.map((value, round) => value / denominators[round]!);
  const show = (value: number) => value.toFixed(2);
  return `${show(median(ratios))} [${show(Math.min(...ratios))}..${show(Math.max(...ratios))}]`;
}
