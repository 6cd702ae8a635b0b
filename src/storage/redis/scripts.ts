/**
 * @module What must happen at once in Redis, as scripts. Each touches one key, so that it runs on a cluster. Times are given
 * by the caller, in milliseconds: Redis's own clock only decides when it forgets.
 */
import type { RedisClient } from './connection.ts';

interface Script {
  readonly numberOfKeys: 1;
  readonly lua: string;
}

/** Replaces an artifact; its mark stays while it lasts. ARGV: now, life, then the fields. A life that is over: removes it. */
const PUT: Script = {
  numberOfKeys: 1,
  lua: `
    local known = redis.call('HMGET', KEYS[1], 'expires_at', 'consumed_at')
    redis.call('DEL', KEYS[1])
    if tonumber(ARGV[2]) <= 0 then return 0 end
    redis.call('HSET', KEYS[1], unpack(ARGV, 3))
    if known[2] and tonumber(known[1]) > tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'consumed_at', known[2]) end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1`,
};

/** Marks an artifact once. ARGV: now, then the fields to tell. Answers what was consumed, or nil. */
const CONSUME: Script = {
  numberOfKeys: 1,
  lua: `
    local expires = redis.call('HGET', KEYS[1], 'expires_at')
    if not expires or tonumber(expires) <= tonumber(ARGV[1]) then return nil end
    if redis.call('HSETNX', KEYS[1], 'consumed_at', ARGV[1]) == 0 then return nil end
    return redis.call('HMGET', KEYS[1], unpack(ARGV, 2))`,
};

/** Removes an artifact. Answers when it would have expired, or nil. */
const REMOVE: Script = {
  numberOfKeys: 1,
  lua: `
    local expires = redis.call('HGET', KEYS[1], 'expires_at')
    redis.call('DEL', KEYS[1])
    return expires`,
};

/** Adds a member to an index, which lasts as long as the longest of its members. ARGV: now, life, end, member. */
const INDEX: Script = {
  numberOfKeys: 1,
  lua: `
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
    redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return 1`,
};

/** A client that knows the scripts. */
export interface ScriptedClient {
  putArtifact(key: string, now: number, life: number, ...fields: readonly (string | number)[]): Promise<unknown>;
  consumeArtifact(key: string, now: number, ...fields: readonly string[]): Promise<readonly (string | null)[] | null>;
  removeArtifact(key: string): Promise<string | null>;
  indexArtifact(key: string, now: number, life: number, end: number, member: string): Promise<unknown>;
}

/** Teaches a client the scripts. */
export function defineScripts(client: RedisClient): void {
  client.defineCommand('putArtifact', PUT);
  client.defineCommand('consumeArtifact', CONSUME);
  client.defineCommand('removeArtifact', REMOVE);
  client.defineCommand('indexArtifact', INDEX);
}
