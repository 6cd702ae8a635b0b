import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { hashSync } from '@node-rs/argon2';
import { openPasswordHasher, type PasswordHasherHandle, type PasswordHasherOptions } from '../../../src/hashing/password-hasher.ts';

const opened: PasswordHasherHandle[] = [];
function open(options: PasswordHasherOptions = {}): PasswordHasherHandle {
  const hasher = openPasswordHasher({ threads: 1, ...options });
  opened.push(hasher);
  return hasher;
}
const dyingWorker = () => new Worker(new URL('./dying-worker.mjs', import.meta.url));

afterEach(async () => {
  await Promise.all(opened.splice(0).map((hasher) => hasher.close()));
});

/** How nice each thread of this process is, by its id: proc(5), field 19 of `stat`. */
const niceness = () =>
  new Map(
    readdirSync('/proc/self/task').map((thread) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return [thread, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])];
    }),
  );

// Only Linux has a priority for each thread.
(process.platform === 'linux' ? describe : describe.skip)('the threads that hash', () => {
  it('give way to those that answer', async () => {
    const before = niceness();
    await open().hash('secret');
    const started = [...niceness()].filter(([thread]) => !before.has(thread)).map(([, nice]) => nice);
    expect(started).toContain(Math.min(19, getPriority() + 5));
  });
});

describe('hashing and verifying', () => {
  it('makes argon2id hashes with the OWASP parameters, each with its own salt', async () => {
    const hasher = open();
    const [one, other] = await Promise.all([hasher.hash('secret'), hasher.hash('secret')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
    expect(await hasher.verify(one, 'secret')).toBe(true);
    expect(await hasher.verify(one, 'Secret')).toBe(false);
  });

  it('compares the whole password: nothing after byte 72 is cut off, a NUL ends nothing', async () => {
    const hasher = open();
    const long = 'x'.repeat(72);
    expect(await hasher.verify(await hasher.hash(`${long}a`), `${long}b`)).toBe(false);
    expect(await hasher.verify(await hasher.hash('a\0b'), 'a\0c')).toBe(false);
  });

  it('verifies imported argon2id and argon2i hashes of other parameters', async () => {
    const hasher = open();
    for (const algorithm of [1, 2]) {
      const imported = hashSync('secret', { algorithm, memoryCost: 8192, timeCost: 3, parallelism: 2 });
      expect(await hasher.verify(imported, 'secret')).toBe(true);
      expect(await hasher.verify(imported, 'other')).toBe(false);
    }
  });

  it('has a decoy of today that no password matches', async () => {
    const hasher = open();
    expect(hasher.needsRehash(hasher.decoy)).toBe(false);
    expect(await hasher.verify(hasher.decoy, '')).toBe(false);
    expect(open().decoy).not.toBe(hasher.decoy);
  });
});

describe('hashes that cannot match', () => {
  const salted = '$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
  it.each([
    '',
    'plain',
    '$argon2id$',
    '$2b$12$abcdefghijklmnopqrstuuR4lYGdG1xIGH4XkdKGCJ6ylLM7kZ2Qa',
    `$argon2d$v=19$m=8192,t=1,p=1${salted}`,
    `$argon2id$v=19$m=8192,t=1,p=1$!!!!!!!!!!!$${'A'.repeat(43)}`,
    `$argon2id$v=19$m=0,t=0,p=0${salted}`,
    `$argon2id$v=19$m=8192,t=1,p=1${salted}A`,
    `$argon2id$v=19$m=4294967295,t=1,p=1${salted}`,
    `$argon2id$v=19$m=262145,t=1,p=1${salted}`,
    `$argon2id$v=19$m=8192,t=11,p=1${salted}`,
    `$argon2id$v=19$m=9999999999999999999999,t=1,p=1${salted}`,
    `$argon2id$v=19$m=8192,t=1,p=1${salted}\n`,
  ])('%j is false, not an error, and asks for a new hash', async (hash) => {
    const hasher = open();
    expect(await hasher.verify(hash, 'secret')).toBe(false);
    expect(hasher.needsRehash(hash)).toBe(true);
  });

  it('go through the threads like any other, so that they take as long', async () => {
    const hasher = open({ queueLimit: 0 });
    const first = hasher.verify('malformed', 'secret');
    expect(hasher.stats().running).toBe(1);
    expect(await first).toBe(false);
  });
});

describe('needsRehash', () => {
  it.each([
    [{ memoryCost: 19_456, timeCost: 2, parallelism: 1 }, false],
    [{ memoryCost: 8192, timeCost: 2, parallelism: 1 }, true],
    [{ memoryCost: 19_456, timeCost: 3, parallelism: 1 }, true],
    [{ memoryCost: 19_456, timeCost: 2, parallelism: 2 }, true],
    [{ memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 1 }, true],
    [{ memoryCost: 19_456, timeCost: 2, parallelism: 1, version: 0 }, true],
  ])('with %j is %s', (parameters, expected) => {
    expect(open().needsRehash(hashSync('secret', parameters))).toBe(expected);
  });
});

describe('the bounded queue', () => {
  it('refuses one more with unavailable and a time to retry, and serves those that were let in', async () => {
    const hasher = open({ threads: 2, queueLimit: 3 });
    const admitted = Array.from({ length: 5 }, (_, index) => hasher.hash(`password ${index}`));
    expect(hasher.stats()).toEqual({ queued: 3, running: 2, threads: 2 });
    await expect(hasher.hash('one more')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Too many passwords are waiting to be checked.',
      retryAfterSeconds: 1,
    });
    await expect(hasher.verify(hasher.decoy, 'one more')).rejects.toMatchObject({ code: 'unavailable' });
    expect(new Set(await Promise.all(admitted)).size).toBe(5);
    expect(hasher.stats()).toEqual({ queued: 0, running: 0, threads: 2 });
    expect(await hasher.hash('again')).toMatch(/^\$argon2id\$/);
  });

  it('starts no thread before the first password', () => {
    expect(open().stats()).toEqual({ queued: 0, running: 0, threads: 0 });
  });
});

describe('a thread that dies', () => {
  it.each(['exit', 'throw'])('by %s fails its own job with unavailable and is replaced for the next', async (death) => {
    const hasher = open({ startWorker: dyingWorker });
    const [lost, next, last] = await Promise.allSettled([hasher.hash(death), hasher.hash('next'), hasher.hash('last')]);
    expect(lost).toMatchObject({
      status: 'rejected',
      reason: { code: 'unavailable', message: 'The thread that was checking the password died.', retryAfterSeconds: 1 },
    });
    expect([next, last]).toMatchObject([{ value: 'hash of next' }, { value: 'hash of last' }]);
    expect(hasher.stats()).toEqual({ queued: 0, running: 0, threads: 1 });
  });

  it('again and again fails one job each time and never hangs', async () => {
    const hasher = open({ threads: 2, startWorker: dyingWorker });
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => hasher.hash('exit')));
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'));
    expect(hasher.stats()).toEqual({ queued: 0, running: 0, threads: 0 });
  });
});

describe('close', () => {
  it('lets what runs finish, refuses what waits and what comes, and ends the threads', async () => {
    const hasher = open();
    const running = hasher.hash('running');
    const queued = hasher.hash('queued');
    const closed = hasher.close();
    await expect(queued).rejects.toMatchObject({ code: 'unavailable', message: 'Password hashing has been shut down.' });
    expect(await running).toMatch(/^\$argon2id\$/);
    await closed;
    expect(hasher.stats()).toEqual({ queued: 0, running: 0, threads: 0 });
    await expect(hasher.hash('late')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is not needed by a command: idle threads do not keep the process alive', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', new URL('./idle-pool.ts', import.meta.url).pathname]);
    expect(stdout).toBe('true 1\n');
  });
});
