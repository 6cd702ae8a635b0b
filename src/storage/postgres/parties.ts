/** @module Users and user groups in Postgres. */
import { assertUsername, canonicalUsername, type Membership, type User, type UserGroup } from '../../domain/party.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { assertMemberships, missing } from '../refusals.ts';
import { postgresRepository, withoutNulls, type Writing } from './repository.ts';
import type { Statement } from './session.ts';

export interface UserGroupRow {
  readonly id: string;
  readonly name: string;
  readonly organization_id: string;
  readonly description: string | null;
}

export const fromUserGroupRow = ({ id, name, organization_id: organization, description }: UserGroupRow): UserGroup =>
  withoutNulls<UserGroup>({ id, name, organization, description });

const PUT_USER_GROUPS: Statement = {
  sql: `
    INSERT INTO user_groups (id, name, organization_id, description)
    SELECT id, name, organization, description
    FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, organization text, description text)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, organization_id = excluded.organization_id, description = excluded.description`,
};
/** Impersonation rules go with whom they name, and are known as part of the catalogue. */
const REMOVE_USER_GROUPS: Statement = {
  removes: true,
  sql: `
    WITH gone AS (DELETE FROM user_groups WHERE id = ANY (?::text[]) RETURNING id)
    SELECT 'user_group' AS kind, id::text FROM gone
    UNION ALL
    SELECT 'catalogue', '' WHERE EXISTS (SELECT FROM impersonation_rules r JOIN gone g ON g.id IN (r.impersonator_user_group_id, r.target_user_group_id))`,
};

export function postgresUserGroups(writing: Writing): WritableRepository<UserGroup> {
  return postgresRepository<UserGroup, UserGroupRow>(writing, {
    what: 'a user group',
    table: 'user_groups',
    keyColumn: 'id',
    columns: ['id', 'name', 'organization_id', 'description'],
    key: (group) => group.id,
    fromRow: fromUserGroupRow,
    toRow: (group) => group,
    put: PUT_USER_GROUPS,
    changesOfPut: (batch, changes) =>
      changes.changed(
        'user_group',
        batch.map(({ id }) => id),
      ),
    remove: REMOVE_USER_GROUPS,
  });
}

export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly organization_id: string;
  readonly email: string | null;
  readonly given_name: string | null;
  readonly family_name: string | null;
  readonly phone_number: string | null;
  readonly active: boolean;
  readonly authorized_organizations: readonly string[];
  readonly memberships: readonly {
    readonly group: string;
    readonly from: string | null;
    readonly until: string | null;
    readonly reason: string | null;
  }[];
}

export const USER_COLUMNS = [
  'id',
  'username',
  'organization_id',
  'email',
  'given_name',
  'family_name',
  'phone_number',
  'active',
  'authorized_organizations',
] as const;

export const MEMBERSHIPS = `
  (SELECT coalesce(json_agg(json_build_object('group', m.user_group_id, 'from', m.valid_from, 'until', m.valid_until, 'reason', m.reason)
    ORDER BY m.user_group_id), '[]') FROM user_group_members m WHERE m.user_id = users.id) AS memberships`;

export function fromUserRow(row: UserRow): User {
  return withoutNulls<User>({
    id: row.id,
    username: row.username,
    organization: row.organization_id,
    email: row.email,
    givenName: row.given_name,
    familyName: row.family_name,
    phoneNumber: row.phone_number,
    active: row.active,
    authorizedOrganizations: row.authorized_organizations,
    memberships: row.memberships.map(({ group, from, until, reason }) =>
      withoutNulls<Membership>({
        userGroup: group,
        validFrom: from === null ? null : new Date(from),
        validUntil: until === null ? null : new Date(until),
        reason,
      }),
    ),
  });
}

/** Passwords stay as they are, and so does the instant of the making. The id is entered among the subjects first; a client's id is refused by the foreign key. */
const PUT_USERS: Statement = {
  sql: `
    WITH r AS (SELECT * FROM jsonb_to_recordset(?::jsonb)
      AS r (id text, username text, canonical text, organization text, email text, "givenName" text, "familyName" text, "phoneNumber" text,
        active boolean, authorized text[], made timestamptz)),
    entered AS (INSERT INTO subjects (id, kind) SELECT id, 'user' FROM r ON CONFLICT DO NOTHING)
    INSERT INTO users (id, username, username_canonical, organization_id, email, given_name, family_name, phone_number, active,
      authorized_organizations, created_at)
    SELECT id, username, canonical, organization, email, "givenName", "familyName", "phoneNumber", active, authorized, made FROM r
    ON CONFLICT (id) DO UPDATE SET username = excluded.username, username_canonical = excluded.username_canonical,
      organization_id = excluded.organization_id, email = excluded.email, given_name = excluded.given_name,
      family_name = excluded.family_name, phone_number = excluded.phone_number, active = excluded.active,
      authorized_organizations = excluded.authorized_organizations`,
};
const FORGET_MEMBERSHIPS: Statement = { sql: 'DELETE FROM user_group_members WHERE user_id = ANY (?::text[])' };
const PUT_MEMBERSHIPS: Statement = {
  sql: `
    INSERT INTO user_group_members (user_id, user_group_id, valid_from, valid_until, reason)
    SELECT u.id, m."userGroup", m."validFrom", m."validUntil", m.reason
    FROM jsonb_to_recordset(?::jsonb) AS u (id text, memberships jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(u.memberships) AS m ("userGroup" text, "validFrom" timestamptz, "validUntil" timestamptz, reason text)`,
};
/** A name in an array is no foreign key; administrative changes run one after another, so a look suffices. */
const UNKNOWN_ORGANIZATION: Statement = {
  sql: 'SELECT id FROM unnest(?::text[]) AS id WHERE NOT EXISTS (SELECT FROM organizations o WHERE o.id = id.id) LIMIT 1',
};
const REMOVE_USERS: Statement = {
  removes: true,
  sql: `
    WITH gone AS (DELETE FROM users WHERE id = ANY (?::text[]) RETURNING id)
    SELECT 'user' AS kind, id::text FROM gone
    UNION ALL
    SELECT 'catalogue', '' WHERE EXISTS (SELECT FROM impersonation_rules r JOIN gone g ON g.id IN (r.impersonator_user_id, r.target_user_id))`,
};

export function postgresUsers(writing: Writing): WritableRepository<User> {
  const { session, at } = writing;
  return postgresRepository<User, UserRow>(writing, {
    what: 'a user',
    table: 'users',
    keyColumn: 'id',
    columns: (knex) => [...USER_COLUMNS, knex.raw(MEMBERSHIPS)],
    key: (user) => user.id,
    fromRow: fromUserRow,
    toRow: ({ organization, authorizedOrganizations, ...same }) => ({
      ...same,
      organization,
      canonical: canonicalUsername(same.username),
      authorized: authorizedOrganizations,
      made: at,
    }),
    put: PUT_USERS,
    check: (user) => {
      assertUsername(user.username);
      assertMemberships(user);
    },
    beforePut: async (batch) => {
      const authorized = [...new Set(batch.flatMap((user) => user.authorizedOrganizations))];
      if (authorized.length === 0) return;
      const [unknown] = await session.rows<{ readonly id: string }>(UNKNOWN_ORGANIZATION, [authorized]);
      if (unknown !== undefined) throw missing('users_authorized_organizations', unknown.id);
    },
    afterPut: async (batch, rows) => {
      await session.rows(FORGET_MEMBERSHIPS, [batch.map(({ id }) => id)]);
      if (batch.some(({ memberships }) => memberships.length > 0)) await session.rows(PUT_MEMBERSHIPS, [rows]);
    },
    changesOfPut: (batch, changes) =>
      changes.changed(
        'user',
        batch.map(({ id }) => id),
      ),
    remove: REMOVE_USERS,
  });
}
