import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyAuditChain } from '../../src/services/audit.ts';
import { openEmbeddedStore } from '../../src/storage/postgres/embedded.ts';
import { AUDIENCE, openMarket, PASSWORD, secretOf } from '../support/market.ts';
import { administer, createDatabase, runPostgresProgram, startPostgres, type FailingPostgres } from '../support/postgres.ts';
import { ISSUER, startServer, type TestServer } from '../support/server.ts';
import { describePostgres, embeddedSnapshot } from '../support/stores.ts';
import { basic, post } from '../support/token-client.ts';
import { runWith } from './cli/harness.ts';

interface Feed {
  readonly complete: boolean;
  readonly cursor: string;
  readonly entries: readonly Record<string, unknown>[];
}

describePostgres('a dump that was restored into another server', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-restore-'));
  const keys = { before: path.join(folder, 'keys-before'), after: path.join(folder, 'keys-after') };
  let servers: FailingPostgres[];
  let url: string;
  let before: TestServer;
  let after: TestServer;
  /** What was given before the dump, and of it what was taken back before and after. */
  let kept: Tokens;
  let endedBefore: Tokens;
  let endedAfter: Tokens;
  let cursor: string;

  interface Tokens {
    readonly access: string;
    readonly refresh: string;
  }
  const client = { client_id: 'pw', client_secret: secretOf('pw') };
  const signIn = async (server: TestServer): Promise<Tokens> => {
    const form = { ...client, grant_type: 'password', username: 'b1u', password: PASSWORD, scope: 'Shopper', resource: AUDIENCE.seller };
    const { status, body } = await post(`${server.url}/oauth/token`, form);
    expect(status).toBe(200);
    return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
  };
  const refreshed = (server: TestServer, { refresh }: Tokens) =>
    post(`${server.url}/oauth/token`, { ...client, grant_type: 'refresh_token', refresh_token: refresh });
  const end = async (server: TestServer, { refresh }: Tokens) => {
    expect((await post(`${server.url}/oauth/revoke`, { ...client, token: refresh })).status).toBe(200);
  };
  const isActive = async (server: TestServer, { access }: Tokens) =>
    (await post(`${server.url}/oauth/introspect`, { token: access }, basic('rsS', secretOf('rsS')))).body['active'];
  const feed = async (server: TestServer, since?: string) =>
    (await (await fetch(`${server.url}/oauth/revocations${since === undefined ? '' : `?since=${since}`}`)).json()) as Feed;
  /** Each subtransaction takes a number. */
  const useTransactionNumbers = (server: string, count: number) =>
    administer(
      server,
      `CREATE TEMP TABLE numbers (number int);
       DO $$ BEGIN FOR number IN 1..${count} LOOP BEGIN INSERT INTO numbers VALUES (number); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$`,
    );
  const start = (database: string, keysDir: string) => startServer({ env: { ROLEMINT_DATABASE_URL: database, ROLEMINT_KEYS_DIR: keysDir } });

  beforeAll(async () => {
    servers = [(await startPostgres())!, (await startPostgres())!];
    const [old, fresh] = servers as [FailingPostgres, FailingPostgres];
    await useTransactionNumbers(old.url, 5000);
    const first = await createDatabase(old.url);
    before = await start(first, keys.before);
    await openMarket(before.app);
    [kept, endedBefore, endedAfter] = [await signIn(before), await signIn(before), await signIn(before)];
    await end(before, endedBefore);
    ({ cursor } = await feed(before));
    const dump = path.join(folder, 'dump');
    runPostgresProgram('pg_dump', ['--format=custom', '--file', dump, first]);
    await end(before, endedAfter);
    await before.close();
    cpSync(keys.before, keys.after, { recursive: true });
    url = await createDatabase(fresh.url);
    runPostgresProgram('pg_restore', ['--no-owner', '--exit-on-error', '--dbname', url, dump]);
    after = await start(url, keys.after);
  }, 120_000);
  afterAll(async () => {
    await after.close();
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('knows the tokens of before, and their keys', async () => {
    expect(await isActive(after, kept)).toBe(true);
    const again = await refreshed(after, kept);
    expect(again).toMatchObject({ status: 200, body: { scope: 'Shopper' } });
    kept = { access: String(again.body['access_token']), refresh: String(again.body['refresh_token']) };
  });

  it('keeps ended what was ended before the dump', async () => {
    expect(await isActive(after, endedBefore)).toBe(false);
    expect(await refreshed(after, endedBefore)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('has an audit chain that holds', async () => {
    expect(await verifyAuditChain(after.app.store.audit)).toMatchObject({ fault: undefined });
  });

  it('tells followers everything, whatever cursor the database of before gave them, and only once', async () => {
    const behind = await feed(after, cursor);
    expect(behind).toMatchObject({ complete: true, entries: [{ grant: expect.any(String) }] });
    // The entry came with the dump, and bears a number that no transaction here has had.
    expect(await feed(after, behind.cursor)).toMatchObject({ complete: false, entries: [] });
    await useTransactionNumbers(url, 10_000);
    expect((await feed(after, cursor)).complete).toBe(true);
  }, 60_000);

  it('has forgotten what was ended after the dump, until everything is ended by one command', async () => {
    expect(await isActive(after, endedAfter)).toBe(true);
    const known = await feed(after);
    const env = { ROLEMINT_ISSUER: ISSUER, ROLEMINT_DATABASE_URL: url, ROLEMINT_KEYS_DIR: keys.after };
    const io = { env, cwd: folder, operator: 'ops', signals: { on: () => undefined, off: () => undefined }, stdin: undefined as never };
    const result = await runWith(['revoke-all', '--json'], io);
    expect(result).toMatchObject({ code: 0, err: '' });
    for (const tokens of [kept, endedAfter, endedBefore]) {
      expect(await isActive(after, tokens)).toBe(false);
      expect(await refreshed(after, tokens)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
    const told = await feed(after, known.cursor);
    const instant = Date.parse(String(result.json()['issued_up_to'])) / 1000;
    expect(told.complete).toBe(true);
    expect(told.entries).toContainEqual({ subject: '*', roles: ['*'], not_before: instant, exp: expect.any(Number) });
    const anew = await signIn(after);
    expect(await isActive(after, anew)).toBe(true);
    expect((await refreshed(after, anew)).status).toBe(200);
    const events = await after.app.store.audit.list({
      tenancy: { kind: 'everything' },
      filters: { type: 'all_tokens_revoked' },
      descending: true,
      limit: 5,
      total: false,
    });
    expect(events.items).toMatchObject([{ actor: { kind: 'operator', id: 'ops' } }]);
  });
});

describe('a copy of the folder of an embedded database', () => {
  it('holds everything that was there when it was made', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-copy-'));
    const [data, copy] = [path.join(folder, 'data'), path.join(folder, 'copy')];
    mkdirSync(data, { mode: 0o700 });
    try {
      const store = await openEmbeddedStore({ dataDir: data, snapshot: embeddedSnapshot(), migrate: false });
      await store.transaction((tx) => tx.roles.put([{ name: 'Kept', category: 'other' }]));
      await store.close();
      cpSync(data, copy, { recursive: true });
      const restored = await openEmbeddedStore({ dataDir: copy, migrate: false });
      expect((await restored.access.loadDefinitions()).roles).toEqual([{ name: 'Kept', category: 'other' }]);
      await restored.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});
