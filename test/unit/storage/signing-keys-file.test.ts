import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, lutimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { planFirstKeys } from '../../../src/domain/key-rotation.ts';
import { assertKeyRing, describeKeys, keyStatus, keyTimes, type KeyFile, type KeyRing } from '../../../src/domain/signing-key.ts';
import type { RotationResult } from '../../../src/services/keys.ts';
import { generateSigningKey } from '../../../src/services/signing-key-generation.ts';
import { openSigningKeyFile } from '../../../src/storage/files/signing-keys.ts';

const START = Date.UTC(2026, 0, 1);
let folder: string;
let file: string;
let lock: string;
let clock: { time: number; now: () => number };
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'rolemint-keys-')), 'keys');
  file = path.join(folder, 'signing-keys.json');
  lock = path.join(folder, 'signing-keys.lock');
  clock = { time: START, now: () => clock.time };
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  await rm(path.dirname(folder), { recursive: true });
});

const open = (strict = true): KeyFile => openSigningKeyFile({ folder, strict, clock });
const modeOf = async (entry: string) => ((await stat(entry)).mode & 0o777).toString(8);
async function add(keyFile: KeyFile, alg: 'ES256' | 'EdDSA' = 'ES256'): Promise<KeyRing> {
  const fresh = [await generateSigningKey(alg), await generateSigningKey(alg)];
  return keyFile.update((ring) => planFirstKeys(ring, alg, { now: clock.time, fresh }).ring);
}
async function startNode(): Promise<ChildProcess> {
  const child = fork(new URL('./signing-keys-process.ts', import.meta.url), [folder], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  await once(child, 'message');
  return child;
}
/** What the lock says while this process holds it, changed. */
async function lockText(change: Record<string, unknown>): Promise<string> {
  let held = '';
  await open().update((ring) => {
    held = readlinkSync(lock);
    return ring;
  });
  return JSON.stringify({ ...(JSON.parse(held) as object), ...change });
}
function currentKids(ring: KeyRing, at: number): string[] {
  return keyTimes(ring)
    .filter((times) => keyStatus(times, at) === 'current')
    .map(({ key }) => key.kid);
}

describe('T-78 the keys folder', () => {
  it('is made 0700 with the first key, the file in it 0600, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await add(open());
    } finally {
      process.umask(before);
    }
    expect(await modeOf(folder)).toBe('700');
    expect(await modeOf(file)).toBe('600');
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('is empty before, and reading makes nothing', async () => {
    expect(await open().read()).toEqual({ keys: [] });
    expect(await open().version()).toBe('absent');
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([0o640, 0o604, 0o660, 0o644])('with a file of mode %o is refused in production, for reading and for writing', async (mode) => {
    await add(open());
    await chmod(file, mode);
    const refusal = {
      code: 'unavailable',
      message: `${file} holds private keys and is open to others (mode 0${mode.toString(8)}): chmod it to 0600.`,
    };
    await expect(open().read()).rejects.toMatchObject(refusal);
    await expect(open().update(() => ({ keys: [] }))).rejects.toMatchObject(refusal);
    expect(await modeOf(file)).toBe(mode.toString(8));
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it.each([0o755, 0o750, 0o701, 0o777])('of mode %o itself is refused in production', async (mode) => {
    await add(open());
    await chmod(folder, mode);
    const refusal = {
      code: 'unavailable',
      message: `${folder} holds private keys and is open to others (mode 0${mode.toString(8)}): chmod it to 0700.`,
    };
    await expect(open().read()).rejects.toMatchObject(refusal);
    await expect(add(open())).rejects.toMatchObject(refusal);
  });

  it('is closed to others where it is not production', async () => {
    const ring = await add(open());
    await chmod(folder, 0o755);
    await chmod(file, 0o644);
    expect(await open(false).read()).toEqual(ring);
    expect([await modeOf(folder), await modeOf(file)]).toEqual(['700', '600']);
  });
});

describe('the file', () => {
  it('gives back what was written, to another process too', async () => {
    const keyFile = open();
    await add(keyFile);
    const ring = await add(keyFile, 'EdDSA');
    expect(await open().read()).toEqual(ring);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      rolemint_signing_keys: 1,
      keys: [{ alg: 'ES256', created_at: '2026-01-01T00:00:00.000Z', activates_at: '2026-01-01T00:00:00.000Z' }, { activates_at: null }, {}, {}],
    });
  });

  it('has another version after each change, and only then', async () => {
    const keyFile = open();
    await add(keyFile);
    const versions = [await keyFile.version()];
    await keyFile.update((ring) => ring);
    expect(await keyFile.version()).toBe(versions[0]);
    for (let times = 0; times < 5; times++) {
      await keyFile.update((ring) => ({ keys: [...ring.keys] }));
      versions.push(await keyFile.version());
    }
    expect(new Set(versions).size).toBe(6);
  });

  it('stays as it was when the change fails or makes a ring that must not sign', async () => {
    const keyFile = open();
    const ring = await add(keyFile);
    const text = await readFile(file, 'utf8');
    await expect(
      keyFile.update(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(keyFile.update(({ keys }) => ({ keys: [{ ...keys[0]!, kid: 'keystore-CHANGE-ME' }] }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
    expect(await keyFile.read()).toEqual(ring);
  });

  it('T-31 is refused when somebody put the development key into it', async () => {
    await add(open());
    const content = JSON.parse(await readFile(file, 'utf8')) as { keys: { kid: string }[] };
    content.keys[1]!.kid = 'keystore-CHANGE-ME';
    await writeFile(file, JSON.stringify(content));
    await expect(open().read()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The signing key "keystore-CHANGE-ME" cannot be used: its private half is public knowledge.',
    });
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['cut off', (text) => text.slice(0, text.length / 2), /it is not JSON\.$/],
    ['empty', () => '', /it is not JSON\.$/],
    [
      'of another format',
      (text) => text.replace('"rolemint_signing_keys": 1', '"rolemint_signing_keys": 2'),
      /not a file of signing keys in format 1\.$/,
    ],
    ['without its times', (text) => text.replace('created_at', 'created'), /\/keys\/0 is not a signing key\.$/],
    ['with an unknown algorithm', (text) => text.replace('"ES256"', '"HS256"'), /\/keys\/0 is not a signing key\.$/],
    ['without a private member', (text) => text.replace('"d":', '"e":'), /not a private key for ES256\.$/],
  ])('%s is refused in words that quote no key', async (_, damage, message) => {
    const { keys } = await add(open());
    await writeFile(file, damage(await readFile(file, 'utf8')));
    const refusal: unknown = await open()
      .read()
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringMatching(message) });
    expect(String(refusal)).not.toContain(keys[0]!.privateJwk['d']);
    await expect(open().update(() => ({ keys: [] }))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('T-77 drafts of a process that was killed are removed with the next change', async () => {
    await add(open());
    await writeFile(`${file}.4711-1.tmp`, 'private', { mode: 0o600 });
    await add(open(), 'EdDSA');
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('that is a folder is a fault of the operator, in words', async () => {
    await mkdir(file, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await expect(open().read()).rejects.toMatchObject({ code: 'unavailable', message: `The signing keys in ${file} cannot be reached (EISDIR).` });
  });
});

describe('the lock', () => {
  it('lets changes of one process pass one after the other', async () => {
    const keyFile = open();
    await add(keyFile);
    await Promise.all(
      Array.from({ length: 8 }, () => keyFile.update(({ keys }) => ({ keys: [...keys, { ...keys[0]!, kid: `copy-${keys.length}` }] }))),
    );
    expect((await keyFile.read()).keys).toHaveLength(10);
  });

  it('of another machine is respected while it is young, and taken over when it is old', async () => {
    await add(open());
    clock.time = Date.now();
    await symlink(await lockText({ place: 'elsewhere' }), lock);
    const waiting = add(open(), 'EdDSA');
    await expect(Promise.race([waiting, lstat(lock).then(() => 'still locked')])).resolves.toBe('still locked');
    await lutimes(lock, new Date(clock.time - 31_000), new Date(clock.time - 31_000));
    expect((await waiting).keys).toHaveLength(4);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('that is not let go of ends in unavailable and changes nothing', async () => {
    const ring = await add(open());
    clock.time = Date.now();
    await symlink(await lockText({ place: 'elsewhere', pid: 4711 }), lock);
    await expect(add(open(), 'EdDSA')).rejects.toMatchObject({
      code: 'unavailable',
      message: `The lock ${lock} is held by process 4711 and is not let go of.`,
      retryAfterSeconds: 1,
    });
    expect(await open().read()).toEqual(ring);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a process that is gone', { pid: 2 ** 22 - 1 }],
    ['an earlier process with the id of a living one', { startTime: '1' }],
  ])('of %s is taken over at once', async (_, change) => {
    await add(open());
    await symlink(await lockText(change), lock);
    expect((await add(open(), 'EdDSA')).keys).toHaveLength(4);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('of a dead process is taken over by one of many who find it', async () => {
    await add(open());
    await symlink(await lockText({ startTime: '1' }), lock);
    await Promise.all(
      Array.from({ length: 12 }, () => open().update(({ keys }) => ({ keys: [...keys, { ...keys[0]!, kid: `copy-${keys.length}` }] }))),
    );
    expect((await open().read()).keys).toHaveLength(14);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('that no process of ours wrote is taken over when it is old', async () => {
    await add(open());
    await symlink('garbage', lock);
    await lutimes(lock, new Date(START - 31_000), new Date(START - 31_000));
    expect((await add(open(), 'EdDSA')).keys).toHaveLength(4);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });
});

describe('F7 two nodes', () => {
  it('that rotate at once rotate once: one winner each time, one current key, 20 rounds', async () => {
    await add(open());
    const nodes = await Promise.all([startNode(), startNode()]);
    let winners = 0;
    for (let round = 0; round < 20; round++) {
      clock.time += 400_000;
      const answers = nodes.map(async (node) => {
        const [answer] = (await once(node, 'message')) as [RotationResult];
        return answer;
      });
      for (const node of nodes) node.send({ rotateAt: clock.time });
      const results = await Promise.all(answers);
      const ring = await open().read();
      const current = currentKids(ring, clock.time);
      expect(current).toHaveLength(1);
      const rotated = results.filter(({ outcome }) => outcome === 'rotated');
      expect(rotated.map(({ successor }) => successor)).toEqual(current);
      winners += rotated.length;
      // The slower node asked at the same time, or found the winner's new key and planned with it for later.
      for (const { outcome } of results) expect(['rotated', 'unchanged', 'scheduled']).toContain(outcome);
    }
    expect(winners).toBe(20);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });
});

describe('F6 kill -9 while rotating', () => {
  it('leaves the old keys or the new ones, each with one current key, and a lock that is taken over', async () => {
    await add(open());
    for (let round = 0; round < 6; round++) {
      const child = await startNode();
      child.send({ foreverFrom: clock.time });
      await once(child, 'message');
      // Reading while the other one writes never shows half a change.
      for (let reads = 0; reads < 10 + round * 7; reads++) assertKeyRing(await open().read());
      child.kill('SIGKILL');
      await once(child, 'exit');
      const left = await open().read();
      clock.time = Math.max(...left.keys.map(({ createdAt }) => createdAt));
      expect(currentKids(left, clock.time)).toHaveLength(1);
      expect(describeKeys(left, clock.time).at(-1)?.status).toBe('next');
      clock.time += 400_000;
      const after = await open().update(({ keys }) => ({ keys: [...keys] }));
      expect(after).toEqual(left);
      expect(await readdir(folder)).toEqual(['signing-keys.json']);
    }
  });

  it('also when the lock was being taken over from another one that was killed', async () => {
    await add(open());
    const child = await startNode();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [first, second] = [await lockText({ pid: child.pid, id: 'a-1' }), await lockText({ pid: child.pid, id: 'b-2' })];
    await symlink(first, lock);
    await symlink(second, `${lock}.a-1`);
    expect((await add(open(), 'EdDSA')).keys).toHaveLength(4);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });
});
