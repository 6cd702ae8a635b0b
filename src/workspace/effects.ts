/**
 * @module What a change means for people: who gains and loses which effective roles, worked out by the functions that
 * also issue tokens, before and after.
 */
import { effectiveRoles, holdings, type Instant, type Subject } from '../domain/access.ts';
import { byCodeUnit, compileCatalogue, type Catalogue, type Definitions } from '../domain/catalogue.ts';
import type { Client } from '../domain/client.ts';
import type { Party, PartyKind } from '../domain/party.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { AccessReader, StoreTransaction } from '../domain/ports.ts';
import type { BeforeAndAfter, ObjectChange } from './desired.ts';
import { batches, everything } from './sections.ts';

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

/** Users and clients whose effective roles a change can touch. */
export interface Reached {
  readonly users: readonly string[];
  readonly clients: readonly string[];
  /** There are more than were looked at. */
  readonly cut: boolean;
}

/** Everything that effective roles are worked out from, at one moment of the transaction. */
export interface Snapshot {
  readonly catalogue: Catalogue;
  readonly users: ReadonlyMap<string, Subject>;
  /** Whose roles a client_credentials token carries: the context user, or the client itself. */
  readonly clients: ReadonlyMap<string, Subject>;
}

/** @param limit most users, and most clients, to look at */
export async function reachedBy(
  tx: StoreTransaction,
  changes: readonly ObjectChange[],
  definitions: BeforeAndAfter,
  limit: number,
): Promise<Reached> {
  const parties = await touchedParties(tx, changes, definitions);
  const users = new Set(changes.filter(({ section }) => section === 'users').map(({ key }) => key));
  if (parties.length > 0) for (const id of await tx.access.usersReachedBy(parties, limit + 1)) users.add(id);
  const clients = await touchedClients(tx, { changes, parties, users }, limit);
  const cut = users.size > limit || clients.size > limit;
  const first = (ids: ReadonlySet<string>): string[] => [...ids].sort().slice(0, limit);
  return { users: first(users), clients: first(clients), cut };
}

async function touchedParties(tx: StoreTransaction, changes: readonly ObjectChange[], definitions: BeforeAndAfter): Promise<Party[]> {
  const parties = new Map<string, Party>();
  const add = (kind: PartyKind, id: string) => parties.set(`${kind}:${id}`, { kind, id });
  for (const { section, action, key, before, after, fields } of changes) {
    if (section === 'assignments') {
      const { party } = (after ?? before) as Assignment;
      add(party.kind, party.id);
    } else if (section === 'user_groups' && action === 'remove') add('user_group', key);
    else if (section === 'organizations' && action !== 'create' && fields.some(({ field }) => field !== 'name')) add('organization', key);
  }
  const { profiles, types } = changedMeanings(compileCatalogue(definitions.before), compileCatalogue(definitions.after), definitions);
  for (const profile of profiles) {
    for (const { party } of await tx.access.assignmentsOf({ securityProfile: profile }, MOST_ASSIGNMENTS)) add(party.kind, party.id);
  }
  if (types.size > 0) {
    for await (const { id, type } of everything(
      (page) => tx.organizations.list(page),
      (organization) => organization.id,
    ))
      if (types.has(type)) add('organization', id);
  }
  return [...parties.values()];
}

const MOST_ASSIGNMENTS = 100_000;

/** Positions mean something else in every catalogue; names do not. */
const roleNames = (catalogue: Catalogue, positions: Iterable<number> | undefined): string =>
  Array.from(positions ?? [], (role) => catalogue.roles[role]!)
    .sort(byCodeUnit)
    .join(' ');

/** Profiles that give other roles than before, and organization types that are barred from others. */
function changedMeanings(before: Catalogue, after: Catalogue, definitions: BeforeAndAfter): { profiles: string[]; types: ReadonlySet<string> } {
  const profiles = definitions.before.securityProfiles
    .map(({ id }) => id)
    .filter((id) => roleNames(before, before.profile(id)?.roles) !== roleNames(after, after.profile(id)?.roles));
  const types = [...definitions.before.organizationTypes, ...definitions.after.organizationTypes]
    .map(({ name }) => name)
    .filter((name) => roleNames(before, before.barred(name)) !== roleNames(after, after.barred(name)));
  return { profiles, types: new Set(types) };
}

async function touchedClients(
  tx: StoreTransaction,
  touched: { readonly changes: readonly ObjectChange[]; readonly parties: readonly Party[]; readonly users: ReadonlySet<string> },
  limit: number,
): Promise<ReadonlySet<string>> {
  const ids = new Set(touched.changes.filter(({ section }) => section === 'clients').map(({ key }) => key));
  for (const { kind, id } of touched.parties) if (kind === 'client') ids.add(id);
  if (touched.parties.length === 0 && touched.users.size === 0) return ids;
  const organizations = new Set(touched.parties.filter(({ kind }) => kind === 'organization').map(({ id }) => id));
  let looked = 0;
  let page: Client[] = [];
  const judge = async () => {
    const homes = await tx.organizations.findMany([...new Set(page.flatMap(({ organization }) => organization ?? []))]);
    for (const { clientId, organization, contextUser } of page) {
      const path = organization === undefined ? [] : (homes.get(organization)?.path ?? []);
      if ((contextUser !== undefined && touched.users.has(contextUser)) || path.some((id) => organizations.has(id))) ids.add(clientId);
    }
    page = [];
  };
  for await (const client of everything(
    (options) => tx.clients.list(options),
    ({ clientId }) => clientId,
  )) {
    if ((looked += 1) > limit) break;
    page.push(client);
    if (page.length === 1000) await judge();
  }
  await judge();
  return ids;
}

export async function takeSnapshot(tx: StoreTransaction, definitions: Definitions, reached: Reached): Promise<Snapshot> {
  const users = new Map<string, Subject>();
  const find = async (access: AccessReader, id: string): Promise<Subject | undefined> => {
    const known = users.get(id) ?? (await access.findUser(id));
    if (known !== undefined) users.set(id, known);
    return known;
  };
  for (const id of reached.users) await find(tx.access, id);
  const clients = new Map<string, Subject>();
  for (const batch of batches(reached.clients)) {
    for (const [id, { contextUser, active }] of await tx.clients.findMany(batch)) {
      const subject = contextUser === undefined ? await tx.access.findClient(id) : await find(tx.access, contextUser);
      if (subject !== undefined) clients.set(id, { ...subject, active: subject.active && active });
    }
  }
  return { catalogue: compileCatalogue(definitions), users, clients };
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
      ...difference(roles.before.of(before.clients.get(id), id), roles.after.of(after.clients.get(id), id)),
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
