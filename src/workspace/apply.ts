/** @module Plans and applies a workspace: one function makes the change in one transaction; a plan takes it back. */
import { compileCatalogue } from '../domain/catalogue.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import {
  credentialChanges,
  credentialField,
  prepareSecrets,
  SecretWork,
  unexpiredSecrets,
  writeCredentials,
  type CredentialChanges,
} from './credentials.ts';
import { definitionsAfter, desiredState, type Action, type FieldChange, type ObjectChange } from './desired.ts';
import { compareSnapshots, reachedBy, takeSnapshot, type RoleEffect } from './effects.ts';
import { checkExpectations } from './expectations.ts';
import { checkAssignments, checkClients, checkIdentities } from './object-checks.ts';
import { checkOrganizations } from './organization-checks.ts';
import { WorkspaceError, type Problem } from './problem.ts';
import { checkReferences } from './reference-checks.ts';
import { checkRoles } from './role-checks.ts';
import type { SectionName } from './schema.ts';
import { SECTION_NAMES } from './sections.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';
import { recordChanges, writeObjects, type Recorded, type SettingChange } from './write.ts';

export interface PlanOptions {
  /** Removes what the store has and the files do not name, in the sections that stand in the files. Default false. */
  readonly prune?: boolean | undefined;
  /** Most users, and most clients, whose effective roles are compared. Default 10,000. */
  readonly mostSubjects?: number | undefined;
}

/** One changed object. */
export interface PlanRow {
  readonly section: SectionName | 'settings';
  /** Natural id; for assignments what is assigned to whom. */
  readonly key: string;
  readonly action: Action;
  /** Secrets are never shown. */
  readonly fields: readonly FieldChange[];
}

/** A change, in rows and in what it means for people. JSON as it is. */
export interface WorkspacePlan {
  readonly workspace: string | undefined;
  /** Empty: the store is already as the files say. */
  readonly rows: readonly PlanRow[];
  readonly effects: readonly RoleEffect[];
  /** Not all users or clients whom the change can reach were compared. */
  readonly effectsCut: boolean;
  /** How many expectations were checked, and held. */
  readonly expectations: number;
}

const MOST_SUBJECTS = 10_000;

/**
 * What applying the workspace would change, by doing it and taking it back.
 * @throws {WorkspaceError} with every problem that the files have, failing expectations included
 */
export function planWorkspace(context: WorkspaceContext, workspace: Workspace, options: PlanOptions = {}): Promise<WorkspacePlan> {
  return makeChange(context, workspace, { ...options, dryRun: true });
}

/**
 * Brings the store to what the workspace declares, in one transaction, and tells what changed.
 * @throws {WorkspaceError} with every problem that the files have, failing expectations included; then nothing changed
 * @throws `in_use` when something that `prune` removes is still needed by what the files do not contain
 */
export function applyWorkspace(context: WorkspaceContext, workspace: Workspace, options: PlanOptions = {}): Promise<WorkspacePlan> {
  return makeChange(context, workspace, { ...options, dryRun: false });
}

async function makeChange(
  context: WorkspaceContext,
  workspace: Workspace,
  options: PlanOptions & { readonly dryRun: boolean },
): Promise<WorkspacePlan> {
  const work = new SecretWork(context.hasher, options.dryRun);
  if (workspace.problems.length === 0) await prepareSecrets(context, workspace, work);
  return context.store.transaction((tx) => changeWithin(tx, { context, workspace, work, options }), { rollback: options.dryRun });
}

interface Job {
  readonly context: WorkspaceContext;
  readonly workspace: Workspace;
  readonly work: SecretWork;
  readonly options: PlanOptions;
}

async function changeWithin(tx: StoreTransaction, { context, workspace, work, options }: Job): Promise<WorkspacePlan> {
  const now = context.clock.now();
  const desired = await desiredState(tx, workspace, { prune: options.prune === true, origin: { by: context.actor.id, at: new Date(now) } });
  const before = await tx.access.loadDefinitions();
  const definitions = { before, after: definitionsAfter(before, desired) };
  const secrets = await unexpiredSecrets(tx, workspace, new Date(now));
  refuse([
    ...workspace.problems,
    ...desired.problems,
    ...(await checkReferences(tx, workspace, desired)),
    ...checkRoles(workspace, definitions),
    ...(await checkOrganizations(tx, workspace, desired, definitions.after.organizationTypes)),
    ...(await checkIdentities(tx, workspace, desired)),
    ...checkClients(workspace, desired, secrets),
    ...checkAssignments(workspace, desired),
  ]);
  const settings = await settingChanges(tx, workspace);
  const credentials = await credentialChanges(tx, workspace, { work, secrets });
  const reached = await reachedBy(tx, desired.changes, definitions, options.mostSubjects ?? MOST_SUBJECTS);
  const was = await takeSnapshot(tx, before, reached);
  await writeObjects(tx, desired.changes, settings);
  await writeCredentials(tx, credentials, context);
  const changed = withCredentials(desired.changes, credentials);
  await recordChanges(tx, { objects: changed, settings }, context);
  const after = await tx.access.loadDefinitions();
  refuse(await checkExpectations(tx, workspace, compileCatalogue(after), now));
  const becomes = await takeSnapshot(tx, after, reached);
  return {
    workspace: workspace.name?.value,
    rows: planRows(changed, settings),
    effects: compareSnapshots(was, becomes, reached, now),
    effectsCut: reached.cut,
    expectations: workspace.expectations.length,
  };
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new WorkspaceError(problems);
}

async function settingChanges(tx: StoreTransaction, workspace: Workspace): Promise<SettingChange[]> {
  const declared = [
    { name: 'workspace', setting: workspace.name },
    { name: 'impersonation_role', setting: workspace.impersonationRole },
  ] as const;
  const changes: SettingChange[] = [];
  for (const { name, setting } of declared) {
    if (setting === undefined) continue;
    const before = await tx.settings.get(name);
    if (before !== setting.value) changes.push({ name, before, after: setting.value });
  }
  return changes;
}

interface Labelled extends Recorded {
  readonly label: string;
}

/** Changed objects in the order of sections, with their changed credentials; those whose credentials alone change included. */
function withCredentials(changes: readonly ObjectChange[], credentials: CredentialChanges): Labelled[] {
  return SECTION_NAMES.flatMap((section) => {
    const here: Labelled[] = changes.filter((change) => change.section === section);
    const known = new Set(here.map(({ key }) => key));
    const keys = section === 'users' ? credentials.passwords.keys() : section === 'clients' ? credentials.secrets.keys() : [];
    for (const key of keys) if (!known.has(key)) here.push({ section, key, label: key, action: 'update', fields: [] });
    return here.map((change) => {
      const secret = credentialField(credentials, section, change.key);
      return secret === undefined ? change : { ...change, fields: [...change.fields, secret] };
    });
  });
}

function planRows(changes: readonly Labelled[], settings: readonly SettingChange[]): PlanRow[] {
  return [
    ...settings.map(({ name, before, after }): PlanRow => {
      return { section: 'settings', key: name, action: before === undefined ? 'create' : 'update', fields: [{ field: name, before, after }] };
    }),
    ...changes.map(({ section, label, action, fields }): PlanRow => ({ section, key: label, action, fields })),
  ];
}
