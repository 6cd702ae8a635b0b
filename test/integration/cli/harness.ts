/** Runs command lines in this process, over an application on the store of the run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { openApp, type App } from '../../../src/app.ts';
import { runCli } from '../../../src/cli/run.ts';
import type { CliIo } from '../../../src/cli/io.ts';
import { loadConfig } from '../../../src/config.ts';
import { applyFiles, ISSUER } from '../../support/server.ts';
import { recordingLogger } from '../../support/log.ts';
import { openTestStore } from '../../support/stores.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');
export const PASSWORD = 'Correct-Horse-7-Battery';
export const MARKETPLACE = path.resolve(import.meta.dirname, '../../../examples/marketplace/workspace.yaml');

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  readonly json: () => Record<string, unknown>;
}

export interface Bench {
  readonly app: App;
  readonly folder: string;
  /** The time of day, for the application and the commands. */
  readonly time: { now: number };
  run(argv: readonly string[], given?: { readonly stdin?: string; readonly env?: Record<string, string>; readonly tty?: boolean }): Promise<Result>;
  write(name: string, content: string): Promise<string>;
  close(): Promise<void>;
}

export async function openBench(workspaces: readonly string[] = []): Promise<Bench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-cli-'));
  const time = { now: NOW };
  const clock = { now: () => time.now };
  const store = await openTestStore({ clock });
  const environment = {
    ROLEMINT_ISSUER: ISSUER,
    ROLEMINT_PORT: '0',
    ROLEMINT_DATA_DIR: path.join(folder, 'data'),
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
    ROLEMINT_HASH_QUEUE: '1000',
    ...store.settings,
  };
  const app = await openApp(loadConfig(environment), { store, clock, log: recordingLogger().logger });
  if (workspaces.length > 0) await applyFiles(app, workspaces);
  return {
    app,
    folder,
    time,
    run: (argv, { stdin = '', env = {}, tty = false } = {}) =>
      runWith(argv, {
        stdin: Readable.from(stdin === '' ? [] : [stdin]),
        env: { ...environment, ...env },
        cwd: folder,
        operator: 'ops',
        signals: { on: () => undefined, off: () => undefined },
        openApp: async (config) => ({ ...app, config, close: async () => {} }),
        clock,
        timeZone: 'UTC',
        tty,
      }),
    write: async (name, content) => {
      await writeFile(path.join(folder, name), content);
      return name;
    },
    close: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function runWith(
  argv: readonly string[],
  { tty, ...io }: Omit<CliIo, 'stdout' | 'stderr'> & { readonly tty?: boolean },
): Promise<Result> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    ...io,
    stdout: { write: (text) => (out += text), isTTY: tty },
    stderr: { write: (text) => (err += text), isTTY: tty },
  });
  return { code, out, err, json: () => JSON.parse(out) as Record<string, unknown> };
}
