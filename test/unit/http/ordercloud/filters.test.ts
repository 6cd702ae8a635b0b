import { describe, expect, it } from '@jest/globals';
import type { FieldKind, FieldTest } from '../../../../src/domain/browse.ts';
import { passes } from '../../../../src/domain/browse.ts';
import { parseFilter } from '../../../../src/http/ordercloud/filters.ts';

const testsOf = (text: string, kind: FieldKind = 'text'): readonly FieldTest[] => {
  const parsed = parseFilter(text, kind);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.tests;
};
const fits = (value: string | undefined, filter: string): boolean => testsOf(filter).some((test) => passes(value, test));

describe('a filter', () => {
  it.each<[string, string | undefined, boolean]>([
    ['Smith', 'smith', true],
    ['Smith', 'Smithers', false],
    ['Smith*', 'Smithers', true],
    ['*son', 'Jackson', true],
    ['*ac*', 'Jackson', true],
    ['J*k*n', 'Jackson', true],
    ['J*ks*son', 'Jackson', false],
    ['a*a', 'a', false],
    ['', '', true],
    ['*', 'x', true],
    ['*', undefined, false],
    ['!*', undefined, true],
    ['!*', 'x', false],
    ['!Smith', undefined, true],
    ['!Smith', 'SMITH', false],
    ['Smith|Jones', 'Jones', true],
    ['!Smith|Smith', 'Smith', true],
    ['>b', 'c', true],
    ['>b', 'b', false],
    ['>=b', 'b', true],
    ['<b', undefined, false],
    ['!<b', 'b', true],
    ['.*', 'x', false],
    ['(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', false],
  ])('%j takes %j: %j', (filter, value, expected) => {
    expect(fits(value, filter)).toBe(expected);
  });

  it('reads flags and instants by their kind', () => {
    expect(testsOf('TRUE', 'boolean')).toEqual([{ not: false, is: { equal: true } }]);
    expect(testsOf('2027-01-31', 'instant')).toEqual([{ not: false, is: { equal: new Date('2027-01-31T00:00:00Z') } }]);
    expect(testsOf('>=2027-01-31T18:00', 'instant')).toEqual([
      { not: false, is: { than: new Date('2027-01-31T18:00:00Z'), order: 'above', orEqual: true } },
    ]);
    expect(testsOf('<2027-01-31T18:00:00+02:00', 'instant')[0]!.is).toMatchObject({ than: new Date('2027-01-31T16:00:00Z') });
    expect(testsOf('!*', 'instant')).toEqual([{ not: true, is: { like: ['', ''] } }]);
  });

  it.each<[string, FieldKind, string]>([
    ['*a*b*c*', 'text', 'stars'],
    [Array.from({ length: 21 }, () => 'a').join('|'), 'text', 'alternatives'],
    ['x'.repeat(501), 'text', 'characters'],
    ['yes', 'boolean', 'true or false'],
    ['>true', 'boolean', 'neither is more'],
    ['yesterday', 'instant', 'a date'],
    ['>2027-02-30T99:00', 'instant', 'a date'],
    ['20*', 'instant', 'a date'],
  ])('%s of a %s is refused', (text, kind, problem) => {
    expect(parseFilter(text, kind)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
