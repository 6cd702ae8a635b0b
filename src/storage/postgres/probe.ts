/** Looks at a database server without changing it. */
import type { Knex } from 'knex';
import { migrationSource } from '../../../migrations/index.ts';
import { connectToMigrate } from './connection.ts';
import { translate } from './errors.ts';

export interface DatabaseProbe {
  /** Time of day there. */
  readonly now: Date;
  readonly version: string;
  /** Steps of the schema that are still to be taken. */
  readonly pendingMigrations: readonly string[];
}

/** @throws `unavailable` when the server does not answer */
export async function probePostgres(url: string): Promise<DatabaseProbe> {
  const knex = connectToMigrate(url);
  try {
    const { rows } = await knex.raw<{ rows: readonly { now: Date; version: string }[] }>(
      "SELECT now() AS now, current_setting('server_version') AS version",
    );
    return { ...rows[0]!, pendingMigrations: await pending(knex) };
  } catch (error) {
    throw translate(error, false);
  } finally {
    await knex.destroy();
  }
}

async function pending(knex: Knex): Promise<readonly string[]> {
  const names = (await migrationSource.getMigrations([])).map((migration) => migrationSource.getMigrationName(migration));
  if (!(await knex.schema.hasTable('knex_migrations'))) return names;
  const done = new Set((await knex('knex_migrations').select<{ name: string }[]>('name')).map(({ name }) => name));
  return names.filter((name) => !done.has(name));
}
