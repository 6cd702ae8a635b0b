/**
 * Filters as OrderCloud writes them: `Smith*|*Jones`, `!red`, `>2027-01-31`, `!*` for what is absent. They become tests of
 * `domain/browse.ts`; nothing of them is ever a pattern that backtracks.
 */
import type { FieldKind, FieldTest } from '../../domain/browse.ts';

const LONGEST_FILTER = 500;
const MOST_ALTERNATIVES = 20;
/** Each star is a place where a text can be cut; nobody looks for more. */
const MOST_STARS = 3;
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** The tests of which one must hold, or what is wrong with the filter. */
export type ParsedFilter = { readonly tests: readonly FieldTest[] } | { readonly problem: string };

export function parseFilter(text: string, kind: FieldKind): ParsedFilter {
  if (text.length > LONGEST_FILTER) return { problem: `has more than ${LONGEST_FILTER} characters.` };
  const alternatives = text.split('|');
  if (alternatives.length > MOST_ALTERNATIVES) return { problem: `has more than ${MOST_ALTERNATIVES} alternatives.` };
  const tests: FieldTest[] = [];
  for (const alternative of alternatives) {
    const not = alternative.startsWith('!');
    const is = parseTest(not ? alternative.slice(1) : alternative, kind);
    if (typeof is === 'string') return { problem: is };
    tests.push({ not, is });
  }
  return { tests };
}

function parseTest(text: string, kind: FieldKind): FieldTest['is'] | string {
  const [, sign = '', value = ''] = /^([<>]=?)?(.*)$/s.exec(text) ?? [];
  if (sign !== '') return compared(sign, value, kind);
  const [first = '', ...rest] = text.split('*');
  if (rest.length > MOST_STARS) return `has more than ${MOST_STARS} stars.`;
  if (kind === 'text' || text === '*') return { like: [first, ...rest] };
  return kind === 'boolean' ? equalFlag(text) : equalInstant(text);
}

function compared(sign: string, value: string, kind: FieldKind): FieldTest['is'] | string {
  if (kind === 'boolean') return 'is true or false, and neither is more.';
  const than = kind === 'instant' ? instantOf(value) : value;
  if (than === undefined) return NO_INSTANT;
  return { than, order: sign.startsWith('<') ? 'below' : 'above', orEqual: sign.endsWith('=') };
}

const equalFlag = (text: string): FieldTest['is'] | string => {
  const value = text.toLowerCase();
  return value === 'true' || value === 'false' ? { equal: value === 'true' } : 'must be true or false.';
};

const equalInstant = (text: string): FieldTest['is'] | string => {
  const equal = instantOf(text);
  return equal === undefined ? NO_INSTANT : { equal };
};

const NO_INSTANT = 'must be a date such as 2027-01-31 or 2027-01-31T18:00:00Z.';

function instantOf(text: string): Date | undefined {
  if (!INSTANT.test(text)) return undefined;
  const isComplete = text.length === 10 || /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const instant = new Date(isComplete ? text : `${text}Z`);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}
