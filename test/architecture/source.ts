/** @module The source files as the architecture tests see them: paths from the root, code without comments, imports. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** A string or template literal, without its delimiters. */
export interface Literal {
  readonly text: string;
  /** A template with `${…}` in it. */
  readonly interpolated: boolean;
  /** The code that stands before it, for knowing whom it is given to. */
  readonly before: string;
  /** The code that follows it. */
  readonly after: string;
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments, and what stands in strings and regular expressions, blanked out. Code in templates stays. */
  readonly code: string;
  readonly literals: readonly Literal[];
  /** What is imported or re-exported, types included. */
  readonly imports: readonly string[];
}

/** Files below a folder of the repository, sorted; none when the folder does not exist. */
export function filesBelow(folder: string, ending = ''): string[] {
  const found = readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .toSorted();
}

export function readSource(file: string): SourceFile {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const { code, spans } = scan(text);
  const literals = spans.map(({ start, end, interpolated }) => ({
    text: text.slice(start + 1, end - 1),
    interpolated,
    before: code.slice(Math.max(0, start - 200), start),
    after: code.slice(end, end + 40),
    line: text.slice(0, start).split('\n').length,
  }));
  const imports = literals
    .filter(({ before, interpolated }) => !interpolated && /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*$/.test(before))
    .map((literal) => literal.text);
  return { path: file, text, code, literals, imports };
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly interpolated: boolean;
}

const OPAQUE = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`|[{}]|\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
/** What can stand before a slash that begins a regular expression; after anything else it divides. */
const REGEXP_MAY_FOLLOW = /(?:^|[(,=:[!&|?{};+]|=>|\breturn|\btypeof|\bcase)\s*$/;

/** Walks through comments, strings, templates and regular expressions. A brace stack knows when a template goes on. */
function scan(text: string): { code: string; spans: Span[] } {
  const code = text.split('');
  const spans: Span[] = [];
  const open: ('{' | { start: number })[] = [];
  const blank = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) if (code[index] !== '\n') code[index] = ' ';
  };
  const template = (start: number, from: number): number => {
    let index = from;
    while (text[index] !== '`' && !text.startsWith('${', index)) {
      if (index >= text.length) throw new Error('a template literal does not end');
      index += text[index] === '\\' ? 2 : 1;
    }
    blank(from, index);
    if (text[index] === '`') {
      spans.push({ start, end: index + 1, interpolated: from !== start + 1 });
      return index + 1;
    }
    open.push({ start });
    return index + 2;
  };
  OPAQUE.lastIndex = 0;
  for (let match = OPAQUE.exec(text); match !== null; match = OPAQUE.exec(text)) {
    const { 0: found, index } = match;
    const end = index + found.length;
    const first = found.charAt(0);
    if (first === '`') OPAQUE.lastIndex = template(index, end);
    else if (first === '{') open.push('{');
    else if (first === '}') {
      const opened = open.pop();
      if (opened !== undefined && opened !== '{') OPAQUE.lastIndex = template(opened.start, end);
    } else if (first === "'" || first === '"') {
      blank(index + 1, end - 1);
      spans.push({ start: index, end, interpolated: false });
    } else if (found.startsWith('//') || found.startsWith('/*')) blank(index, end);
    else if (REGEXP_MAY_FOLLOW.test(code.slice(Math.max(0, index - 20), index).join(''))) blank(index + 1, end - 1);
    else OPAQUE.lastIndex = index + 1;
  }
  return { code: code.join(''), spans };
}

const isConsole = (file: string): boolean => file.startsWith('src/console/');

/** What runs on the server, in the command line, and in APIs. */
export const SOURCES: readonly SourceFile[] = filesBelow('src', '.ts')
  .filter((file) => !isConsole(file))
  .map(readSource);

/** What runs in the browser. Text between tags is no code, so only what needs none of it read is asked of these. */
export const CONSOLE_FILES: readonly string[] = filesBelow('src').filter((file) => isConsole(file) && /\.tsx?$/.test(file));
