/**
 * @module Brings the schema up to date. However many start at once, one migrates and the others wait for it.
 *
 * The lock is an advisory one of the session: it ends with the connection of whoever holds it, also after kill -9.
 * knex's own lock is a row that would stay; whoever holds the advisory lock may safely clear it.
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

/** @param knex with a pool of exactly one connection, so that the lock is held by whoever migrates */
export async function migrateWith(knex: Knex): Promise<readonly string[]> {
  try {
    await knex.raw("SET lock_timeout = '2min'");
    await knex.raw('SELECT pg_advisory_lock(?)', [LOCK]);
    await knex.migrate.forceFreeMigrationsLock({ migrationSource });
    const [, names] = (await knex.migrate.latest({ migrationSource })) as readonly [number, readonly string[]];
    await knex.raw('SELECT pg_advisory_unlock(?)', [LOCK]);
    await knex.raw('RESET lock_timeout');
    return names;
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
