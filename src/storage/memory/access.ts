/** @module Everything that decisions read, from the in-memory tables. */
import type { MembershipWindow, Reach, Subject } from '../../domain/access.ts';
import type { Assignment } from '../../domain/assignment.ts';
import { byCodeUnit } from '../../domain/catalogue.ts';
import { IMPERSONATION_ROLE_SETTING } from '../../domain/impersonation-rule.ts';
import type { Membership, Party } from '../../domain/party.ts';
import type { AccessReader, Change, ChangeLog } from '../../domain/ports.ts';
import { MAXIMUM_CHANGES } from '../options.ts';
import { copy } from '../values.ts';
import { partyKey, type Heading, type Tables } from './tables.ts';

type Reading = () => { readonly tables: Tables; readonly heading: Heading };

export function memoryAccess(reading: Reading): AccessReader {
  return {
    readChanges: async (since) => readChanges(reading(), since),
    loadDefinitions: async () => {
      const { tables } = reading();
      return copy({
        roles: sorted(tables.roles),
        permissionTypes: sorted(tables.permissionTypes),
        organizationTypes: sorted(tables.organizationTypes),
        securityProfiles: sorted(tables.securityProfiles),
        resourceServers: sorted(tables.resourceServers),
        impersonationRules: sorted(tables.impersonationRules),
        impersonationRole: tables.settings.get(IMPERSONATION_ROLE_SETTING),
      });
    },
    findSecurityProfiles: async (ids) => {
      const { securityProfiles } = reading().tables;
      return new Map(ids.flatMap((id) => (securityProfiles.has(id) ? [[id, copy(securityProfiles.get(id)!)] as const] : [])));
    },
    findUser: async (id) => findUser(reading().tables, id),
    findClient: async (id) => findClient(reading().tables, id),
    findUsers: async (ids) => subjects(ids, (id) => findUser(reading().tables, id)),
    findClients: async (ids) => subjects(ids, (id) => findClient(reading().tables, id)),
    usersReachedBy: async (parties, limit) => usersReachedBy(reading().tables, parties).slice(0, limit),
    countUsersReachedBy: async (parties) => usersReachedBy(reading().tables, parties).length,
    clientsReachedBy: async (parties, contextUsers, limit) => clientsReachedBy(reading().tables, parties, new Set(contextUsers)).slice(0, limit),
    hasUsers: async () => reading().tables.users.size > 0,
    assignmentsOf: async (filter, limit) => {
      const { tables } = reading();
      const candidates =
        filter.party === undefined ? [...tables.assignments.values()] : (tables.assignmentsByParty.get(partyKey(filter.party)) ?? []);
      return copy(
        candidates
          .filter((assignment) => filter.securityProfile === undefined || assignment.securityProfile === filter.securityProfile)
          .filter((assignment) => filter.client === undefined || assignment.client === filter.client)
          .sort(byId)
          .slice(0, limit),
      );
    },
  };
}

function readChanges({ tables, heading }: ReturnType<Reading>, since: number): ChangeLog {
  const { version, logStart } = heading;
  if (since < logStart || since > version) return { version, changes: undefined };
  const found = new Map<string, Change>();
  let rows = 0;
  for (const change of tables.changes.values()) {
    if (change.version <= since) continue;
    rows += 1;
    if (rows > MAXIMUM_CHANGES) return { version, changes: undefined };
    found.set(`${change.kind} ${change.id}`, { kind: change.kind, id: change.id });
  }
  return { version, changes: [...found.values()] };
}

function findUser(tables: Tables, id: string): Subject | undefined {
  const user = tables.users.get(id);
  if (user === undefined) return undefined;
  const organization = tables.organizations.get(user.organization)!;
  const reaches = assignedTo(tables, { kind: 'user', id }).map((assignment) => reach(assignment));
  for (const membership of user.memberships) {
    for (const assignment of assignedTo(tables, { kind: 'user_group', id: membership.userGroup })) reaches.push(reach(assignment, membership));
  }
  reaches.push(...throughOrganization(tables, organization.path));
  return copy({
    kind: 'user' as const,
    id,
    username: user.username,
    active: user.active && lineageActive(tables, organization.path),
    organization: { id: organization.id, type: organization.type, path: organization.path },
    authorizedOrganizations: user.authorizedOrganizations,
    memberships: user.memberships.map(membershipWindow),
    reaches: reaches.sort(byAssignment),
  });
}

function findClient(tables: Tables, id: string): Subject | undefined {
  const client = tables.clients.get(id);
  if (client === undefined) return undefined;
  const organization = client.organization === undefined ? undefined : tables.organizations.get(client.organization)!;
  const path = organization?.path ?? [];
  const reaches = assignedTo(tables, { kind: 'client', id }).map((assignment) => reach(assignment));
  reaches.push(...throughOrganization(tables, path));
  return copy({
    kind: 'client' as const,
    id,
    active: client.active && lineageActive(tables, path),
    organization: organization && { id: organization.id, type: organization.type, path },
    authorizedOrganizations: [],
    memberships: [],
    reaches: reaches.sort(byAssignment),
  });
}

function subjects(ids: readonly string[], find: (id: string) => Subject | undefined): ReadonlyMap<string, Subject> {
  return new Map(ids.map((id) => [id, find(id)] as const).filter((entry): entry is [string, Subject] => entry[1] !== undefined));
}

const membershipWindow = ({ userGroup, validFrom, validUntil }: Membership): MembershipWindow => ({
  userGroup,
  from: validFrom?.getTime() ?? -Infinity,
  until: validUntil?.getTime() ?? Infinity,
});

const assignedTo = (tables: Tables, party: Party): readonly Assignment[] => tables.assignmentsByParty.get(partyKey(party)) ?? [];

const lineageActive = (tables: Tables, path: readonly string[]): boolean => path.every((id) => tables.organizations.get(id)?.active === true);

/** What the organization at the end of the path was given, and what those above pass on to all below. */
function throughOrganization(tables: Tables, path: readonly string[]): Reach[] {
  const own = path.at(-1);
  return path.flatMap((id) =>
    assignedTo(tables, { kind: 'organization', id })
      .filter((assignment) => id === own || assignment.includeDescendants)
      .map((assignment) => reach(assignment)),
  );
}

function reach(assignment: Assignment, membership?: Membership): Reach {
  return {
    assignment: assignment.id,
    profile: assignment.securityProfile,
    party: assignment.party,
    client: assignment.client,
    includeDescendants: assignment.includeDescendants,
    from: Math.max(assignment.validFrom?.getTime() ?? -Infinity, membership?.validFrom?.getTime() ?? -Infinity),
    until: Math.min(assignment.validUntil?.getTime() ?? Infinity, membership?.validUntil?.getTime() ?? Infinity),
    reason: assignment.reason,
    assignedBy: assignment.assignedBy,
    assignedAt: assignment.assignedAt.getTime(),
  };
}

function usersReachedBy(tables: Tables, parties: readonly Party[]): string[] {
  const ids = (kind: Party['kind']) => new Set(parties.filter((party) => party.kind === kind).map((party) => party.id));
  const [users, groups, organizations] = [ids('user'), ids('user_group'), ids('organization')];
  const reached: string[] = [];
  for (const user of tables.users.values()) {
    const path = tables.organizations.get(user.organization)!.path;
    if (users.has(user.id) || user.memberships.some(({ userGroup }) => groups.has(userGroup)) || path.some((id) => organizations.has(id)))
      reached.push(user.id);
  }
  return reached.sort(byCodeUnit);
}

function clientsReachedBy(tables: Tables, parties: readonly Party[], contextUsers: ReadonlySet<string>): string[] {
  const named = new Set(parties.map(partyKey));
  const reached: string[] = [];
  for (const { clientId, organization, contextUser } of tables.clients.values()) {
    const path = organization === undefined ? [] : tables.organizations.get(organization)!.path;
    const isNamed = named.has(partyKey({ kind: 'client', id: clientId })) || path.some((id) => named.has(partyKey({ kind: 'organization', id })));
    if (isNamed || (contextUser !== undefined && contextUsers.has(contextUser))) reached.push(clientId);
  }
  return reached.sort(byCodeUnit);
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => byCodeUnit(a.id, b.id);
const byAssignment = (a: Reach, b: Reach): number => byCodeUnit(a.assignment, b.assignment);

function sorted<T>(table: ReadonlyMap<string, T>): T[] {
  return [...table].sort(([a], [b]) => byCodeUnit(a, b)).map(([, value]) => value);
}
