import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kindsOf } from '../../bench/scale/costs.ts';
import { simulate } from '../../bench/scale/simulation.ts';
import { DEFAULTS, tableOf } from '../../bench/scale/table.ts';
import { startCountedServer, startCountedServerWithRedis, type CountedServer, type CountedServerWithRedis } from '../support/counted-server.ts';
import { AUDIENCE, client, openMarket, PASSWORD, secret, secretOf } from '../support/market.ts';
import { TestBrowser } from '../support/browser.ts';
import { dropDatabase } from '../support/postgres.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { ISSUER } from '../support/server.ts';
import { authorizeUrl, CALLBACK, pkce, signIn } from '../support/sign-in.ts';
import { createTestDatabase, describePostgres, describeRedis } from '../support/stores.ts';
import { basic, post, type Form } from '../support/token-client.ts';
import { read } from './documents.ts';

/** What each node asks at most four times a second, however much it is asked itself. */
const POLL = /\blog_start\b/;
const WRITES = /\b(?:INSERT INTO|UPDATE \w|DELETE FROM)\b/;
/** What each node asks Redis for at intervals, and what opening a connection takes. */
const AT_INTERVALS = new Set(['PING', 'INFO', 'AUTH', 'SELECT', 'CLIENT', 'HELLO']);

/** The requests that are counted; each is made once before, when what is known of the client and the user comes into memory. */
function requestsTo({ url }: CountedServer): readonly (readonly [string, () => Promise<() => Promise<unknown>>])[] {
  const ask = async (path: string, form: Form, headers?: Record<string, string>) => {
    const answer = await post(`${url}${path}`, form, headers);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  };
  const shop = basic('shop', secretOf('shop'));
  const pw = { client_id: 'pw', client_secret: secretOf('pw') };
  const byPassword = () =>
    ask('/oauth/token', { ...pw, grant_type: 'password', username: 'b1u', password: PASSWORD, scope: 'Shopper', resource: AUDIENCE.seller });
  const signedIn = async (browser: TestBrowser) => {
    const { verifier, challenge } = pkce();
    const page = await browser.open(authorizeUrl(challenge, { scope: 'openid Shopper' }));
    const { url: back } = page.status === 0 ? page : await signIn(browser, page);
    return { grant_type: 'authorization_code', redirect_uri: CALLBACK, code: back.searchParams.get('code') ?? '', code_verifier: verifier };
  };
  const browser = new TestBrowser(ISSUER, url);
  return [
    [
      '`client_credentials`',
      async () => () => ask('/oauth/token', { grant_type: 'client_credentials', scope: 'A B' }, basic('svc', secretOf('svc'))),
    ],
    ['`password`, with a refresh token', async () => byPassword],
    [
      '`refresh_token`',
      async () => {
        const token = await byPassword();
        return () => ask('/oauth/token', { ...pw, grant_type: 'refresh_token', refresh_token: String(token['refresh_token']) });
      },
    ],
    ['sign-in on the page, up to the code', async () => () => signedIn(new TestBrowser(ISSUER, url))],
    ['the same, signed in already', async () => () => signedIn(browser)],
    [
      '`authorization_code`, with a refresh token',
      async () => {
        const form = await signedIn(browser);
        return () => ask('/oauth/token', form, shop);
      },
    ],
    [
      'userinfo',
      async () => {
        const { access_token: token } = await ask('/oauth/token', await signedIn(browser), shop);
        return () => ask('/oauth/userinfo', {}, { authorization: `Bearer ${String(token)}` });
      },
    ],
    [
      'introspection',
      async () => {
        const { access_token: token } = await byPassword();
        return () => ask('/oauth/introspect', { token: String(token) }, basic('rsS', secretOf('rsS')));
      },
    ],
    ['keys, discovery', async () => () => fetch(`${url}/.well-known/jwks.json`)],
  ];
}

describePostgres('docs/scale.md', () => {
  describeRedis('the table of requests', (program) => {
    let redis: RedisServer;
    const urls: string[] = [];
    let plain: CountedServer;
    let withRedis: CountedServerWithRedis;
    beforeAll(async () => {
      redis = await startRedis(program);
      urls.push(await createTestDatabase(), await createTestDatabase());
      plain = await startCountedServer(urls[0]!);
      withRedis = await startCountedServerWithRedis(urls[1]!, redis.url);
      for (const { app } of [plain, withRedis]) {
        await openMarket(app, async (tx) => {
          await tx.clients.put([
            client('shop', { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], requireConsent: false }),
          ]);
          await tx.addClientSecret('shop', secret(secretOf('shop')));
        });
      }
    }, 60_000);
    afterAll(async () => {
      await Promise.all([plain.close(), withRedis.close()]);
      await Promise.all(urls.map(dropDatabase));
      await redis.close();
    });

    /** Reads and writes that the second one sends to Postgres. */
    async function statementsOf(server: CountedServer, prepare: () => Promise<() => Promise<unknown>>): Promise<string> {
      await (
        await prepare()
      )();
      const request = await prepare();
      const sent = (await server.statementsOf(request)).map(({ sql }) => sql).filter((sql) => !POLL.test(sql) && !/^(?:BEGIN|COMMIT)/.test(sql));
      const writes = sent.filter((sql) => WRITES.test(sql)).length;
      return `${sent.length - writes} | ${writes}`;
    }

    it('counts what the server really sends', async () => {
      const rows: string[] = [];
      const requestsWithRedis = requestsTo(withRedis);
      for (const [index, [name, prepare]] of requestsTo(plain).entries()) {
        const [, prepareWithRedis] = requestsWithRedis[index]!;
        const alone = await statementsOf(plain, prepare);
        const beside = await statementsOf(withRedis, prepareWithRedis);
        const commands = (await withRedis.commandsOf(await prepareWithRedis())).filter((command) => !AT_INTERVALS.has(command));
        rows.push(`| ${name} | ${alone} | ${beside} | ${commands.length} |`);
      }
      const table = /<!-- counted -->\n\n.*\n.*\n((?:\|.*\n)+)/.exec(read('docs/scale.md'))?.[1];
      expect(rows.join('\n')).toBe(table?.trimEnd());
    });
  });
});

describe('the simulation', () => {
  it('says what docs/scale.md says it does', () => {
    const table = /<!-- simulated -->\n\n((?:\|.*\n)+)/.exec(read('docs/scale.md'))?.[1];
    expect(tableOf(kindsOf(read('docs/scale.md')), DEFAULTS)).toBe(table?.trimEnd());
  });

  it('has requests wait as the formula for one queue has it', () => {
    const kind = { name: 'plain', share: 1, hashes: 0, reads: 0, writes: 0, commands: 0 };
    // Half of the time in use: what is in the queue and served stays twice as long as it is served, exponentially.
    const { waits, busy } = simulate([kind], { processes: 1, rate: 1e6 / 700, postgresCores: 1, redisMasters: 1, seconds: 300, seed: 7 });
    expect(busy.process).toBeCloseTo(0.5, 1);
    expect(waits.get('plain')!.median / (0.7 * Math.log(2))).toBeCloseTo(1, 1);
    expect(waits.get('plain')!.p99 / (0.7 * Math.log(100))).toBeCloseTo(1, 1);
  });
});
