// Loaded into a server with --import: on SIGUSR2 it does to the process what ROLEMINT_TEST_SABOTAGE says.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { open, rename } = fs.promises;
/** The process is killed before its next call of this kind, or once it was made. */
function dieAt(name, call, made) {
  fs.promises[name] = async (...values) => {
    if (made) await call(...values);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  };
  syncBuiltinESMExports();
}

let refusing = false;
const { writeSync, fdatasyncSync } = fs;

function refuseWrites(fault) {
  refusing = !refusing;
  // Standard output and error are not on that disk.
  const unless =
    (call) =>
    (fd, ...values) => {
      if (fd <= 2) return call(fd, ...values);
      throw Object.assign(new Error(`${fault.code}: write`), fault);
    };
  fs.writeSync = refusing ? unless(writeSync) : writeSync;
  fs.fdatasyncSync = refusing ? unless(fdatasyncSync) : fdatasyncSync;
  syncBuiltinESMExports();
}

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
  /** It dies in the middle of a change of the signing keys. */
  'before-draft': () => dieAt('open', open, false),
  'before-rename': () => dieAt('rename', rename, false),
  'after-rename': () => dieAt('rename', rename, true),
  /** The disk is full, from one signal to the next. */
  disk: () => refuseWrites({ code: 'ENOSPC', errno: -28, syscall: 'write' }),
  /** The same with one that was remounted read-only. */
  'read-only': () => refuseWrites({ code: 'EROFS', errno: -30, syscall: 'write' }),
};

process.on('SIGUSR2', SABOTAGE[process.env.ROLEMINT_TEST_SABOTAGE]);
