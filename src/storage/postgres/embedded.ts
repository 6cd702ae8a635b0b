/**
 * @module The Postgres in the process, for starting without any server: PGlite, one session, one process at a time.
 *
 * What it promises: a write that was acknowledged survives the end of the process, kill -9 included, always. It survives
 * the loss of power as far as the disk honours fdatasync: PGlite comes without any, so this module gives its file system
 * one and lets Postgres use it on every commit. Should a later PGlite hide the place where that is done, opening a folder
 * fails rather than to promise less in silence.
 *
 * What a server does by itself and a single session does not: vacuum and checkpoints, here on a timer and at the end.
 * One session also means that everything waits while a transaction runs, and that no statement can be cut short.
 */
import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import knexPackage, { type Knex } from 'knex';
import { DomainError } from '../../domain/errors.ts';
import type { Store } from '../../domain/ports.ts';
import type { SharedStoreOptions } from '../options.ts';
import { SILENT } from './connection.ts';
import { ownDirectory, type OwnedDirectory } from './data-directory.ts';
import { EMBEDDED_STOPPED } from './errors.ts';
import { migrateWith } from './migrate.ts';
import { storeOver } from './store.ts';

export interface EmbeddedStoreOptions extends SharedStoreOptions {
  /** Folder of the database; unset: a temporary database in memory. */
  readonly dataDir?: string | undefined;
  /** A dump to begin a new database with. */
  readonly snapshot?: Blob | undefined;
  /** Bring the schema up to date first; true when unset. */
  readonly migrate?: boolean | undefined;
}

/** PGlite's parameters for a server that is small and stays small. */
const SMALL = ['-c', 'shared_buffers=16MB', '-c', 'jit=off', '-c', 'max_wal_size=64MB', '-c', 'min_wal_size=32MB'];
const DURABLE = [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), ...SMALL, '-c', 'wal_sync_method=fsync'];
const TEMPORARY = [...PGlite.defaultStartParams, ...SMALL];

/** A transaction in front may take long: a whole workspace is applied in one. */
const ACQUIRE_MS = 60_000;
const TIDY_MS = 15 * 60_000;

/** @throws `unavailable` when another process has the folder, or the database cannot be opened */
export async function openEmbeddedStore(options: EmbeddedStoreOptions = {}): Promise<Store> {
  const directory = options.dataDir === undefined ? undefined : await ownDirectory(options.dataDir);
  try {
    const pglite = await openPglite(directory, options.snapshot);
    return await storeIn(pglite, directory, options);
  } catch (error) {
    directory?.release();
    throw error;
  }
}

async function storeIn(pglite: PGlite, directory: OwnedDirectory | undefined, options: EmbeddedStoreOptions): Promise<Store> {
  const session: EmbeddedSession = { stopped: false };
  const knex = connectTo(pglite, session);
  const closeDatabase = async () => {
    if (!session.stopped) {
      await knex.destroy();
      await pglite.close();
    }
    directory?.release();
  };
  try {
    if (options.migrate !== false) await migrateWith(knex);
  } catch (error) {
    await closeDatabase();
    throw error;
  }
  if (directory === undefined) return storeOver(knex, { clock: options.clock, redis: options.redis, close: closeDatabase });
  const tidying = setInterval(() => void tidy(knex), TIDY_MS).unref();
  const close = async () => {
    clearInterval(tidying);
    await tidy(knex);
    await closeDatabase();
  };
  return storeOver(knex, { clock: options.clock, redis: options.redis, close });
}

/** Best effort: what it leaves undone, the next time does. */
async function tidy(knex: Knex): Promise<void> {
  try {
    await knex.raw('VACUUM (ANALYZE)');
    await knex.raw('CHECKPOINT');
  } catch {
    // A full disk, perhaps; whoever writes next hears of it.
  }
}

async function openPglite(directory: OwnedDirectory | undefined, snapshot: Blob | undefined): Promise<PGlite> {
  if (directory !== undefined) mkdirSync(directory.database, { recursive: true, mode: 0o700 });
  const isNew = directory !== undefined && !existsSync(path.join(directory.database, 'PG_VERSION'));
  let pglite: PGlite | undefined;
  try {
    pglite = new PGlite({
      startParams: directory === undefined ? TEMPORARY : DURABLE,
      ...(directory === undefined ? {} : { dataDir: directory.database }),
      ...(snapshot === undefined ? {} : { loadDataDir: snapshot }),
    });
    await pglite.waitReady;
    if (directory !== undefined) makeDurable(pglite);
    if (isNew) syncFolder(directory.database);
    return pglite;
  } catch (error) {
    await pglite?.close().catch(() => undefined);
    if (error instanceof DomainError) throw error;
    const where = directory === undefined ? '' : ` in ${directory.database}`;
    throw new DomainError('unavailable', `The embedded database${where} cannot be opened; is the disk full, or the folder damaged?`, {
      cause: error,
    });
  }
}

/** The part of PGlite's module that reaches the files of the host. Not part of its API: looked at before it is used. */
interface HostFiles {
  readonly stream_ops?: { fsync?: (stream: { readonly nfd: number }) => number };
}

/** @throws `unavailable` when this PGlite does not let itself be made durable */
function makeDurable(pglite: PGlite): void {
  const operations = (pglite as unknown as { readonly Module?: { readonly NODEFS?: HostFiles } }).Module?.NODEFS?.stream_ops;
  if (operations === undefined) throw new DomainError('unavailable', 'This release of PGlite cannot be made durable.');
  operations.fsync = ({ nfd }) => {
    fdatasyncSync(nfd);
    return 0;
  };
}

/** What was written before writes became durable: a new database. */
function syncFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) syncFolder(name);
    else if (entry.isFile()) sync(name);
  }
  sync(folder);
}

function sync(name: string): void {
  const file = openSync(name, 'r');
  try {
    fsyncSync(file);
  } catch (error) {
    // Some systems do not sync a folder, or a file that is open for reading; then they have no better answer either.
    if (!['EPERM', 'EINVAL', 'EISDIR', 'EACCES'].includes((error as { readonly code?: string }).code ?? '')) throw error;
  } finally {
    closeSync(file);
  }
}

/** The one session of a PGlite. */
interface EmbeddedSession {
  /** It will never answer again. */
  stopped: boolean;
}

interface Connection {
  query(...values: unknown[]): unknown;
}

/** A Postgres that cannot write its log gives up. A server would start anew; PGlite is silent from then on, and must not be waited for. */
function refuseOnceStopped(session: EmbeddedSession) {
  return (connection: Connection, done: (error: null, connection: unknown) => void): void => {
    const query = connection.query.bind(connection);
    connection.query = (...values) => {
      const callback = values.at(-1) as (error: unknown, result?: unknown) => void;
      if (session.stopped) return callback(Object.assign(new Error('It has stopped.'), { code: EMBEDDED_STOPPED }));
      return query(...values.slice(0, -1), (error: { readonly severity?: string } | null, result: unknown) => {
        if (error?.severity === 'PANIC') session.stopped = true;
        callback(error, result);
      });
    };
    done(null, connection);
  };
}

/** A pool over the one session of a PGlite. */
export function connectTo(pglite: PGlite, session: EmbeddedSession = { stopped: false }): Knex {
  return knexPackage.knex({
    client: 'pg',
    // A function: knex never has to clone the live connection.
    connection: (() => Object.assign({}, createPgConfig(pglite))) as unknown as Knex.ConnectionConfigProvider,
    acquireConnectionTimeout: ACQUIRE_MS,
    pool: { min: 1, max: 1, afterCreate: refuseOnceStopped(session) },
    log: SILENT,
  });
}
