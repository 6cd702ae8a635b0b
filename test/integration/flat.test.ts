import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { FILTERS, SORTS, type NounName } from '../../src/domain/directory.ts';
import { signedIn, type ApiAnswer, type ApiClient } from '../support/administered.ts';
import { startCountedServer, type CountedServer, type SentStatement } from '../support/counted-server.ts';
import { PASSWORD } from '../support/market.ts';
import { dropDatabase } from '../support/postgres.ts';
import { ADMINISTRATORS, LARGE, seedWorld, SMALL, type WorldSize } from '../support/sized-world.ts';
import { createTestDatabase, describePostgres } from '../support/stores.ts';

/** What a request made the server send, by the name of the request. */
type Counted = Record<string, readonly SentStatement[]>;

interface World {
  readonly url: string;
  readonly server: CountedServer;
  readonly people: Readonly<Record<(typeof ADMINISTRATORS)[number], ApiClient>>;
}

async function openWorld(size: WorldSize): Promise<World> {
  const url = await createTestDatabase();
  const server = await startCountedServer(url);
  await seedWorld(url, size, await server.app.hasher.hash(PASSWORD));
  const people: Partial<Record<string, ApiClient>> = {};
  for (const name of ADMINISTRATORS) {
    const client = await signedIn(server, name);
    await client.get('/users/u0');
    people[name] = client;
  }
  return { url, server, people: people as World['people'] };
}

async function closeWorld({ url, server }: World): Promise<void> {
  await server.close();
  await dropDatabase(url);
}

async function count(world: World, counted: Counted, { name, call }: { name: string; call: () => Promise<ApiAnswer> }): Promise<ApiAnswer> {
  let answer: ApiAnswer | undefined;
  counted[name] = await world.server.statementsOf(async () => {
    answer = await call();
  });
  if (answer!.status >= 300) throw new Error(`${name}: ${answer!.status} ${answer!.text}`);
  return answer!;
}

/** A value of every filter that matches something. */
const FILTER_VALUES: Readonly<Record<string, string>> = {
  type: 'buyer', parent: 'S', active: 'true', organization: 'o0', user: 'u0', user_group: 'g0', username: 'user0', email: 'user0@example.com',
  role: 'Shopper', managed: 'false', full_access: 'false', origin: 'p0', context_user: 'u0', client: 'c0', security_profile: 'ten', client_id: 'c0',
  expires_before: '2100-01-01T00:00:00Z', expires_after: '2020-01-01T00:00:00Z', category: 'custom',
};

const NOUNS = Object.keys(SORTS) as NounName[];

/** Every way to list every noun: in each order, with its second page, by each filter, searched, counted. */
async function lists(world: World, who: 'root' | 'operator' | 'local'): Promise<Counted> {
  const counted: Counted = {};
  const client = world.people[who];
  for (const noun of NOUNS) {
    const path = `/${noun.replaceAll('_', '-')}?limit=1`;
    const get = (query: string) => count(world, counted, { name: `${who}: ${noun}${query.split('&cursor')[0]}${query.includes('cursor') ? ' second page' : ''}`, call: () => client.get(path + query) });
    for (const sort of SORTS[noun].flatMap((field) => [field, `-${field}`])) {
      const { body } = await get(`&sort=${sort}`);
      if (body.next_cursor !== undefined) await get(`&sort=${sort}&cursor=${body.next_cursor}`);
    }
    await get('&search=0');
    await get('&total=true');
    for (const filter of Object.keys(FILTERS[noun])) await get(`&${filter}=${encodeURIComponent(FILTER_VALUES[filter]!)}`);
  }
  return counted;
}

const numbers = (counted: Counted): Record<string, number> => Object.fromEntries(Object.entries(counted).map(([name, list]) => [name, list.length]));

test('x', () => {});
describePostgres('flat', () => {
  test('try', async () => {
    for (const size of [SMALL, LARGE]) {
      let t = Date.now();
      const world = await openWorld(size);
      console.log('open', Date.now() - t);
      const db = new pg.Client({ connectionString: world.url });
      await db.connect();
      for (const who of ['root', 'operator', 'local'] as const) {
        t = Date.now();
        const c = await lists(world, who);
        console.log(who, Date.now() - t, Object.keys(c).length, [...new Set(Object.values(numbers(c)))]);
        const lines: string[] = [];
        for (const [name, sts] of Object.entries(c)) {
          for (const s of sts.filter((x) => /select|SELECT/.test(x.sql) )) {
            const r = await db.query({ text: 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' + s.sql, values: s.bindings as unknown[] });
            const plan = r.rows[0]['QUERY PLAN'][0];
            const text = JSON.stringify(plan);
            const blocks = plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'];
            const seq = [...text.matchAll(/"Node Type":"Seq Scan","Parent Relationship":"[^"]*",(?:"Subplan Name":"[^"]*",)?"Parallel Aware":\w+,"Async Capable":\w+,"Relation Name":"(\w+)"/g)].map((m) => m[1]);
            const big = seq.filter((x) => !['roles','organization_types','permission_types','resource_servers','impersonation_rules','workspace_state','change_log_start','changes','organizations','settings','resource_server_clients','user_groups'].includes(x!));
            if (size === LARGE && (blocks > 300 || big.length > 0 || plan['Execution Time'] > 10)) lines.push(`${name} blocks=${blocks} ms=${plan['Execution Time'].toFixed(1)} seq=${big} ${/count\(/.test(s.sql) ? 'COUNT' : ''}`);
          }
        }
        console.log(lines.join('\n'));
      }
      await db.end();
      await closeWorld(world);
    }
  }, 240_000);
});
