/** Schemas applied to what callers send; everything that is wrong is said at once. */
import type { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { findings, type Finding } from '../../workspace/schema-problem.ts';
import { jsonPointer } from './strict-json.ts';

/** Problems that are told at most; a body can have more than anybody wants to read. */
const MOST_TOLD = 50;

export type InputPart = 'body' | 'query';

/** What one problem of a request is about, and what is allowed there. */
export type InputProblem = { readonly pointer: string; readonly message: string } | { readonly parameter: string; readonly message: string };

/**
 * What the schema makes of it.
 * @throws `invalid_input` with `problems`
 */
export function validated<Schema extends z.ZodType>(schema: Schema, sent: unknown, part: InputPart): z.output<Schema> {
  const parsed = schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  throw invalidInput(problemsOf(parsed.error, { schema, sent, part }));
}

/** A refusal with all of these problems; the first one is in the title. */
export function invalidInput(problems: readonly InputProblem[]): DomainError {
  const [first] = problems;
  const more = problems.length > 1 ? ` There are ${problems.length} problems in all.` : '';
  const title = first === undefined ? 'The request cannot be used.' : `${nameOf(first)}: ${first.message}${more}`;
  return new DomainError('invalid_input', title, {
    pointer: first !== undefined && 'pointer' in first ? first.pointer : undefined,
    details: { problems },
  });
}

const nameOf = (problem: InputProblem): string => {
  if ('parameter' in problem) return problem.parameter;
  return problem.pointer === '' ? 'The body' : problem.pointer;
};

function problemsOf(error: z.ZodError, { schema, sent, part }: { schema: z.ZodType; sent: unknown; part: InputPart }): InputProblem[] {
  const told = { issues: error.issues.slice(0, MOST_TOLD).map((issue) => worded(bounded(issue))) } as z.ZodError;
  const problem = ({ path, message }: Finding): InputProblem =>
    part === 'body' ? { pointer: jsonPointer(path), message } : { parameter: String(path[0] ?? ''), message };
  return findings(told, schema, sent).slice(0, MOST_TOLD).map(problem);
}

/** Unknown names each are a problem; comparing thousands of them with what is allowed would be work for nothing. */
function bounded(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  return issue.code === 'unrecognized_keys' ? { ...issue, keys: issue.keys.slice(0, MOST_TOLD) } : issue;
}

/** Lengths are counted in characters and entries; of numbers alone it is the value that is too large. */
function worded(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue;
  const unit = { string: 'characters', array: 'entries' }[issue.origin as string];
  if (unit === undefined) return issue;
  const bound = issue.code === 'too_small' ? `${String(issue.minimum)} ${unit} or more` : `${String(issue.maximum)} ${unit} or less`;
  return { code: 'custom', path: issue.path, message: `must have ${bound}.` };
}
