/** @module Everything that decisions read. A subject comes in one statement that costs what the subject has, not what exists. */
import type { Reach, Subject } from '../../domain/access.ts';
import type { Party, PartyKind } from '../../domain/party.ts';
import type { AccessReader, Change, ChangeLog } from '../../domain/ports.ts';
import { MAXIMUM_CHANGES } from '../options.ts';
import { isStorable, storableKeys } from '../values.ts';
import { fromAssignmentRow, type AssignmentRow } from './assignments.ts';
import { fromOrganizationTypeRow, fromPermissionTypeRow, fromRoleRow, fromSecurityProfileRow } from './definitions.ts';
import type { OrganizationTypeRow, PermissionTypeRow, RoleRow, SecurityProfileRow } from './definitions.ts';
import { fromResourceServerRow, type ResourceServerRow } from './clients.ts';
import type { Session, Statement } from './session.ts';

const CHANGES: Statement = {
  name: 'changes_since',
  sql: `
    SELECT s.version::float8, l.version::float8 AS log_start, c.kind, c.id
    FROM (SELECT version FROM workspace_state LIMIT 1) s CROSS JOIN (SELECT version FROM change_log_start LIMIT 1) l
    LEFT JOIN LATERAL (SELECT kind, id FROM changes WHERE version > ? ORDER BY version LIMIT ?) c ON true`,
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
        FROM resource_servers s) s) AS resource_servers`,
};

/**
 * GREATEST and LEAST pass over NULL: a window is the intersection of the assignment's and the membership's. OFFSET 0 keeps
 * Postgres from joining all assignments to the groups of one user, which it does while it has no statistics.
 */
const USER: Statement = {
  name: 'access_of_user',
  sql: `
    SELECT u.id, u.username, u.authorized_organizations, o.id AS organization_id, o.type AS organization_type, o.path,
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

const USERS_REACHED: Statement = {
  sql: `
    SELECT id FROM users WHERE id = ANY (?::text[])
    UNION
    SELECT user_id FROM user_group_members WHERE user_group_id = ANY (?::text[])
    UNION
    SELECT u.id FROM organizations o JOIN users u ON u.organization_id = o.id WHERE o.path && ?::text[]
    ORDER BY id LIMIT ?`,
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
    ORDER BY id LIMIT ?`,
};

export function postgresAccess(session: Session): AccessReader {
  return {
    readChanges: (since) => readChanges(session, since),
    loadDefinitions: async () => {
      const [row] = await session.rows<DefinitionsRow>(DEFINITIONS);
      return {
        roles: row!.roles.map(fromRoleRow),
        permissionTypes: row!.permission_types.map(fromPermissionTypeRow),
        organizationTypes: row!.organization_types.map(fromOrganizationTypeRow),
        securityProfiles: row!.security_profiles.map(fromSecurityProfileRow),
        resourceServers: row!.resource_servers.map(fromResourceServerRow),
      };
    },
    findUser: async (id) => {
      const [row] = isStorable(id) ? await session.rows<SubjectRow>(USER, [id]) : [];
      return row && subject('user', row);
    },
    findClient: async (id) => {
      const [row] = isStorable(id) ? await session.rows<SubjectRow>(CLIENT, [id]) : [];
      return row && subject('client', row);
    },
    usersReachedBy: async (parties, limit) => {
      const ids = (kind: PartyKind) => storableKeys(parties.filter((party) => party.kind === kind).map((party) => party.id));
      const rows = await session.rows<{ readonly id: string }>(USERS_REACHED, [ids('user'), ids('user_group'), ids('organization'), limit]);
      return rows.map(({ id }) => id);
    },
    hasUsers: async () => (await session.rows<{ readonly found: boolean }>(HAS_USERS))[0]!.found,
    assignmentsOf: async ({ securityProfile, party }, limit) => {
      if (![securityProfile, party?.id].every((id) => id === undefined || isStorable(id))) return [];
      const partyId = (kind: PartyKind) => (party?.kind === kind ? party.id : null);
      const ids = [securityProfile ?? null, partyId('user'), partyId('user_group'), partyId('organization'), partyId('client')];
      const rows = await session.rows<AssignmentRow>(ASSIGNMENTS, [...ids.flatMap((id) => [id, id]), limit]);
      return rows.map(fromAssignmentRow);
    },
  };
}

interface DefinitionsRow {
  readonly roles: readonly RoleRow[];
  readonly permission_types: readonly PermissionTypeRow[];
  readonly organization_types: readonly OrganizationTypeRow[];
  readonly security_profiles: readonly SecurityProfileRow[];
  readonly resource_servers: readonly ResourceServerRow[];
}

async function readChanges(session: Session, since: number): Promise<ChangeLog> {
  const rows = await session.rows<{ version: number; log_start: number; kind: Change['kind'] | null; id: string }>(CHANGES, [
    since,
    MAXIMUM_CHANGES + 1,
  ]);
  const { version, log_start: logStart } = rows[0]!;
  if (since < logStart || since > version || rows.length > MAXIMUM_CHANGES) return { version, changes: undefined };
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
