/**
 * @module What decisions are made from, kept in memory and never older than promised: the compiled catalogue, the
 * resource servers, and the subjects and clients in use. Every change in the store carries a version; what it touched
 * is dropped here before the next answer that must be fresh.
 */
import { LRUCache } from 'lru-cache';
import { holdings, type Holdings, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DEFAULT_IMPERSONATION_ROLE, type ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { Change, Clock, Store, WorkspaceDefinitions } from '../domain/ports.ts';
import type { ResourceServer } from '../domain/resource-server.ts';
import { DefinitionsCache, readMeanings, type Meanings } from './definitions.ts';
import { prepareClient, type PreparedClient } from './prepared-client.ts';

/** How old, in milliseconds, what is known may be when a token is issued. Design: a lost role is gone within 1 s everywhere. */
export const ISSUE_STALENESS = 250;

/** What a client, its form in the engine and its subject take in memory, measured; a user takes less. */
const BYTES_PER_CLIENT = 8 * 1024;
const MOST_KEPT = 200_000;
const FEWEST_KEPT = 1000;

/** A resource server with its roles as the set that every token request needs. */
export interface PreparedResourceServer extends ResourceServer {
  readonly roleSet: ReadonlySet<string> | undefined;
}

export interface Workspace extends Meanings {
  /** By audience. */
  readonly resourceServers: ReadonlyMap<string, PreparedResourceServer>;
  readonly impersonation: {
    /** The role that it needs. */
    readonly role: string;
    rulesOf(clientId: string): readonly ImpersonationRule[];
  };
}

export class AccessService {
  /** For administrative changes; what was read here need not be read there again. */
  readonly definitions = new DefinitionsCache();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #subjects: LRUCache<string, Subject>;
  readonly #clients: LRUCache<string, PreparedClient>;
  readonly #holdings: LRUCache<string, { readonly catalogue: Catalogue; readonly held: Holdings }>;
  #workspace: Workspace | undefined;
  /** Profiles that were put since the workspace was read. */
  readonly #edited = new Set<string>();
  #version = -1;
  #checkedAt = -Infinity;
  #changedHere = false;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  /** @param memory bytes that may be spent on remembering */
  constructor(store: Store, clock: Clock, memory: number) {
    this.#store = store;
    this.#clock = clock;
    const kept = Math.min(MOST_KEPT, Math.max(FEWEST_KEPT, Math.floor(memory / BYTES_PER_CLIENT)));
    // A `max` would reserve the room for all of them at once, in every process and command.
    this.#subjects = new LRUCache({ maxSize: kept, sizeCalculation: () => 1 });
    this.#clients = new LRUCache({ maxSize: kept, sizeCalculation: () => 1 });
    this.#holdings = new LRUCache({
      maxSize: Math.max(1024 * 1024, Math.floor(memory / 8)),
      sizeCalculation: ({ held }) => held.roles.byteLength + held.until.byteLength + 200,
    });
  }

  /**
   * Makes sure that what is known is at most so old; 0: that it holds every change committed before this call.
   * @throws `unavailable` when the store cannot say; nothing is decided from old knowledge
   */
  async refresh(maximumAge: number): Promise<void> {
    const age = this.#clock.now() - this.#checkedAt;
    if (!this.#changedHere && age >= 0 && age < maximumAge) {
      // Read ahead of time, so that under load nobody waits for it. A failure shows when the time is up.
      if (age >= maximumAge / 2 && this.#running === undefined) this.#start().catch(() => undefined);
      return;
    }
    if (maximumAge > 0 && !this.#changedHere && this.#running !== undefined) return this.#running;
    // A read that is under way may have begun before the change that the caller must see: wait for one that begins now.
    if (this.#running === undefined) return this.#start();
    this.#queued ??= this.#running.catch(() => undefined).then(() => this.#start());
    return this.#queued;
  }

  /** After a change made by this process: the next answer sees it, even while a read that began before is under way. */
  expire(): void {
    this.#changedHere = true;
  }

  #start(): Promise<void> {
    this.#queued = undefined;
    this.#changedHere = false;
    this.#running = this.#readChanges()
      .catch((error: unknown) => {
        this.#changedHere = true;
        throw error;
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #readChanges(): Promise<void> {
    const startedAt = this.#clock.now();
    const { version, changes } = await this.#store.access.readChanges(this.#version);
    if (changes === undefined) this.#forgetEverything();
    else for (const change of changes) this.#forget(change);
    this.#version = version;
    this.#checkedAt = startedAt;
  }

  #forgetEverything(): void {
    this.#workspace = undefined;
    this.#subjects.clear();
    this.#clients.clear();
    this.#holdings.clear();
  }

  #forget({ kind, id }: Change): void {
    switch (kind) {
      case 'catalogue':
        if (id === '') this.#workspace = undefined;
        else this.#edited.add(id);
        this.#holdings.clear();
        return;
      case 'user':
        this.#subjects.delete(`user:${id}`);
        return;
      case 'client':
        this.#subjects.delete(`client:${id}`);
        this.#clients.delete(id);
        return;
      case 'organization':
      case 'user_group':
        // Whom a group or organization reaches is not known from here, and such changes are rare.
        this.#subjects.clear();
        if (kind === 'organization') this.#clients.clear();
    }
  }

  /** The compiled catalogue and the resource servers. */
  async workspace(): Promise<Workspace> {
    const known = this.#workspace;
    if (known !== undefined && this.#edited.size === 0) return known;
    const version = this.#version;
    const meanings = await readMeanings(this.#store.access, known, this.#edited);
    this.definitions.learn(version, meanings);
    const workspace = known === undefined ? prepared(meanings) : { ...known, ...meanings };
    if (version === this.#version) {
      this.#workspace = workspace;
      this.#edited.clear();
    }
    return workspace;
  }

  async subject(kind: Subject['kind'], id: string): Promise<Subject | undefined> {
    const key = `${kind}:${id}`;
    const known = this.#subjects.get(key);
    if (known !== undefined) return known;
    const version = this.#version;
    const subject = await (kind === 'user' ? this.#store.access.findUser(id) : this.#store.access.findClient(id));
    // What was read while a change came in may be older than the change.
    if (subject !== undefined && version === this.#version) this.#subjects.set(key, subject);
    return subject;
  }

  /** An active client with what belongs to it prepared for use; undefined also when it was disabled. */
  async client(clientId: string): Promise<PreparedClient | undefined> {
    const known = this.#clients.get(clientId);
    if (known !== undefined) return known;
    const version = this.#version;
    const record = await this.#store.findClient(clientId, new Date(this.#clock.now()));
    if (record === undefined || !record.client.active) return undefined;
    const client = prepareClient(record);
    if (version === this.#version) this.#clients.set(clientId, client);
    return client;
  }

  /** What the subject holds now through a client; remembered until an assignment begins or ends. */
  holdings(catalogue: Catalogue, subject: Subject, clientId: string): Holdings {
    const now = this.#clock.now();
    const key = `${subject.kind}:${subject.id}|${clientId}`;
    const known = this.#holdings.get(key);
    // Positions mean something in one catalogue only.
    if (known?.catalogue === catalogue && known.held.subject === subject && known.held.at <= now && now < known.held.goodUntil) return known.held;
    const held = holdings(catalogue, subject, clientId, now);
    this.#holdings.set(key, { catalogue, held });
    return held;
  }
}

function prepared(meanings: Meanings): Workspace {
  const { resourceServers } = meanings.definitions;
  const withRoles = resourceServers.map((server) => ({ ...server, roleSet: server.roles === undefined ? undefined : new Set(server.roles) }));
  return {
    ...meanings,
    resourceServers: new Map(withRoles.map((server) => [server.audience, server])),
    impersonation: impersonationOf(meanings.definitions),
  };
}

function impersonationOf({ impersonationRules, impersonationRole }: WorkspaceDefinitions): Workspace['impersonation'] {
  const byClient = new Map<string, ImpersonationRule[]>();
  for (const rule of impersonationRules) {
    const rules = byClient.get(rule.client);
    if (rules === undefined) byClient.set(rule.client, [rule]);
    else rules.push(rule);
  }
  return { role: impersonationRole ?? DEFAULT_IMPERSONATION_ROLE, rulesOf: (clientId) => byClient.get(clientId) ?? [] };
}
