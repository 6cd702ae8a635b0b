/** Operations on the workspace as a whole. */
import { applyWorkspace, planWorkspace, type WorkspacePlan } from '../../workspace/apply.ts';
import { writeWorkspace } from '../../workspace/export.ts';
import { parseWorkspace } from '../../workspace/read.ts';
import type { Operation, OperationContext, TextOperation } from '../operation.ts';

/** Workspace files as the caller read them. */
export interface WorkspaceSources {
  readonly sources: readonly { readonly file: string; readonly text: string }[];
  readonly insecure_plaintext: boolean;
  /** Values of the environment variables that the files name, as the caller has them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly prune: boolean;
}

export const plan: Operation<WorkspaceSources, WorkspacePlan> = {
  name: 'plan',
  mayCreateDatabase: true,
  perform: (context, sources) => planWorkspace(workspaceContext(context), workspaceOf(context, sources), { prune: sources.prune }),
};

export const apply: Operation<WorkspaceSources, WorkspacePlan> = {
  name: 'apply',
  mayCreateDatabase: true,
  perform: (context, sources) => applyWorkspace(workspaceContext(context), workspaceOf(context, sources), { prune: sources.prune }),
};

export const exportAll: TextOperation<{ readonly format: 'yaml' | 'json'; readonly include_hashes: boolean }> = {
  name: 'export',
  write: ({ app }, { format, include_hashes: includeHashes }, write) => writeWorkspace(app.store, { format, includeHashes }, write),
};

export const migrate: Operation<Record<string, never>, { readonly database: 'embedded' | 'postgres'; readonly current: true }> = {
  name: 'migrate',
  mayCreateDatabase: true,
  // Opening the application migrates: whoever gets here has it behind them.
  perform: async ({ app }) => ({ database: app.config.databaseUrl === undefined ? 'embedded' : 'postgres', current: true }),
};

/** What planning and applying work with in this process. */
export function workspaceContext({ app: { store, hasher, clock, random }, actor }: OperationContext) {
  return { store, hasher, clock, random, actor };
}

function workspaceOf({ app }: OperationContext, { sources, insecure_plaintext, environment }: WorkspaceSources) {
  return parseWorkspace(sources, {
    insecurePlaintext: insecure_plaintext && !app.config.production,
    lookup: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
  });
}

export const WORKSPACE_OPERATIONS = [plan, apply, exportAll, migrate];
