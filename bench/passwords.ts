/** @module Password sign-in: how close it comes to what the hash allows, and what it does to everybody else. */
import { load, median, ratio, startServer, stopServer, type BenchServer, type Load } from './harness.ts';
import { PASSWORD, SCOPE, SECRET } from './world.ts';

interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

const logins = (seconds: number): Load => ({
  path: '/oauth/token',
  bodies: Array.from({ length: 10 }, (_, index) =>
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
