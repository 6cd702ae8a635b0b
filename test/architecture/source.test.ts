import { describe, expect, it } from '@jest/globals';
import { readSource, SOURCES } from './source.ts';

describe('how the architecture tests read code', () => {
  it('finds the sources', () => {
    expect(SOURCES.length).toBeGreaterThan(15);
    expect(SOURCES.map((source) => source.path)).toContain('src/domain/scope.ts');
  });

  it('sees imports of values and types, and none that stand in comments or strings', () => {
    const source = readSource('test/architecture/sample.txt');
    expect(source.imports).toEqual(['./a.ts', './b.ts', 'side-effect', './c.ts', 'node:fs', 'lazy']);
  });

  it('sees code without comments, strings and regular expressions, but with what stands inside of templates', () => {
    const { code } = readSource('test/architecture/sample.txt');
    for (const hidden of ['commented', 'quoted', 'template text', 'in a pattern', 'tail of it']) expect(code).not.toContain(hidden);
    for (const seen of ['nested(code', 'half / quarter', 'after(all)']) expect(code).toContain(seen);
  });

  it('knows which templates have something put in, and to whom they are given', () => {
    const { literals } = readSource('test/architecture/sample.txt');
    const found = literals.filter(({ text }) => text.startsWith('template text'));
    expect(found).toHaveLength(2);
    expect(found.map(({ interpolated }) => interpolated)).toEqual([true, false]);
    expect(found[0]!.before.trimEnd()).toMatch(/knex\.raw\($/);
    expect(found[0]!.line).toBe(13);
  });
});
