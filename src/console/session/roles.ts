/** @module Which roles the management API knows, and which of them suffices for what: from its own description. */
import { OPERATIONS } from '../api/operations.ts';

export type ApiPath = keyof typeof OPERATIONS;
export type MethodOf<P extends ApiPath> = keyof (typeof OPERATIONS)[P] & string;

/** Every role that some operation takes, sorted. A token asks for these; what is not held is dropped without an error. */
export const MANAGEMENT_ROLES: readonly string[] = [
  ...new Set(Object.values(OPERATIONS).flatMap((methods) => Object.values(methods as Readonly<Record<string, readonly string[]>>).flat())),
].toSorted();

/** Whether somebody with these roles may do this; an operation that names no role takes any token. */
export function suffices<P extends ApiPath>(roles: readonly string[], method: MethodOf<P>, path: P): boolean {
  const sufficient = (OPERATIONS[path] as Readonly<Record<string, readonly string[]>>)[method] ?? [];
  return sufficient.length === 0 || sufficient.some((role) => roles.includes(role));
}
