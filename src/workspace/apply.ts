/** @module Plans and applies a workspace: one function makes the change in one transaction; a plan takes it back. */
import { makeChange, type Authority } from './change.ts';
import { prepareSecrets, SecretWork } from './credentials.ts';
import type { RoleEffect } from './effects.ts';
import type { PlanRow } from './plan.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

export interface PlanOptions {
  /** Removes what the store has and the files do not name, in the sections that stand in the files. Default false. */
  readonly prune?: boolean | undefined;
  /** Most users, and most clients, whose effective roles are compared. Default 10,000. */
  readonly mostSubjects?: number | undefined;
  /** The limits of whoever applies it; unset: none. */
  readonly authority?: Authority | undefined;
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

/**
 * What applying the workspace would change, by doing it and taking it back.
 * @throws {WorkspaceError} with every problem that the files have, failing expectations included
 */
export function planWorkspace(context: WorkspaceContext, workspace: Workspace, options: PlanOptions = {}): Promise<WorkspacePlan> {
  return change(context, workspace, { ...options, dryRun: true });
}

/**
 * Brings the store to what the workspace declares, in one transaction, and tells what changed.
 * @throws {WorkspaceError} with every problem that the files have, failing expectations included; then nothing changed
 * @throws `in_use` when something that `prune` removes is still needed by what the files do not contain
 */
export function applyWorkspace(context: WorkspaceContext, workspace: Workspace, options: PlanOptions = {}): Promise<WorkspacePlan> {
  return change(context, workspace, { ...options, dryRun: false });
}

async function change(context: WorkspaceContext, workspace: Workspace, options: PlanOptions & { readonly dryRun: boolean }): Promise<WorkspacePlan> {
  const work = new SecretWork(context.hasher, options.dryRun);
  if (workspace.problems.length === 0) await prepareSecrets(context, workspace, work);
  const { rows, effects, effectsCut } = await makeChange(context, () => Promise.resolve({ workspace, prune: options.prune }), { ...options, work });
  return { workspace: workspace.name?.value, rows, effects, effectsCut, expectations: workspace.expectations.length };
}
