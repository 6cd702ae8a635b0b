/** Looks at a database server without changing it. */
import type { Knex } from 'knex';
import { migrationSource } from '../../../migrations/index.ts';
import { connectToMigrate, SERVER_SETTINGS } from './connection.ts';
import { translate } from './errors.ts';

export interface DatabaseProbe {
  /** Time of day there. */
  readonly now: Date;
  readonly version: string;
  /** What `SERVER_SETTINGS` are for a connection that says nothing of them: the role's, or the server's. */
  readonly settings: Readonly<Record<keyof typeof SERVER_SETTINGS, string>>;
  /** Steps of the schema that are still to be taken. */
  readonly pendingMigrations: readonly string[];
}

/** @throws `unavailable` when the server does not answer */
export async function probePostgres(url: string): Promise<DatabaseProbe> {
  const knex = connectToMigrate(url);
  try {
    const { rows } = await knex.raw<{ rows: readonly Omit<DatabaseProbe, 'pendingMigrations'>[] }>(
      `SELECT now() AS now, current_setting('server_version') AS version,
        (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY (?::text[])) AS settings`,
      [Object.keys(SERVER_SETTINGS)],
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
