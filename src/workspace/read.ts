/** @module Reads files and directories into one workspace. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument, type SourceDocument } from './document.ts';
import { WorkspaceError, type Problem } from './problem.ts';
import type { SecretPolicy } from './schema.ts';
import { uniteDocuments } from './union.ts';
import type { Workspace } from './workspace.ts';

/** The text of a file. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

const LARGEST_FILE = 16 * 1024 * 1024;
const WORKSPACE_FILE = /\.(?:yaml|yml|json)$/;

/**
 * Reads files, and all `*.yaml`, `*.yml` and `*.json` files of directories, as one workspace: their union.
 * @returns the workspace; what is wrong with its content is in `problems`, so that `plan` and `apply` can name it
 * together with what only the store shows
 * @throws {WorkspaceError} when a file cannot be read at all, or is no YAML or JSON; all such files are named
 */
export async function readWorkspace(paths: readonly string[], policy: SecretPolicy): Promise<Workspace> {
  const { sources, problems } = await readSources(paths);
  return parseWorkspace(sources, policy, problems);
}

/** The texts that {@link parseWorkspace} takes, each file once; and which could not be read. */
export async function readSources(paths: readonly string[]): Promise<{ readonly sources: readonly Source[]; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const file of await filesOf(paths, problems)) {
    if (seen.has(path.resolve(file))) continue;
    seen.add(path.resolve(file));
    const text = await textOf(file, problems);
    if (text !== undefined) sources.push({ file, text });
  }
  return { sources, problems };
}

/**
 * Makes one workspace of texts that were read already.
 * @throws {WorkspaceError} when one of them is no YAML or JSON
 */
export function parseWorkspace(sources: readonly Source[], policy: SecretPolicy, unreadable: readonly Problem[] = []): Workspace {
  const documents: SourceDocument[] = sources.map(({ file, text }) => parseDocument(text, file));
  const broken = documents.filter((document) => !document.readable);
  if (unreadable.length > 0 || broken.length > 0) throw new WorkspaceError([...unreadable, ...broken.flatMap((document) => document.problems)]);
  return uniteDocuments(documents, policy);
}

async function filesOf(paths: readonly string[], problems: Problem[]): Promise<string[]> {
  const files: string[] = [];
  for (const given of paths) {
    try {
      if (!(await stat(given)).isDirectory()) {
        files.push(given);
        continue;
      }
      const names = (await readdir(given)).filter((name) => WORKSPACE_FILE.test(name) && !name.startsWith('.')).sort();
      if (names.length === 0) problems.push(about(given, 'has no *.yaml, *.yml or *.json file in it.'));
      files.push(...names.map((name) => path.join(given, name)));
    } catch (error) {
      problems.push(about(given, reasonOf(error)));
    }
  }
  return files;
}

async function textOf(file: string, problems: Problem[]): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_FILE) {
      problems.push(about(file, `has ${size} bytes; at most ${LARGEST_FILE} are read.`));
      return undefined;
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    problems.push(about(file, reasonOf(error)));
    return undefined;
  }
}

const about = (file: string, message: string): Problem => ({ file, line: 0, column: 0, path: '', message });

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOENT') return 'does not exist.';
  if (code === 'EISDIR') return 'is a directory.';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not valid UTF-8.';
  return `cannot be read (${typeof code === 'string' ? code : 'unknown reason'}).`;
}
