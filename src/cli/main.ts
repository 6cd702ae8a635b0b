#!/usr/bin/env node
/** The `rolemint` program: gives the command line its process. */
import { userInfo } from 'node:os';
import { PROCESS_ENVIRONMENT } from '../config.ts';
import { runCli } from './run.ts';

/** Resolves once everything that was written has left the process. */
const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()));

function operator(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

// Whoever reads the output may stop reading: `rolemint client list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`rolemint: standard output cannot be written: ${error.message}\n`);
  process.exit(1);
});

const code = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: PROCESS_ENVIRONMENT,
  cwd: process.cwd(),
  operator: operator(),
  signals: process,
});
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
