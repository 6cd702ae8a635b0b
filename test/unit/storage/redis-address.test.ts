import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config.ts';
import { parseRedisAddress, type RedisKind } from '../../../src/storage/redis/address.ts';

describe('the address of a Redis', () => {
  it.each<[RedisKind, string, object]>([
    ['single', 'redis://redis', { nodes: [{ host: 'redis', port: 6379 }], database: 0, tls: false }],
    ['single', 'redis://127.0.0.1:7000/3', { nodes: [{ host: '127.0.0.1', port: 7000 }], database: 3, tls: false }],
    ['single', 'rediss://[::1]:7000', { nodes: [{ host: '::1', port: 7000 }], database: 0, tls: true }],
    ['single', 'redis://:p%40s%2Fs@h', { nodes: [{ host: 'h', port: 6379 }], password: 'p@s/s', database: 0, tls: false }],
    ['single', 'redis://me:a:b@h/', { nodes: [{ host: 'h', port: 6379 }], username: 'me', password: 'a:b', database: 0, tls: false }],
    ['cluster', 'a', { nodes: [{ host: 'a', port: 6379 }], database: 0, tls: false }],
    [
      'cluster',
      'a:1,[::1]:2,c',
      {
        nodes: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
          { host: 'c', port: 6379 },
        ],
        database: 0,
        tls: false,
      },
    ],
    [
      'cluster',
      'rediss://u:p@a:1,b',
      {
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
        username: 'u',
        password: 'p',
        database: 0,
        tls: true,
      },
    ],
    [
      'sentinel',
      'redis://u:p@a,b:1/my-master?sentinel_password=q%26',
      {
        nodes: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
        ],
        master: 'my-master',
        username: 'u',
        password: 'p',
        sentinelPassword: 'q&',
        database: 0,
        tls: false,
      },
    ],
  ])('%s: %s', (kind, text, expected) => {
    expect(parseRedisAddress(kind, text)).toEqual({ kind, ...expected });
  });

  it.each<[RedisKind, string]>([
    ['single', ''],
    ['single', 'redis://'],
    ['single', 'http://h'],
    ['single', 'h:6379'],
    ['single', 'redis://a,b'],
    ['single', 'redis://a/b'],
    ['single', 'redis://a?x=1'],
    ['single', 'redis://a#b'],
    ['single', 'redis://a:99999'],
    ['single', 'redis://:%zz@a'],
    ['single', 'redis://a b'],
    ['cluster', 'a,,b'],
    ['cluster', 'redis://a/1'],
    ['cluster', 'a,redis://b'],
    ['sentinel', 'redis://a'],
    ['sentinel', 'a/master'],
    ['sentinel', 'redis://a/master?db=1'],
  ])('%s is not %s', (kind, text) => {
    expect(parseRedisAddress(kind, text)).toBeUndefined();
  });
});

describe('the settings of Redis', () => {
  it('name one Redis, whose password is not shown', () => {
    expect(loadConfig({}).redis).toBeUndefined();
    const config = loadConfig({ ROLEMINT_REDIS_CLUSTER: 'redis://:a-secret-word@a,b' });
    expect(config.redis).toMatchObject({ name: 'ROLEMINT_REDIS_CLUSTER', kind: 'cluster', ca: undefined });
    expect(config.redis?.address.reveal()).toBe('redis://:a-secret-word@a,b');
    expect(JSON.stringify(config)).not.toContain('a-secret-word');
  });

  it('are refused when they make no sense, without showing them', () => {
    const refused = (env: Record<string, string>) => {
      try {
        loadConfig(env);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(refused({ ROLEMINT_REDIS_URL: 'redis://a', ROLEMINT_REDIS_SENTINEL: 'redis://b/m' })).toContain(
      'ROLEMINT_REDIS_URL, ROLEMINT_REDIS_SENTINEL: set together; only one of them can be',
    );
    expect(refused({ ROLEMINT_REDIS_URL: 'a-secret-word' })).toContain('ROLEMINT_REDIS_URL: a redis:// or rediss:// URL is needed');
    expect(refused({ ROLEMINT_REDIS_URL: 'a-secret-word' })).not.toContain('a-secret-word');
    expect(refused({ ROLEMINT_REDIS_CA: 'no' })).toContain('ROLEMINT_REDIS_CA: certificates in PEM are needed');
  });
});
