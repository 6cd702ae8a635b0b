// Loaded into a server with --import: on SIGUSR2 it does to the process what ROLEMINT_TEST_SABOTAGE says.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

let full = false;
const { writeSync, fdatasyncSync } = fs;

const SABOTAGE = {
  /** A promise that nobody waits for fails. */
  stray: () => void Promise.reject(new Error('sabotage')),
  /** The event loop stands still. */
  block: () => {
    const until = Date.now() + 2000;
    while (Date.now() < until);
  },
  /** The event loop never turns again. */
  hang: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  /** The disk is full, from one signal to the next. */
  disk: () => {
    full = !full;
    const failing = () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28, syscall: 'write' });
    };
    fs.writeSync = full ? failing : writeSync;
    fs.fdatasyncSync = full ? failing : fdatasyncSync;
    syncBuiltinESMExports();
  },
};

process.on('SIGUSR2', SABOTAGE[process.env.ROLEMINT_TEST_SABOTAGE]);
