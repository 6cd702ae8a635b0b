import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { nodeVersion, openFiles } from '../../../src/cli/checks.ts';
import { MARKETPLACE, openBench, type Bench, type Result } from './harness.ts';

interface Check {
  readonly name: string;
  readonly status: string;
  readonly finding: string;
  readonly advice: string | null;
}

const checksOf = (result: Result): readonly Check[] => result.json()['checks'] as Check[];
const named = (result: Result, name: string): Check | undefined => checksOf(result).find((check) => check.name === name);

describe('rolemint doctor', () => {
  let bench: Bench;
  /** Nothing listens there. */
  const nobody = { ROLEMINT_ISSUER: 'http://127.0.0.1:1' };
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  it('is content with a fresh installation, and says what comes next', async () => {
    const result = await bench.run(['doctor', '--json'], { env: nobody });
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.json()['healthy']).toBe(true);
    expect(named(result, 'configuration')?.status).toBe('ok');
    expect(named(result, 'database')).toMatchObject({
      status: 'warn',
      finding: 'answers; there are no users',
      advice: expect.stringContaining('rolemint bootstrap'),
    });
    expect(named(result, 'signing keys')).toMatchObject({ status: 'warn' });
    expect(named(result, 'server')).toMatchObject({ status: 'warn', finding: expect.stringContaining('does not answer') });
    for (const check of checksOf(result))
      expect(check.status === 'ok' ? check.advice : typeof check.advice).toBe(check.status === 'ok' ? null : 'string');
  });

  it('names every problem of the settings, and fails', async () => {
    const result = await bench.run(['doctor', '--json'], { env: { ROLEMINT_PORT: 'x', ROLEMINT_LOG_FORMAT: 'y' } });
    expect(result.code).toBe(1);
    const problems = checksOf(result).filter(({ name }) => name === 'configuration');
    expect(problems.map(({ status }) => status)).toEqual(['fail', 'fail']);
    expect(problems.map(({ finding }) => finding.split(':')[0])).toEqual(['ROLEMINT_PORT', 'ROLEMINT_LOG_FORMAT']);
  });

  it('fails on a keys folder that others can look into', async () => {
    await mkdir(path.join(bench.folder, 'keys'));
    await chmod(path.join(bench.folder, 'keys'), 0o755);
    const result = await bench.run(['doctor', '--json'], { env: nobody });
    expect(result.code).toBe(1);
    expect(named(result, 'keys folder')).toMatchObject({
      status: 'fail',
      finding: expect.stringContaining('mode 0755'),
      advice: expect.stringContaining('chmod 700'),
    });
  });

  it('warns of what the demo published, and fails in production; the secrets themselves are not said', async () => {
    await bench.run(['apply', MARKETPLACE, '--insecure-plaintext']);
    const trying = await bench.run(['doctor', '--json'], { env: nobody });
    expect(trying.code).toBe(0);
    expect(named(trying, 'database')).toMatchObject({ status: 'warn', finding: expect.stringMatching(/client backoffice.*user alice/) });
    expect(trying.out).not.toContain('demo-backoffice-secret');
    const production = await bench.run(['doctor', '--json'], { env: { ...nobody, ROLEMINT_PRODUCTION: 'true' } });
    expect(production.code).toBe(1);
    expect(named(production, 'database')?.status).toBe('fail');
  });

  it('says what to do about a database and a Redis that do not answer', async () => {
    const result = await bench.run(['doctor', '--json'], {
      env: { ...nobody, ROLEMINT_DATABASE_URL: 'postgres://u:a-secret-word@127.0.0.1:1/x', ROLEMINT_REDIS_URL: 'redis://:a-secret-word@127.0.0.1:1' },
    });
    expect(result.code).toBe(1);
    expect(named(result, 'database')?.status).toBe('fail');
    expect(named(result, 'redis')).toMatchObject({ status: 'warn', advice: expect.stringContaining('ROLEMINT_REDIS_URL') });
    expect(result.out).not.toContain('a-secret-word');
  });

  it('reads well', async () => {
    const { out } = await bench.run(['doctor'], { env: nobody });
    expect(out).toMatch(/^(ok {2}|warn) {2}node: Node\.js /);
    expect(out).toContain('\n      → ');
  });
});

describe('the version of Node.js', () => {
  it.each([
    ['18.20.4', 'fail'],
    ['20.18.0', 'fail'],
    ['20.19.0', 'warn'],
    ['22.1.0', 'ok'],
    ['24.3.0', 'ok'],
  ])('%s: %s', (version, status) => {
    expect(nodeVersion(version).status).toBe(status);
  });

  it.each([
    [10_110, 'ok'],
    [Infinity, 'ok'],
    [1024, 'warn'],
  ])('of %d open files, with room for 10000 connections and 10 to the database, says %s', (limit, status) => {
    expect(openFiles(limit, { maxConnections: 10_000, databasePoolSize: 10 }).status).toBe(status);
  });
});
