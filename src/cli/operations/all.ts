import type { AnyOperation } from '../operation.ts';
import { ACCESS_OPERATIONS } from './access.ts';
import { AUDIT_OPERATIONS } from './audit.ts';
import { BULK_OPERATIONS } from './bulk.ts';
import { CLIENT_OPERATIONS } from './clients.ts';
import { DOCTOR_OPERATIONS } from './doctor.ts';
import { KEY_OPERATIONS } from './keys.ts';
import { REVOCATION_OPERATIONS } from './revocation.ts';
import { USER_OPERATIONS } from './users.ts';
import { WORKSPACE_OPERATIONS } from './workspace.ts';

/** Everything that a running server does for a command, by name. */
export const OPERATIONS: ReadonlyMap<string, AnyOperation> = new Map(
  [
    ...WORKSPACE_OPERATIONS,
    ...KEY_OPERATIONS,
    ...ACCESS_OPERATIONS,
    ...USER_OPERATIONS,
    ...BULK_OPERATIONS,
    ...CLIENT_OPERATIONS,
    ...AUDIT_OPERATIONS,
    ...DOCTOR_OPERATIONS,
    ...REVOCATION_OPERATIONS,
  ].map((operation): [string, AnyOperation] => [operation.name, operation as AnyOperation]),
);
