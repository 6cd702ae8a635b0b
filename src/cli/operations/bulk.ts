/** Operations on very much at once. */
import { stringify } from 'csv-stringify/sync';
import { exportUsers } from '../../workspace/export-users.ts';
import { importUsers, USER_FIELDS, type ImportResult, type UserRecord } from '../../workspace/import-users.ts';
import { countDependents, takeRemovalStep, type RemovalStep } from '../../workspace/remove-in-steps.ts';
import type { Operation, TextOperation } from '../operation.ts';
import { workspaceContext } from './workspace.ts';

export interface ImportBatch {
  readonly records: readonly UserRecord[];
  readonly on_error: 'stop' | 'skip';
  readonly dry_run: boolean;
  readonly insecure_plaintext: boolean;
  /** The database is to count what is there afterwards. */
  readonly analyze: boolean;
  /** Under which the audit events of the whole import are found. */
  readonly request_id: string;
}

/** One batch of `rolemint user import`. */
export const importBatch: Operation<ImportBatch, ImportResult> = {
  name: 'user import',
  perform: async (context, { records, on_error: onError, dry_run: dryRun, insecure_plaintext, request_id: requestId, analyze }) => {
    const { definitions } = context.app.services;
    const insecurePlaintext = insecure_plaintext && !context.app.config.production;
    const policy = { insecurePlaintext, lookup: () => undefined };
    const result = await importUsers({ ...workspaceContext(context), definitions, requestId }, records, { policy, onError, dryRun });
    if (analyze && result.created > 0) await context.app.store.analyze();
    return result;
  },
};

export interface ExportUsers {
  readonly format: 'ndjson' | 'csv';
  readonly organization?: string | undefined;
  readonly include_hashes: boolean;
}

type UserFields = Readonly<Record<string, unknown>>;

export const exportUserFile: TextOperation<ExportUsers> = {
  name: 'user export',
  write: async ({ app }, { format, organization, include_hashes: includeHashes }, write) => {
    const columns = USER_FIELDS.filter((name) => name !== 'password' && (includeHashes || name !== 'password_hash'));
    if (format === 'csv') await write(csvOf([columns]));
    await exportUsers(app.store, { organization, includeHashes }, async (users) => {
      if (format === 'csv') await write(csvOf(users.map((user) => columns.map((name) => cellOf(user[name])))));
      else await write(users.map((user) => `${JSON.stringify(user)}\n`).join(''));
    });
  },
};

const csvOf = (rows: readonly (readonly string[])[]): string => stringify(rows.map((row) => [...row]));

/** Lists between semicolons. Of a membership for a time CSV can only say the group. */
function cellOf(value: unknown): string {
  if (value === undefined) return '';
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return value.map((item: unknown) => (typeof item === 'string' ? item : String((item as UserFields)['user_group']))).join(';');
}

const SECTION_OF = { 'security-profile': 'security_profiles', 'user-group': 'user_groups', client: 'clients' } as const;

/** What `rolemint remove` removes. */
export type RemovedKind = keyof typeof SECTION_OF;
export const REMOVED_KINDS = Object.keys(SECTION_OF) as readonly RemovedKind[];

interface Target {
  readonly kind: RemovedKind;
  readonly id: string;
}

export const countNaming: Operation<Target, { readonly count: number }> = {
  name: 'remove count',
  perform: async ({ app }, { kind, id }) => ({ count: await countDependents(app, { section: SECTION_OF[kind], key: id }) }),
};

export const removeStep: Operation<Target, RemovalStep> = {
  name: 'remove step',
  perform: (context, { kind, id }) => {
    const { definitions } = context.app.services;
    return takeRemovalStep({ ...workspaceContext(context), definitions }, { section: SECTION_OF[kind], key: id });
  },
};

export const BULK_OPERATIONS = [importBatch, exportUserFile, countNaming, removeStep];
