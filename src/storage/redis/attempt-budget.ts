/**
 * @module Attempt budgets, shared by all nodes through Redis where there is one; while it is down, each node allows half.
 * The workers of one node count together, in their parent.
 */
import cluster from 'node:cluster';
import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { RateLimiterCluster, RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { DomainError } from '../../domain/errors.ts';
import type { CallerBudget, AttemptBudget } from '../../domain/attempt-budget.ts';
import type { Clock } from '../../domain/ports.ts';
import { RedisUnavailable, type RedisConnection } from './connection.ts';

const WINDOW_SECONDS = 600;
/** A parent that does not answer in this time is about to end, and its workers with it. */
const PARENT_MS = 2000;
const BLOCKED_ADDRESSES_KEPT = 100_000;

export interface AttemptBudgetOptions {
  readonly redis: RedisConnection | undefined;
  readonly perAddress: number;
  readonly perName: number;
  readonly clock: Clock;
}

export function openAttemptBudget(options: AttemptBudgetOptions): AttemptBudget {
  const { redis } = options;
  const addresses = limiter(redis, 'rolemint:attempts:address', options.perAddress);
  const names = limiter(redis, 'rolemint:attempts:name', options.perName);
  // A `max` would reserve the room for all of them at once.
  const blockedUntil = new LRUCache<string, number>({ maxSize: BLOCKED_ADDRESSES_KEPT, sizeCalculation: () => 1 });
  const consumeAddress = (caller: string) =>
    consume(addresses, caller, (milliseconds) => blockedUntil.set(caller, options.clock.now() + milliseconds));
  return {
    async take({ address, name, shared }) {
      const caller = callerOf(address);
      const ofName = consume(names, `${caller} ${name}`);
      await (shared ? ofName : Promise.all([consumeAddress(caller), ofName]));
    },
    async giveBack({ address, name, shared }) {
      const caller = callerOf(address);
      const ofName = names.reward(`${caller} ${name}`);
      await (shared ? ofName : Promise.all([addresses.reward(caller), ofName]));
    },
    async recordFailure(address) {
      const caller = callerOf(address);
      await consumeAddress(caller).catch(() => undefined);
    },
    blockedFor(address) {
      const until = blockedUntil.get(callerOf(address));
      const left = until === undefined ? 0 : until - options.clock.now();
      return left > 0 ? Math.ceil(left / 1000) : undefined;
    },
  };
}

/** @param of what is counted: a part of a key */
export function openCallerBudget(
  of: string,
  { redis, points }: { readonly redis: RedisConnection | undefined; readonly points: number },
): CallerBudget {
  const callers = limiter(redis, `rolemint:${of}:caller`, points);
  return {
    take: (caller) => consume(callers, callerOf(caller)),
    giveBack: async (caller) => void (await callers.reward(callerOf(caller))),
  };
}

async function consume(limits: Limiter, key: string, onSpent: (milliseconds: number) => unknown = () => undefined): Promise<void> {
  try {
    await limits.consume(key);
  } catch (error) {
    if (!(error instanceof RateLimiterRes))
      throw new DomainError('unavailable', 'Attempts cannot be counted at the moment.', { retryAfterSeconds: 1, cause: error });
    onSpent(error.msBeforeNext);
    throw new DomainError('too_many_attempts', 'Too many failed attempts.', { retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)) });
  }
}

/** Whom an address stands for: in IPv6 everybody has the 2^64 addresses of a /64 network to choose from (RFC 6177). */
export function callerOf(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const following = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + following.length < 8 && groups.length < 4) groups.push('0');
  return `${[...groups, ...following]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

type Limiter = Pick<RateLimiterAbstract, 'consume' | 'reward'>;

function limiter(redis: RedisConnection | undefined, keyPrefix: string, points: number): Limiter {
  const duration = WINDOW_SECONDS;
  if (redis === undefined) return ofNode({ keyPrefix, points, duration });
  const shared = new RateLimiterRedis({ storeClient: redis.client, keyPrefix, points, duration });
  const own = ofNode({ keyPrefix, points: Math.max(1, Math.floor(points / 2)), duration });
  const either = async <T>(count: (limits: RateLimiterAbstract) => Promise<T>) => {
    try {
      return await redis.ask(() => count(shared));
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return count(own);
    }
  };
  return { consume: (key) => either((limits) => limits.consume(key)), reward: (key) => either((limits) => limits.reward(key)) };
}

/** Counts for this node alone. The parent of a worker counts for all workers, see `src/cluster/supervisor.ts`. */
function ofNode(options: { readonly keyPrefix: string; readonly points: number; readonly duration: number }): RateLimiterAbstract {
  return cluster.isWorker ? new RateLimiterCluster({ ...options, timeoutMs: PARENT_MS }) : new RateLimiterMemory(options);
}
