import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openApp, SYSTEM_CLOCK, type App } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Clock, PasswordHasher, Store } from '../../src/domain/ports.ts';
import { applyWorkspace } from '../../src/workspace/apply.ts';
import { readWorkspace } from '../../src/workspace/read.ts';
import { recordingLogger, type RecordedLog } from './log.ts';
import type { TestStore } from './stores.ts';

export const ISSUER = 'https://id.example.com';

export interface TestServer {
  /** Where it really listens; the issuer in its tokens is {@link ISSUER} unless set otherwise. */
  readonly url: string;
  readonly app: App;
  readonly log: RecordedLog;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Closed with the server. Unset: the database that `env` names, or else the store of the run. */
  readonly store?: (Store & Partial<TestStore>) | undefined;
  /** Workspace files to apply before it listens. */
  readonly workspaces?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** Starts the real server on a free port of the loopback interface. */
export async function startServer({ store: given, workspaces = [], env = {}, clock = SYSTEM_CLOCK }: TestServerOptions = {}): Promise<TestServer> {
  const store = given ?? (env['ROLEMINT_DATABASE_URL'] === undefined ? await storeOfTheRun(clock) : undefined);
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-test-'));
  const log = recordingLogger();
  const config = loadConfig({
    ROLEMINT_ISSUER: ISSUER,
    ROLEMINT_PORT: '0',
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
    ROLEMINT_OUTBOX_DIR: path.join(folder, 'outbox'),
    ROLEMINT_HASH_QUEUE: '1000',
    ...store?.settings,
    ...env,
  });
  const app = await openApp(config, { ...(store === undefined ? {} : { store }), clock, log: log.logger });
  try {
    if (workspaces.length > 0) await applyFiles(app, workspaces);
    const { port } = await app.listen();
    return {
      url: `http://127.0.0.1:${port}`,
      app,
      log,
      close: async () => {
        await app.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

const hashes = new Map<string, Promise<string>>();

/** Hashing is slow on purpose, and the files of a test hold the same few passwords whenever they are applied: each is hashed once. */
function remembering(hasher: PasswordHasher): PasswordHasher {
  const hash = (password: string) => {
    const hashed = hashes.get(password) ?? hasher.hash(password);
    hashes.set(password, hashed);
    return hashed;
  };
  return { ...hasher, hash };
}

/** Applies workspace files the way `rolemint apply --insecure-plaintext` does. */
export async function applyFiles(app: App, files: readonly string[]): Promise<void> {
  const { store, hasher, clock, random } = app;
  const workspace = await readWorkspace(files, { insecurePlaintext: true, lookup: () => undefined });
  await applyWorkspace({ store, hasher: remembering(hasher), clock, random, actor: { kind: 'operator', id: 'test' } }, workspace);
}

export const DATA = path.resolve(import.meta.dirname, '../data');

/** Loaded here, since it takes a test runner, which benchmarks have none of. */
async function storeOfTheRun(clock: Clock): Promise<TestStore> {
  const { openTestStore } = await import('./stores.ts');
  return openTestStore({ clock });
}
