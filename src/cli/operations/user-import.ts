/** The operation behind `rolemint user import`: one batch. */
import { importUsers, type ImportResult, type UserRecord } from '../../workspace/import-users.ts';
import type { Operation } from '../operation.ts';
import { workspaceContext } from './workspace.ts';

export interface ImportBatch {
  readonly records: readonly UserRecord[];
  readonly on_error: 'stop' | 'skip';
  readonly dry_run: boolean;
  readonly insecure_plaintext: boolean;
  /** Under which the audit events of the whole import are found. */
  readonly request_id: string;
}

export const importBatch: Operation<ImportBatch, ImportResult> = {
  name: 'user import',
  perform: (context, { records, on_error: onError, dry_run: dryRun, insecure_plaintext, request_id: requestId }) => {
    const { definitions } = context.app.services;
    const insecurePlaintext = insecure_plaintext && !context.app.config.production;
    const policy = { insecurePlaintext, lookup: () => undefined };
    return importUsers({ ...workspaceContext(context), definitions, requestId }, records, { policy, onError, dryRun });
  },
};
