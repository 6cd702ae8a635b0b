/** @module The documents of the project as tests read them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Every document, relative to the project. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'keys/README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(path.join(ROOT, 'examples'))
    .map((name) => `examples/${name}/README.md`)
    .filter((file) => existsSync(path.join(ROOT, file))),
];

export interface CodeBlock {
  readonly document: string;
  readonly language: string;
  readonly text: string;
  /** From a comment right before it: `<!-- sample: verify -->`. */
  readonly sample: string | undefined;
}

const BLOCK = /(?:<!-- sample: ([a-z]+) -->\n)?```(\w*)\n([\s\S]*?)```/g;

export function codeBlocks(document: string): CodeBlock[] {
  return [...read(document).matchAll(BLOCK)].map(([, name, language, text]) => ({ document, language: language!, text: text!, sample: name }));
}

export function sample(document: string, name: string): string {
  const found = codeBlocks(document).find((block) => block.sample === name);
  if (found === undefined) throw new Error(`${document} has no sample ${name}`);
  return found.text;
}

/** The document without its code blocks. */
export const proseOf = (document: string): string => read(document).replaceAll(BLOCK, '');

/** The anchors that the headings of a document make, as the web front ends of git hosts do. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(BLOCK, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => title!);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}
