import { answered, api } from '../api/client.ts';
import { useSession } from '../session/session.tsx';
import type { SendOptions } from './change.tsx';

/** Where the API has objects that are changed and removed by id, for the version that was read. */
type ObjectPath =
  | '/api/v1/assignments/{id}'
  | '/api/v1/clients/{id}'
  | '/api/v1/impersonation-rules/{id}'
  | '/api/v1/organizations/{id}'
  | '/api/v1/permission-types/{id}'
  | '/api/v1/resource-servers/{id}'
  | '/api/v1/roles/{id}'
  | '/api/v1/security-profiles/{id}'
  | '/api/v1/user-groups/{id}'
  | '/api/v1/users/{id}';

/** Sends for a version; undefined: the roles of this session do not allow it. */
type Send<A extends readonly unknown[]> = ((...args: [...A, etag: string | undefined, options: SendOptions]) => Promise<unknown>) | undefined;

export interface ObjectChanges {
  readonly patch: Send<[body: Record<string, unknown>]>;
  readonly remove: Send<[]>;
}

/** What this session may do with the object. @param isTheirs false: nothing, whatever roles are held */
export function useObjectChanges(path: ObjectPath, id: string, isTheirs = true): ObjectChanges {
  const { may } = useSession();
  const params = (etag: string | undefined, { dryRun }: SendOptions) => ({
    path: { id },
    query: { dry_run: dryRun },
    header: { 'If-Match': etag },
  });
  return {
    patch:
      isTheirs && may('patch', path)
        ? (body, etag, options) => answered(api.PATCH(path, { params: params(etag, options), body: { ...body, ...confirmed(options) } }))
        : undefined,
    remove: isTheirs && may('delete', path) ? (etag, options) => answered(api.DELETE(path, { params: params(etag, options) })) : undefined,
  };
}

const confirmed = ({ confirm }: SendOptions): Pick<SendOptions, 'confirm'> => (confirm === undefined ? {} : { confirm });
