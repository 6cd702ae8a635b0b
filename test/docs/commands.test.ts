import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { CliContext } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/run.ts';
import { SETTINGS } from '../../src/config.ts';
import { codeBlocks, DOCUMENTS, read, ROOT } from './documents.ts';
import { STORE_VARIABLE } from '../support/environment.ts';

const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
const silent = { write: () => true };
const find = (command: Command, name: string | undefined) => command.commands.find((child) => child.name() === name);
const program = buildProgram(
  new CliContext({ stdin: process.stdin, stdout: silent, stderr: silent, env: {}, cwd: '/', operator: 'test', signals: process }),
);

/** Every command line in code blocks and in `code`, without comments. */
const LINES = DOCUMENTS.flatMap((document) => {
  const inline = [...read(document).matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!);
  const blocks = codeBlocks(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'));
  return [...inline, ...blocks].map((line) => ({ document, line: line.replace(/\s+#.*$/, '').trim() }));
});

describe('npm commands in the documents', () => {
  const named = LINES.flatMap(({ document, line }) => {
    const [, name] = /^npm (?:run (?:--?\w+ )*)?([\w:]+)/.exec(line) ?? [];
    return name === undefined || name === 'ci' ? [] : [{ document, name }];
  });

  it('are scripts of package.json', () => {
    expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
  });

  it('are, in the README, `npm start` to start and exactly `npm test` to test', () => {
    const lines = codeBlocks('README.md').map(({ text }) => text.trim());
    expect(lines).toContain('npm start');
    expect(lines).toContain('npm test');
  });
});

describe('rolemint commands in the documents', () => {
  const found = LINES.flatMap(({ document, line }) => {
    const [, rest] = /^(?:npx |docker compose exec rolemint )?rolemint ([a-z][^|>]*)/.exec(line) ?? [];
    return rest === undefined ? [] : [{ document, line, words: rest.trim().split(/\s+/) }];
  });

  it.each(found)('$document: $line', ({ words }) => {
    let command: Command = program;
    let rest = words;
    for (let next = find(command, rest[0]); next !== undefined; next = find(command, rest[0])) {
      command = next;
      rest = rest.slice(1);
    }
    expect(command).not.toBe(program);
    const options = rest.filter((word) => word.startsWith('--'));
    const known = command.options.map(({ long }) => long);
    expect(options.filter((option) => !known.includes(option))).toEqual([]);
  });

  it('are many', () => {
    expect(found.length).toBeGreaterThan(20);
  });
});

describe('files that the documents name', () => {
  it('exist', () => {
    const files = LINES.filter(({ line }) => /^(?:src|test|docs|examples|migrations|bench|scripts|\.ci)\/[\w./-]+$/.test(line));
    expect(files.filter(({ line }) => !existsSync(path.join(ROOT, line)))).toEqual([]);
  });
});

describe('settings that the documents name', () => {
  it('exist', () => {
    const known = [STORE_VARIABLE, ...Object.keys(SETTINGS).flatMap((name) => [name, `${name}_FILE`])];
    const named = [...DOCUMENTS, 'compose.yaml', 'Dockerfile'].flatMap((document) =>
      [...read(document).matchAll(/\bROLEMINT_[A-Z_]+[A-Z]\b/g)].map(([name]) => ({ document, name })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !known.includes(name))).toEqual([]);
  });
});
