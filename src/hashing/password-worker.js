// @ts-check
/**
 * Runs in a thread of its own: hashes or verifies one password at a time with the synchronous API. The asynchronous one
 * would use the pool of threads that also signs tokens, and every token would wait behind the logins.
 *
 * Plain JavaScript that imports nothing of ours, because a thread starts without the loaders of its parent: this file
 * runs as it is from source, in the tests and in the build, on every Node.
 */
import { parentPort } from 'node:worker_threads';
import { hashSync, verifySync } from '@node-rs/argon2';

parentPort?.on('message', (/** @type {import('./password-threads.ts').PasswordJob} */ job) => {
  parentPort?.postMessage('hash' in job ? matches(job.hash, job.password) : hashSync(job.password, job.parameters));
});

/**
 * A hash that the library cannot read is one that no password matches.
 * @param {string} hash
 * @param {string} password
 */
function matches(hash, password) {
  try {
    return verifySync(hash, password);
  } catch {
    return false;
  }
}
