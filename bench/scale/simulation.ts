/**
 * @module Many processes on one Postgres and one Redis, in simulated time: requests of all kinds arrive at random, wait for
 * the processor of their process, for a hashing thread, for Postgres and for Redis, while every process polls for changes.
 */
import { ASSUMED, type Kind } from './costs.ts';
import { randomOf, Station, Timeline } from './events.ts';

export interface Simulated {
  readonly processes: number;
  /** Requests a second of all processes together. */
  readonly rate: number;
  readonly postgresCores: number;
  /** Masters of a cluster that share the keys; 1: a single Redis. */
  readonly redisMasters: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Outcome {
  /** Cores in use: of the JavaScript threads, on average over the processes; of Postgres; of Redis. */
  readonly busy: { readonly process: number; readonly postgres: number; readonly redis: number };
  /** A second. */
  readonly statements: number;
  readonly commands: number;
  /** Milliseconds from the arrival to the answer, by kind. */
  readonly waits: ReadonlyMap<string, { readonly median: number; readonly p99: number }>;
  /** Milliseconds between two looks of a process at the changes, at most: how old what it decides from can be. */
  readonly oldest: number;
}

export function simulate(kinds: readonly Kind[], { processes, rate, postgresCores, redisMasters, seconds, seed }: Simulated): Outcome {
  const time = new Timeline();
  const random = randomOf(seed);
  /** Of an exponential distribution. */
  const around = (mean: number) => -Math.log(1 - random()) * mean;
  const postgres = new Station(time, postgresCores);
  const redis = new Station(time, redisMasters);
  const threads = Array.from({ length: processes }, () => ({ script: new Station(time, 1), hashing: new Station(time, ASSUMED.hashThreads) }));
  const answered = new Map<string, number[]>(kinds.map(({ name }) => [name, []]));
  let oldest = 0;

  const step = {
    read: (then: () => void) => time.after(ASSUMED.roundTrip, () => postgres.serve(around(ASSUMED.read), then)),
    write: (then: () => void) => time.after(ASSUMED.roundTrip, () => postgres.serve(around(ASSUMED.write), () => time.after(ASSUMED.commit, then))),
    command: (then: () => void) => time.after(ASSUMED.roundTrip, () => redis.serve(around(ASSUMED.command), then)),
  };
  const plans = kinds.map((kind) => [
    ...Array.from({ length: kind.commands }, () => step.command),
    ...Array.from({ length: kind.reads }, () => step.read),
    ...Array.from({ length: kind.writes }, () => step.write),
  ]);

  function request(index: number): void {
    const began = time.now;
    const { script, hashing } = threads[Math.floor(random() * processes)]!;
    const plan = plans[index]!;
    const { name, hashes } = kinds[index]!;
    const proceed = (done: number): void => {
      const next = plan[done];
      if (next === undefined) answered.get(name)!.push(time.now - began);
      else script.serve(ASSUMED.each, () => next(() => proceed(done + 1)));
    };
    script.serve(around(ASSUMED.request), () => {
      if (hashes === 0) proceed(0);
      else hashing.serve(hashes * ASSUMED.hash, () => proceed(0));
    });
  }
  function arrivals(index: number): void {
    time.after(around(1e6 / (rate * kinds[index]!.share)), () => {
      request(index);
      arrivals(index);
    });
  }
  /** What a process knew at the beginning of a poll counts until the end of the next one. */
  function poll(thread: (typeof threads)[number], before: number): void {
    const began = time.now;
    thread.script.serve(ASSUMED.each, () =>
      step.read(() => {
        oldest = Math.max(oldest, time.now - before);
        time.after(Math.max(0, began + ASSUMED.poll - time.now), () => poll(thread, began));
      }),
    );
  }
  for (const index of kinds.keys()) arrivals(index);
  for (const thread of threads) time.after(random() * ASSUMED.poll, () => poll(thread, time.now));
  time.runUntil(seconds * 1e6);

  const share = (station: Station) => station.worked / (seconds * 1e6);
  return {
    busy: {
      process: threads.reduce((sum, { script }) => sum + share(script), 0) / processes,
      postgres: share(postgres),
      redis: share(redis),
    },
    statements: postgres.served / seconds,
    commands: redis.served / seconds,
    waits: new Map(Array.from(answered, ([name, waits]) => [name, percentiles(waits)])),
    oldest: oldest / 1000,
  };
}

function percentiles(waits: number[]): { readonly median: number; readonly p99: number } {
  const sorted = Float64Array.from(waits).sort();
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000;
  return { median: at(0.5), p99: at(0.99) };
}
