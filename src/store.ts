/** @module Opens the stores that the settings name. */
import type { Config } from './config.ts';
import { MOST_WRONG_USER_CODES } from './domain/attempt-budget.ts';
import type { ChangeChannel, Clock, Store } from './domain/ports.ts';
import { memoryChangeChannel } from './storage/memory/change-channel.ts';
import type { ReplicaOptions } from './storage/postgres/replica.ts';
import { parseRedisAddress } from './storage/redis/address.ts';
import { openCallerBudget, openAttemptBudget } from './storage/redis/attempt-budget.ts';
import { redisChangeChannel } from './storage/redis/change-channel.ts';
import { openRedis, type RedisConnection, type RedisConnectionOptions } from './storage/redis/connection.ts';

export interface OpenStoreOptions extends Pick<ReplicaOptions, 'onFault' | 'onAnswer'> {
  readonly clock: Clock;
  readonly redis: RedisConnection | undefined;
}

/** Each kind of store is loaded only when it is used: the embedded one brings a whole Postgres along. */
export async function openStore(config: Config, { clock, redis, ...told }: OpenStoreOptions): Promise<Store> {
  if (config.databaseUrl === undefined) {
    const { openEmbeddedStore } = await import('./storage/postgres/embedded.ts');
    return openEmbeddedStore({ dataDir: config.dataDir, clock, redis });
  }
  const { openPostgresStore } = await import('./storage/postgres/store.ts');
  const replica = config.replicaUrl && { ...told, url: config.replicaUrl.reveal(), maximumLagMilliseconds: config.replicaLagMilliseconds };
  const { databasePoolSize: poolSize, databasePooler: pooler } = config;
  return openPostgresStore({ url: config.databaseUrl.reveal(), poolSize, pooler, replica, clock, redis, notify: redis === undefined });
}

/** undefined where the settings name none. Resolves also when it does not answer. */
export async function connectRedis(
  { redis }: Config,
  told: Pick<RedisConnectionOptions, 'onDown' | 'onUp' | 'onRefused'>,
): Promise<RedisConnection | undefined> {
  if (redis === undefined) return undefined;
  return openRedis({ ...told, address: parseRedisAddress(redis.kind, redis.address.reveal())!, ca: redis.ca });
}

/** How often callers may fail, and how often they may make us keep something. */
export function openBudgets(
  { attemptsPerAddress: perAddress, attemptsPerName: perName, requestsPerAddress }: Config,
  { redis, clock }: Pick<OpenStoreOptions, 'redis' | 'clock'>,
) {
  return {
    budget: openAttemptBudget({ redis, perAddress, perName, clock }),
    userCodes: openCallerBudget('user-codes', { redis, points: MOST_WRONG_USER_CODES }),
    requests: openCallerBudget('requests', { redis, points: requestsPerAddress }),
  };
}

interface ChangeChannelOptions {
  readonly redis: RedisConnection | undefined;
  /** Nobody else has the store. */
  readonly alone: boolean;
}

/** By Redis where there is one; else by Postgres, unless a pooler stands in front. */
export async function openChangeChannel({ databaseUrl, databasePooler }: Config, { redis, alone }: ChangeChannelOptions): Promise<ChangeChannel> {
  if (redis !== undefined) return redisChangeChannel(redis);
  if (databaseUrl === undefined || databasePooler === 'transaction' || alone) return memoryChangeChannel();
  const { postgresChangeChannel } = await import('./storage/postgres/change-channel.ts');
  return postgresChangeChannel(databaseUrl.reveal());
}
