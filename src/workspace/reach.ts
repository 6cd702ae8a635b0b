/** @module Whose effective roles a change can touch; found by a few statements, whatever the number of users and clients. */
import type { Assignment } from '../domain/assignment.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { Party, PartyKind } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import type { CredentialChanges } from './credentials.ts';
import type { BeforeAndAfter } from './desired.ts';
import type { ObjectChange } from './object-change.ts';
import { everything } from './sections.ts';

/** Users and clients whose effective roles a change can touch. */
export interface Reached {
  readonly users: readonly string[];
  readonly clients: readonly string[];
  /** Parties through which the change reaches people who do not stand in it themselves. */
  readonly parties: readonly Party[];
  /** There are more users or clients than were looked at. */
  readonly cut: boolean;
  /** There are more parties, too; then it is cut as well. */
  readonly partiesCut: boolean;
}

/** Of an organization: what else than these changes nobody's roles. */
const NAMES_ALONE: ReadonlySet<string> = new Set(['name']);

/** What is going to be changed. */
export interface Touched {
  readonly changes: readonly ObjectChange[];
  readonly credentials: CredentialChanges;
  readonly meanings: BeforeAndAfter;
}

/**
 * Those who stand in the change themselves come first, so that nobody hides behind the others.
 * @param limit most users, and most clients, to look at
 */
export async function reachedBy(tx: StoreTransaction, { changes, credentials, meanings }: Touched, limit: number): Promise<Reached> {
  const { parties, partiesCut } = await touchedParties(tx, { changes, meanings }, limit);
  const users = new Set([...keysOf(changes, 'users'), ...credentials.passwords.keys()].sort());
  if (parties.length > 0) for (const id of await tx.access.usersReachedBy(parties, limit + 1)) users.add(id);
  const clients = new Set([...keysOf(changes, 'clients'), ...credentials.secrets.keys()].sort());
  if (parties.length > 0 || users.size > 0) {
    for (const id of await tx.access.clientsReachedBy(parties, [...users], limit + 1)) clients.add(id);
  }
  const first = (ids: ReadonlySet<string>): string[] => [...ids].slice(0, limit).sort();
  return { users: first(users), clients: first(clients), parties, cut: partiesCut || users.size > limit || clients.size > limit, partiesCut };
}

const keysOf = (changes: readonly ObjectChange[], wanted: ObjectChange['section']): string[] =>
  changes.filter(({ section }) => section === wanted).map(({ key }) => key);

/** @param limit most assignments of one profile to look at: each is to somebody */
async function touchedParties(
  tx: StoreTransaction,
  { changes, meanings }: Pick<Touched, 'changes' | 'meanings'>,
  limit: number,
): Promise<Pick<Reached, 'parties' | 'partiesCut'>> {
  const parties = new Map<string, Party>();
  let partiesCut = false;
  const add = (kind: PartyKind, id: string) => parties.set(`${kind}:${id}`, { kind, id });
  for (const { section, action, key, before, after, fields } of changes) {
    if (section === 'assignments') {
      for (const { party } of [before, after].filter((one) => one !== undefined) as Assignment[]) add(party.kind, party.id);
    } else if (section === 'user_groups' && action === 'remove') add('user_group', key);
    else if (section === 'organizations' && action !== 'create' && fields.some(({ field }) => !NAMES_ALONE.has(field))) add('organization', key);
  }
  const { profiles, types } = changedMeanings(meanings);
  for (const securityProfile of profiles) {
    const assignments = await tx.access.assignmentsOf({ securityProfile }, limit + 1);
    partiesCut ||= assignments.length > limit;
    for (const { party } of assignments) add(party.kind, party.id);
  }
  if (types.size > 0) {
    for await (const { id, type } of everything(
      (page) => tx.organizations.list(page),
      (organization) => organization.id,
    ))
      if (types.has(type)) add('organization', id);
  }
  return { parties: [...parties.values()], partiesCut };
}

/** Profiles that give other roles than before, and organization types that are barred from others. */
export function changedMeanings({ before, after }: BeforeAndAfter): { readonly profiles: readonly string[]; readonly types: ReadonlySet<string> } {
  if (before === after) return { profiles: [], types: new Set() };
  const isSame = comparison(before.catalogue, after.catalogue);
  const isSameProfile = (id: string): boolean => {
    const [was, becomes] = [before.catalogue.profile(id), after.catalogue.profile(id)];
    return was === becomes || isSame(was?.roles ?? NONE, becomes?.roles ?? NONE);
  };
  const profiles = before.definitions.securityProfiles.map(({ id }) => id).filter((id) => !isSameProfile(id));
  const names = new Set([...before.definitions.organizationTypes, ...after.definitions.organizationTypes].map(({ name }) => name));
  const types = [...names].filter((name) => !isSame(ascending(before.catalogue.barred(name)), ascending(after.catalogue.barred(name))));
  return { profiles, types: new Set(types) };
}

const NONE = new Uint32Array(0);
const ascending = (positions: Iterable<number>): Uint32Array => Uint32Array.from(positions).sort();

/** Whether positions in one catalogue name the same roles as positions in another; in both they ascend with the names. */
function comparison(before: Catalogue, after: Catalogue): (was: Uint32Array, becomes: Uint32Array) => boolean {
  const translated = Int32Array.from(before.roles, (role) => after.indexOf(role) ?? -1);
  return (was, becomes) => was.length === becomes.length && was.every((role, index) => translated[role] === becomes[index]);
}
