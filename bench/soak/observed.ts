/** @module What a soak looks at: the memory of each process, the rows and bytes of each table, the keys in Redis. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { sum, type BenchProgram } from '../program.ts';

const MIB = 1024 * 1024;

/** Figures by name, in the order in which they are shown: `memory …` in MiB, `rows …` and `keys …` in number, `bytes …`. */
export type Observation = ReadonlyMap<string, number>;

export interface Observed {
  readonly program: BenchProgram;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
}

export async function observe({ program, databaseUrl, redisUrl }: Observed): Promise<Observation> {
  const figures = new Map<string, number>();
  // The workers collect what is garbage, see bench/servers/collecting.mjs; what is left is what they keep.
  const [, ...workers] = program.uses();
  for (const { pid } of workers) process.kill(pid, 'SIGUSR2');
  figures.set('memory heap of all workers after collection', (await heapOf(program.url, workers.length)) / MIB);
  const uses = program.uses();
  figures.set('memory resident, first process', uses[0]!.rss / MIB);
  figures.set('memory resident, workers together', sum(uses.slice(1).map(({ rss }) => rss)) / MIB);
  for (const [name, value] of await tables(databaseUrl)) figures.set(name, value);
  if (redisUrl !== undefined) for (const [name, value] of await redisKeys(redisUrl)) figures.set(name, value);
  return figures;
}

/** Bytes in use by all workers; asks again while one of them has not answered. */
async function heapOf(url: string, workers: number): Promise<number> {
  for (;;) {
    const metrics = await fetch(`${url}/metrics`).then((answer) => answer.text());
    const [heap, answering] = ['nodejs_heap_size_used_bytes', 'rolemint_workers'].map(
      (name) => new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1],
    );
    if (heap !== undefined && Number(answering) === workers) return Number(heap);
  }
}

async function tables(url: string): Promise<ReadonlyMap<string, number>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ readonly name: string; readonly bytes: string }>(
      `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    );
    const figures = new Map<string, number>();
    for (const { name } of rows.filter((row) => row.name !== 'artifacts')) {
      const counted = await client.query<{ readonly count: number }>(`SELECT count(*)::int AS count FROM ${pg.escapeIdentifier(name)}`);
      figures.set(`rows ${name}`, counted.rows[0]!.count);
    }
    // Some live for a minute, some for a day.
    const kinds = await client.query<{ readonly kind: string; readonly count: number }>(
      'SELECT kind, count(*)::int AS count FROM artifacts GROUP BY 1 ORDER BY 1',
    );
    for (const { kind, count } of kinds.rows) figures.set(`rows artifacts ${kind}`, count);
    figures.set('bytes all tables and indexes', sum(rows.map(({ bytes }) => Number(bytes))));
    return figures;
  } finally {
    await client.end();
  }
}

/** Numbers of keys by what stands before the last colon of the namespace, without ids. */
async function redisKeys(url: string): Promise<ReadonlyMap<string, number>> {
  const redis = new Redis(url);
  try {
    const figures = new Map<string, number>();
    for await (const keys of redis.scanStream({ count: 1000 })) {
      for (const key of keys as string[]) {
        const kind = `keys ${key
          .split(/[:{]/)
          .slice(0, 3)
          .filter((part) => /^[a-z_-]{1,20}$/.test(part))
          .join(':')}`;
        figures.set(kind, (figures.get(kind) ?? 0) + 1);
      }
    }
    figures.set('keys all', await redis.dbsize());
    return figures;
  } finally {
    redis.disconnect();
  }
}
