/** @module What a section of a workspace file is to the store: which objects its entries make, and how they read. */
import type { StoreTransaction, WritableRepository } from '../domain/ports.ts';

/** An object in the words of a workspace file: its fields, unset ones undefined, lists sorted. Never a secret. */
export type Fields = Readonly<Record<string, unknown>>;

/** Who declares something, and when; for objects that keep it. */
export interface Origin {
  readonly by: string;
  readonly at: Date;
}

export interface Section<D extends object = object, T extends object = object> {
  /** The noun in audit events: `security_profile` makes `security_profile_created`. */
  readonly noun: string;
  /** Fields without which nothing can be created. */
  readonly required: readonly string[];
  repository(tx: StoreTransaction): WritableRepository<T>;
  keyOf(object: T): string;
  /** What people call it. */
  label(object: T): string;
  /** The object with what the file declares; what it does not declare stays, or gets its default. */
  merge(declared: D, existing: T | undefined, origin: Origin): T;
  describe(object: T): Fields;
  /** Values that a new object has without being told; `export` leaves them out. */
  defaults(object: T): Fields;
}

/** A declared value, or the existing one where nothing is declared; `null` takes an existing one away. */
export function declaredOr<T>(declared: T | null | undefined, existing: T | undefined): T | undefined {
  return declared === undefined ? existing : (declared ?? undefined);
}

/** By UTF-16 code units; in files every list is a set. */
export const sorted = (list: readonly string[]): string[] => [...new Set(list)].sort();

export const isoInstant = (instant: Date | undefined): string | undefined => instant?.toISOString().replace('.000Z', 'Z');

/** Whether two described values are the same; fields that are undefined count as absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...fields].every((field) => isSame((a as Fields)[field], (b as Fields)[field]));
}
