/**
 * @module The whole configuration as one described schema, and the only reader of the process environment. The table
 * in the README is generated from it.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { contrast, parseColour, READABLE } from './domain/colour.ts';
import { parseNetwork, type Network } from './domain/network.ts';
import { isMailAddress } from './domain/mail.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from './domain/signing-key.ts';
import { parseRedisAddress, type RedisKind } from './storage/redis/address.ts';

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number is needed')
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum));

const issuer = z.string().refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return (
    url !== undefined &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    !value.endsWith('/')
  );
}, 'an http or https URL without query, fragment and final slash is needed');

/** Of what nodemailer can be told by a URL, what a deployment may need. */
const SMTP_PARAMETERS = new Set(['requireTLS', 'ignoreTLS', 'tls.rejectUnauthorized', 'tls.servername']);

const smtpUrl = z.string().refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return (
      url !== undefined &&
      ['smtp:', 'smtps:'].includes(url.protocol) &&
      url.hostname !== '' &&
      [...url.searchParams.keys()].every((name) => SMTP_PARAMETERS.has(name))
    );
  },
  `an smtp:// or smtps:// URL is needed, with no other parameters than ${[...SMTP_PARAMETERS].join(', ')}`,
);

const redis = (kind: RedisKind, needed: string) => z.string().refine((value) => parseRedisAddress(kind, value) !== undefined, needed);

const mailFrom = z.string().refine((value) => isMailAddress(/^[^<>"\r\n]+ <([^<>]+)>$/.exec(value)?.[1] ?? value), 'a mail address is needed');

const WHITE = [255, 255, 255] as const;

const colour = z.string().superRefine((value, context) => {
  const parsed = parseColour(value);
  if (parsed === undefined) return context.addIssue({ code: 'custom', message: 'a colour as #rrggbb is needed' });
  const found = contrast(parsed, WHITE);
  if (found >= READABLE) return;
  // Rounded down: what is not enough does not look as if it were.
  const message = `its contrast with white is ${(Math.floor(found * 10) / 10).toFixed(1)} and must be ${READABLE} at least, so that everybody can read it`;
  context.addIssue({ code: 'custom', message });
});

/** Networks as `address/bits`, with commas between them. */
const networks = z.string().transform((value, context) => {
  const parsed = value.split(',').map((part) => parseNetwork(part.trim()));
  if (parsed.includes(undefined)) context.addIssue({ code: 'custom', message: 'networks such as 10.0.0.0/8 are needed, with commas between them' });
  return parsed.filter((network) => network !== undefined);
});

interface Setting {
  readonly schema: z.ZodType<unknown, string>;
  /** As it stands in the table of the README. */
  readonly fallback: string;
  readonly about: string;
  readonly secret?: boolean;
}

const setting = <S extends z.ZodType<unknown, string>>(schema: S, fallback: string, about: string, secret = false) => ({
  schema,
  fallback,
  about,
  secret,
});

/** Every setting: its schema, its default as text (empty: unset) and what it is for. */
export const SETTINGS = {
  ROLEMINT_HOST: setting(z.string().min(1), '127.0.0.1', 'Address to listen on.'),
  ROLEMINT_PORT: setting(whole(0, 65_535), '3000', 'Port to listen on; 0 picks a free one, and then `ROLEMINT_ISSUER` must be set.'),
  ROLEMINT_ISSUER: setting(issuer, 'http://localhost:PORT', 'Issuer of every token and base of every URL. Never taken from a request.'),
  ROLEMINT_DATABASE_URL: setting(
    z.string().regex(/^postgres(ql)?:\/\//, 'a postgres:// URL is needed'),
    '',
    'Postgres. Unset: an embedded database in `ROLEMINT_DATA_DIR`.',
    true,
  ),
  ROLEMINT_DATABASE_POOL_SIZE: setting(whole(1, 500), '10', 'Connections to Postgres at most, per process.'),
  ROLEMINT_DATABASE_POOLER: setting(
    z.enum(['none', 'transaction']),
    'none',
    '`transaction`: a pooler such as PgBouncer stands in front of Postgres and lends its connections by the transaction.',
  ),
  ROLEMINT_DATABASE_REPLICA_URL: setting(
    z.string().regex(/^postgres(ql)?:\/\//, 'a postgres:// URL is needed'),
    '',
    'A streaming replica of it, for pages of lists in the management API. Nothing is decided by what it says.',
    true,
  ),
  ROLEMINT_DATABASE_REPLICA_LAG_MILLISECONDS: setting(
    whole(100, 60_000),
    '1000',
    'How far the replica may be behind; while it is further, or does not answer, pages come from Postgres itself.',
  ),
  ROLEMINT_DATA_DIR: setting(z.string().min(1), './data', 'Folder of the embedded database.'),
  ROLEMINT_REDIS_URL: setting(
    redis('single', 'a redis:// or rediss:// URL is needed'),
    '',
    'Redis, for what may be lost and is shared by all nodes: `redis://user:password@host:6379/0`, by TLS `rediss://`. Unset: Postgres does.',
    true,
  ),
  ROLEMINT_REDIS_CLUSTER: setting(
    redis('cluster', 'host:port,host:port is needed, with or without redis:// or rediss:// and user:password@ in front'),
    '',
    'A Redis Cluster instead: some of its nodes, `rediss://user:password@host:6379,host:6379`.',
    true,
  ),
  ROLEMINT_REDIS_SENTINEL: setting(
    redis('sentinel', 'redis://host:port,host:port/master-name is needed, or rediss://'),
    '',
    'A Redis that Sentinel watches instead: the sentinels and the name, `redis://user:password@host:26379,host:26379/name?sentinel_password=…`.',
    true,
  ),
  ROLEMINT_REDIS_CA: setting(
    z.string().includes('-----BEGIN CERTIFICATE-----', 'certificates in PEM are needed'),
    '',
    'Certificates (PEM) that sign those of Redis; usually `ROLEMINT_REDIS_CA_FILE`. Unset: those that Node.js trusts.',
  ),
  ROLEMINT_KEYS_DIR: setting(z.string().min(1), './keys', 'Folder of the signing keys.'),
  ROLEMINT_SMTP_URL: setting(
    smtpUrl,
    '',
    'Mail server: `smtp://user:password@host:587` (STARTTLS; required off loopback unless `?requireTLS=false`) or `smtps://`. Unset: mails become files.',
    true,
  ),
  ROLEMINT_MAIL_FROM: setting(mailFrom, 'no-reply@HOST', 'Sender of mails: `name@host` or `Name <name@host>`. HOST is that of the issuer.'),
  ROLEMINT_OUTBOX_DIR: setting(z.string().min(1), 'DATA_DIR/outbox', 'Folder where mails become files without `ROLEMINT_SMTP_URL`.'),
  ROLEMINT_PRODUCTION: setting(
    flag,
    'false',
    'Refuses to start with an http issuer off loopback, demo data, plain-text secrets or loose file modes.',
  ),
  ROLEMINT_WORKERS: setting(
    z.union([z.literal('auto').transform(() => availableParallelism()), whole(1, 256)], { error: 'a number from 1 to 256, or auto, is needed' }),
    '1',
    'Processes that answer requests on the one port; `auto`: one per core. More than one needs `ROLEMINT_DATABASE_URL`.',
  ),
  ROLEMINT_TRUSTED_PROXY_HOPS: setting(
    whole(0, 10),
    '0',
    'How many proxies in front may be believed about the address of the caller (`X-Forwarded-For`).',
  ),
  ROLEMINT_ACCESS_TOKEN_LIFETIME_SECONDS: setting(
    whole(30, LONGEST_ACCESS_TOKEN_SECONDS),
    '600',
    'Life of an access token where the client does not say.',
  ),
  ROLEMINT_REFRESH_TOKEN_LIFETIME_SECONDS: setting(
    whole(0, 31_536_000),
    '2592000',
    'From sign-in to the last possible refresh where the client does not say; 0: no refresh tokens.',
  ),
  ROLEMINT_SESSION_LIFETIME_SECONDS: setting(whole(300, 2_592_000), '43200', 'From sign-in in a browser to the end of the session.'),
  ROLEMINT_LOGOUT_NETWORKS: setting(
    networks,
    '',
    'Networks besides the public internet where applications may be told that somebody signed out, such as `10.0.0.0/8,127.0.0.0/8`.',
  ),
  ROLEMINT_BRAND_NAME: setting(z.string().min(1).max(60), 'Rolemint', 'Name on the pages where people sign in.'),
  ROLEMINT_BRAND_LOGO: setting(
    z.string().regex(/\.(svg|png|webp)$/, 'a file that ends in .svg, .png or .webp is needed'),
    '',
    'File with the logo that stands there instead of the name; at most 256 KiB.',
  ),
  ROLEMINT_BRAND_COLOR: setting(
    colour,
    '#14532d',
    'Colour of buttons and links there, `#rrggbb`, with a contrast of 4.5 to white at least. In the dark it is made lighter.',
  ),
  ROLEMINT_HASH_THREADS: setting(whole(1, 256), '(cores - 1) / WORKERS', 'Threads that hash passwords, per process.'),
  ROLEMINT_HASH_QUEUE: setting(whole(1, 100_000), '64', 'Passwords that may wait for a thread, per process; more are answered 503 with Retry-After.'),
  ROLEMINT_ATTEMPTS_PER_ADDRESS: setting(
    whole(1, 1_000_000),
    '1000',
    'Failures per caller address in 10 minutes before failing is answered 429: client authentications, and sign-ins through public clients.',
  ),
  ROLEMINT_ATTEMPTS_PER_NAME: setting(whole(1, 1_000_000), '50', 'Failed attempts per name and caller address in 10 minutes before 429.'),
  ROLEMINT_REQUESTS_PER_ADDRESS: setting(
    whole(1, 1_000_000),
    '10000',
    'Requests per caller address in 10 minutes that are kept until a person has answered, before 429: for authorization, and for the device codes and pushed requests of public clients.',
  ),
  ROLEMINT_MAX_CONNECTIONS: setting(whole(1, 1_000_000), '10000', 'Open connections at most, per process; more are refused.'),
  ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS: setting(
    whole(1, 1_000_000),
    '1000',
    'Of them, those of one address (in IPv6 a /64 network). Not counted with `ROLEMINT_TRUSTED_PROXY_HOPS`: there all come from the proxy.',
  ),
  ROLEMINT_FULL_ACCESS_HOURS: setting(whole(0, 87_600), '24', 'Longest time for which the management API gives FullAccess without `confirm`.'),
  ROLEMINT_ORDERCLOUD_API: setting(
    flag,
    'true',
    "Answers OrderCloud's SDK under `/v1`, and puts OrderCloud's names into tokens for people of sellers, buyers and suppliers.",
  ),
  ROLEMINT_USAGE_DAYS: setting(whole(1, 3650), '400', 'Days for which counts of requested and granted roles are kept.'),
  ROLEMINT_LOG_LEVEL: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info', 'Least level that is logged.'),
  ROLEMINT_LOG_FORMAT: setting(z.enum(['auto', 'json', 'pretty']), 'auto', '`auto`: pretty on a terminal, JSON elsewhere.'),
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof SETTINGS;

const REDIS_SETTINGS = [
  ['ROLEMINT_REDIS_URL', 'single'],
  ['ROLEMINT_REDIS_CLUSTER', 'cluster'],
  ['ROLEMINT_REDIS_SENTINEL', 'sentinel'],
] as const satisfies readonly (readonly [SettingName, RedisKind])[];

/** Defaults that follow from something else, as a rule from a setting above; the table of the README describes them. */
const DERIVED: Partial<Record<SettingName, (values: ReadonlyMap<SettingName, unknown>) => string>> = {
  ROLEMINT_ISSUER: (values) => localIssuer(values.get('ROLEMINT_PORT') ?? SETTINGS.ROLEMINT_PORT.fallback),
  ROLEMINT_MAIL_FROM: (values) => `no-reply@${hostOf(values.get('ROLEMINT_ISSUER'))}`,
  ROLEMINT_OUTBOX_DIR: (values) => path.join(String(values.get('ROLEMINT_DATA_DIR')), 'outbox'),
  ROLEMINT_HASH_THREADS: (values) => String(Math.max(1, Math.floor((availableParallelism() - 1) / Number(values.get('ROLEMINT_WORKERS') ?? 1)))),
};

/** What mails come from: the host of the issuer, unless it is a bare IPv6 address or has been complained about already. */
function hostOf(issuerUrl: unknown): string {
  const host = typeof issuerUrl === 'string' ? new URL(issuerUrl).hostname : '[';
  return host.startsWith('[') ? 'localhost' : host;
}

const localIssuer = (port: unknown): string => `http://localhost:${String(port)}`;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, for whoever hands it on. */
export const PROCESS_ENVIRONMENT: Environment = process.env;

/** The configuration as the program uses it. Secrets are {@link Secret}s, so that no log or error shows them. */
export type Config = ReturnType<typeof build>;

/** A value that prints as `[redacted]` wherever it is printed by mistake. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[redacted]';
  }
  toJSON(): string {
    return '[redacted]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}

/** All that is wrong with the configuration, one line a problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the configuration from environment variables. `NAME_FILE` names a file that holds the value of NAME.
 * @throws ConfigError with every problem at once
 */
export function loadConfig(env: Environment = PROCESS_ENVIRONMENT): Config {
  const problems: string[] = [];
  const known = new Set<string>(Object.keys(SETTINGS).flatMap((name) => [name, `${name}_FILE`]));
  for (const name of Object.keys(env)) {
    if (name.startsWith('ROLEMINT_') && !name.startsWith('ROLEMINT_TEST_') && !known.has(name)) problems.push(`${name}: no such setting`);
  }
  const values = new Map<SettingName, unknown>();
  for (const [name, { schema, fallback, secret }] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    const text = readSetting(env, name, problems) ?? DERIVED[name]?.(values) ?? fallback;
    if (text === '') continue;
    const parsed = schema.safeParse(text);
    if (parsed.success) values.set(name, parsed.data);
    else
      problems.push(
        `${name}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}${secret === true ? '' : `, not ${JSON.stringify(text)}`}`,
      );
  }
  // A port that is chosen later cannot be part of the issuer, which is in every token from the first on.
  if (values.get('ROLEMINT_ISSUER') === localIssuer(0)) problems.push('ROLEMINT_ISSUER: must be set when ROLEMINT_PORT is 0');
  if (values.has('ROLEMINT_DATABASE_REPLICA_URL') && !values.has('ROLEMINT_DATABASE_URL')) {
    problems.push('ROLEMINT_DATABASE_REPLICA_URL: needs ROLEMINT_DATABASE_URL, whose replica it is');
  }
  if (Number(values.get('ROLEMINT_WORKERS')) > 1 && readSetting(env, 'ROLEMINT_DATABASE_URL', []) === undefined)
    problems.push('ROLEMINT_WORKERS: more than one process needs Postgres, and ROLEMINT_DATABASE_URL is not set');
  const redises = REDIS_SETTINGS.filter(([name]) => values.has(name)).map(([name]) => name);
  if (redises.length > 1) problems.push(`${redises.join(', ')}: set together; only one of them can be`);
  if (problems.length > 0) throw new ConfigError(problems);
  const config = build(values);
  if (config.production && new URL(config.issuer).protocol === 'http:' && !LOOPBACK_HOSTS.has(new URL(config.issuer).hostname)) {
    throw new ConfigError([`ROLEMINT_ISSUER: in production it must be https, not ${JSON.stringify(config.issuer)}`]);
  }
  return config;
}

function readSetting(env: Environment, name: SettingName, problems: string[]): string | undefined {
  const direct = env[name] === '' ? undefined : env[name];
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return direct;
  if (direct !== undefined) {
    problems.push(`${name}: set both directly and by ${name}_FILE`);
    return direct;
  }
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    problems.push(`${name}_FILE: cannot read ${JSON.stringify(file)} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    return undefined;
  }
}

/** Where Redis is: to be read with `parseRedisAddress`; undefined where there is none. */
function redisIn(values: ReadonlyMap<SettingName, unknown>) {
  for (const [name, kind] of REDIS_SETTINGS) {
    const address = values.get(name);
    if (address !== undefined)
      return { name, kind, address: new Secret(address as string), ca: values.get('ROLEMINT_REDIS_CA') as string | undefined };
  }
  return undefined;
}

function build(values: ReadonlyMap<SettingName, unknown>) {
  const text = (name: SettingName) => values.get(name) as string;
  const number = (name: SettingName) => values.get(name) as number;
  const secret = (name: SettingName) => (values.has(name) ? new Secret(text(name)) : undefined);
  return Object.freeze({
    issuer: text('ROLEMINT_ISSUER'),
    host: text('ROLEMINT_HOST'),
    port: number('ROLEMINT_PORT'),
    databaseUrl: secret('ROLEMINT_DATABASE_URL'),
    databasePoolSize: number('ROLEMINT_DATABASE_POOL_SIZE'),
    databasePooler: text('ROLEMINT_DATABASE_POOLER') as 'none' | 'transaction',
    replicaUrl: secret('ROLEMINT_DATABASE_REPLICA_URL'),
    replicaLagMilliseconds: number('ROLEMINT_DATABASE_REPLICA_LAG_MILLISECONDS'),
    dataDir: text('ROLEMINT_DATA_DIR'),
    redis: redisIn(values),
    keysDir: text('ROLEMINT_KEYS_DIR'),
    smtpUrl: secret('ROLEMINT_SMTP_URL'),
    mailFrom: text('ROLEMINT_MAIL_FROM'),
    outboxDir: text('ROLEMINT_OUTBOX_DIR'),
    production: values.get('ROLEMINT_PRODUCTION') as boolean,
    workers: number('ROLEMINT_WORKERS'),
    trustedProxyHops: number('ROLEMINT_TRUSTED_PROXY_HOPS'),
    accessTokenLifetimeSeconds: number('ROLEMINT_ACCESS_TOKEN_LIFETIME_SECONDS'),
    refreshTokenLifetimeSeconds: number('ROLEMINT_REFRESH_TOKEN_LIFETIME_SECONDS'),
    sessionLifetimeSeconds: number('ROLEMINT_SESSION_LIFETIME_SECONDS'),
    logoutNetworks: (values.get('ROLEMINT_LOGOUT_NETWORKS') ?? []) as readonly Network[],
    brandName: text('ROLEMINT_BRAND_NAME'),
    brandLogo: values.has('ROLEMINT_BRAND_LOGO') ? text('ROLEMINT_BRAND_LOGO') : undefined,
    brandColor: text('ROLEMINT_BRAND_COLOR'),
    hashThreads: number('ROLEMINT_HASH_THREADS'),
    hashQueue: number('ROLEMINT_HASH_QUEUE'),
    attemptsPerAddress: number('ROLEMINT_ATTEMPTS_PER_ADDRESS'),
    attemptsPerName: number('ROLEMINT_ATTEMPTS_PER_NAME'),
    requestsPerAddress: number('ROLEMINT_REQUESTS_PER_ADDRESS'),
    maxConnections: number('ROLEMINT_MAX_CONNECTIONS'),
    orderCloudApi: values.get('ROLEMINT_ORDERCLOUD_API') as boolean,
    maxConnectionsPerAddress: number('ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS'),
    usageDays: number('ROLEMINT_USAGE_DAYS'),
    fullAccessHours: number('ROLEMINT_FULL_ACCESS_HOURS'),
    logLevel: text('ROLEMINT_LOG_LEVEL'),
    logFormat: text('ROLEMINT_LOG_FORMAT') as 'auto' | 'json' | 'pretty',
  });
}
