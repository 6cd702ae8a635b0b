/** @module Everything that decisions read. A subject comes in one statement that costs what the subject has, not what exists. */
import { LRUCache } from 'lru-cache';
import type { Reach, Subject } from '../../domain/access.ts';
import { IMPERSONATION_ROLE_SETTING } from '../../domain/impersonation-rule.ts';
import type { Party, PartyKind } from '../../domain/party.ts';
import type { AccessReader, Change, ChangeLog } from '../../domain/ports.ts';
import type { SecurityProfile } from '../../domain/security-profile.ts';
import { MAXIMUM_CHANGES } from '../options.ts';
import { batches, isStorable, storableKeys } from '../values.ts';
import { fromAssignmentRow, fromRuleRow, type AssignmentRow, type RuleRow } from './assignments.ts';
import { fromOrganizationTypeRow, fromPermissionTypeRow, fromRoleRow, fromSecurityProfileRow } from './definitions.ts';
import type { OrganizationTypeRow, PermissionTypeRow, RoleRow, SecurityProfileRow } from './definitions.ts';
import { fromResourceServerRow, type ResourceServerRow } from './clients.ts';
import type { Session, Statement } from './session.ts';

const CHANGES: Statement = {
  name: 'changes_since',
  // The marks are looked up once, not for every change.
  sql: `
    WITH s AS MATERIALIZED (
      SELECT w.version, l.version AS log_start, (SELECT at::text FROM changes WHERE version = w.version LIMIT 1) AS mark,
        (SELECT at::text FROM changes WHERE version = ? LIMIT 1) AS mark_since
      FROM (SELECT version FROM workspace_state LIMIT 1) w CROSS JOIN (SELECT version FROM change_log_start LIMIT 1) l
    )
    SELECT s.version::float8, s.log_start::float8, c.kind, c.id, s.mark, s.mark_since
    FROM s LEFT JOIN LATERAL (SELECT kind, id FROM changes WHERE version > ? ORDER BY version LIMIT ?) c ON true`,
};

const DEFINITIONS: Statement = {
  sql: `
    SELECT
      (SELECT coalesce(json_agg(r ORDER BY r.name), '[]') FROM roles r) AS roles,
      (SELECT coalesce(json_agg(t ORDER BY t.type), '[]') FROM permission_types t) AS permission_types,
      (SELECT coalesce(json_agg(t ORDER BY t.name), '[]') FROM organization_types t) AS organization_types,
      (SELECT coalesce(json_agg(p ORDER BY p.id), '[]') FROM security_profiles p) AS security_profiles,
      (SELECT coalesce(json_agg(s ORDER BY s.audience), '[]') FROM (
        SELECT s.*, ARRAY(SELECT c.client_id::text FROM resource_server_clients c WHERE c.audience = s.audience ORDER BY c.client_id) AS clients
        FROM resource_servers s) s) AS resource_servers,
      (SELECT coalesce(json_agg(r ORDER BY r.id), '[]') FROM impersonation_rules r) AS impersonation_rules,
      (SELECT value FROM settings WHERE name = ?) AS impersonation_role`,
};

const SECURITY_PROFILES: Statement = { sql: 'SELECT * FROM security_profiles WHERE id = ANY (?::text[])' };

/**
 * GREATEST and LEAST pass over NULL: a window is the intersection of the assignment's and the membership's. OFFSET 0 keeps
 * Postgres from joining all assignments to the groups of one user, which it does while it has no statistics.
 */
const USER: Statement = {
  name: 'access_of_user',
  sql: `
    SELECT u.id, u.username, u.authorized_organizations, o.id AS organization_id, o.type AS organization_type, o.path,
      (SELECT coalesce(json_agg(json_build_array(m.user_group_id, (extract(epoch FROM m.valid_from) * 1000)::int8,
          (extract(epoch FROM m.valid_until) * 1000)::int8) ORDER BY m.user_group_id), '[]')
        FROM user_group_members m WHERE m.user_id = u.id) AS memberships,
      u.active AND NOT EXISTS (SELECT FROM organizations above WHERE above.id = ANY (o.path) AND NOT above.active) AS active,
      (SELECT coalesce(json_agg(json_build_array(a.id, a.security_profile_id, a.party_kind, a.party_id, a.via_client_id, a.include_descendants,
          (extract(epoch FROM a.starts) * 1000)::int8, (extract(epoch FROM a.ends) * 1000)::int8,
          a.reason, a.assigned_by, (extract(epoch FROM a.assigned_at) * 1000)::int8) ORDER BY a.id), '[]')
        FROM (
          SELECT d.id, d.security_profile_id, 'user' AS party_kind, d.user_id AS party_id, d.via_client_id, d.include_descendants,
            d.valid_from AS starts, d.valid_until AS ends, d.reason, d.assigned_by, d.assigned_at
          FROM assignments d WHERE d.user_id = u.id
          UNION ALL
          SELECT g.id, g.security_profile_id, 'user_group', g.user_group_id, g.via_client_id, g.include_descendants,
            GREATEST(g.valid_from, m.valid_from), LEAST(g.valid_until, m.valid_until), g.reason, g.assigned_by, g.assigned_at
          FROM user_group_members m CROSS JOIN LATERAL (SELECT * FROM assignments WHERE user_group_id = m.user_group_id OFFSET 0) g
          WHERE m.user_id = u.id
          UNION ALL
          SELECT t.id, t.security_profile_id, 'organization', t.organization_id, t.via_client_id, t.include_descendants,
            t.valid_from, t.valid_until, t.reason, t.assigned_by, t.assigned_at
          FROM assignments t WHERE t.organization_id = ANY (o.path) AND (t.organization_id = o.id OR t.include_descendants)
        ) a) AS reaches
    FROM users u JOIN organizations o ON o.id = u.organization_id
    WHERE u.id = ?`,
};

const CLIENT: Statement = {
  name: 'access_of_client',
  sql: `
    SELECT c.client_id AS id, o.id AS organization_id, o.type AS organization_type, o.path,
      c.active AND NOT EXISTS (SELECT FROM organizations above WHERE above.id = ANY (o.path) AND NOT above.active) AS active,
      (SELECT coalesce(json_agg(json_build_array(a.id, a.security_profile_id, a.party_kind, a.party_id, a.via_client_id, a.include_descendants,
          (extract(epoch FROM a.starts) * 1000)::int8, (extract(epoch FROM a.ends) * 1000)::int8,
          a.reason, a.assigned_by, (extract(epoch FROM a.assigned_at) * 1000)::int8) ORDER BY a.id), '[]')
        FROM (
          SELECT d.id, d.security_profile_id, 'client' AS party_kind, d.client_id AS party_id, d.via_client_id, d.include_descendants,
            d.valid_from AS starts, d.valid_until AS ends, d.reason, d.assigned_by, d.assigned_at
          FROM assignments d WHERE d.client_id = c.client_id
          UNION ALL
          SELECT t.id, t.security_profile_id, 'organization', t.organization_id, t.via_client_id, t.include_descendants,
            t.valid_from, t.valid_until, t.reason, t.assigned_by, t.assigned_at
          FROM assignments t WHERE t.organization_id = ANY (o.path) AND (t.organization_id = o.id OR t.include_descendants)
        ) a) AS reaches
    FROM clients c LEFT JOIN organizations o ON o.id = c.organization_id
    WHERE c.client_id = ?`,
};

/** The same for many ids at once. */
const ofMany = ({ sql }: Statement): Statement => ({ sql: sql.replace(/ = \?$/, ' = ANY (?::text[])') });
const USERS = ofMany(USER);
const CLIENTS = ofMany(CLIENT);

/** Each of the three in order, so that none is read further than it is needed. */
const USERS_REACHED: Statement = {
  sql: `
    (SELECT id FROM users WHERE id = ANY (?::text[]))
    UNION
    (SELECT DISTINCT user_id FROM user_group_members WHERE user_group_id = ANY (?::text[]) ORDER BY user_id LIMIT ?)
    UNION
    (SELECT u.id FROM organizations o JOIN users u ON u.organization_id = o.id WHERE o.path && ?::text[] ORDER BY u.id LIMIT ?)
    ORDER BY id LIMIT ?`,
};

const COUNT_USERS_REACHED: Statement = {
  sql: `
    SELECT count(*)::int AS count FROM (
      SELECT id FROM users WHERE id = ANY (?::text[])
      UNION
      SELECT user_id FROM user_group_members WHERE user_group_id = ANY (?::text[])
      UNION
      SELECT u.id FROM organizations o JOIN users u ON u.organization_id = o.id WHERE o.path && ?::text[]
    ) reached`,
};

const CLIENTS_REACHED: Statement = {
  sql: `
    SELECT client_id FROM clients WHERE client_id = ANY (?::text[])
    UNION
    SELECT client_id FROM clients WHERE context_user_id = ANY (?::text[])
    UNION
    SELECT c.client_id FROM organizations o JOIN clients c ON c.organization_id = o.id WHERE o.path && ?::text[]
    ORDER BY client_id LIMIT ?`,
};

const HAS_USERS: Statement = { sql: 'SELECT EXISTS (SELECT FROM users) AS found' };

const ASSIGNMENTS: Statement = {
  sql: `
    SELECT * FROM assignments
    WHERE (?::text IS NULL OR security_profile_id = ?)
      AND (?::text IS NULL OR user_id = ?)
      AND (?::text IS NULL OR user_group_id = ?)
      AND (?::text IS NULL OR organization_id = ?)
      AND (?::text IS NULL OR client_id = ?)
      AND (?::text IS NULL OR via_client_id = ?)
    ORDER BY id LIMIT ?`,
};

export function postgresAccess(session: Session, marks: VersionMarks): AccessReader {
  return {
    readChanges: (since) => readChanges(session, marks, since),
    loadDefinitions: async () => {
      const [row] = await session.rows<DefinitionsRow>(DEFINITIONS, [IMPERSONATION_ROLE_SETTING]);
      return {
        roles: row!.roles.map(fromRoleRow),
        permissionTypes: row!.permission_types.map(fromPermissionTypeRow),
        organizationTypes: row!.organization_types.map(fromOrganizationTypeRow),
        securityProfiles: row!.security_profiles.map(fromSecurityProfileRow),
        resourceServers: row!.resource_servers.map(fromResourceServerRow),
        impersonationRules: row!.impersonation_rules.map(fromRuleRow),
        impersonationRole: row!.impersonation_role ?? undefined,
      };
    },
    findSecurityProfiles: async (ids) => {
      const found = new Map<string, SecurityProfile>();
      for (const batch of batches(storableKeys(ids))) {
        for (const row of await session.rows<SecurityProfileRow>(SECURITY_PROFILES, [batch])) found.set(row.id, fromSecurityProfileRow(row));
      }
      return found;
    },
    findUser: async (id) => {
      const [row] = isStorable(id) ? await session.rows<SubjectRow>(USER, [id]) : [];
      return row && subject('user', row);
    },
    findClient: async (id) => {
      const [row] = isStorable(id) ? await session.rows<SubjectRow>(CLIENT, [id]) : [];
      return row && subject('client', row);
    },
    findUsers: (ids) => findSubjects(session, USERS, { kind: 'user', ids }),
    findClients: (ids) => findSubjects(session, CLIENTS, { kind: 'client', ids }),
    usersReachedBy: async (parties, limit) => {
      const ids = (kind: PartyKind) => idsOf(parties, kind);
      const rows = await session.rows<{ readonly id: string }>(USERS_REACHED, [
        ids('user'),
        ids('user_group'),
        limit,
        ids('organization'),
        limit,
        limit,
      ]);
      return rows.map(({ id }) => id);
    },
    countUsersReachedBy: async (parties) => {
      const ids = (kind: PartyKind) => idsOf(parties, kind);
      const values = [ids('user'), ids('user_group'), ids('organization')];
      return (await session.rows<{ readonly count: number }>(COUNT_USERS_REACHED, values))[0]!.count;
    },
    clientsReachedBy: async (parties, contextUsers, limit) => {
      const values = [idsOf(parties, 'client'), storableKeys(contextUsers), idsOf(parties, 'organization'), limit];
      const rows = await session.rows<{ readonly client_id: string }>(CLIENTS_REACHED, values);
      return rows.map(({ client_id: id }) => id);
    },
    hasUsers: async () => (await session.rows<{ readonly found: boolean }>(HAS_USERS))[0]!.found,
    assignmentsOf: async ({ securityProfile, party, client }, limit) => {
      if (![securityProfile, party?.id, client].every((id) => id === undefined || isStorable(id))) return [];
      const partyId = (kind: PartyKind) => (party?.kind === kind ? party.id : null);
      const ids = [securityProfile ?? null, partyId('user'), partyId('user_group'), partyId('organization'), partyId('client'), client ?? null];
      const rows = await session.rows<AssignmentRow>(ASSIGNMENTS, [...ids.flatMap((id) => [id, id]), limit]);
      return rows.map(fromAssignmentRow);
    },
  };
}

const idsOf = (parties: readonly Party[], kind: PartyKind): string[] =>
  storableKeys(parties.filter((party) => party.kind === kind).map(({ id }) => id));

async function findSubjects(
  session: Session,
  statement: Statement,
  { kind, ids }: { readonly kind: Subject['kind']; readonly ids: readonly string[] },
): Promise<ReadonlyMap<string, Subject>> {
  const found = new Map<string, Subject>();
  for (const batch of batches(storableKeys([...new Set(ids)]))) {
    for (const row of await session.rows<SubjectRow>(statement, [[...batch]])) found.set(row.id, subject(kind, row));
  }
  return found;
}

interface DefinitionsRow {
  readonly roles: readonly RoleRow[];
  readonly permission_types: readonly PermissionTypeRow[];
  readonly organization_types: readonly OrganizationTypeRow[];
  readonly security_profiles: readonly SecurityProfileRow[];
  readonly resource_servers: readonly ResourceServerRow[];
  readonly impersonation_rules: readonly RuleRow[];
  readonly impersonation_role: string | null;
}

interface ChangeRow {
  readonly version: number;
  readonly log_start: number;
  readonly kind: Change['kind'] | null;
  readonly id: string;
  readonly mark: string | null;
  readonly mark_since: string | null;
}

/**
 * When the versions that a store answered were made. After a failover to a standby that lacked the last changes, or a
 * restore, the same versions are given to other changes: who asks what came after one of them is told that everything
 * may have changed.
 */
export type VersionMarks = LRUCache<number, string>;

/** Versions that somebody who asks may know last. */
const MARKS_KEPT = 1000;

export const versionMarks = (): VersionMarks => new LRUCache({ max: MARKS_KEPT });

async function readChanges(session: Session, marks: VersionMarks, since: number): Promise<ChangeLog> {
  const rows = await session.rows<ChangeRow>(CHANGES, [since, since, MAXIMUM_CHANGES + 1]);
  const { version, log_start: logStart, mark, mark_since: markSince } = rows[0]!;
  const known = marks.get(since);
  const isAnother = known !== undefined && markSince !== null && known !== markSince;
  if (mark !== null) marks.set(version, mark);
  if (isAnother || since < logStart || since > version || rows.length > MAXIMUM_CHANGES) return { version, changes: undefined };
  const found = new Map<string, Change>();
  for (const { kind, id } of rows) if (kind !== null) found.set(`${kind} ${id}`, { kind, id });
  return { version, changes: [...found.values()] };
}

type ReachRow = readonly [
  assignment: string,
  profile: string,
  partyKind: PartyKind,
  partyId: string,
  via: string | null,
  includeDescendants: boolean,
  from: number | null,
  until: number | null,
  reason: string | null,
  assignedBy: string | null,
  assignedAt: number,
];

interface SubjectRow {
  readonly id: string;
  readonly username?: string;
  readonly authorized_organizations?: readonly string[];
  readonly organization_id: string | null;
  readonly organization_type: string;
  readonly path: readonly string[];
  readonly active: boolean;
  readonly memberships?: readonly (readonly [userGroup: string, from: number | null, until: number | null])[];
  readonly reaches: readonly ReachRow[];
}

function subject(kind: 'user' | 'client', row: SubjectRow): Subject {
  return {
    kind,
    id: row.id,
    ...(row.username === undefined ? {} : { username: row.username }),
    active: row.active,
    ...(row.organization_id === null ? {} : { organization: { id: row.organization_id, type: row.organization_type, path: row.path } }),
    authorizedOrganizations: row.authorized_organizations ?? [],
    memberships: (row.memberships ?? []).map(([userGroup, from, until]) => ({ userGroup, from: from ?? -Infinity, until: until ?? Infinity })),
    reaches: row.reaches.map(reach),
  };
}

function reach([assignment, profile, kind, id, via, includeDescendants, from, until, reason, assignedBy, assignedAt]: ReachRow): Reach {
  const party: Party = { kind, id };
  return {
    assignment,
    profile,
    party,
    ...(via === null ? {} : { client: via }),
    includeDescendants,
    from: from ?? -Infinity,
    until: until ?? Infinity,
    ...(reason === null ? {} : { reason }),
    ...(assignedBy === null ? {} : { assignedBy }),
    assignedAt,
  };
}
