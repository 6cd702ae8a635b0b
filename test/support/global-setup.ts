/** @module What a run of the tests needs once: an image of a migrated embedded database, and a real Postgres. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { connectTo } from '../../src/storage/postgres/embedded.ts';
import { migrate, migrateWith } from '../../src/storage/postgres/migrate.ts';
import { createDatabase, dropDatabase, startPostgres, type Postgres } from './postgres.ts';
import { POOLER_VARIABLE, SNAPSHOT_VARIABLE, TEMPLATE_VARIABLE, THROUGH_VARIABLE } from './environment.ts';
import { findPgBouncer, startPgBouncer } from './pgbouncer.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Prepares both; what it returns undoes it. */
export async function prepare(): Promise<() => Promise<void>> {
  process.env[SNAPSHOT_VARIABLE] = await embeddedImage();
  const given = process.env['ROLEMINT_TEST_DATABASE_URL'];
  const server: Postgres | undefined = given === undefined ? await startPostgres() : { url: given, stop: async () => {} };
  if (server === undefined) return async () => {};
  const template = await createDatabase(server.url);
  await migrate(template);
  process.env[TEMPLATE_VARIABLE] = template;
  const pooler = process.env[THROUGH_VARIABLE] === 'pgbouncer' ? await startPgBouncer(findPgBouncer()!, server.url) : undefined;
  if (pooler !== undefined) process.env[POOLER_VARIABLE] = pooler.through(server.url);
  return async () => {
    await pooler?.close();
    await dropDatabase(template);
    await server.stop();
  };
}

/** Migrating takes seconds, loading an image half of one; kept until a migration or PGlite changes. */
async function embeddedImage(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'node_modules/@electric-sql/pglite/package.json')));
  for (const file of readdirSync(path.join(root, 'migrations')).sort()) hash.update(file).update(readFileSync(path.join(root, 'migrations', file)));
  const folder = path.join(root, 'node_modules/.cache/rolemint');
  const file = path.join(folder, `embedded-${hash.digest('hex').slice(0, 16)}.tar`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const pglite = new PGlite();
    const knex = connectTo(pglite);
    await migrateWith(knex);
    const image = await pglite.dumpDataDir('none');
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, Buffer.from(await image.arrayBuffer()));
    renameSync(draft, file);
    await knex.destroy();
    await pglite.close();
  }
  return file;
}
