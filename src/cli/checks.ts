/** @module The checks of `rolemint doctor`: each looks at one thing and says how it is, and what to do when it is not well. */
import { readFile, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, type Config } from '../config.ts';
import { diagnosePostgres, diagnoseRedis, diagnoseReplica } from '../diagnosis.ts';
import type { CliContext } from './context.ts';
import { discover } from './issuer.ts';
import { inspectStore } from './operations/doctor.ts';
import { listKeys } from './operations/keys.ts';
import { spanInWords } from './style.ts';

export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  readonly advice: string | null;
}

type Finding = Omit<Check, 'name'>;

const ok = (finding: string): Finding => ({ status: 'ok', finding, advice: null });
const warn = (finding: string, advice: string): Finding => ({ status: 'warn', finding, advice });
const fail = (finding: string, advice: string): Finding => ({ status: 'fail', finding, advice });

const OLDEST_NODE = [20, 19] as const;
const ADVISED_NODE = 24;
/** An answer takes time, and the header of HTTP has whole seconds. */
const SKEW_WARN_MS = 5000;
const SKEW_FAIL_MS = 30_000;
/** Log, keys, threads and what Node.js itself needs. */
const OTHER_FILES = 100;
const MEGABYTE = 1024 * 1024;

/** Looks at everything, however much of it is broken. */
export async function runChecks(context: CliContext): Promise<readonly Check[]> {
  const checks: Check[] = [{ name: 'node', ...nodeVersion(process.versions.node) }];
  const config = configuration(context);
  if (!('issuer' in config)) return [...checks, ...config];
  checks.push({ name: 'configuration', ...ok(`complete; issuer ${config.issuer}`) });
  const limit = await openFileLimit();
  if (limit !== undefined) checks.push({ name: 'open files', ...openFiles(limit, config) });
  const look = async (name: string, check: () => Promise<Finding>) => void checks.push({ name, ...(await safely(check)) });
  const database = config.databaseUrl;
  if (database === undefined) {
    await look('disk', () => diskSpace(config.dataDir));
    await look('data folder', () => folderMode(config.dataDir, 'data'));
  } else {
    await look('database', () => postgres(context, config));
    const { replicaUrl } = config;
    if (replicaUrl !== undefined) await look('replica', () => replica(database.reveal(), replicaUrl.reveal()));
  }
  await look('keys folder', () => folderMode(config.keysDir, 'keys'));
  const { redis } = config;
  if (redis !== undefined) await look('redis', () => redisAnswers(redis));
  if (checks.some(({ name, status }) => name === 'database' && status !== 'ok')) return checks;
  await look(database === undefined ? 'database' : 'workspace', () => contents(context, config));
  await look('signing keys', () => signingKeys(context));
  await look('server', () => server(context, config));
  return checks;
}

/** What this process may have open, which is what a server started from here might; undefined where the system does not say. */
async function openFileLimit(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

/** Each connection of a caller or to a database is an open file of the process. */
export function openFiles(limit: number, { maxConnections, databasePoolSize }: Pick<Config, 'maxConnections' | 'databasePoolSize'>): Finding {
  const needed = maxConnections + databasePoolSize + OTHER_FILES;
  if (limit >= needed) return ok(`${limit} per process, enough for ROLEMINT_MAX_CONNECTIONS`);
  return warn(
    `${limit} per process, and ROLEMINT_MAX_CONNECTIONS=${maxConnections} needs ${needed}`,
    'Raise the limit where the server is started (LimitNOFILE= of systemd, --ulimit nofile= of Docker, ulimit -n), or lower the setting: without open files nothing reaches the database.',
  );
}

async function safely(check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'not_found') return warn(message, 'Start the server once, or point the settings at your database.');
    return fail(message, 'Mend this first: nothing works without it.');
  }
}

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const advice = `Install Node.js ${ADVISED_NODE} (LTS).`;
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) return fail(`Node.js ${version} is too old`, advice);
  if (major < 22) return warn(`Node.js ${version} works, but gets no security updates any more`, advice);
  return ok(`Node.js ${version}`);
}

function configuration(context: CliContext): Config | Check[] {
  try {
    return context.config();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => ({ name: 'configuration', ...fail(problem, 'Correct the setting; the README lists all of them.') }));
  }
}

async function diskSpace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder).catch(() => statfs(path.dirname(folder)));
  const megabytes = Math.floor((bavail * bsize) / MEGABYTE);
  const finding = `${megabytes} MB free for the embedded database`;
  if (megabytes < 100) return fail(finding, 'Make room: writes are refused when the disk is full.');
  return megabytes < 1024 ? warn(finding, 'Make room before it runs out.') : ok(finding);
}

async function folderMode(folder: string, what: 'data' | 'keys'): Promise<Finding> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return warn(`${folder} does not exist yet`, 'The server makes it when it starts.');
  const mode = found.mode & 0o777;
  if ((mode & 0o077) === 0) return ok(`${folder} is closed to other users`);
  const remedy = `chmod 700 ${folder}${what === 'keys' ? ', and rotate the keys if anybody may have read them' : ''}`;
  return fail(`${folder} is open to other users (mode ${mode.toString(8).padStart(4, '0')})`, remedy);
}

async function postgres(context: CliContext, { databaseUrl, databasePooler }: Config): Promise<Finding> {
  const clock = await context.clock();
  const { now, version, pendingMigrations, missingSettings } = await diagnosePostgres(databaseUrl!.reveal());
  const skew = Math.abs(now.getTime() - clock.now());
  if (pendingMigrations.length > 0) {
    return fail(`Postgres ${version}: the schema lacks ${pendingMigrations.join(', ')}`, 'Run `rolemint migrate`, or start the server.');
  }
  const finding = skewed(`Postgres ${version}, schema current`, 'the clock of the database', skew);
  if (databasePooler === 'none' || missingSettings.length === 0 || finding.status === 'fail') return finding;
  return warn(`${finding.finding}; the role lacks settings that a pooler does not pass on`, missingSettings.join(' '));
}

async function replica(primaryUrl: string, replicaUrl: string): Promise<Finding> {
  const advice = 'Check ROLEMINT_DATABASE_REPLICA_URL. Until then all pages come from the database itself.';
  try {
    const { replaying, sameDatabase, bytesBehind } = await diagnoseReplica(primaryUrl, replicaUrl);
    if (!sameDatabase) return fail('the replica is one of another database', advice);
    return replaying ? ok(`replays, ${bytesBehind} bytes behind`) : warn('it is no replica any more, it was promoted', advice);
  } catch {
    return warn('the replica does not answer', advice);
  }
}

function skewed(finding: string, whose: string, skew: number): Finding {
  if (skew < SKEW_WARN_MS) return ok(`${finding}, clocks agree`);
  const differs = `${finding}, but ${whose} is ${spanInWords(skew)} away from this machine's`;
  return (skew < SKEW_FAIL_MS ? warn : fail)(differs, 'Synchronize both clocks (NTP): expiry and revocation depend on them.');
}

async function redisAnswers(redis: NonNullable<Config['redis']>): Promise<Finding> {
  try {
    const { evicts } = await diagnoseRedis(redis);
    if (evicts === undefined) return ok('Redis answers');
    return warn(
      `Redis answers; when its memory is full it throws away by ${evicts}`,
      'Set maxmemory-policy to noeviction: then Postgres takes over.',
    );
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const advice = `Check ${redis.name}. Until then Postgres keeps what Redis would, and each node counts failed attempts for itself.`;
    return warn(`Redis does not answer (${code ?? message})`, advice);
  }
}

async function contents(context: CliContext, { production }: Config): Promise<Finding> {
  const { demo_clients: clients, demo_users: users, workspace, has_users: hasUsers } = await context.perform(inspectStore, {});
  const name = workspace === null ? 'answers' : `answers; workspace ${workspace}`;
  if (clients.length + users.length > 0) {
    const holders = [...clients.map((id) => `client ${id}`), ...users.map((id) => `user ${id}`)];
    const finding = `${name}; secrets that the demo publishes work for ${holders.join(', ')}`;
    return (production ? fail : warn)(finding, 'Good for a try only: disable them, or give them new secrets, before anybody can reach the server.');
  }
  return hasUsers ? ok(name) : warn(`${name}; there are no users`, 'Run `rolemint bootstrap`, or `rolemint apply` with a workspace.');
}

async function signingKeys(context: CliContext): Promise<Finding> {
  const { keys } = await context.perform(listKeys, {});
  const current = keys.filter(({ status }) => status === 'current');
  if (current.length === 0) return warn('there are none yet', 'The server makes them when it starts.');
  const lonely = current.filter(({ alg }) => !keys.some((key) => key.alg === alg && key.status === 'next'));
  if (lonely.length > 0)
    return warn(
      `${lonely.map(({ alg }) => alg).join(', ')} has no next key`,
      'Start the server, which makes it: a rotation needs one that was published before.',
    );
  return ok(current.map(({ alg, kid }) => `${alg} ${kid}`).join(', '));
}

async function server(context: CliContext, { issuer }: Config): Promise<Finding> {
  const clock = await context.clock();
  let found: Awaited<ReturnType<typeof discover>>;
  try {
    found = await discover(issuer);
  } catch (error) {
    return warn((error as Error).message, 'Start it with `rolemint serve`, or let the issuer lead to it.');
  }
  if (found.issuer !== issuer) {
    return fail(
      `${issuer} says that it is ${found.issuer}`,
      'Set ROLEMINT_ISSUER to the same address everywhere: verifiers refuse tokens of another issuer.',
    );
  }
  const skew = found.date === null ? 0 : Math.abs(Date.parse(found.date) - clock.now());
  return skewed(`${issuer} answers`, 'the clock of the server', skew);
}
