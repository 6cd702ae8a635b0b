/** @module What is wrong with a workspace, each finding with its place in the files; all of them are reported at once. */
import { DomainError } from '../domain/errors.ts';

export interface Place {
  readonly file: string;
  /** From 1; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** Field in the file, `users[3].email`; empty for the file as a whole. */
  readonly path: string;
  /** What was found and what is allowed. Never contains a secret. */
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** `['users', 3, 'email']` as people write it: `users[3].email`. */
export function printPath(path: Path): string {
  return path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '');
}

export function printPlace({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** A refusal of a workspace with everything that is wrong with it; its message is ready to print, one finding a line. */
export class WorkspaceError extends DomainError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const ordered = inOrder(problems);
    const [first] = ordered;
    super('invalid_input', print(ordered), { pointer: first === undefined ? undefined : printPlace(first) });
    this.problems = ordered;
  }
}

function print(problems: readonly Problem[]): string {
  const title =
    problems.length === 1
      ? 'The workspace has a problem; nothing was changed.'
      : `The workspace has ${problems.length} problems; nothing was changed.`;
  const lines = problems.map((problem) => `  ${printPlace(problem)}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`);
  return [title, ...lines.map(visible)].join('\n');
}

/** The text with everything that a terminal could obey, or hide, made visible. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const distinct = new Map(
    problems.map((problem) => [JSON.stringify([problem.file, problem.line, problem.column, problem.path, problem.message]), problem]),
  );
  return [...distinct.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}
