/**
 * @module The one way in which administration changes what is stored: by files, by the management API, by a plan that is
 * taken back. What is wanted is compared with what is there, checked, written and recorded in one transaction; who has
 * only part of the power is judged on the final state, before it becomes true.
 */
import type { Instant } from '../domain/access.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { DefinitionsCache } from '../services/definitions.ts';
import { credentialChanges, SecretWork, unexpiredSecrets, writeCredentials, type CredentialChanges } from './credentials.ts';
import { desiredState, meaningsAfter, type BeforeAndAfter, type Desired, type Removal } from './desired.ts';
import { compareSnapshots, takeSnapshot, type RoleEffect, type Snapshot } from './effects.ts';
import { checkExpectations } from './expectations.ts';
import { recordLosses } from './losses.ts';
import type { ObjectChange } from './object-change.ts';
import { checkAssignments, checkClients, checkIdentities, checkSecurityProfiles } from './object-checks.ts';
import { checkOrganizations } from './organization-checks.ts';
import { planRows, withCredentials, type PlanRow } from './plan.ts';
import { WorkspaceError, type Problem } from './problem.ts';
import { reachedBy, type Reached, type Touched } from './reach.ts';
import { checkReferences, type Exists } from './reference-checks.ts';
import { checkRoles } from './role-checks.ts';
import type { SectionName } from './schema.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';
import { recordChanges, settingChanges, writeObjects, type SettingChange } from './write.ts';

/** What is to become of the store. */
export interface Wanted {
  readonly workspace: Workspace;
  /** Removes what the workspace does not name, in the sections that stand in it. */
  readonly prune?: boolean | undefined;
  /** What is not declared gets its default, also where something is stored. */
  readonly replace?: boolean | undefined;
  readonly remove?: readonly Removal[] | undefined;
  /** Clients get a secret that is made after they are written. */
  readonly generatesSecrets?: boolean | undefined;
}

/** A change that was written and is not yet true. */
export interface WrittenChange {
  readonly rows: readonly PlanRow[];
  readonly objects: readonly ObjectChange[];
  readonly settings: readonly SettingChange[];
  readonly credentials: CredentialChanges;
  readonly meanings: BeforeAndAfter;
  readonly reached: Reached;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly at: Instant;
}

/** The limits of whoever makes a change. The command line, with the database in its hands, has none. */
export interface Authority {
  /** Which of these exist for whoever makes the change; what lies outside is as if it were not there. */
  readonly exists: Exists;
  /** Which of these may be changed by whoever makes the change. */
  readonly owns: Exists;
  /**
   * Looks at what is named and at what is going to be changed, before anything is.
   * @throws `not_found` for what lies outside
   */
  admit(tx: StoreTransaction, desired: Pick<Desired, 'changes' | 'stored'>): Promise<void>;
  /**
   * Judges a change on the final state.
   * @throws DomainError that refuses it; then nothing was changed
   */
  judge(tx: StoreTransaction, change: WrittenChange): Promise<void>;
}

export interface ChangeOptions<T> {
  readonly dryRun: boolean;
  /** Most users, and most clients, whose effective roles are compared. Default 10,000. */
  readonly mostSubjects?: number | undefined;
  /**
   * Whether it is told what people gain. Without it only those are compared whom the change finds there: nobody who comes
   * loses anything. Default true.
   */
  readonly effects?: boolean | undefined;
  /** Hashes that were made before the transaction began. */
  readonly work?: SecretWork | undefined;
  readonly authority?: Authority | undefined;
  /** Does what belongs to the change besides, and reads its answer. */
  readonly finish?: ((tx: StoreTransaction, change: WrittenChange) => Promise<T>) | undefined;
}

export interface Change<T> {
  readonly rows: readonly PlanRow[];
  readonly effects: readonly RoleEffect[];
  /** Not all users or clients whom the change can reach were compared. */
  readonly effectsCut: boolean;
  readonly result: T | undefined;
}

const MOST_SUBJECTS = 10_000;

/**
 * Makes a change, or takes it back after having made it.
 * @param prepare says inside the transaction what is wanted, on what is stored then
 * @throws {WorkspaceError} with every problem of what is wanted
 */
export function makeChange<T>(
  context: WorkspaceContext,
  prepare: (tx: StoreTransaction) => Promise<Wanted>,
  options: ChangeOptions<T>,
): Promise<Change<T>> {
  const steps = async (tx: StoreTransaction): Promise<Change<T>> => {
    const wanted = await prepare(tx);
    const written = await write(tx, { context, wanted, options });
    await options.authority?.judge(tx, written);
    const result = await options.finish?.(tx, written);
    const { before, after, reached, at } = written;
    const effects = compareSnapshots(before, after, reached, at);
    if (!options.dryRun) await recordLosses(tx, { ...written, effects });
    return {
      rows: written.rows,
      effects,
      effectsCut: reached.cut,
      result,
    };
  };
  return context.store.transaction(steps, { rollback: options.dryRun });
}

interface Job {
  readonly context: WorkspaceContext;
  readonly wanted: Wanted;
  readonly options: Pick<ChangeOptions<unknown>, 'dryRun' | 'mostSubjects' | 'effects' | 'work' | 'authority'>;
}

async function write(tx: StoreTransaction, { context, wanted, options }: Job): Promise<WrittenChange> {
  const { workspace } = wanted;
  const at = context.clock.now();
  const { authority } = options;
  const desired = await desiredState(tx, workspace, { ...wanted, owns: authority?.owns, origin: { by: context.actor.id, at: new Date(at) } });
  const before = await (context.definitions ?? new DefinitionsCache()).current(tx.access);
  const meanings = { before, after: meaningsAfter(before, desired) };
  const secrets = await unexpiredSecrets(tx, workspace, new Date(at));
  await authority?.admit(tx, desired);
  const references = await checkReferences(tx, { workspace, desired, exists: authority?.exists });
  // What does not exist for who asks must not be described by another finding.
  if (authority !== undefined) refuse([...workspace.problems, ...desired.problems, ...references]);
  refuse([
    ...workspace.problems,
    ...desired.problems,
    ...references,
    ...checkRoles(workspace, meanings),
    ...(await checkOrganizations(tx, workspace, desired, meanings.after.definitions.organizationTypes)),
    ...(await checkIdentities(tx, workspace, desired)),
    ...checkClients(workspace, desired, { secrets, generated: wanted.generatesSecrets === true }),
    ...checkSecurityProfiles(workspace, desired),
    ...checkAssignments(workspace, desired),
  ]);
  const settings = await settingChanges(tx, workspace);
  const credentials = await credentialChanges(tx, workspace, { work: options.work ?? new SecretWork(context.hasher, options.dryRun), secrets });
  const touched = { changes: desired.changes, credentials, meanings };
  const reached = await reachedBy(tx, options.effects === false ? whatWasThere(touched) : touched, options.mostSubjects ?? MOST_SUBJECTS);
  const was = await takeSnapshot(tx, before.catalogue, reached);
  await writeObjects(tx, desired.changes, settings);
  await writeCredentials(tx, credentials, context);
  const changed = withCredentials(desired.changes, credentials);
  await recordChanges(tx, { objects: changed, settings, catalogue: meanings.after.catalogue }, context);
  refuse(await checkExpectations(tx, workspace, meanings.after.catalogue, at));
  const { catalogue } = meanings.after;
  const becomes = touchesMeaningsAlone(touched) ? { ...was, catalogue } : await takeSnapshot(tx, catalogue, reached);
  const rows = planRows(changed, settings);
  return { rows, objects: desired.changes, settings, credentials, meanings, reached, before: was, after: becomes, at };
}

const MEANINGS: ReadonlySet<SectionName> = new Set(['roles', 'permission_types', 'security_profiles']);

/** What is assigned to whom stays as it is, and need not be read twice. */
const touchesMeaningsAlone = ({ changes, credentials }: Touched): boolean =>
  changes.every(({ section }) => MEANINGS.has(section)) && credentials.passwords.size === 0 && credentials.secrets.size === 0;

/** A first password takes nothing from anybody. */
const whatWasThere = (touched: Touched): Touched => ({
  ...touched,
  changes: touched.changes.filter(({ before }) => before !== undefined),
  credentials: { ...touched.credentials, passwords: new Map() },
});

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new WorkspaceError(problems);
}
