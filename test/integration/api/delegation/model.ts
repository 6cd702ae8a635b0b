/**
 * @module Who holds what, worked out naively: everything is read from the store, and every rule is written down once more
 * in the plainest way. It shares no code with the server.
 */
import type { Assignment } from '../../../../src/domain/assignment.ts';
import type { Client } from '../../../../src/domain/client.ts';
import type { ImpersonationRule } from '../../../../src/domain/impersonation-rule.ts';
import type { Organization, OrganizationType } from '../../../../src/domain/organization.ts';
import type { Party, User, UserGroup } from '../../../../src/domain/party.ts';
import type { Store, WritableRepository } from '../../../../src/domain/ports.ts';
import type { ResourceServer } from '../../../../src/domain/resource-server.ts';
import { BUILT_IN_ROLES, type Role } from '../../../../src/domain/role.ts';
import type { PermissionType, SecurityProfile } from '../../../../src/domain/security-profile.ts';

export interface State {
  readonly organizationTypes: ReadonlyMap<string, OrganizationType>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly permissionTypes: ReadonlyMap<string, PermissionType>;
  readonly organizations: ReadonlyMap<string, Organization>;
  readonly userGroups: ReadonlyMap<string, UserGroup>;
  readonly users: ReadonlyMap<string, User>;
  readonly securityProfiles: ReadonlyMap<string, SecurityProfile>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly resourceServers: ReadonlyMap<string, ResourceServer>;
  readonly assignments: ReadonlyMap<string, Assignment>;
  readonly impersonationRules: ReadonlyMap<string, ImpersonationRule>;
}

export function readState(store: Store): Promise<State> {
  return store.transaction(
    async (tx) => {
      const all = async <T>(repository: WritableRepository<T>, key: (object: T) => string) =>
        new Map((await repository.list({ limit: 1000 })).map((object) => [key(object), object]));
      return {
        organizationTypes: await all(tx.organizationTypes, ({ name }) => name),
        roles: await all(tx.roles, ({ name }) => name),
        permissionTypes: await all(tx.permissionTypes, ({ type }) => type),
        organizations: await all(tx.organizations, ({ id }) => id),
        userGroups: await all(tx.userGroups, ({ id }) => id),
        users: await all(tx.users, ({ id }) => id),
        securityProfiles: await all(tx.securityProfiles, ({ id }) => id),
        clients: await all(tx.clients, ({ clientId }) => clientId),
        resourceServers: await all(tx.resourceServers, ({ audience }) => audience),
        assignments: await all(tx.assignments, ({ id }) => id),
        impersonationRules: await all(tx.impersonationRules, ({ id }) => id),
      };
    },
    { rollback: true },
  );
}

export interface Who {
  readonly kind: 'user' | 'client';
  readonly id: string;
}

/** What follows from a state is worked out once. */
interface Known {
  readonly every: ReadonlySet<string>;
  readonly profiles: Map<string, ReadonlySet<string>>;
  readonly paths: Map<string, readonly string[]>;
}

const known = new WeakMap<State, Known>();

function knownOf(state: State): Known {
  const found = known.get(state) ?? { every: namesIn(state), profiles: new Map(), paths: new Map() };
  known.set(state, found);
  return found;
}

export const everyRole = (state: State): ReadonlySet<string> => knownOf(state).every;

export function rolesOfProfile(state: State, id: string): ReadonlySet<string> {
  const { profiles } = knownOf(state);
  const roles = profiles.get(id) ?? resolved(state, id);
  profiles.set(id, roles);
  return roles;
}

function namesIn(state: State): Set<string> {
  const names = new Set([...BUILT_IN_ROLES.map(({ name }) => name), ...state.roles.keys()]);
  for (const { type, operations } of state.permissionTypes.values()) for (const operation of operations) names.add(`${type}:${operation}`);
  return names;
}

function resolved(state: State, id: string): ReadonlySet<string> {
  const profile = state.securityProfiles.get(id);
  if (profile === undefined) return new Set();
  const every = everyRole(state);
  if (profile.fullAccess) return every;
  const named = new Set(profile.roles.filter((role) => every.has(role)));
  for (const { type, operations } of state.permissionTypes.values()) {
    const matching = profile.permissions
      .filter((entry) => entry.type === type || (entry.type.endsWith('*') && type.startsWith(entry.type.slice(0, -1))))
      .sort((a, b) => Number(b.type === type) - Number(a.type === type) || b.type.length - a.type.length);
    for (const operation of operations) if (matching[0]?.operations.includes(operation) === true) named.add(`${type}:${operation}`);
  }
  return named;
}

/** From the root down; worked out from the parents. */
export function pathOf(state: State, id: string | undefined): readonly string[] {
  if (id === undefined) return [];
  const { paths } = knownOf(state);
  const path = paths.get(id) ?? [...pathOf(state, state.organizations.get(id)?.parent), id];
  paths.set(id, path);
  return path;
}

export const organizationOf = (state: State, { kind, id }: Who): string | undefined =>
  kind === 'user' ? state.users.get(id)?.organization : state.clients.get(id)?.organization;

const isActiveTree = (state: State, organization: string | undefined): boolean =>
  pathOf(state, organization).every((id) => state.organizations.get(id)?.active === true);

const inWindow = (
  at: number,
  { validFrom, validUntil }: { readonly validFrom?: Date | undefined; readonly validUntil?: Date | undefined },
): boolean => (validFrom === undefined || validFrom.getTime() <= at) && (validUntil === undefined || at < validUntil.getTime());

function isReached(state: State, who: Who, party: Party, given: { readonly descendants: boolean; readonly at: number }): boolean {
  if (party.kind === who.kind && party.id === who.id) return true;
  if (party.kind === 'organization') {
    const own = organizationOf(state, who);
    return own === party.id || (given.descendants && pathOf(state, own).includes(party.id));
  }
  if (party.kind !== 'user_group' || who.kind !== 'user') return false;
  return state.users.get(who.id)?.memberships.some((membership) => membership.userGroup === party.id && inWindow(given.at, membership)) === true;
}

/** What a user, or a client for itself, holds in tokens for a client. */
export function heldBy(state: State, who: Who, through: string | undefined, at: number): Set<string> {
  const subject = who.kind === 'user' ? state.users.get(who.id) : state.clients.get(who.id);
  const organization = organizationOf(state, who);
  if (subject?.active !== true || !isActiveTree(state, organization)) return new Set();
  const roles = new Set<string>();
  for (const { party, client, securityProfile, includeDescendants, validFrom, validUntil } of state.assignments.values()) {
    if (client !== undefined && client !== through) continue;
    if (!inWindow(at, { validFrom, validUntil }) || !isReached(state, who, party, { descendants: includeDescendants, at })) continue;
    for (const role of rolesOfProfile(state, securityProfile)) roles.add(role);
  }
  const type = organization === undefined ? undefined : state.organizations.get(organization)?.type;
  for (const role of state.organizationTypes.get(type ?? '')?.barredRoles ?? []) roles.delete(role);
  return roles;
}

/** What the tokens that a client gets in its own name can carry. */
export function carriedByClient(state: State, id: string, at: number): Set<string> {
  const client = state.clients.get(id);
  if (client?.active !== true || !client.grantTypes.includes('client_credentials') || !isActiveTree(state, client.organization)) return new Set();
  const held = heldBy(state, client.contextUser === undefined ? { kind: 'client', id } : { kind: 'user', id: client.contextUser }, id, at);
  return client.maximumRoles === undefined ? held : new Set([...held].filter((role) => client.maximumRoles!.includes(role)));
}

/** What rules let a user do as others, if the user holds what that takes. */
export function heldAsOthers(state: State, id: string, at: number): Set<string> {
  const who = { kind: 'user', id } as const;
  const roles = new Set<string>();
  const rules = [...state.impersonationRules.values()].filter(({ impersonator }) => isReached(state, who, impersonator, { descendants: false, at }));
  const clients = rules.length === 0 ? [] : [undefined, ...limitingClients(state)];
  if (!clients.some((client) => ['Impersonation', 'FullAccess'].some((role) => heldBy(state, who, client, at).has(role)))) return roles;
  for (const { securityProfile } of rules) for (const role of rolesOfProfile(state, securityProfile)) roles.add(role);
  return roles;
}

/** Instants from now on at which anything begins or ends in one of the states. */
export function instantsOf(now: number, ...states: readonly State[]): number[] {
  const found = new Set([now]);
  for (const { assignments, users } of states) {
    const windows = [...assignments.values(), ...[...users.values()].flatMap(({ memberships }) => memberships)];
    for (const { validFrom, validUntil } of windows)
      for (const end of [validFrom, validUntil]) if (end !== undefined && end.getTime() > now) found.add(end.getTime());
  }
  return [...found].sort((a, b) => a - b);
}

export const AS_OTHERS = 'as somebody else';

/** Somebody can use a role: as oneself through any client or a certain one, or as somebody else. */
export interface Use {
  readonly who: Who;
  readonly how: string;
  readonly role: string;
}

const keyOf = ({ who, how, role }: Use): string => `${who.kind} ${who.id} ${how} ${role}`;

/** Clients that assignments of these states are limited to. */
export const limitingClients = (...states: readonly State[]): string[] => [
  ...new Set(states.flatMap(({ assignments }) => [...assignments.values()].flatMap(({ client }) => client ?? []))),
];

/** Every use of every role at an instant, by users through no client in particular or one of these, and by clients. */
export function usesAt(state: State, at: number, clients: readonly string[]): Map<string, Use> {
  const uses = new Map<string, Use>();
  const note = (who: Who, how: string, roles: Iterable<string>) => {
    for (const role of roles) uses.set(keyOf({ who, how, role }), { who, how, role });
  };
  for (const id of state.users.keys()) {
    for (const client of [undefined, ...clients])
      note({ kind: 'user', id }, `through ${client ?? 'any client'}`, heldBy(state, { kind: 'user', id }, client, at));
    note({ kind: 'user', id }, AS_OTHERS, heldAsOthers(state, id, at));
  }
  for (const id of state.clients.keys()) note({ kind: 'client', id }, 'for itself', carriedByClient(state, id, at));
  return uses;
}
