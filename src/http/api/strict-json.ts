/**
 * JSON that means the same to everybody who reads it. RFC 8259 leaves open what a name given twice, half a surrogate pair
 * or a number beyond all bounds means; a filter and a server that disagree about it are a hole, so these are refused.
 */
import { DomainError } from '../../domain/errors.ts';

export const DEEPEST_JSON = 16;

/** A member of these names is an attack on somebody's prototype, or will be taken for one. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const UNSOUND = /[\0\uD800-\uDFFF]/u;
const SPACE = /\s/;

/** An object or list that is being read. */
interface Open {
  /** Names so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  /** Name or position of the member that is being read; undefined before the first name. */
  at: string | number | undefined;
}

/**
 * Reads JSON, and nothing that is only nearly JSON.
 * @throws `invalid_input` with a pointer to what is wrong
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError(
      'invalid_input',
      text.startsWith('\uFEFF') ? 'The body begins with a byte order mark; leave it out.' : 'The body is not JSON.',
    );
  }
  inspect(text);
  return value;
}

/** Walks once through text that is known to be JSON; what is open is a list, so depth costs no stack. */
function inspect(text: string): void {
  const open: Open[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text[position]!;
    const inside = open.at(-1);
    if (character === '{' || character === '[') {
      open.push(character === '{' ? { names: new Set(), at: undefined } : { names: undefined, at: 0 });
      if (open.length > DEEPEST_JSON) refuse(open.slice(0, -1), `is nested too deep: ${DEEPEST_JSON} levels are allowed`);
      position += 1;
    } else if (character === '"') {
      const end = endOfString(text, position);
      const found = decodedString(text.slice(position, end));
      position = end;
      if (inside?.names !== undefined && inside.at === undefined) enterMember(open, inside, found);
      else if (UNSOUND.test(found)) refuse(open, 'has a character that no text can have');
    } else if (character === '-' || isDigit(character)) {
      const end = endOfNumber(text, position);
      if (!Number.isFinite(Number(text.slice(position, end)))) refuse(open, 'is a number beyond all bounds');
      position = end;
    } else {
      if (character === '}' || character === ']') open.pop();
      else if (character === ',') inside!.at = typeof inside!.at === 'number' ? inside!.at + 1 : undefined;
      position += 1;
    }
  }
}

function enterMember(open: readonly Open[], inside: Open, name: string): void {
  inside.at = name;
  if (UNSOUND.test(name)) refuse(open.slice(0, -1), 'has a name with a character that no text can have');
  if (inside.names!.has(name)) refuse(open, 'is given twice');
  if (RESERVED_NAMES.has(name)) refuse(open, 'is no name of ours');
  inside.names!.add(name);
}

/** Position behind the closing quote. */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

/** Without a backslash what stands between the quotes is the string. */
function decodedString(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9';

function endOfNumber(text: string, start: number): number {
  let position = start + 1;
  while (position < text.length && !SPACE.test(text[position]!) && !',]}'.includes(text[position]!)) position += 1;
  return position;
}

function refuse(open: readonly Open[], what: string): never {
  const pointer = jsonPointer(open.map(({ at }) => at ?? ''));
  throw new DomainError('invalid_input', `${pointer === '' ? 'The body' : pointer} ${what}.`, { pointer });
}

/** RFC 6901: `/users/0/email`; empty for the whole. */
export function jsonPointer(steps: readonly PropertyKey[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
