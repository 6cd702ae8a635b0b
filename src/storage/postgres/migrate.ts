/**
 * @module Brings the schema up to date. However many start at once, one migrates and the others wait for it.
 *
 * All steps are taken in one transaction, which also holds the lock: an advisory one, that ends with it, also after
 * kill -9 and behind a pooler. knex's own lock is a row that would stay; whoever holds the advisory lock may clear it.
 */
import type { Knex } from 'knex';
import { migrationSource } from '../../../migrations/index.ts';
import { DomainError } from '../../domain/errors.ts';
import { connectToMigrate } from './connection.ts';
import { translate } from './errors.ts';

/** Any constant will do, as long as nobody else uses it on the same database. */
const LOCK = 7_265_831_942;

/**
 * Migrates a database on a server.
 * @returns the names of the steps that were taken now
 * @throws `unavailable`, also when another migrator holds the lock for minutes
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const knex = connectToMigrate(url);
  try {
    return await migrateWith(knex);
  } finally {
    await knex.destroy();
  }
}

/** Migrating takes its time, also for a role that has none for serving. */
const PATIENCE = "SET LOCAL lock_timeout = '2min'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

export async function migrateWith(knex: Knex): Promise<readonly string[]> {
  try {
    return await knex.transaction(async (trx) => {
      await trx.raw(PATIENCE);
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [LOCK]);
      await trx.migrate.forceFreeMigrationsLock({ migrationSource });
      const [, names] = (await trx.migrate.latest({ migrationSource })) as readonly [number, readonly string[]];
      return names;
    });
  } catch (error) {
    if (isNewerSchema(error)) {
      throw new DomainError('unavailable', 'The database was migrated by a newer version of Rolemint than this one.', { cause: error });
    }
    throw translate(error, false);
  }
}

/** knex finds steps in the database that this version does not have. */
function isNewerSchema(error: unknown): boolean {
  return String((error as { readonly message?: unknown }).message).includes('migration directory is corrupt');
}
