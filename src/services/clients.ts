/** @module What an administrator does with clients and their secrets. A generated secret is shown once and kept as its SHA-256. */
import type { Client, ClientSecret } from '../domain/client.ts';
import { DomainError } from '../domain/errors.ts';
import { assertNaturalId } from '../domain/party.ts';
import type { Clock, PasswordHasher, Random, Store, StoreTransaction } from '../domain/ports.ts';
import { eventNow, type Caller } from './caller.ts';
import { digest } from './client-authentication.ts';
import { LONGEST_TOKEN } from './tokens.ts';

export interface ClientServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** A secret that was just made: the only time that anybody sees it. */
export interface FreshSecret {
  readonly id: string;
  readonly secret: string;
  readonly expiresAt: Date | undefined;
}

export interface SecretOptions {
  /** For people. */
  readonly name?: string | undefined;
  /** Of a secret that somebody chose, by {@link hashOfSecret}; unset: one is made. */
  readonly hash?: Pick<ClientSecret, 'algorithm' | 'hash'> | undefined;
  /** Unset: for good. */
  readonly lifetimeMs?: number | undefined;
  /** How long the secrets that are there already stay good at most; unset: as long as they would. */
  readonly graceMs?: number | undefined;
}

export class ClientService {
  readonly #options: ClientServiceOptions;

  constructor(options: ClientServiceOptions) {
    this.#options = options;
  }

  /** @throws `not_found` */
  async get(clientId: string): Promise<{ readonly client: Client; readonly secrets: readonly ClientSecret[] }> {
    return this.#read(async (tx) => ({ client: await existing(tx, clientId), secrets: await secretsOf(tx, clientId) }));
  }

  /** At most `limit` clients by id, those after `after`. */
  async list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly Client[]> {
    return this.#read((tx) => tx.clients.list(options));
  }

  /**
   * Makes a client, with a generated secret when it is to authenticate by one.
   * @throws `already_exists`, and `invalid_input` when something that it names does not exist
   */
  async create(client: Client, caller: Caller, options: Pick<SecretOptions, 'lifetimeMs'> = {}): Promise<FreshSecret | undefined> {
    assertNaturalId(client.clientId, '/client_id');
    return this.#options.store.transaction((tx) => this.createIn(tx, client, caller, options));
  }

  /** {@link create} inside a change that does more. */
  async createIn(
    tx: StoreTransaction,
    client: Client,
    caller: Caller,
    options: Pick<SecretOptions, 'lifetimeMs'> = {},
  ): Promise<FreshSecret | undefined> {
    const { clientId } = client;
    if ((await tx.clients.findMany([clientId])).size > 0)
      throw new DomainError('already_exists', `There is a client ${JSON.stringify(clientId)} already.`);
    await tx.clients.put([client]);
    const { clientName, organization, grantTypes, tokenEndpointAuthMethod } = client;
    await tx.audit(
      eventNow(this.#options.clock, caller, {
        type: 'client_created',
        target: { kind: 'client', id: clientId },
        after: { client_name: clientName, organization, grant_types: grantTypes, token_endpoint_auth_method: tokenEndpointAuthMethod },
      }),
    );
    return usesSecret(client) ? this.#addSecret(tx, clientId, caller, options) : undefined;
  }

  /**
   * Adds a secret beside those that a client has, so that it can change over without an outage.
   * @throws `not_found`, and `invalid_input` for a client that does not authenticate by a secret
   */
  async addSecret(clientId: string, options: SecretOptions, caller: Caller): Promise<FreshSecret> {
    return this.#options.store.transaction((tx) => this.addSecretIn(tx, clientId, { ...options, caller }));
  }

  /** {@link addSecret} inside a change that does more. */
  async addSecretIn(
    tx: StoreTransaction,
    clientId: string,
    { caller, ...options }: SecretOptions & { readonly caller: Caller },
  ): Promise<FreshSecret> {
    const client = await existing(tx, clientId);
    if (!usesSecret(client)) {
      throw new DomainError(
        'invalid_input',
        `The client ${JSON.stringify(clientId)} authenticates by ${client.tokenEndpointAuthMethod}: a secret would do nothing.`,
      );
    }
    if (options.graceMs !== undefined) {
      const end = new Date(this.#options.clock.now() + options.graceMs);
      for (const secret of await secretsOf(tx, clientId)) {
        if (secret.expiresAt === undefined || secret.expiresAt > end) await this.#expire(tx, { clientId, secretId: secret.id, at: end }, caller);
      }
    }
    return this.#addSecret(tx, clientId, caller, options);
  }

  /** The first secret of a client that was just made; undefined when it does not authenticate by one. */
  async firstSecretIn(tx: StoreTransaction, clientId: string, caller: Caller): Promise<FreshSecret | undefined> {
    return usesSecret(await existing(tx, clientId)) ? this.#addSecret(tx, clientId, caller, {}) : undefined;
  }

  /** Ends a secret, at once unless another instant is named, inside a change that does more. @throws `not_found` */
  async expireSecretIn(
    tx: StoreTransaction,
    {
      clientId,
      secretId,
      at,
      caller,
    }: { readonly clientId: string; readonly secretId: string; readonly at?: Date | undefined; readonly caller: Caller },
  ): Promise<void> {
    await this.#expire(tx, { clientId, secretId, at: at ?? new Date(this.#options.clock.now()) }, caller);
  }

  /** Ends a secret at an instant. @throws `not_found` */
  async expireSecret(clientId: string, secretId: string, at: Date, caller: Caller): Promise<void> {
    await this.#options.store.transaction(async (tx) => {
      await existing(tx, clientId);
      await this.#expire(tx, { clientId, secretId, at }, caller);
    });
  }

  /**
   * Lets a client in again, or keeps it out: then everything issued through it so far is revoked.
   * @returns whether anything changed
   * @throws `not_found`
   */
  async setActive(clientId: string, active: boolean, caller: Caller): Promise<{ readonly changed: boolean }> {
    const { store, clock } = this.#options;
    return store.transaction(async (tx) => {
      const client = await existing(tx, clientId);
      if (client.active === active) return { changed: false };
      await tx.clients.put([{ ...client, active }]);
      const now = clock.now();
      if (!active) await tx.revoke({ kind: 'client', id: clientId, notBefore: new Date(now), expiresAt: new Date(now + LONGEST_TOKEN) });
      const type = active ? 'client_enabled' : 'client_disabled';
      await tx.audit(
        eventNow(clock, caller, { type, target: { kind: 'client', id: clientId }, before: { active: client.active }, after: { active } }),
      );
      return { changed: true };
    });
  }

  async #addSecret(tx: StoreTransaction, clientId: string, caller: Caller, { lifetimeMs, name, hash }: SecretOptions): Promise<FreshSecret> {
    const { clock, random } = this.#options;
    const now = clock.now();
    const fresh = { id: random.id(), secret: random.secret(), expiresAt: lifetimeMs === undefined ? undefined : new Date(now + lifetimeMs) };
    await tx.addClientSecret(clientId, {
      id: fresh.id,
      name,
      ...(hash ?? { algorithm: 'sha256', hash: digest(fresh.secret) }),
      createdAt: new Date(now),
      expiresAt: fresh.expiresAt,
    });
    await tx.audit(
      eventNow(clock, caller, {
        type: 'client_secret_added',
        target: { kind: 'client', id: clientId },
        after: { secret_id: fresh.id, expires_at: fresh.expiresAt },
      }),
    );
    return fresh;
  }

  async #expire(
    tx: StoreTransaction,
    secret: { readonly clientId: string; readonly secretId: string; readonly at: Date },
    caller: Caller,
  ): Promise<void> {
    const { clientId, secretId, at } = secret;
    await tx.expireClientSecret(clientId, secretId, at);
    const event = { type: 'client_secret_expired', target: { kind: 'client', id: clientId }, after: { secret_id: secretId, expires_at: at } };
    await tx.audit(eventNow(this.#options.clock, caller, event));
  }

  async #read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#options.store.transaction(work, { rollback: true });
  }
}

/** Secrets that look made by a machine: 256 bits and more in base64url need no slow hash. */
const GENERATED = /^[A-Za-z0-9_-]{43,}$/;

/** How a secret that somebody chose is kept. @throws `unavailable` when the hashing queue is full */
export async function hashOfSecret(hasher: Pick<PasswordHasher, 'hash'>, secret: string): Promise<Pick<ClientSecret, 'algorithm' | 'hash'>> {
  if (GENERATED.test(secret)) return { algorithm: 'sha256', hash: digest(secret) };
  return { algorithm: 'argon2id', hash: await hasher.hash(secret) };
}

const usesSecret = ({ tokenEndpointAuthMethod }: Client): boolean => tokenEndpointAuthMethod.startsWith('client_secret_');

async function existing(tx: StoreTransaction, clientId: string): Promise<Client> {
  const client = (await tx.clients.findMany([clientId])).get(clientId);
  if (client === undefined) throw new DomainError('not_found', `There is no client ${JSON.stringify(clientId.slice(0, 200))}.`);
  return client;
}

async function secretsOf(tx: StoreTransaction, clientId: string): Promise<readonly ClientSecret[]> {
  return (await tx.findClientSecrets([clientId])).get(clientId) ?? [];
}
