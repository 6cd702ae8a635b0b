/** @module What requests of administrators take in a large world against a small one: `npm run bench -- management`. */
import { openPasswordHasher } from '../src/hashing/password-hasher.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { apiWith, signedIn, type ApiAnswer, type ApiClient } from '../test/support/administered.ts';
import { PASSWORD } from '../test/support/market.ts';
import { LARGE, seedWorld, SMALL, type WorldSize } from '../test/support/sized-world.ts';
import { median, ratio, startServer, timeEach, type BenchServer, type Timing } from './harness.ts';

interface Contestant {
  readonly server: BenchServer;
  readonly client: ApiClient;
}

/** Makes one request, or two that take each other back; throws when one is refused. */
type Request = (client: ApiClient) => Promise<unknown>;

const REQUESTS: Readonly<Record<string, Request>> = {
  'users, a page of ten': (client) => good(client.get('/users?limit=10')),
  'the same by name, second page, counted': pageAfterPage('/users?limit=5&sort=username&total=true'),
  'holders of a profile, a page of ten': (client) => good(client.get('/security-profiles/everywhere/holders?limit=10')),
  'explain a role': (client) => good(client.get('/explain?user=u0&client_id=console&role=OrderAdmin')),
  'assign a profile to a user, dry run': (client) => good(client.post('/assignments?dry_run=true', ASSIGNMENT)),
  'assign it, and take it back': async (client) => {
    const { body } = await good(client.post('/assignments', ASSIGNMENT));
    await good(client.delete(`/assignments/${body.id}`));
  },
  'edit a profile of ten users, dry run': (client) => good(client.patch('/security-profiles/ten?dry_run=true', { roles: ['OrderReader'] })),
  'edit it, and take it back': async (client) => {
    await good(client.patch('/security-profiles/ten', { roles: ['OrderReader'] }));
    await good(client.patch('/security-profiles/ten', { roles: ['Shopper'] }));
  },
};

const ASSIGNMENT = { security_profile: 'shopping', user: 'plain' };

function pageAfterPage(path: string): Request {
  return async (client) => {
    const { body } = await good(client.get(path));
    await good(client.get(`${path}&cursor=${body.next_cursor}`));
  };
}

async function good(answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`${status} ${text}`);
  return answer;
}

/** Both worlds side by side, each on a database of its own, asked in turn. */
export async function compareManagement(
  environment: () => Promise<Record<string, string>>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  const contestants = [await open('small', SMALL, await environment()), await open('large', LARGE, await environment())];
  console.log(
    '\n## Management API: 10 users and profiles against 100,000 users, 10,000 profiles and 200,000 assignments; one request after the other\n\n' +
      '| request | time against the small one | CPU against the small one | ms small, large | CPU ms small, large |\n|---|---|---|---|---|',
  );
  for (const [name, request] of Object.entries(REQUESTS)) {
    const timings: Timing[][] = [[], []];
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, { server, client }] of contestants.entries()) {
        const timing = await timeEach(server, () => request(client), seconds);
        if (round > 0) timings[index]!.push(timing);
      }
    }
    console.log(row(name, timings[0]!, timings[1]!));
  }
}

async function open(name: string, size: WorldSize, env: Record<string, string>): Promise<Contestant> {
  const url = env['ROLEMINT_DATABASE_URL'];
  if (url === undefined) throw new Error('The section management needs PostgreSQL.');
  await migrate(url);
  const hasher = openPasswordHasher({ threads: 1, queueLimit: 10 });
  await seedWorld(url, size, await hasher.hash(PASSWORD));
  await hasher.close();
  const server = await startServer(name, 'rolemint.ts', { env: { ...env, ROLEMINT_ACCESS_TOKEN_LIFETIME_SECONDS: '3600' } });
  return { server, client: apiWith(server, (await signedIn(server, 'root')).token) };
}

function row(name: string, small: readonly Timing[], large: readonly Timing[]): string {
  const wall = (list: readonly Timing[]) => list.map(({ wallMicroseconds }) => wallMicroseconds);
  const cpu = (list: readonly Timing[]) => list.map(({ cpuMicroseconds }) => cpuMicroseconds);
  const milliseconds = (values: readonly number[]) => (median(values) / 1000).toFixed(1);
  const both = (read: typeof wall) => `${milliseconds(read(small))}, ${milliseconds(read(large))}`;
  return `| ${name} | ${ratio(wall(large), wall(small))} | ${ratio(cpu(large), cpu(small))} | ${both(wall)} | ${both(cpu)} |`;
}
