// @ts-check
/**
 * Runs in a thread of its own: hashes or verifies one password at a time with the synchronous API. The asynchronous one
 * would use the pool of threads that also signs tokens, and every token would wait behind the logins.
 *
 * Plain JavaScript that imports nothing of ours, because a thread starts without the loaders of its parent: this file
 * runs as it is from source, in the tests and in the build, on every Node.
 */
import { createHash, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { getPriority, setPriority } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { hashSync, verifySync as verifyArgon2 } from '@node-rs/argon2';
import { verifySync as verifyBcrypt } from '@node-rs/bcrypt';

/** Steps of niceness by which hashing gives way: where all cores are busy it gets about a third of what answering gets. */
const GIVES_WAY = 5;
// On Linux a thread has a priority of its own; elsewhere this would be that of the whole process.
if (process.platform === 'linux') giveWay();

function giveWay() {
  try {
    setPriority(Math.min(19, getPriority() + GIVES_WAY));
  } catch {
    // A sandbox may forbid it; passwords are hashed all the same.
  }
}

parentPort?.on('message', (/** @type {import('./password-threads.ts').PasswordJob} */ job) => {
  const begun = performance.now();
  const result = 'hash' in job ? job.passwords.some((password) => matches(job.hash, password)) : hashSync(job.password, job.parameters);
  parentPort?.postMessage({ result, milliseconds: performance.now() - begun });
});

/**
 * A hash that a library cannot read is one that no password matches.
 * @param {import('../domain/password-hash.ts').PasswordHash} hash
 * @param {string} password
 */
function matches(hash, password) {
  try {
    return verify(hash, password);
  } catch {
    return false;
  }
}

/**
 * @param {import('../domain/password-hash.ts').PasswordHash} hash
 * @param {string} password
 */
function verify(hash, password) {
  switch (hash.scheme) {
    case 'argon2':
      return verifyArgon2(hash.phc, password);
    case 'bcrypt':
      return verifyBcrypt(hash.digested ? createHash('sha256').update(password).digest('hex') : password, hash.hash);
    case 'pbkdf2': {
      const key = octets(hash.key);
      return timingSafeEqual(key, pbkdf2Sync(password, octets(hash.salt), hash.iterations, key.length, hash.digest));
    }
    case 'scrypt': {
      const key = octets(hash.key);
      const { cost, blockSize, parallelism } = hash;
      const maxmem = 129 * blockSize * (cost + parallelism);
      return timingSafeEqual(key, scryptSync(password, octets(hash.salt), key.length, { cost, blockSize, parallelization: parallelism, maxmem }));
    }
  }
}

/** @param {import('../domain/password-hash.ts').Octets} octets */
function octets({ text, encoding }) {
  return Buffer.from(text, encoding);
}
