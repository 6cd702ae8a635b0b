/**
 * @module Removing what very many assignments or memberships name, in steps that are each a small change of their own:
 * administration never waits for more than a thousand of them. What is removed is out of force with the first step, and
 * whoever takes the next step, after a crash too, finds in the store how far it is.
 */
import type { SecurityProfile } from '../domain/security-profile.ts';
import type { ListQuery } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { User } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { EVERYTHING } from '../domain/tenancy.ts';
import { makeChange, type Wanted } from './change.ts';
import type { Removal } from './desired.ts';
import type { SourceDocument } from './document.ts';
import { BATCH, SECTIONS } from './sections.ts';
import { uniteDocuments } from './union.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

export const REMOVABLE = ['security_profiles', 'user_groups', 'clients'] as const;

/** What can be removed in steps. */
export interface Doomed {
  readonly section: (typeof REMOVABLE)[number];
  readonly key: string;
}

export interface RemovalStep {
  /** Assignments and memberships that this step took away. */
  readonly removed: number;
  /** The object itself is gone. */
  readonly done: boolean;
}

/** How much names it. @throws `not_found` */
export function countDependents(context: Pick<WorkspaceContext, 'store'>, { section, key }: Doomed): Promise<number> {
  const count = async (tx: StoreTransaction): Promise<number> => {
    await existing(tx, { section, key });
    return (await tx.directory.dependentsOf(section, key, 1)).total;
  };
  return context.store.transaction(count, { snapshot: true });
}

/** Takes the next step, in one transaction, with its audit events. @throws `not_found` */
export async function takeRemovalStep(context: WorkspaceContext, doomed: Doomed): Promise<RemovalStep> {
  let step: Step | undefined;
  const prepare = async (tx: StoreTransaction): Promise<Wanted> => {
    step = await nextStep(tx, doomed);
    return step.wanted;
  };
  await makeChange(context, prepare, { dryRun: false, effects: false });
  return { removed: step!.removes, done: step!.isLast };
}

interface Step {
  readonly wanted: Wanted;
  readonly removes: number;
  readonly isLast: boolean;
}

async function nextStep(tx: StoreTransaction, doomed: Doomed): Promise<Step> {
  const object = await existing(tx, doomed);
  const assignments = await assignmentsOf(tx, doomed);
  const disarmed = assignments.length < BATCH ? undefined : disarming(doomed, object);
  if (disarmed !== undefined) {
    // A client without a secret cannot be written otherwise; it needs none any more.
    const workspace = declaring({ [doomed.section]: [disarmed] });
    return { wanted: { workspace, generatesSecrets: true }, removes: 0, isLast: false };
  }
  if (assignments.length > 0) return { wanted: { workspace: declaring({}), remove: assignments }, removes: assignments.length, isLast: false };
  const members = doomed.section === 'user_groups' ? await membersOf(tx, doomed.key) : [];
  if (members.length > 0) return { wanted: { workspace: declaring({ users: members }) }, removes: members.length, isLast: false };
  return { wanted: { workspace: declaring({}), remove: [doomed] }, removes: 0, isLast: true };
}

async function existing(tx: StoreTransaction, { section, key }: Doomed): Promise<object> {
  const object = (await SECTIONS[section].repository(tx).findMany([key])).get(key);
  if (object === undefined)
    throw new DomainError('not_found', `There is no ${SECTIONS[section].noun.replaceAll('_', ' ')} ${JSON.stringify(key.slice(0, 200))}.`);
  return object;
}

const FILTERS = { security_profiles: ['security_profile'], user_groups: ['user_group'], clients: ['client_id', 'client'] } as const;
const PAGE: Omit<ListQuery, 'filters'> = {
  visibility: { tenancy: EVERYTHING, inherited: false },
  sort: 'id',
  descending: false,
  limit: BATCH,
  total: false,
};

async function assignmentsOf(tx: StoreTransaction, { section, key }: Doomed): Promise<readonly Removal[]> {
  const found: Removal[] = [];
  for (const filter of FILTERS[section]) {
    const { items } = await tx.directory.list('assignments', { ...PAGE, filters: { [filter]: key } });
    found.push(...items.map(({ id }) => ({ section: 'assignments' as const, key: id })));
  }
  return found.slice(0, BATCH);
}

/** What takes it out of force while its assignments are still there; undefined: it is. A group gives nothing but these. */
function disarming({ section, key }: Doomed, object: object): object | undefined {
  if (section === 'clients') return (object as { readonly active: boolean }).active ? { client_id: key, active: false } : undefined;
  if (section === 'user_groups') return undefined;
  const { roles, permissions, fullAccess, passwordPolicy } = object as SecurityProfile;
  if (roles.length === 0 && permissions.length === 0 && !fullAccess && passwordPolicy === undefined) return undefined;
  return { id: key, roles: [], permissions: [], full_access: false, password_policy: null };
}

/** The next members, as they are without the group. */
async function membersOf(tx: StoreTransaction, group: string): Promise<readonly object[]> {
  const { items } = await tx.directory.listMembers(group, PAGE);
  return items.map((user) => {
    const without: User = { ...user, memberships: user.memberships.filter(({ userGroup }) => userGroup !== group) };
    return { id: user.id, user_groups: SECTIONS.users.describe(without)['user_groups'] };
  });
}

/** What is wanted, as if it stood in a workspace file. */
function declaring(sections: object): Workspace {
  const document: SourceDocument = {
    file: '',
    value: { rolemint: 1, ...sections },
    problems: [],
    readable: true,
    locate: () => ({ file: '', line: 0, column: 0 }),
  };
  return uniteDocuments([document], { insecurePlaintext: false, lookup: () => undefined });
}
