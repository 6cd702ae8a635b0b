/**
 * @module Attempt budgets, shared by all nodes through Redis where there is one; while it is down, each node allows half.
 * The workers of one node count together, in their parent.
 */
import cluster from 'node:cluster';
import { isIPv6 } from 'node:net';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RateLimiterCluster, RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { DomainError } from '../../domain/errors.ts';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import type { Clock } from '../../domain/ports.ts';

const WINDOW_SECONDS = 600;
/** A sign-in waits no longer than this for a Redis that hangs; then this node counts for itself. */
const COMMAND_MS = 200;
/** A parent that does not answer in this time is about to end, and its workers with it. */
const PARENT_MS = 2000;
const BLOCKED_ADDRESSES_KEPT = 100_000;

export interface AttemptBudgetOptions {
  readonly redisUrl: string | undefined;
  readonly perAddress: number;
  readonly perName: number;
  readonly clock: Clock;
  /** Redis went away or came back; asked for at most once per event. */
  readonly onError: (error: unknown) => void;
}

export function openAttemptBudget(options: AttemptBudgetOptions): AttemptBudget {
  const redis = options.redisUrl === undefined ? undefined : connect(options.redisUrl, options.onError);
  const addresses = limiter(redis, 'rolemint:attempts:address', options.perAddress);
  const names = limiter(redis, 'rolemint:attempts:name', options.perName);
  const blockedUntil = new LRUCache<string, number>({ max: BLOCKED_ADDRESSES_KEPT });
  const consume = async (limits: RateLimiterAbstract, key: string, block?: string) => {
    try {
      await limits.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes))
        throw new DomainError('unavailable', 'Attempts cannot be counted at the moment.', { retryAfterSeconds: 1, cause: error });
      if (block !== undefined) blockedUntil.set(block, options.clock.now() + error.msBeforeNext);
      throw new DomainError('too_many_attempts', 'Too many failed attempts.', {
        retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)),
      });
    }
  };
  return {
    async take({ address, name, shared }) {
      const caller = callerOf(address);
      const ofName = consume(names, `${caller} ${name}`);
      await (shared ? ofName : Promise.all([consume(addresses, caller, caller), ofName]));
    },
    async giveBack({ address, name, shared }) {
      const caller = callerOf(address);
      const ofName = names.reward(`${caller} ${name}`);
      await (shared ? ofName : Promise.all([addresses.reward(caller), ofName]));
    },
    async recordFailure(address) {
      const caller = callerOf(address);
      await consume(addresses, caller, caller).catch(() => undefined);
    },
    blockedFor(address) {
      const until = blockedUntil.get(callerOf(address));
      const left = until === undefined ? 0 : until - options.clock.now();
      return left > 0 ? Math.ceil(left / 1000) : undefined;
    },
    async close() {
      redis?.disconnect();
    },
  };
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

function limiter(redis: Redis | undefined, keyPrefix: string, points: number): RateLimiterAbstract {
  const duration = WINDOW_SECONDS;
  if (redis === undefined) return ofNode({ keyPrefix, points, duration });
  const insuranceLimiter = ofNode({ keyPrefix, points: Math.max(1, Math.floor(points / 2)), duration });
  return new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration, insuranceLimiter });
}

/** Counts for this node alone. The parent of a worker counts for all workers, see `src/cluster/supervisor.ts`. */
function ofNode(options: { readonly keyPrefix: string; readonly points: number; readonly duration: number }): RateLimiterAbstract {
  return cluster.isWorker ? new RateLimiterCluster({ ...options, timeoutMs: PARENT_MS }) : new RateLimiterMemory(options);
}

/** A connection that fails at once when Redis is away instead of queueing. */
function connect(url: string, onError: (error: unknown) => void): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: COMMAND_MS, connectTimeout: 2000, enableOfflineQueue: false });
  redis.on('error', onError);
  return redis;
}
