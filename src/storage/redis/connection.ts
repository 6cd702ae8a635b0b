/**
 * @module The connection to Redis that everything in this process shares. Redis may be gone at any moment: every call has
 * a deadline, and after a failed one nobody waits for Redis again before it answered a probe.
 */
import { types } from 'node:util';
import { Cluster, Redis, ReplyError } from 'ioredis';
import type { RedisAddress } from './address.ts';

export type RedisClient = Redis | Cluster;

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** Certificates, PEM, that the server's is checked against; unset: those that Node knows. */
  readonly ca?: string | undefined;
  /** How long a request waits for a Redis that hangs; 200 ms when unset. */
  readonly deadlineMs?: number | undefined;
  /** Redis went away, or is back; told once each time. */
  readonly onDown?: (error: unknown) => void;
  readonly onUp?: () => void;
  /** Redis is there and refused something; told once a minute. */
  readonly onRefused?: (error: unknown) => void;
}

export interface RedisConnection {
  /** For libraries; call it inside {@link RedisConnection.ask} only. */
  readonly client: RedisClient;
  /**
   * Runs commands within the deadline.
   * @throws {@link RedisUnavailable} when Redis did not answer, in which case it may or may not have run them; when it is
   * held to be down; when it refused (`READONLY`, `OOM`, `LOADING`, `NOPERM`). What a library threw that is no Error comes out
   * as it is
   */
  ask<T>(work: (client: RedisClient) => Promise<T>): Promise<T>;
  /** A connection of its own to listen on, the same way; the caller closes it. */
  listen(): RedisClient;
  close(): void;
}

/** Nothing came of it, as far as is known; `cause` tells why. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

const DEADLINE_MS = 200;
const CONNECT_MS = 1000;
/** A connection on which nothing came for so long, although something was asked, is given up: its other end may be gone. */
const SILENT_MS = 2000;
/** Between probes of a Redis that is down: twice as long after each time it went down again at once, up to the longest. */
const PROBE_MS = 250;
const LONGEST_PROBE_MS = 4000;
const CALM_MS = 10_000;
const REFUSALS_MS = 60_000;
const SLOWEST_RECONNECT_MS = 1000;

/** Resolves when Redis can be used, or when it is clear that it cannot be for now. */
export async function openRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const client = connect(options);
  const circuit = new Circuit(client, options);
  await circuit.probe();
  return {
    client,
    ask: (work) => circuit.ask(work),
    listen: () => connect(options),
    close: () => {
      circuit.close();
      client.disconnect();
    },
  };
}

function connect({ address, ca, deadlineMs = DEADLINE_MS }: RedisConnectionOptions): RedisClient {
  const { kind, nodes, database, username, password, tls } = address;
  const shared = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: trusting(ca) } : {}),
    connectionName: 'rolemint',
    connectTimeout: CONNECT_MS,
    commandTimeout: deadlineMs,
    socketTimeout: Math.max(SILENT_MS, 2 * deadlineMs),
    maxRetriesPerRequest: 0,
    // It would ask INFO, which not everybody may. A Redis that is still loading says so by itself.
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
  };
  const alone = { ...shared, db: database, enableOfflineQueue: false, retryStrategy: reconnectAfter };
  let client: RedisClient;
  if (kind === 'cluster') client = new Cluster([...nodes], { ...CLUSTER, redisOptions: shared });
  else if (kind === 'sentinel') client = new Redis({ ...alone, ...sentinelOptions(address, ca) });
  else client = new Redis({ ...alone, ...nodes[0]! });
  // What fails is told by the calls that fail; without a listener it would end the process.
  client.on('error', () => undefined);
  return client;
}

const reconnectAfter = (times: number): number => Math.min(times * 50, SLOWEST_RECONNECT_MS);
const trusting = (ca: string | undefined) => (ca === undefined ? {} : { ca });

const CLUSTER = {
  enableOfflineQueue: false,
  clusterRetryStrategy: reconnectAfter,
  slotsRefreshTimeout: CONNECT_MS,
  // A slot that moved is followed; a cluster that is down is not waited for.
  maxRedirections: 4,
};

function sentinelOptions({ nodes, master, sentinelPassword, tls }: RedisAddress, ca: string | undefined) {
  return {
    sentinels: [...nodes],
    name: master!,
    sentinelRetryStrategy: reconnectAfter,
    // One that hangs is not waited for: the next one is asked. Connecting counts, too.
    sentinelCommandTimeout: 2 * CONNECT_MS,
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { sentinelTLS: trusting(ca), enableTLSForSentinelMode: true } : {}),
    // A former master that was made a replica: the sentinels are asked again. They are also asked after the connection broke
    // or was silent. ioredis could listen to them, but a failover that it hears of while it asks them ends it for good.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
}

/** Closed: calls go through. Open: they fail at once, until a probe was answered. */
class Circuit {
  readonly #client: RedisClient;
  readonly #options: RedisConnectionOptions;
  readonly #deadlineMs: number;
  #open = false;
  #closed = false;
  #wait = PROBE_MS;
  #next: NodeJS.Timeout | undefined;
  #refused: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, options: RedisConnectionOptions) {
    this.#client = client;
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  }

  async ask<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#open) throw new RedisUnavailable('Redis is down.');
    try {
      return await inTime(work(this.#client), this.#deadlineMs);
    } catch (error) {
      if (!types.isNativeError(error)) throw error;
      if (!isReply(error)) this.#trip(error);
      else if (!this.#closed) this.#tellRefusal(error);
      throw new RedisUnavailable('Redis cannot be used.', { cause: error });
    }
  }

  #tellRefusal(error: Error): void {
    if (this.#refused !== undefined) return;
    this.#refused = setTimeout(() => void (this.#refused = undefined), REFUSALS_MS).unref();
    this.#options.onRefused?.(error);
  }

  /** Waits for the connection as long as connecting may take, and asks something of it. */
  async probe(): Promise<void> {
    try {
      if (this.#client.status !== 'ready') await inTime(ready(this.#client), CONNECT_MS);
      // A key, so that a cluster must have a node for it.
      await inTime(this.#client.exists('rolemint:probe'), this.#deadlineMs);
    } catch (error) {
      if (!isReply(error)) {
        this.#trip(error);
        return;
      }
    }
    if (!this.#open || this.#closed) return;
    this.#open = false;
    this.#next = setTimeout(() => void (this.#wait = PROBE_MS), CALM_MS).unref();
    this.#options.onUp?.();
  }

  #trip(error: unknown): void {
    if (this.#closed) return;
    const news = !this.#open;
    this.#open = true;
    clearTimeout(this.#next);
    this.#next = setTimeout(() => void this.probe(), this.#wait).unref();
    if (!news) return;
    this.#wait = Math.min(2 * this.#wait, LONGEST_PROBE_MS);
    this.#options.onDown?.(error);
  }

  close(): void {
    this.#closed = true;
    this.#open = true;
    clearTimeout(this.#next);
    clearTimeout(this.#refused);
  }
}

/** Whether Redis is there and says no; a cluster without a node for the key is not there. */
function isReply(error: unknown): boolean {
  return error instanceof ReplyError && !/^(?:CLUSTERDOWN|MASTERDOWN|TRYAGAIN)/.test((error as Error).message);
}

function ready(client: RedisClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      client.off('ready', done);
      client.off('error', done);
      if (error === undefined) resolve();
      else reject(error);
    };
    client.on('ready', done);
    client.on('error', done);
  });
}

async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer in time.')), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
