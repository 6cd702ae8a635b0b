/** @module Opens the store that the settings name. */
import type { Config } from './config.ts';
import type { Clock, Store } from './domain/ports.ts';
import type { ReplicaOptions } from './storage/postgres/replica.ts';

/** Each kind of store is loaded only when it is used: the embedded one brings a whole Postgres along. */
export async function openStore(config: Config, clock: Clock, told: Pick<ReplicaOptions, 'onFault' | 'onAnswer'>): Promise<Store> {
  if (config.databaseUrl === undefined) {
    const { openEmbeddedStore } = await import('./storage/postgres/embedded.ts');
    return openEmbeddedStore({ dataDir: config.dataDir, clock });
  }
  const { openPostgresStore } = await import('./storage/postgres/store.ts');
  const replica = config.replicaUrl && { ...told, url: config.replicaUrl.reveal(), maximumLagMilliseconds: config.replicaLagMilliseconds };
  const { databasePoolSize: poolSize, databasePooler: pooler } = config;
  return openPostgresStore({ url: config.databaseUrl.reveal(), poolSize, pooler, replica, clock });
}
