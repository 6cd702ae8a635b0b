/** @module Assignments and impersonation rules of the in-memory store, and what goes with a party or profile that goes. */
import { assertAssignment, type Assignment } from '../../domain/assignment.ts';
import type { ImpersonationRule } from '../../domain/impersonation-rule.ts';
import type { Party, PartyKind } from '../../domain/party.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { assertRule, missing, taken, type Reference } from '../refusals.ts';
import { memoryRepository } from './repository.ts';
import { partyKey, type Draft, type Tables } from './tables.ts';

const PARTY_TABLES = { user: 'users', user_group: 'userGroups', organization: 'organizations', client: 'clients' } as const satisfies Record<
  PartyKind,
  keyof Tables
>;

export function memoryAssignments(draft: Draft): WritableRepository<Assignment> {
  return memoryRepository<Assignment>({
    what: 'an assignment',
    key: (assignment) => assignment.id,
    table: () => draft.tables.assignments,
    put(assignments) {
      for (const assignment of assignments) {
        assertAssignment(assignment);
        assertParty(draft.tables, assignment.party, `assignments_${assignment.party.kind}_fk`);
        if (!draft.tables.securityProfiles.has(assignment.securityProfile)) throw missing('assignments_profile_fk', assignment.securityProfile);
        if (assignment.client !== undefined && !draft.tables.clients.has(assignment.client)) throw missing('assignments_via_fk', assignment.client);
      }
      for (const { id } of assignments) remove(draft, draft.tables.assignments.get(id));
      for (const assignment of assignments) insert(draft, assignment);
    },
    remove(ids) {
      for (const id of ids) remove(draft, draft.tables.assignments.get(id));
    },
  });
}

function insert(draft: Draft, assignment: Assignment): void {
  const keys = draft.edit('assignmentKeys');
  const key = naturalKey(assignment);
  if (keys.has(key)) throw taken('assignments_natural_key');
  keys.set(key, assignment.id);
  draft.edit('assignments').set(assignment.id, assignment);
  const byParty = draft.edit('assignmentsByParty');
  const party = partyKey(assignment.party);
  byParty.set(party, [...(byParty.get(party) ?? []), assignment]);
  draft.changed(assignment.party.kind, assignment.party.id);
}

const naturalKey = ({ securityProfile, party, client, validFrom }: Assignment): string =>
  JSON.stringify([securityProfile, party.kind, party.id, client ?? null, validFrom?.getTime() ?? null]);

/** Removes assignments and tells those whom they reached. */
export function removeAssignments(draft: Draft, doomed: (assignment: Assignment) => boolean): void {
  for (const assignment of draft.tables.assignments.values()) {
    if (doomed(assignment)) remove(draft, assignment);
  }
}

function remove(draft: Draft, assignment: Assignment | undefined): void {
  if (assignment === undefined) return;
  draft.edit('assignments').delete(assignment.id);
  draft.edit('assignmentKeys').delete(naturalKey(assignment));
  const byParty = draft.edit('assignmentsByParty');
  const party = partyKey(assignment.party);
  const left = (byParty.get(party) ?? []).filter(({ id }) => id !== assignment.id);
  if (left.length === 0) byParty.delete(party);
  else byParty.set(party, left);
  draft.changed(assignment.party.kind, assignment.party.id);
}

export function memoryImpersonationRules(draft: Draft): WritableRepository<ImpersonationRule> {
  return memoryRepository<ImpersonationRule>({
    what: 'an impersonation rule',
    key: (rule) => rule.id,
    table: () => draft.tables.impersonationRules,
    put(rules) {
      for (const rule of rules) {
        assertRule(rule);
        const { impersonator, target } = rule;
        assertParty(draft.tables, impersonator, `impersonation_rules_impersonator_${impersonator.kind}_fk` as Reference);
        assertParty(draft.tables, target, `impersonation_rules_target_${target.kind}_fk` as Reference);
        if (!draft.tables.securityProfiles.has(rule.securityProfile)) throw missing('impersonation_rules_profile_fk', rule.securityProfile);
        if (!draft.tables.clients.has(rule.client)) throw missing('impersonation_rules_client_fk', rule.client);
        draft.edit('impersonationRules').set(rule.id, rule);
      }
      if (rules.length > 0) draft.changed('catalogue', '');
    },
    remove(ids) {
      for (const id of ids) draft.edit('impersonationRules').delete(id);
      if (ids.length > 0) draft.changed('catalogue', '');
    },
  });
}

/** Removes the rules that name a party, or are otherwise doomed. */
export function removeRules(draft: Draft, names: (party: Party) => boolean, doomed: (rule: ImpersonationRule) => boolean = () => false): void {
  for (const rule of draft.tables.impersonationRules.values()) {
    if (!names(rule.impersonator) && !names(rule.target) && !doomed(rule)) continue;
    draft.edit('impersonationRules').delete(rule.id);
    draft.changed('catalogue', '');
  }
}

function assertParty(tables: Tables, party: Party, reference: Reference): void {
  if (!tables[PARTY_TABLES[party.kind]].has(party.id)) throw missing(reference, party.id);
}
