import { Redis } from 'ioredis';

/** Resolves when Redis answers. */
export async function probeRedis(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, commandTimeout: 2000, connectTimeout: 2000, lazyConnect: true, retryStrategy: () => null });
  // The failing call tells; without a listener it would be told twice.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
