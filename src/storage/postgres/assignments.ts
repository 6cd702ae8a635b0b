/** @module Assignments and impersonation rules in Postgres. */
import { assertAssignment, type Assignment } from '../../domain/assignment.ts';
import type { ImpersonationRule } from '../../domain/impersonation-rule.ts';
import type { Party, PartyKind } from '../../domain/party.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { assertRule } from '../refusals.ts';
import { postgresRepository, withoutNulls, type Writing } from './repository.ts';
import type { Statement } from './session.ts';

export interface AssignmentRow {
  readonly id: string;
  readonly security_profile_id: string;
  readonly user_id: string | null;
  readonly user_group_id: string | null;
  readonly organization_id: string | null;
  readonly client_id: string | null;
  readonly via_client_id: string | null;
  readonly include_descendants: boolean;
  readonly valid_from: Date | null;
  readonly valid_until: Date | null;
  readonly reason: string | null;
  readonly assigned_by: string | null;
  readonly assigned_at: Date;
}

export function fromAssignmentRow(row: AssignmentRow): Assignment {
  return withoutNulls<Assignment>({
    id: row.id,
    securityProfile: row.security_profile_id,
    party: partyOf(row.user_id, row.user_group_id, row.organization_id, row.client_id),
    client: row.via_client_id,
    includeDescendants: row.include_descendants,
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    reason: row.reason,
    assignedBy: row.assigned_by,
    assignedAt: row.assigned_at,
  });
}

/** Exactly one of the columns is set. */
function partyOf(...[user, userGroup, organization, client]: readonly (string | null)[]): Party {
  if (typeof user === 'string') return { kind: 'user', id: user };
  if (typeof userGroup === 'string') return { kind: 'user_group', id: userGroup };
  if (typeof organization === 'string') return { kind: 'organization', id: organization };
  return { kind: 'client', id: client! };
}

const idIf = (kind: PartyKind, party: Party): string | null => (party.kind === kind ? party.id : null);

function toAssignmentRow(assignment: Assignment): { readonly [Column in keyof AssignmentRow]: AssignmentRow[Column] } {
  const { party } = assignment;
  return {
    id: assignment.id,
    security_profile_id: assignment.securityProfile,
    user_id: idIf('user', party),
    user_group_id: idIf('user_group', party),
    organization_id: idIf('organization', party),
    client_id: idIf('client', party),
    via_client_id: assignment.client ?? null,
    include_descendants: assignment.includeDescendants,
    valid_from: assignment.validFrom ?? null,
    valid_until: assignment.validUntil ?? null,
    reason: assignment.reason ?? null,
    assigned_by: assignment.assignedBy ?? null,
    assigned_at: assignment.assignedAt,
  };
}

/** A replaced assignment may have had another party; that one is changed too. */
const FORMER_PARTIES: Statement = {
  sql: 'SELECT * FROM assignments WHERE id = ANY (?::text[])',
};
const PUT: Statement = {
  sql: `
    INSERT INTO assignments (id, security_profile_id, user_id, user_group_id, organization_id, client_id, via_client_id, include_descendants,
      valid_from, valid_until, reason, assigned_by, assigned_at)
    SELECT id, security_profile_id, user_id, user_group_id, organization_id, client_id, via_client_id, include_descendants,
      valid_from, valid_until, reason, assigned_by, assigned_at
    FROM jsonb_to_recordset(?::jsonb) AS r (id text, security_profile_id text, user_id text, user_group_id text, organization_id text,
      client_id text, via_client_id text, include_descendants boolean, valid_from timestamptz, valid_until timestamptz, reason text,
      assigned_by text, assigned_at timestamptz)
    ON CONFLICT (id) DO UPDATE SET security_profile_id = excluded.security_profile_id, user_id = excluded.user_id,
      user_group_id = excluded.user_group_id, organization_id = excluded.organization_id, client_id = excluded.client_id,
      via_client_id = excluded.via_client_id, include_descendants = excluded.include_descendants, valid_from = excluded.valid_from,
      valid_until = excluded.valid_until, reason = excluded.reason, assigned_by = excluded.assigned_by, assigned_at = excluded.assigned_at`,
};
const REMOVE: Statement = {
  removes: true,
  sql: `
    WITH gone AS (DELETE FROM assignments WHERE id = ANY (?::text[]) RETURNING user_id, user_group_id, organization_id, client_id)
    SELECT DISTINCT CASE WHEN user_id IS NOT NULL THEN 'user' WHEN user_group_id IS NOT NULL THEN 'user_group'
      WHEN organization_id IS NOT NULL THEN 'organization' ELSE 'client' END AS kind,
      coalesce(user_id, user_group_id, organization_id, client_id)::text AS id
    FROM gone`,
};

export function postgresAssignments(writing: Writing): WritableRepository<Assignment> {
  const { session, changes } = writing;
  return postgresRepository<Assignment, AssignmentRow>(writing, {
    what: 'an assignment',
    table: 'assignments',
    keyColumn: 'id',
    columns: ['*'],
    key: (assignment) => assignment.id,
    fromRow: fromAssignmentRow,
    toRow: toAssignmentRow,
    put: PUT,
    check: (assignment) => assertAssignment(assignment),
    beforePut: async (batch) => {
      const rows = await session.rows<AssignmentRow>(FORMER_PARTIES, [batch.map(({ id }) => id)]);
      for (const { party } of rows.map(fromAssignmentRow)) changes.changed(party.kind, [party.id]);
    },
    changesOfPut: (batch) => {
      for (const { party } of batch) changes.changed(party.kind, [party.id]);
    },
    remove: REMOVE,
  });
}

export interface RuleRow {
  readonly id: string;
  readonly impersonator_user_id: string | null;
  readonly impersonator_user_group_id: string | null;
  readonly impersonator_organization_id: string | null;
  readonly target_user_id: string | null;
  readonly target_user_group_id: string | null;
  readonly target_organization_id: string | null;
  readonly security_profile_id: string;
  readonly client_id: string;
  readonly max_lifetime_seconds: number | null;
}

export function fromRuleRow(row: RuleRow): ImpersonationRule {
  return withoutNulls<ImpersonationRule>({
    id: row.id,
    impersonator: partyOf(row.impersonator_user_id, row.impersonator_user_group_id, row.impersonator_organization_id),
    target: partyOf(row.target_user_id, row.target_user_group_id, row.target_organization_id),
    securityProfile: row.security_profile_id,
    client: row.client_id,
    maxLifetimeSeconds: row.max_lifetime_seconds,
  });
}

function toRuleRow({ id, impersonator, target, securityProfile, client, maxLifetimeSeconds }: ImpersonationRule): RuleRow {
  return {
    id,
    impersonator_user_id: idIf('user', impersonator),
    impersonator_user_group_id: idIf('user_group', impersonator),
    impersonator_organization_id: idIf('organization', impersonator),
    target_user_id: idIf('user', target),
    target_user_group_id: idIf('user_group', target),
    target_organization_id: idIf('organization', target),
    security_profile_id: securityProfile,
    client_id: client,
    max_lifetime_seconds: maxLifetimeSeconds ?? null,
  };
}

const PUT_RULES: Statement = {
  sql: `
    INSERT INTO impersonation_rules (id, impersonator_user_id, impersonator_user_group_id, impersonator_organization_id, target_user_id,
      target_user_group_id, target_organization_id, security_profile_id, client_id, max_lifetime_seconds)
    SELECT id, impersonator_user_id, impersonator_user_group_id, impersonator_organization_id, target_user_id,
      target_user_group_id, target_organization_id, security_profile_id, client_id, max_lifetime_seconds
    FROM jsonb_to_recordset(?::jsonb) AS r (id text, impersonator_user_id text, impersonator_user_group_id text,
      impersonator_organization_id text, target_user_id text, target_user_group_id text, target_organization_id text,
      security_profile_id text, client_id text, max_lifetime_seconds integer)
    ON CONFLICT (id) DO UPDATE SET impersonator_user_id = excluded.impersonator_user_id,
      impersonator_user_group_id = excluded.impersonator_user_group_id, impersonator_organization_id = excluded.impersonator_organization_id,
      target_user_id = excluded.target_user_id, target_user_group_id = excluded.target_user_group_id,
      target_organization_id = excluded.target_organization_id, security_profile_id = excluded.security_profile_id,
      client_id = excluded.client_id, max_lifetime_seconds = excluded.max_lifetime_seconds`,
};
const REMOVE_RULES: Statement = {
  removes: true,
  sql: `
    WITH gone AS (DELETE FROM impersonation_rules WHERE id = ANY (?::text[]) RETURNING id)
    SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone`,
};

export function postgresImpersonationRules(writing: Writing): WritableRepository<ImpersonationRule> {
  return postgresRepository<ImpersonationRule, RuleRow>(writing, {
    what: 'an impersonation rule',
    table: 'impersonation_rules',
    keyColumn: 'id',
    columns: ['*'],
    key: (rule) => rule.id,
    fromRow: fromRuleRow,
    toRow: toRuleRow,
    put: PUT_RULES,
    check: assertRule,
    changesOfPut: (_, changes) => changes.changed('catalogue', ['']),
    remove: REMOVE_RULES,
  });
}
