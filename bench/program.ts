/** @module The program as it is installed, with its workers, and what its processes use. Reads `/proc`, so it needs Linux. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from './harness.ts';

const MAIN = path.resolve(import.meta.dirname, '../dist/src/cli/main.js');

export interface ProcessUse {
  readonly pid: number;
  readonly rss: number;
  /** Processor time so far, in microseconds: of all threads, and of the one that runs JavaScript. */
  readonly cpu: number;
  readonly mainThreadCpu: number;
}

export interface BenchProgram extends Loaded {
  /** The first process first; then its workers. */
  uses(): readonly ProcessUse[];
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Starts `rolemint serve`, and resolves when it listens. */
export async function startProgram(name: string, env: Readonly<Record<string, string>>): Promise<BenchProgram> {
  const child = spawn(process.execPath, [MAIN, 'serve'], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve, reject) => {
    // The log is read to the end, as it is in earnest; only one line of it is of interest.
    let said: string | undefined = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (said === undefined) return;
      said += chunk;
      const listening = /^\{.*"event":"listening".*\}$/m.exec(said)?.[0];
      if (listening === undefined) return;
      said = undefined;
      resolve((JSON.parse(listening) as { readonly port: number }).port);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  const uses = () => [child.pid!, ...workersOf(child.pid!)].map(useOf);
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    uses,
    usage: async () => ({ cpu: sum(uses().map(({ cpu }) => cpu)), rss: sum(uses().map(({ rss }) => rss)) }),
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Processes whose parent it is. */
function workersOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

const PAGE = 4096;

function useOf(pid: number): ProcessUse {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => cpuOf(`/proc/${pid}/task/${thread}`));
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return { pid, rss: Number(pages) * PAGE, cpu: sum(threads), mainThreadCpu: cpuOf(`/proc/${pid}/task/${pid}`) };
}

/** The first figure is the time on a processor in nanoseconds. */
const cpuOf = (folder: string): number => Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1000;
