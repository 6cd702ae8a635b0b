/** Versions of what is shown: a strong entity tag is a hash of the representation, so it changes with it and with nothing else. */
import { createHash } from 'node:crypto';
import { DomainError } from '../../domain/errors.ts';

/** RFC 9110 §13.1.1: any version at all, or one of these. */
export type IfMatch = '*' | readonly string[];

/** RFC 9110 §8.8.3, one entity tag. */
const TAG = /^(?:W\/)?"[\x21\x23-\x7E]*"$/;

/** The strong entity tag of a representation; members in another order make no other version. */
export function etagOf(representation: unknown): string {
  return `"${createHash('sha256').update(canonicalJson(representation)).digest('base64url')}"`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/**
 * Reads an If-Match header.
 * @throws `invalid_input` when it is neither `*` nor a list of entity tags
 */
export function parseIfMatch(header: string | undefined): IfMatch | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const tags = header.split(',').map((tag) => tag.trim());
  if (tags.every((tag) => TAG.test(tag))) return tags;
  throw new DomainError('invalid_input', 'If-Match must be *, or entity tags in quotes, as ETag gave them.');
}

/**
 * Refuses a change of something that is not as the caller saw it. Weak tags never match (RFC 9110 §13.1.1).
 * @param current tag of the representation as it is now; undefined: it does not exist
 * @throws `stale_version`
 */
export function assertMatch(ifMatch: IfMatch | undefined, current: string | undefined): void {
  if (ifMatch === undefined) return;
  if (current !== undefined && (ifMatch === '*' || ifMatch.includes(current))) return;
  throw new DomainError('stale_version', 'It was changed since it was read. Read it again.');
}

/** Whether If-None-Match says that the caller has this version already; compared weakly (RFC 9110 §13.1.2). */
export function isKnown(ifNoneMatch: string, current: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === current);
}
