import { describe, expect, it } from '@jest/globals';
import { GENERATED_DOCUMENTS, withGeneratedParts } from '../../scripts/reference.ts';
import { SETTINGS } from '../../src/config.ts';
import { BUILT_IN_ROLES } from '../../src/domain/role.ts';
import { STATUS } from '../../src/http/errors.ts';
import { read } from './documents.ts';

describe('the generated parts of the documents', () => {
  it.each(GENERATED_DOCUMENTS)('%s says what the code says; `npm run docs` writes it', (document) => {
    const text = read(document);
    expect(withGeneratedParts(text)).toBe(text);
  });

  it('are all there: settings, commands, errors, roles, metrics', () => {
    const parts = (document: string) => [...read(document).matchAll(/<!-- generated: ([a-z]+) -->/g)].map(([, name]) => name);
    expect(parts('README.md')).toEqual(['ordercloud', 'commands', 'settings', 'errors', 'roles']);
    expect(parts('docs/errors.md')).toEqual(['errors']);
    expect(parts('docs/operations.md')).toEqual(['metrics']);
    expect(parts('docs/ordercloud.md')).toEqual(['ordercloudcodes', 'unanswered']);
  });
});

/** First cell of every row of the table under a heading. */
function firstCells(document: string, part: string): string[] {
  const [, table] = new RegExp(`<!-- generated: ${part} -->([\\s\\S]*?)<!-- end -->`).exec(read(document)) ?? [];
  return [...(table ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell!);
}

describe('the tables of the README', () => {
  it('name every setting', () => {
    expect(firstCells('README.md', 'settings')).toEqual(Object.keys(SETTINGS));
  });

  it('name every error code with its status', () => {
    expect(firstCells('README.md', 'errors')).toEqual(Object.keys(STATUS));
    for (const [code, status] of Object.entries(STATUS)) expect(read('README.md')).toContain(`| \`${code}\` | ${status} |`);
  });

  it('name every built-in role', () => {
    expect(firstCells('README.md', 'roles')).toEqual(BUILT_IN_ROLES.map(({ name }) => name));
  });
});
