/** @module What goes along with what is removed: the assignments and impersonation rules that name it. */
import type { Assignment } from '../domain/assignment.ts';
import type { Position } from '../domain/directory.ts';
import type { ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { PartyKind } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { EVERYTHING } from '../domain/tenancy.ts';
import { changeOf, type ObjectChange } from './object-change.ts';
import type { SectionName } from './schema.ts';
import { BATCH, everything } from './sections.ts';

type Removed = Readonly<Record<SectionName, Set<string>>>;

/** Up to so many removed objects are asked for one by one; beyond, walking through all assignments is cheaper. */
const FEW = 20;
const PARTY_SECTIONS = { user: 'users', user_group: 'user_groups', organization: 'organizations', client: 'clients' } as const satisfies Record<
  PartyKind,
  SectionName
>;
const PARTY_FILTERS = { user: 'user', user_group: 'user_group', organization: 'organization', client: 'client_id' } as const;
const PARTY_KINDS = Object.keys(PARTY_SECTIONS) as readonly PartyKind[];

/** Also enters what goes into `removed`. */
export async function sweptChanges(tx: StoreTransaction, removed: Removed): Promise<ObjectChange[]> {
  const count = PARTY_KINDS.reduce((sum, kind) => sum + removed[PARTY_SECTIONS[kind]].size, removed.security_profiles.size);
  if (count === 0) return [];
  const changes: ObjectChange[] = [];
  for await (const assignment of count > FEW ? allAssignments(tx) : assignmentsNaming(tx, removed)) {
    if (!namesRemoved(assignment, removed) || removed.assignments.has(assignment.id)) continue;
    removed.assignments.add(assignment.id);
    changes.push(...changeOf('assignments', assignment, undefined));
  }
  for await (const rule of everything(
    (page) => tx.impersonationRules.list(page),
    ({ id }) => id,
  )) {
    if (!ruleNamesRemoved(rule, removed) || removed.impersonation_rules.has(rule.id)) continue;
    removed.impersonation_rules.add(rule.id);
    changes.push(...changeOf('impersonation_rules', rule, undefined));
  }
  return changes;
}

const allAssignments = (tx: StoreTransaction): AsyncIterable<Assignment> =>
  everything(
    (page) => tx.assignments.list(page),
    ({ id }) => id,
  );

async function* assignmentsNaming(tx: StoreTransaction, removed: Removed): AsyncGenerator<Assignment> {
  for (const id of removed.security_profiles) yield* assignmentsWith(tx, { security_profile: id });
  for (const kind of PARTY_KINDS) for (const id of removed[PARTY_SECTIONS[kind]]) yield* assignmentsWith(tx, { [PARTY_FILTERS[kind]]: id });
  for (const id of removed.clients) yield* assignmentsWith(tx, { client: id });
}

/** However many they are: each of them gets its audit event. */
async function* assignmentsWith(tx: StoreTransaction, filters: Readonly<Record<string, string>>): AsyncGenerator<Assignment> {
  let after: Position | undefined;
  do {
    const query = { visibility: { tenancy: EVERYTHING, inherited: false }, sort: 'id', descending: false, limit: BATCH, total: false } as const;
    const page = await tx.directory.list('assignments', { ...query, filters, after });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

function namesRemoved({ party, securityProfile, client }: Assignment, removed: Removed): boolean {
  return (
    removed[PARTY_SECTIONS[party.kind]].has(party.id) ||
    removed.security_profiles.has(securityProfile) ||
    (client !== undefined && removed.clients.has(client))
  );
}

function ruleNamesRemoved({ impersonator, target, securityProfile, client }: ImpersonationRule, removed: Removed): boolean {
  return (
    removed[PARTY_SECTIONS[impersonator.kind]].has(impersonator.id) ||
    removed[PARTY_SECTIONS[target.kind]].has(target.id) ||
    removed.security_profiles.has(securityProfile) ||
    removed.clients.has(client)
  );
}
