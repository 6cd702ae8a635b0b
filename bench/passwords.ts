/** @module Password sign-in: how close it comes to what the hash allows, and what it does to everybody else. */
import { setTimeout as pause } from 'node:timers/promises';
import { load, median, ratio, startServer, stopServer, type BenchServer, type Load } from './harness.ts';
import { PASSWORD, SCOPE, SECRET } from './world.ts';

interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

const logins = (seconds: number, people = 10): Load => ({
  path: '/oauth/token',
  bodies: Array.from({ length: people }, (_, index) =>
    form({ grant_type: 'password', client_id: 'c0', client_secret: SECRET, username: `user${index}`, password: PASSWORD, scope: SCOPE }),
  ),
  connections: 8,
  seconds,
});

/** (e) Sign-ins a second against bare verifications a second, with as many hashing threads. */
export async function comparePasswords(server: BenchServer, { rounds, seconds }: Rounds): Promise<void> {
  const raw = await startServer('raw argon2id', 'raw-argon2.ts');
  const signIns: number[] = [];
  const verifications: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const sample = await load(server, logins(seconds));
    if (sample.failed > 0) throw new Error(`${sample.failed} sign-ins failed`);
    const bare = await load(raw, { path: '/', bodies: [form({ password: PASSWORD })], connections: 8, seconds });
    if (round === 0) continue;
    signIns.push(sample.requestsPerSecond);
    verifications.push(bare.requestsPerSecond);
  }
  console.log(`\n## (e) password grant against raw argon2id verifications, same threads\n`);
  console.log(
    `sign-ins per verification: ${ratio(signIns, verifications)} (${median(signIns).toFixed(0)}/s against ${median(verifications).toFixed(0)}/s)`,
  );
  await stopServer(raw);
}

/** What happens to client_credentials while the hashing threads have all they can do. */
export async function latencyUnderLogins(server: BenchServer, { rounds, seconds }: Rounds): Promise<void> {
  const tokens: Load = {
    path: '/oauth/token',
    bodies: [form({ grant_type: 'client_credentials', client_id: 'c0', client_secret: SECRET, scope: SCOPE })],
    connections: 2,
    seconds,
  };
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const alone = await load(server, tokens);
    const [beside] = await Promise.all([load(server, tokens), load(server, { ...logins(seconds), connections: 16 })]);
    if (round === 0) continue;
    idle.push(1 / alone.requestsPerSecond);
    busy.push(1 / beside.requestsPerSecond);
  }
  console.log(`\n## client_credentials while sign-ins saturate the hashing threads\n`);
  console.log(`time a token against an idle server: ${ratio(busy, idle)}`);
}

/** Sign-ins a second that come in, more than the threads can do, each of somebody else: those of one person come one after the other. */
const FLOOD = 200;
/** Longest wait that counts as keeping one's latency; the processor time that hashing takes is in it. */
const MOST_SLOWER = 4;

/**
 * What happens to everybody else while the queue of passwords is full and more are refused.
 * @returns whether they keep their latency
 */
export async function latencyBesideFullQueue(env: Record<string, string>, { rounds, seconds }: Rounds): Promise<boolean> {
  const server = await startServer('Rolemint, a short queue', 'rolemint.ts', {
    env: { ...env, ROLEMINT_HASH_QUEUE: '64', BENCH_USERS: String(FLOOD) },
  });
  const client = { client_id: 'c0', client_secret: SECRET };
  const granted = form({ grant_type: 'client_credentials', ...client, scope: SCOPE });
  const answer = await fetch(`${server.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(granted) });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  const others: Readonly<Record<string, Load>> = {
    client_credentials: { path: '/oauth/token', bodies: [granted], connections: 1, seconds },
    introspection: { path: '/oauth/introspect', bodies: [form({ ...client, token })], connections: 1, seconds },
    'the keys': { path: '/.well-known/jwks.json', connections: 1, seconds },
  };
  console.log(
    `\n## Beside ${FLOOD} sign-ins a second, with the queue of passwords full\n\n| request | time against an idle server | refused sign-ins |\n|---|---|---|`,
  );
  let kept = true;
  for (const [name, what] of Object.entries(others)) {
    const idle: number[] = [];
    const busy: number[] = [];
    let refused = 0;
    for (let round = 0; round <= rounds; round += 1) {
      const alone = await load(server, what);
      const flood = load(server, { ...logins(seconds + 2, FLOOD), connections: FLOOD, rate: FLOOD });
      // The queue is full after the first second.
      await pause(1000);
      const beside = await load(server, what);
      refused += (await flood).failed;
      if (alone.failed + beside.failed > 0) throw new Error(`${name}: ${alone.failed + beside.failed} requests failed`);
      if (round === 0) continue;
      idle.push(1 / alone.requestsPerSecond);
      busy.push(1 / beside.requestsPerSecond);
    }
    if (refused === 0) throw new Error('The queue was never full.');
    kept &&= median(busy.map((time, round) => time / idle[round]!)) <= MOST_SLOWER;
    console.log(`| ${name} | ${ratio(busy, idle)} (at most ${MOST_SLOWER}) | ${refused} |`);
  }
  await stopServer(server);
  return kept;
}
