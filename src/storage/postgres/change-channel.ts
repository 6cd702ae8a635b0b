/**
 * @module Changes told by Postgres: the transaction notifies, so that it is told when it commits and never otherwise, and a
 * connection of its own listens. A pooler that lends connections by the transaction would lend that one to others.
 */
import pg from 'pg';
import type { ChangeChannel } from '../../domain/ports.ts';
import type { Statement } from './session.ts';

/** Inside the transaction of the change. */
export const TELL: Statement = { sql: `SELECT pg_notify('rolemint_changes', '')` };
const LISTEN = 'LISTEN rolemint_changes';

const CONNECT_MS = 1000;
const ANSWER_MS = 2000;
/** Between signs of life, and between tries to be connected again. */
const ALIVE_MS = 5000;
const AGAIN_MS = 500;

export function postgresChangeChannel(url: string): ChangeChannel {
  return {
    // The transaction has done it.
    announce: async () => {},
    subscribe: (changed) => {
      const listener = new Listener(url, changed);
      listener.connect();
      return () => listener.close();
    },
  };
}

class Listener {
  readonly #url: string;
  readonly #changed: () => void;
  #client: pg.Client | undefined;
  #next: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, changed: () => void) {
    this.#url = url;
    this.#changed = changed;
  }

  connect(): void {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: 'rolemint changes',
    });
    this.#client = client;
    client.on('notification', this.#changed);
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    this.#listen(client).catch(() => this.#lost(client));
  }

  async #listen(client: pg.Client): Promise<void> {
    await client.connect();
    await client.query(LISTEN);
    // Whatever was told before is read now.
    this.#changed();
    this.#stayAlive(client);
  }

  #stayAlive(client: pg.Client): void {
    this.#next = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.#client === client && this.#stayAlive(client),
        () => this.#lost(client),
      );
    }, ALIVE_MS).unref();
  }

  /** From now on nothing is heard until it is connected again. */
  #lost(client: pg.Client): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    clearTimeout(this.#next);
    client.end().catch(() => undefined);
    this.#changed();
    this.#next = setTimeout(() => this.connect(), AGAIN_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#next);
    await this.#client?.end().catch(() => undefined);
  }
}
