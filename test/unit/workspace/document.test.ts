import { describe, expect, it } from '@jest/globals';
import { parseDocument } from '../../../src/workspace/document.ts';

const messages = (text: string): string[] =>
  parseDocument(text, 'f').problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);

describe('a YAML or JSON text', () => {
  it('becomes plain values without prototypes', () => {
    const { value, problems } = parseDocument('a: [1, "x", true, null]\nb: {c: 012, d: yes, e: 2026-01-01}\n', 'f');
    expect(problems).toEqual([]);
    expect(JSON.stringify(value)).toBe('{"a":[1,"x",true,null],"b":{"c":12,"d":"yes","e":"2026-01-01"}}');
    expect(Object.getPrototypeOf(value)).toBeNull();
  });

  it('is read the same as JSON', () => {
    expect(JSON.stringify(parseDocument('{"a": [1, {"b": "c\\u00e9"}]}', 'f').value)).toBe('{"a":[1,{"b":"cé"}]}');
  });

  it('knows where every field stands, also behind an alias', () => {
    const { locate } = parseDocument('a: &x\n  b: 1\nc: *x\nd:\n  - e:\n', 'f');
    expect(locate(['a', 'b'])).toEqual({ file: 'f', line: 2, column: 6 });
    expect(locate(['a', 'b'], 'key')).toEqual({ file: 'f', line: 2, column: 3 });
    expect(locate(['c', 'b'])).toEqual({ file: 'f', line: 2, column: 6 });
    expect(locate(['d', 0, 'e'])).toMatchObject({ line: 5, column: 7 });
    expect(locate(['d', 7, 'nothing'])).toMatchObject({ line: 5, column: 3 });
    expect(locate(['c', 'nothing'])).toMatchObject({ line: 3, column: 4 });
  });

  it('reports a syntax error with its place, and nothing of the content', () => {
    const document = parseDocument('a:\n  - "open\n', 'f');
    expect(document.readable).toBe(false);
    expect(document.value).toBeUndefined();
    expect(messages('a:\n\t- b')).toEqual([expect.stringMatching(/^2:\d+ : cannot be read: /)]);
  });

  it('refuses more than one document', () => {
    expect(messages('a: 1\n---\nb: 2\n')).toEqual([expect.stringContaining('has more than one YAML document')]);
  });
});

describe('hostile input', () => {
  it.each(['__proto__: {polluted: true}', '"__proto__": {polluted: true}', '{"__proto__": {"polluted": true}}'])(
    'never sets a prototype: %s',
    (text) => {
      const { value } = parseDocument(text, 'f');
      expect(messages(text)).toEqual([expect.stringContaining('__proto__: unknown field.')]);
      expect(Object.keys(value as object)).toEqual([]);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );

  it('refuses a key that stands twice', () => {
    expect(messages('a: 1\nb: 2\na: 3\n')).toEqual(['3:1 a: stands here twice.']);
    expect(messages('{"a": {"b": 1, "b": 2}}')).toEqual(['1:16 a.b: stands here twice.']);
  });

  it('refuses tags', () => {
    expect(messages('a: !!js/function "x"')).toEqual([expect.stringContaining('a: has the tag')]);
    expect(messages('a: !env HOME')).toEqual([expect.stringContaining('tags are not allowed')]);
    expect(messages('a: !!str 012')).toEqual([]);
  });

  it.each([
    ['flow lists', '['.repeat(200_000)],
    ['flow objects', '{a: '.repeat(100_000)],
    ['block lists', '- '.repeat(100_000)],
    ['explicit keys', '? '.repeat(100_000)],
  ])('refuses deep nesting without recursing into it: %s', (_, text) => {
    const document = parseDocument(text, 'f');
    expect(document.readable).toBe(false);
    expect(document.problems).toHaveLength(1);
    expect(document.problems[0]!.message).toBe('is nested too deeply: at most 16 levels are allowed.');
  });

  it('allows 16 levels and no more', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(messages(nested(17))).toEqual([]);
    expect(messages(nested(18))).toEqual([expect.stringContaining('at most 16 levels')]);
  });

  it('limits what aliases stand for (a billion laughs)', () => {
    const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(',')}]`);
    expect(messages(`l0: &l0 [x,x,x,x,x,x,x,x,x]\n${levels.join('\n')}`)).toEqual([expect.stringContaining('uses aliases that stand for too much.')]);
  });

  it('survives an alias to what contains it, and one to nothing', () => {
    expect(messages('a: &a [*a]')).toEqual([expect.stringContaining('nested too deeply')]);
    expect(messages('a: *nobody')).toEqual([expect.stringContaining('"nobody", which is not defined before it')]);
  });

  it('reads many keys in about the time that they take', () => {
    const text = `{${Array.from({ length: 30_000 }, (_, index) => `"k${index}": 1`).join(',')}}`;
    const { value, problems } = parseDocument(text, 'f');
    expect(problems).toEqual([]);
    expect(Object.keys(value as object)).toHaveLength(30_000);
  });
});
