/** @module The program as it is installed, in processes of its own. Needs the build, which `npm test` makes first. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const MAIN = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');

export interface LogLine {
  readonly event: string;
  readonly [member: string]: unknown;
}

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has logged so far. */
  readonly log: readonly LogLine[];
  /** Resolves with the line once there is one that fits, be it old or to come; rejects when the program ends without. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export interface ServeOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
}

/** Runs `rolemint serve` on a free port, and resolves when it listens. @throws with what it said, when it ends before */
export async function serve({ env, argv = [] }: ServeOptions): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...argv], {
    env: { PATH: process.env['PATH'] ?? '', ROLEMINT_PORT: '0', ROLEMINT_ISSUER: 'http://localhost', ROLEMINT_LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const heard = new Set<() => void>();
  let rest = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    log.push(...lines.map((line) => JSON.parse(line) as LogLine));
    for (const listener of heard) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const logged = (fits: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = () => {
        const found = log.find(fits);
        if (found === undefined) return;
        heard.delete(look);
        resolve(found);
      };
      heard.add(look);
      void ended.then(() => reject(new Error(`the program ended: ${complaints}`)));
      look();
    });
  const { port } = await logged(({ event }) => event === 'listening');
  return { child, url: `http://127.0.0.1:${String(port)}`, log, logged, ended };
}
