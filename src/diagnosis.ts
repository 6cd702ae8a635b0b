import type { Config } from './config.ts';

/** What `rolemint doctor` asks of the outside without opening the application, which would migrate and take locks. */
export async function diagnosePostgres(url: string) {
  const { probePostgres } = await import('./storage/postgres/probe.ts');
  return probePostgres(url);
}

export async function diagnoseReplica(primaryUrl: string, replicaUrl: string) {
  const { probeReplica } = await import('./storage/postgres/probe.ts');
  return probeReplica(primaryUrl, replicaUrl);
}

export async function diagnoseRedis({ kind, address, ca }: NonNullable<Config['redis']>) {
  const { parseRedisAddress } = await import('./storage/redis/address.ts');
  const { probeRedis } = await import('./storage/redis/probe.ts');
  return probeRedis({ address: parseRedisAddress(kind, address.reveal())!, ca });
}
