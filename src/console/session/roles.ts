/** @module Which roles the management API knows, and who may do what with them: from its own description. */
import type { Schemas } from '../api/client.ts';
import { OPERATIONS } from '../api/operations.ts';

type Holder = Pick<Schemas['Me'], 'roles' | 'barred_resources'>;

export type ApiPath = keyof typeof OPERATIONS;
export type MethodOf<P extends ApiPath> = keyof (typeof OPERATIONS)[P] & string;

interface Operation {
  readonly resource: string;
  readonly roles: readonly string[];
}

const operationsOf = (path: ApiPath): Readonly<Record<string, Operation>> => OPERATIONS[path];

/** Every role that some operation takes, sorted. A token asks for these; what is not held is dropped without an error. */
export const MANAGEMENT_ROLES: readonly string[] = [
  ...new Set((Object.keys(OPERATIONS) as ApiPath[]).flatMap((path) => Object.values(operationsOf(path)).flatMap(({ roles }) => roles))),
].toSorted();

/** Whether somebody may do this: not barred from what it is about, and with a role that suffices, where one is needed. */
export function isAllowed<P extends ApiPath>({ roles: held, barred_resources: barred }: Holder, method: MethodOf<P>, path: P): boolean {
  const { resource, roles } = operationsOf(path)[method]!;
  if (barred.some((name) => name === resource)) return false;
  return roles.length === 0 || roles.some((role) => held.includes(role));
}
