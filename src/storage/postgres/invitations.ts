/** @module Invitations in Postgres. */
import type { AuditActor } from '../../domain/audit-event.ts';
import { assertMailAddress } from '../../domain/mail.ts';
import type { Invitation, InvitationQuery, InvitationReader, InvitationTable } from '../../domain/invitation.ts';
import type { Tenancy } from '../../domain/tenancy.ts';
import { pageOf } from '../page.ts';
import { assertKey, isStorable, toJson } from '../values.ts';
import { withoutNulls } from './repository.ts';
import type { Session, Statement, Value } from './session.ts';

/** Binds the tenancy's organization, null for all of them, then the id. */
const FIND: Statement = {
  sql: `
    SELECT i.* FROM (SELECT ?::text AS root, ?::text AS id) q
    JOIN invitations i ON i.id = q.id JOIN organizations o ON o.id = i.organization_id
    WHERE q.root IS NULL OR q.root = ANY (o.path)`,
};
/** Binds what {@link bindings} gives. */
const LIST: Statement = {
  sql: `
    SELECT i.* FROM (SELECT ?::text AS root, ?::text AS organization, ?::text AS email, ?::text AS status, ?::timestamptz AS now, ?::text AS after) q
    CROSS JOIN invitations i JOIN organizations o ON o.id = i.organization_id
    WHERE (q.root IS NULL OR q.root = ANY (o.path))
      AND (q.organization IS NULL OR i.organization_id = q.organization)
      AND (q.email IS NULL OR i.email = q.email)
      AND (q.after IS NULL OR i.id < q.after)
      AND (q.status IS NULL OR q.status = CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
        WHEN i.expires_at <= q.now THEN 'expired' ELSE 'pending' END)
    ORDER BY i.id DESC LIMIT ?`,
};
const COUNT: Statement = {
  sql: `
    SELECT count(*)::int AS count
    FROM (SELECT ?::text AS root, ?::text AS organization, ?::text AS email, ?::text AS status, ?::timestamptz AS now) q
    CROSS JOIN invitations i JOIN organizations o ON o.id = i.organization_id
    WHERE (q.root IS NULL OR q.root = ANY (o.path))
      AND (q.organization IS NULL OR i.organization_id = q.organization)
      AND (q.email IS NULL OR i.email = q.email)
      AND (q.status IS NULL OR q.status = CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
        WHEN i.expires_at <= q.now THEN 'expired' ELSE 'pending' END)`,
};
const PUT: Statement = {
  sql: `
    INSERT INTO invitations (id, email, organization_id, username, user_groups, security_profiles, valid_until, invited_by_kind, invited_by_id,
      invited_through, created_at, expires_at, accepted_at, accepted_as, revoked_at)
    VALUES (?, ?, ?, ?, ?::text[], ?::text[], ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET email = excluded.email, organization_id = excluded.organization_id, username = excluded.username,
      user_groups = excluded.user_groups, security_profiles = excluded.security_profiles, valid_until = excluded.valid_until,
      invited_by_kind = excluded.invited_by_kind, invited_by_id = excluded.invited_by_id, invited_through = excluded.invited_through,
      created_at = excluded.created_at, expires_at = excluded.expires_at, accepted_at = excluded.accepted_at,
      accepted_as = excluded.accepted_as, revoked_at = excluded.revoked_at`,
};

interface InvitationRow {
  readonly id: string;
  readonly email: string;
  readonly organization_id: string;
  readonly username: string | null;
  readonly user_groups: readonly string[];
  readonly security_profiles: readonly string[];
  readonly valid_until: Date | null;
  readonly invited_by_kind: AuditActor['kind'];
  readonly invited_by_id: string;
  readonly invited_through: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly accepted_at: Date | null;
  readonly accepted_as: string | null;
  readonly revoked_at: Date | null;
}

function fromRow(row: InvitationRow): Invitation {
  return withoutNulls<Invitation>({
    id: row.id,
    email: row.email,
    organization: row.organization_id,
    username: row.username,
    userGroups: row.user_groups,
    securityProfiles: row.security_profiles,
    validUntil: row.valid_until,
    invitedBy: { kind: row.invited_by_kind, id: row.invited_by_id },
    invitedThrough: row.invited_through,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at,
    acceptedAs: row.accepted_as,
    revokedAt: row.revoked_at,
  });
}

function toValues(invitation: Invitation): Value[] {
  const { id, email, organization, username = null, userGroups, securityProfiles, validUntil = null } = invitation;
  const { invitedBy, invitedThrough = null, createdAt, expiresAt, acceptedAt = null, acceptedAs = null, revokedAt = null } = invitation;
  const asked: Value[] = [id, email, organization, username, userGroups, securityProfiles, validUntil];
  return [...asked, invitedBy.kind, invitedBy.id, invitedThrough, createdAt, expiresAt, acceptedAt, acceptedAs, revokedAt];
}

const rootOf = (tenancy: Exclude<Tenancy, { readonly kind: 'nothing' }>): string | null =>
  tenancy.kind === 'everything' ? null : tenancy.organization;

export function postgresInvitations(session: Session): InvitationReader {
  return {
    find: async (id, { tenancy }) => {
      if (tenancy.kind === 'nothing' || !isStorable(id)) return undefined;
      const [row] = await session.rows<InvitationRow>(FIND, [rootOf(tenancy), id]);
      return row && fromRow(row);
    },
    list: async (query) => {
      const { tenancy } = query.visibility;
      const { organization, email, status, now, after, limit, total } = query;
      if (tenancy.kind === 'nothing' || isImpossible(query)) return { items: [], next: undefined, total: total ? 0 : undefined };
      const filters = [rootOf(tenancy), organization ?? null, email ?? null, status ?? null, now];
      const rows = await session.rows<InvitationRow>(LIST, [...filters, after?.key ?? null, limit + 1]);
      const [counted] = total ? await session.rows<{ readonly count: number }>(COUNT, filters) : [];
      return pageOf(rows.map(fromRow), limit, counted?.count);
    },
  };
}

/** What cannot be in the database is not there. */
const isImpossible = ({ organization = '', email = '', after }: InvitationQuery): boolean => !isStorable(organization + email + (after?.key ?? ''));

export function postgresInvitationTable(session: Session): InvitationTable {
  return {
    ...postgresInvitations(session),
    put: async (invitation) => {
      assertKey(invitation.id, 'an invitation');
      assertMailAddress(invitation.email, '/email');
      toJson(invitation, 'An invitation');
      await session.rows(PUT, toValues(invitation));
    },
  };
}
