import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startCountedServer, type CountedServer } from '../support/counted-server.ts';
import { AUDIENCE, openMarket, PASSWORD, secretOf } from '../support/market.ts';
import { dropDatabase } from '../support/postgres.ts';
import { createTestDatabase, describePostgres } from '../support/stores.ts';
import { basic, post, type Form } from '../support/token-client.ts';
import { read } from './documents.ts';

/** What each node asks at most four times a second, however much it is asked itself. */
const POLL = /\blog_start\b/;
const WRITES = /\b(?:INSERT INTO|UPDATE \w|DELETE FROM)\b/;

describePostgres('docs/scale.md', () => {
  let url: string;
  let server: CountedServer;
  beforeAll(async () => {
    url = await createTestDatabase();
    server = await startCountedServer(url);
    await openMarket(server.app);
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await dropDatabase(url);
  });

  const pw = { client_id: 'pw', client_secret: secretOf('pw') };
  const ask = async (path: string, form: Form, headers?: Record<string, string>) => {
    const answer = await post(`${server.url}${path}`, form, headers);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const signIn = () =>
    ask('/oauth/token', { ...pw, grant_type: 'password', username: 'b1u', password: PASSWORD, scope: 'Shopper', resource: AUDIENCE.seller });

  it('counts the statements that the server really sends', async () => {
    let token = await signIn();
    const refresh = async () =>
      (token = await ask('/oauth/token', { ...pw, grant_type: 'refresh_token', refresh_token: String(token['refresh_token']) }));
    const requests: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['`client_credentials`', () => ask('/oauth/token', { grant_type: 'client_credentials', scope: 'A B' }, basic('svc', secretOf('svc')))],
      ['`password`, with a refresh token', signIn],
      ['`refresh_token`', refresh],
      ['introspection', () => ask('/oauth/introspect', { token: String(token['access_token']) }, basic('rsS', secretOf('rsS')))],
      ['keys, discovery', () => fetch(`${server.url}/.well-known/jwks.json`)],
    ];
    const rows: string[] = [];
    for (const [name, request] of requests) {
      // The second time, what is known of the client and the user is in memory.
      await request();
      const sent = (await server.statementsOf(request)).map(({ sql }) => sql).filter((sql) => !POLL.test(sql) && !/^(?:BEGIN|COMMIT)/.test(sql));
      const writes = sent.filter((sql) => WRITES.test(sql)).length;
      rows.push(`| ${name} | ${sent.length - writes} | ${writes} |`);
    }
    const table = /<!-- counted -->\n\n.*\n.*\n((?:\|.*\n)+)/.exec(read('docs/scale.md'))?.[1];
    expect(rows.join('\n')).toBe(table?.trimEnd());
  });
});
