import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { expectRefusal } from '../contract/samples.ts';
import { AUDIENCE, openMarket, PASSWORD, secretOf } from '../support/market.ts';
import { findPgBouncer, startPgBouncer, type PgBouncer } from '../support/pgbouncer.ts';
import { administer, dropDatabase } from '../support/postgres.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createEmptyDatabase, describePgBouncer } from '../support/stores.ts';
import { basic, post } from '../support/token-client.ts';
import { runWith } from './cli/harness.ts';

describePgBouncer('behind PgBouncer in transaction mode', () => {
  let direct: string;
  let pooler: PgBouncer;
  let url: string;
  let nodes: readonly TestServer[];
  beforeAll(async () => {
    direct = await createEmptyDatabase();
    pooler = await startPgBouncer(findPgBouncer()!, direct);
    url = pooler.through(direct);
    // From an empty database, at the same time.
    nodes = await Promise.all([1, 2].map(() => startServer({ env: { ROLEMINT_DATABASE_URL: url, ROLEMINT_DATABASE_POOLER: 'transaction' } })));
    await openMarket(nodes[0]!.app);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await pooler.close();
    await dropDatabase(direct);
  });

  it('gives tokens, refreshes and ends them, on two nodes with eight connections under load', async () => {
    const one = nodes[0]!;
    const scenario = async () => {
      const form = { client_id: 'pw', client_secret: secretOf('pw'), resource: AUDIENCE.seller };
      const first = await post(`${one.url}/oauth/token`, { ...form, grant_type: 'password', username: 'b1u', password: PASSWORD, scope: 'Shopper' });
      expect(first).toMatchObject({ status: 200, body: { scope: 'Shopper' } });
      const second = await post(`${one.url}/oauth/token`, {
        ...form,
        grant_type: 'refresh_token',
        refresh_token: String(first.body['refresh_token']),
      });
      expect(second.status).toBe(200);
      const caller = basic('rsS', secretOf('rsS'));
      const token = String(second.body['access_token']);
      expect((await post(`${one.url}/oauth/introspect`, { token }, caller)).body).toMatchObject({ active: true, scope: 'Shopper' });
      const ended = { token: String(second.body['refresh_token']), client_id: 'pw', client_secret: secretOf('pw') };
      expect((await post(`${one.url}/oauth/revoke`, ended)).status).toBe(200);
      expect((await post(`${one.url}/oauth/introspect`, { token }, caller)).body).toEqual({ active: false });
    };
    const machine = async (node: TestServer) => {
      const answer = await post(`${node.url}/oauth/token`, { grant_type: 'client_credentials', scope: 'A B' }, basic('svc', secretOf('svc')));
      expect(answer).toMatchObject({ status: 200, body: { scope: 'A B' } });
    };
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([scenario(), ...Array.from({ length: 40 }, (_, index) => machine(nodes[index % 2]!))]);
    }
  }, 60_000);

  it('says what to set when the server was not told of it', async () => {
    await expectRefusal(
      openPostgresStore({ url, migrate: false }).then((store) => store.ping()),
      'unavailable',
      'There is a pooler in front of the database: set ROLEMINT_DATABASE_POOLER=transaction.',
    );
  });

  it('has doctor look for deadlines that the pooler does not pass on, and say how to set them', async () => {
    const role = `pooled_${process.pid}`;
    await administer(direct, `CREATE ROLE ${role} LOGIN; GRANT pg_read_all_data TO ${role}`);
    const named = new URL(direct);
    named.username = role;
    const database = async () => {
      const env = { ROLEMINT_DATABASE_URL: named.href, ROLEMINT_DATABASE_POOLER: 'transaction', ROLEMINT_ISSUER: 'http://127.0.0.1:1' };
      const io = { env, cwd: '/', operator: 'ops', signals: { on: () => undefined, off: () => undefined } };
      const result = await runWith(['doctor', '--json'], { ...io, stdin: undefined as never });
      return (result.json()['checks'] as readonly { readonly name: string; readonly advice: string }[]).find(({ name }) => name === 'database')!;
    };
    try {
      const { advice } = await database();
      expect(advice).toBe(
        `ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '5000ms'; ALTER ROLE ${role} SET jit = 'off'; ALTER ROLE ${role} SET lock_timeout = '1500ms'; ALTER ROLE ${role} SET statement_timeout = '1800ms';`,
      );
      await administer(direct, advice);
      expect(await database()).toMatchObject({ status: 'ok' });
    } finally {
      await administer(direct, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
