import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError } from '../../../src/domain/errors.ts';
import { askRunningServer, openOperatorSocket } from '../../../src/cli/operator-socket.ts';
import type { AnyOperation } from '../../../src/cli/operation.ts';
import { openBench, type Bench } from './harness.ts';

let bench: Bench;
let folder: string;
let close: () => Promise<void>;
let seen: unknown[];

const operations: ReadonlyMap<string, AnyOperation> = new Map<string, AnyOperation>([
  ['echo', { name: 'echo', perform: async ({ actor }, parameters) => (seen.push(parameters), { actor, parameters }) }],
  ['refuse', { name: 'refuse', perform: async () => Promise.reject(new DomainError('already_exists', 'It is there.')) }],
  ['tell', { name: 'tell', write: async (_context, { times }: { times: number }, write) => tell(times, write) }],
  ['break', { name: 'break', perform: async () => Promise.reject(new Error('with a secret in it')) }],
]);
async function tell(times: number, write: (text: string) => Promise<void>): Promise<void> {
  for (told = 0; told < times; told += 1) await write(`${told} ü\n${'x'.repeat(100_000)}`);
  if (times === 3) throw new DomainError('not_found', 'There is no more.');
}
let told = 0;
const open = () => openOperatorSocket({ dataDir: folder, version: '1', app: bench.app, operations });
const ask = (operation: string, parameters: unknown = {}, version = '1') =>
  askRunningServer(folder, { version, operation, operator: 'ops', parameters });

beforeEach(async () => {
  bench = await openBench();
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-socket-'));
  seen = [];
  close = await open();
});
afterEach(async () => {
  await close();
  await bench.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the operator socket', () => {
  it('performs an operation in the name of the caller', async () => {
    expect(await ask('echo', { a: ['ü', 1] })).toEqual({ result: { actor: { kind: 'operator', id: 'ops' }, parameters: { a: ['ü', 1] } } });
  });

  it('is open to nobody else', async () => {
    expect((await stat(path.join(folder, 'operator.sock'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('carries large requests whole', async () => {
    const text = 'x'.repeat(5_000_000);
    expect(await ask('echo', { text })).toMatchObject({ result: { parameters: { text } } });
  });

  it('carries a text of any length in pieces, as fast as they are taken', async () => {
    let most = 0;
    let taken = 0;
    const take = async (text: string) => {
      expect(text.startsWith(`${taken} ü\n`)).toBe(true);
      taken += 1;
      most = Math.max(most, told - taken);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const request = { version: '1', operation: 'tell', operator: 'ops', parameters: { times: 400 } };
    expect(await askRunningServer(folder, request, take)).toEqual({ result: null });
    expect(taken).toBe(400);
    expect(most).toBeLessThan(100);
    await expect(askRunningServer(folder, { ...request, parameters: { times: 3 } }, async () => {})).rejects.toMatchObject({ code: 'not_found' });
  });

  it('ends a text that nobody takes any more', async () => {
    const request = { version: '1', operation: 'tell', operator: 'ops', parameters: { times: 100_000 } };
    await expect(askRunningServer(folder, request, async () => Promise.reject(new Error('enough')))).rejects.toMatchObject({ code: 'unavailable' });
    await close();
    expect(told).toBeLessThan(100_000);
  });

  it('brings refusals back with their code, and of faults nothing but that there was one', async () => {
    await expect(ask('refuse')).rejects.toMatchObject({ code: 'already_exists', message: 'It is there.' });
    await expect(ask('break')).rejects.toMatchObject({ code: 'internal', message: 'Something went wrong in the running server; its log says what.' });
    await expect(ask('unknown')).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(ask('__proto__')).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('refuses a command of another version, and does nothing', async () => {
    await expect(ask('echo', {}, '2')).rejects.toMatchObject({ code: 'stale_version', message: expect.stringContaining('restart the server first') });
    expect(seen).toEqual([]);
  });

  it('answers garbage and goes on', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = createConnection({ path: path.join(folder, 'operator.sock'), allowHalfOpen: true });
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('close', () => resolve(text));
      socket.end('not json');
    });
    expect(JSON.parse(answer)).toMatchObject({ error: { code: 'internal' } });
    expect(await ask('echo')).toMatchObject({ result: {} });
  });

  it('stops while somebody is connected and says nothing', async () => {
    const socket = createConnection({ path: path.join(folder, 'operator.sock') });
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined);
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await close();
    await gone;
    expect(await ask('echo')).toBeUndefined();
  });

  it('leaves no socket behind, and takes the place of one that a dead process left', async () => {
    await close();
    await expect(stat(path.join(folder, 'operator.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await ask('echo')).toBeUndefined();
    await writeFile(path.join(folder, 'operator.sock'), '');
    close = await open();
    expect(await ask('echo')).toMatchObject({ result: {} });
  });

  it('says so when the server goes away before it answers', async () => {
    await close();
    const dying = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => dying.listen(path.join(folder, 'operator.sock'), resolve));
    await expect(ask('echo')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('went away before it answered') });
    await new Promise((resolve) => dying.close(resolve));
  });

  it('works in a folder whose name is longer than the kernel takes, as seen from inside it; else the server runs without', async () => {
    const deep = path.join(folder, 'x'.repeat(120));
    const shut = await openOperatorSocket({ dataDir: deep, version: '1', app: bench.app, operations });
    expect(await askRunningServer(deep, { version: '1', operation: 'echo', operator: 'ops', parameters: {} })).toBeUndefined();
    await shut();
  });
});
