import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { signedIn, type ApiAnswer, type ApiClient } from '../support/administered.ts';
import { startCountedServer, type CountedServer, type SentStatement } from '../support/counted-server.ts';
import { askForChanges, askForLists, askForReadings, askForRootChanges, type Ask } from '../support/flat-requests.ts';
import { PASSWORD } from '../support/market.ts';
import { dropDatabase } from '../support/postgres.ts';
import { ADMINISTRATORS, LARGE, seedWorld, SMALL, type WorldSize } from '../support/sized-world.ts';
import { createTestDatabase, describePostgres } from '../support/stores.ts';

type Who = (typeof ADMINISTRATORS)[number];

interface World {
  readonly url: string;
  readonly server: CountedServer;
  readonly people: ReadonlyMap<Who, ApiClient>;
}

async function openWorld(size: WorldSize): Promise<World> {
  const url = await createTestDatabase();
  const server = await startCountedServer(url);
  await seedWorld(url, size, await server.app.hasher.hash(PASSWORD));
  const people = new Map<Who, ApiClient>();
  for (const name of ADMINISTRATORS) people.set(name, await signedIn(server, name));
  return { url, server, people };
}

async function closeWorld(world: World | undefined): Promise<void> {
  if (world === undefined) return;
  await world.server.close();
  await dropDatabase(world.url);
}

/** What each request made the server send. */
type Counted = ReadonlyMap<string, readonly SentStatement[]>;
type Questions = (client: ApiClient, ask: Ask, who: Who) => Promise<void>;

/** Administrators of everything, of a tree, of a part of it. */
const EVERY_KIND = ['operator', 'root', 'local'] as const;

async function countIn({ server, people }: World, questions: Questions, asking: readonly Who[] = EVERY_KIND): Promise<Counted> {
  const counted = new Map<string, readonly SentStatement[]>();
  for (const who of asking) {
    const client = people.get(who)!;
    // What is remembered from one request to the next is known before counting begins.
    await client.get('/users/u0');
    const ask: Ask = async (name, request) => {
      let answer: ApiAnswer | undefined;
      const statements = await server.statementsOf(async () => {
        answer = await request();
      });
      if (answer!.status >= 300) throw new Error(`${who}: ${name}: ${answer!.status} ${answer!.text}`);
      counted.set(`${who}: ${name}`, statements);
      return answer!;
    };
    await questions(client, ask, who);
  }
  return counted;
}

const numbers = (counted: Counted): Record<string, number> => Object.fromEntries(Array.from(counted, ([name, { length }]) => [name, length]));

/** Tables that grow with people and with what they do. */
const GROWING: ReadonlySet<string> = new Set(['users', 'user_group_members', 'assignments', 'audit_events', 'grants', 'refresh_tokens']);

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

function* scannedTables(plan: Plan): Generator<string> {
  if (plan['Node Type'] === 'Seq Scan') yield plan['Relation Name']!;
  for (const part of plan.Plans ?? []) yield* scannedTables(part);
}

/** Counting everything looks at everything; beginning and ending are no statements. */
const NOT_PLANNED = /^\s*(BEGIN|COMMIT|ROLLBACK)|(count\(\*\)|sum\(count\))::int AS count/;

/** Statements for which Postgres goes through a whole growing table, each with the first request that sends it. */
async function scansIn({ url }: World, counted: Counted): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found = new Map<string, string>();
  try {
    for (const [name, statements] of counted) {
      for (const { sql, bindings } of statements) {
        if (NOT_PLANNED.test(sql) || found.has(sql)) continue;
        const { rows } = await client.query<{ readonly 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) ${sql}`, [
          ...bindings,
        ]);
        const tables = [...scannedTables(rows[0]!['QUERY PLAN'][0].Plan)].filter((table) => GROWING.has(table));
        if (tables.length > 0) found.set(sql, `${name}: ${tables.join(', ')}: ${sql}`);
      }
    }
  } finally {
    await client.end();
  }
  return [...found.values()];
}

describePostgres('the management API with 10 users and with 100,000', () => {
  let small: World;
  let large: World;
  beforeAll(async () => {
    small = await openWorld(SMALL);
    large = await openWorld(LARGE);
  }, 120_000);
  afterAll(async () => {
    await closeWorld(small);
    await closeWorld(large);
  });

  /** As many statements in both for every request, and no more than the bound. @returns those of the large world */
  async function expectFlat(most: number, questions: Questions, asking = EVERY_KIND as readonly Who[]): Promise<Counted> {
    const few = numbers(await countIn(small, questions, asking));
    const counted = await countIn(large, questions, asking);
    const many = numbers(counted);
    expect(many).toMatchObject(few);
    expect(Object.entries(many).filter(([, count]) => count > most)).toEqual([]);
    return counted;
  }

  test('a page of any list takes the same few statements', async () => {
    await expectFlat(5, (client, ask) => askForLists(client, 1, ask));
  }, 60_000);

  test('no page of any list goes through all users, assignments, events or sessions', async () => {
    const counted = await countIn(large, (client, ask) => askForLists(client, 100, ask), ['root', 'local']);
    expect(await scansIn(large, counted)).toEqual([]);
  }, 60_000);

  test('reading one thing, explaining a role and previewing a token take the same few statements, which find by indexes', async () => {
    const counted = await expectFlat(9, askForReadings);
    expect(await scansIn(large, counted)).toEqual([]);
  });

  test('a change that concerns few people takes the same few statements, dry run or not, which find by indexes', async () => {
    const change: Questions = async (client, ask, who) => {
      await askForChanges(client, ask);
      if (who !== 'local') await askForRootChanges(client, ask);
    };
    const counted = await expectFlat(32, change, ['root', 'local']);
    expect(await scansIn(large, counted)).toEqual([]);
    const readingAllProfiles = [...counted].filter(([, statements]) => statements.some(({ sql }) => sql.includes('FROM security_profiles p)')));
    const forAnAssignment = readingAllProfiles.map(([name]) => name).filter((name) => /assignments|members|users/.test(name));
    expect(forAnAssignment).toEqual([]);
  }, 60_000);
});
