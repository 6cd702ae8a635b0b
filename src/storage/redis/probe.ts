import { openRedis, type RedisConnectionOptions } from './connection.ts';

export interface RedisFindings {
  /** What Redis does when its memory is full, as it calls it; undefined: memory is not limited, or Redis does not say. */
  readonly evicts: string | undefined;
}

/** Resolves when Redis answers; throws why it does not. */
export async function probeRedis(options: Pick<RedisConnectionOptions, 'address' | 'ca'>): Promise<RedisFindings> {
  let fault: unknown;
  const redis = await openRedis({ ...options, onDown: (error) => (fault = error) });
  try {
    if (fault !== undefined) throw fault;
    const memory = await redis.client.info('memory').catch(() => '');
    const [limit, policy] = ['maxmemory', 'maxmemory_policy'].map((name) => new RegExp(`^${name}:(\\S+)`, 'm').exec(memory)?.[1]);
    return { evicts: limit === undefined || limit === '0' || policy === 'noeviction' ? undefined : policy };
  } finally {
    redis.close();
  }
}
