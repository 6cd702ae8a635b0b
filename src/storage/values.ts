/**
 * @module What every store checks at its border and how values are copied there. Stores differ in what they could keep
 * (Postgres keeps no NUL, JavaScript keeps anything); all of them keep only what all of them can.
 */
import { types } from 'node:util';
import type { AuditEvent } from '../domain/audit-event.ts';
import { DomainError } from '../domain/errors.ts';

/** Longest key of anything, in UTF-16 code units: two of them fit into one entry of a Postgres index. */
export const MAXIMUM_KEY_LENGTH = 250;

const UNSTORABLE = /\0|\p{Cs}/u;
/** NUL or half of a surrogate pair in the output of JSON.stringify, not preceded by an escaped backslash. */
const UNSTORABLE_JSON = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** Whether a string can be in a store at all: no NUL, no half of a surrogate pair. One that cannot is never found. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The keys that may exist; the others are not looked up. */
export function storableKeys(keys: readonly string[]): string[] {
  return keys.filter((key) => key.length <= MAXIMUM_KEY_LENGTH && isStorable(key));
}

/** @throws `invalid_input` when the string cannot be the key of anything */
export function assertKey(key: string, what: string): void {
  if (key.length === 0) throw new DomainError('invalid_input', `The key of ${what} is empty.`);
  if (key.length > MAXIMUM_KEY_LENGTH) throw new DomainError('invalid_input', `The key of ${what} is longer than ${MAXIMUM_KEY_LENGTH} characters.`);
  if (!isStorable(key)) throw new DomainError('invalid_input', `The key of ${what} contains NUL or invalid Unicode.`);
}

/** @throws `invalid_input` when the string cannot be kept */
export function assertStorable(text: string, what: string): void {
  if (!isStorable(text)) throw new DomainError('invalid_input', `${what} contains NUL or invalid Unicode.`);
}

/**
 * The value as JSON, with dates as ISO strings.
 * @throws `invalid_input` when a string or a date in it cannot be kept
 */
export function toJson(value: unknown, what: string): string {
  assertDates(value, what);
  const json = JSON.stringify(value);
  if (json.search(UNSTORABLE_JSON) >= 0) throw new DomainError('invalid_input', `${what} contains NUL or invalid Unicode.`);
  return json;
}

/**
 * The event as every store keeps it: U+FFFD in place of what cannot be kept, names cut at the length of a key, `before`
 * and `after` as plain JSON. An audit event is never refused for its contents.
 */
export function keepableEvent(event: AuditEvent): AuditEvent {
  const [before, after] = [forgivingJson(event.before), forgivingJson(event.after)];
  const { onBehalfOf, clientId, organization } = event;
  return {
    type: forgivingText(event.type),
    at: new Date(event.at.getTime()),
    actor: { kind: event.actor.kind, id: forgivingText(event.actor.id) },
    ...(onBehalfOf === undefined ? {} : { onBehalfOf: { kind: onBehalfOf.kind, id: forgivingText(onBehalfOf.id) } }),
    ...(clientId === undefined ? {} : { clientId: forgivingText(clientId) }),
    target: { kind: forgivingText(event.target.kind), id: forgivingText(event.target.id) },
    ...(organization === undefined ? {} : { organization: forgivingText(organization) }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(event.requestId === undefined ? {} : { requestId: forgivingText(event.requestId) }),
  };
}

function forgivingJson(value: unknown): unknown {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : ((JSON.parse(json.replace(UNSTORABLE_JSON, '$1\\ufffd')) as unknown) ?? undefined);
}

function forgivingText(text: string): string {
  return text.slice(0, MAXIMUM_KEY_LENGTH).replaceAll(/\0|\p{Cs}/gu, '\uFFFD');
}

/** Years 1 to 9999: what both ISO 8601 and Postgres read without further agreement. */
function assertDates(value: unknown, what: string): void {
  if (types.isDate(value)) {
    const year = value.getUTCFullYear();
    if (!(year >= 1 && year <= 9999)) throw new DomainError('invalid_input', `${what} contains a date outside of the years 1 to 9999.`);
  } else if (Array.isArray(value)) {
    for (const item of value) assertDates(item, what);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) assertDates(item, what);
  }
}

/** @throws `invalid_input` when a key cannot be one, or stands there twice */
export function assertDistinctKeys(keys: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const key of keys) {
    assertKey(key, what);
    if (seen.has(key)) throw new DomainError('invalid_input', `${what} ${JSON.stringify(key)} is given twice.`);
    seen.add(key);
  }
}

/** A copy that shares nothing with the original; members that are undefined are left out. */
export function copy<T>(value: T): T {
  return copyUnknown(value) as T;
}

function copyUnknown(value: unknown): unknown {
  if (types.isDate(value)) return new Date(value.getTime());
  if (Array.isArray(value)) return value.map(copyUnknown);
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries defines its members: one called __proto__ is a member like any other.
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, copyUnknown(member)]])));
}

/** Pieces of at most `size`, in order. */
export function* batches<T>(items: readonly T[], size = 1000): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** A number that a transaction can have, as Postgres writes it. */
export function isTransactionNumber(text: string): boolean {
  return /^(?:0|[1-9]\d{0,18})$/.test(text);
}
