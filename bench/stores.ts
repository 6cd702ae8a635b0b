/** @module Where the servers of a benchmark keep their data: a real Postgres when one is installed, else the embedded one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDatabase, startPostgres } from '../test/support/postgres.ts';

export interface BenchStores {
  readonly kind: string;
  /** Settings of one more server with an empty store of its own. */
  environment(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

/** Stops and removes everything that it started when it is closed. */
export async function openBenchStores(): Promise<BenchStores> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-bench-'));
  const postgres = process.argv.includes('--embedded') ? undefined : await startPostgres();
  let servers = 0;
  return {
    kind: postgres === undefined ? 'embedded' : 'Postgres on the same machine',
    environment: async () => {
      const own = path.join(folder, String((servers += 1)));
      const store =
        postgres === undefined ? { ROLEMINT_DATA_DIR: path.join(own, 'data') } : { ROLEMINT_DATABASE_URL: await createDatabase(postgres.url) };
      return {
        ROLEMINT_ISSUER: 'https://bench.example',
        ROLEMINT_PORT: '0',
        ROLEMINT_KEYS_DIR: path.join(own, 'keys'),
        ROLEMINT_LOG_FORMAT: 'json',
        ROLEMINT_HASH_QUEUE: '1000',
        ...store,
      };
    },
    close: async () => {
      await postgres?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
