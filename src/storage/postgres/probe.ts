/** Looks at a database server without changing it. */
import type { Knex } from 'knex';
import { migrationSource } from '../../../migrations/index.ts';
import { connectToMigrate, SERVER_SETTINGS } from './connection.ts';
import { translate } from './errors.ts';

export interface DatabaseProbe {
  /** Time of day there. */
  readonly now: Date;
  readonly version: string;
  /** Steps of the schema that are still to be taken. */
  readonly pendingMigrations: readonly string[];
  /** Statements that give the role the settings that it lacks where a connection cannot be told of them. */
  readonly missingSettings: readonly string[];
}

/** A deadline may also be a shorter one; 0 is none. */
const LACKING = `
  SELECT format('ALTER ROLE %I SET %I = %L;', current_user, s.name, w.value || coalesce(s.unit, '')) AS statement
  FROM json_each_text(?::json) w JOIN pg_settings s ON s.name = w.key
  WHERE CASE WHEN s.unit = 'ms' THEN s.setting::int NOT BETWEEN 1 AND w.value::int ELSE s.setting <> w.value END
  ORDER BY s.name`;

/** @throws `unavailable` when the server does not answer */
export async function probePostgres(url: string): Promise<DatabaseProbe> {
  const knex = connectToMigrate(url);
  try {
    const { rows } = await knex.raw<{ rows: readonly { now: Date; version: string }[] }>(
      "SELECT now() AS now, current_setting('server_version') AS version",
    );
    const lacking = await knex.raw<{ rows: readonly { statement: string }[] }>(LACKING, [JSON.stringify(SERVER_SETTINGS)]);
    return { ...rows[0]!, pendingMigrations: await pending(knex), missingSettings: lacking.rows.map(({ statement }) => statement) };
  } catch (error) {
    throw translate(error, false);
  } finally {
    await knex.destroy();
  }
}

export interface ReplicaProbe {
  /** It replays what the primary commits; false once it was promoted. */
  readonly replaying: boolean;
  /** Both hold the same database. */
  readonly sameDatabase: boolean;
  /** Of the primary's log, not replayed yet. */
  readonly bytesBehind: number;
}

/** @throws `unavailable` when one of them does not answer */
export async function probeReplica(primaryUrl: string, replicaUrl: string): Promise<ReplicaProbe> {
  const [primary, replica] = await Promise.all([
    ask<{ readonly identity: string; readonly lsn: string }>(primaryUrl, PRIMARY),
    ask<{ readonly identity: string; readonly lsn: string | null }>(replicaUrl, REPLICA),
  ]);
  const position = (lsn: string) => {
    const [high, low] = lsn.split('/').map((part) => Number.parseInt(part, 16));
    return high! * 2 ** 32 + low!;
  };
  return {
    replaying: replica.lsn !== null,
    sameDatabase: primary.identity === replica.identity,
    bytesBehind: replica.lsn === null ? 0 : Math.max(0, position(primary.lsn) - position(replica.lsn)),
  };
}

const IDENTITY = `(SELECT system_identifier FROM pg_control_system()) || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS identity`;
const PRIMARY = `SELECT ${IDENTITY}, pg_current_wal_lsn()::text AS lsn`;
const REPLICA = `SELECT ${IDENTITY}, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END::text AS lsn`;

async function ask<Row>(url: string, sql: string): Promise<Row> {
  const knex = connectToMigrate(url);
  try {
    return (await knex.raw<{ rows: readonly Row[] }>(sql)).rows[0]!;
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
