/**
 * @module What a change means for people: who gains and loses which effective roles, worked out by the functions that
 * also issue tokens, before and after.
 */
import { effectiveRoles, holdings, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { Client } from '../domain/client.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import type { Reached } from './reach.ts';
import { batches } from './sections.ts';

/** The same change for some users of one organization, or for some clients. */
export interface RoleEffect {
  readonly kind: 'user' | 'client';
  readonly organization: string | undefined;
  /** Only in tokens for this client; undefined: in tokens for every client. */
  readonly client: string | undefined;
  /** Sorted by code unit. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  /** Ids, sorted. */
  readonly subjects: readonly string[];
}

/** Everything that effective roles are worked out from, at one moment of the transaction. */
export interface Snapshot {
  readonly catalogue: Catalogue;
  readonly users: ReadonlyMap<string, Subject>;
  readonly clients: ReadonlyMap<string, ReachedClient>;
}

export interface ReachedClient {
  readonly client: Client;
  readonly self: Subject;
  /** Whose roles a client_credentials token carries: the context user, or the client itself. */
  readonly acting: Subject;
}

/** Reads everything that the effective roles of the reached come from; a statement for a thousand of them. */
export async function takeSnapshot(tx: StoreTransaction, catalogue: Catalogue, reached: Reached): Promise<Snapshot> {
  const users = new Map(await tx.access.findUsers(reached.users));
  const records = new Map<string, Client>();
  for (const batch of batches(reached.clients)) for (const [id, client] of await tx.clients.findMany(batch)) records.set(id, client);
  const contexts = [...records.values()].flatMap(({ contextUser }) => contextUser ?? []).filter((id) => !users.has(id));
  const contextUsers = contexts.length === 0 ? new Map<string, Subject>() : await tx.access.findUsers(contexts);
  const themselves = await tx.access.findClients([...records.keys()]);
  const clients = new Map<string, ReachedClient>();
  for (const [id, client] of records) {
    const self = themselves.get(id);
    const acting = client.contextUser === undefined ? self : (users.get(client.contextUser) ?? contextUsers.get(client.contextUser));
    if (self === undefined || acting === undefined) continue;
    clients.set(id, { client, self, acting: { ...acting, active: acting.active && self.active } });
  }
  return { catalogue, users, clients };
}

/** Who gains and loses what, the same change of people of the same organization told once. */
export function compareSnapshots(before: Snapshot, after: Snapshot, reached: Reached, at: Instant): RoleEffect[] {
  const groups = new Map<string, { effect: Omit<RoleEffect, 'subjects'>; subjects: string[] }>();
  const roles = { before: new RoleReader(before.catalogue, at), after: new RoleReader(after.catalogue, at) };
  const tell = (subject: string, effect: Omit<RoleEffect, 'subjects'>) => {
    if (effect.gained.length === 0 && effect.lost.length === 0) return;
    const key = JSON.stringify([effect.kind, effect.organization, effect.client, effect.gained, effect.lost]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { effect, subjects: [subject] });
    else group.subjects.push(subject);
  };
  for (const id of reached.users) {
    const [was, becomes] = [before.users.get(id), after.users.get(id)];
    const organization = (becomes ?? was)?.organization?.id;
    const everywhere = difference(roles.before.of(was, undefined), roles.after.of(becomes, undefined));
    tell(id, { kind: 'user', organization, client: undefined, ...everywhere });
    for (const client of limitingClients(was, becomes)) {
      const through = difference(roles.before.of(was, client), roles.after.of(becomes, client));
      tell(id, {
        kind: 'user',
        organization,
        client,
        gained: without(through.gained, everywhere.gained),
        lost: without(through.lost, everywhere.lost),
      });
    }
  }
  for (const id of reached.clients) {
    tell(id, {
      kind: 'client',
      organization: undefined,
      client: undefined,
      ...difference(roles.before.of(before.clients.get(id)?.acting, id), roles.after.of(after.clients.get(id)?.acting, id)),
    });
  }
  return [...groups.values()].map(({ effect, subjects }) => ({ ...effect, subjects }));
}

function limitingClients(...subjects: (Subject | undefined)[]): string[] {
  const clients = subjects.flatMap((subject) => subject?.reaches.flatMap(({ client }) => client ?? []) ?? []);
  return [...new Set(clients)].sort();
}

const without = (list: readonly string[], others: readonly string[]): string[] => list.filter((item) => !others.includes(item));

function difference(before: readonly string[], after: readonly string[]): { gained: string[]; lost: string[] } {
  const [was, becomes] = [new Set(before), new Set(after)];
  return { gained: after.filter((role) => !was.has(role)), lost: before.filter((role) => !becomes.has(role)) };
}

/** Effective roles, worked out once for subjects whom the same assignments reach. */
class RoleReader {
  readonly #catalogue: Catalogue;
  readonly #at: Instant;
  readonly #known = new Map<string, readonly string[]>();

  constructor(catalogue: Catalogue, at: Instant) {
    this.#catalogue = catalogue;
    this.#at = at;
  }

  /** None for who does not exist or gets no token at all. */
  of(subject: Subject | undefined, client: string | undefined): readonly string[] {
    if (subject === undefined || !subject.active) return [];
    const key = JSON.stringify([
      client,
      subject.organization?.type,
      subject.reaches.map(({ assignment, from, until }) => [assignment, String(from), String(until)]),
    ]);
    let roles = this.#known.get(key);
    if (roles === undefined) {
      roles = effectiveRoles(this.#catalogue, holdings(this.#catalogue, subject, client, this.#at));
      this.#known.set(key, roles);
    }
    return roles;
  }
}
