import { z } from 'zod';
import { invalidInput, validated, type InputProblem } from './validation.ts';
import type { Route } from './route.ts';

/** Longest value of one parameter. */
const LONGEST_VALUE = 2000;
/** Names that are told when they are wrong are cut to this. */
const LONGEST_NAME = 100;
/** Control characters, and what stands for bytes that are no UTF-8. */
const IN_NO_VALUE = /[\p{Cc}\uFFFD]/u;

/** Text that is `true` or `false`, and nothing that is only like it. */
export const flag = z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' });

const dryRun = flag.default(false).describe('Nothing is changed; the answer says what would be.');

/** All parameters that a route takes. */
export function queryOf({ method, query }: Pick<Route, 'method' | 'query'>): z.ZodObject {
  const given = query ?? z.object({});
  return (method === 'GET' ? given : given.extend({ dry_run: dryRun })).strict();
}

/**
 * The parameters of a query string as the schema reads them. Each stands for one text: lists, nested names and
 * repetitions mean something else to everybody, so they mean nothing here.
 * @param search without the question mark
 * @throws `invalid_input` with `problems`
 */
export function readQuery(schema: z.ZodObject, search: string): Readonly<Record<string, unknown>> {
  return validated(schema, readParameters(search, new Set(Object.keys(schema.shape)), false).values, 'query');
}

/** Parameters as text: those that come once, and the others in their order. */
export interface Parameters {
  readonly values: Readonly<Record<string, string>>;
  readonly others: readonly (readonly [string, string])[];
}

/**
 * The parameters of a query string as text.
 * @param once names of those that come at most once
 * @param open whether there may be others, as often as they like
 * @throws `invalid_input` with `problems`
 */
export function readParameters(search: string, once: ReadonlySet<string>, open: boolean): Parameters {
  const values = new Map<string, string>();
  const others: (readonly [string, string])[] = [];
  const problems: InputProblem[] = [];
  for (const pair of search.split('&').filter((part) => part !== '')) {
    const [rawName = '', ...rest] = pair.split('=');
    const name = decoded(rawName);
    const value = decoded(rest.join('='));
    const problem = name === undefined || value === undefined ? 'is not percent-encoded UTF-8.' : problemOf(value);
    if (problem !== undefined) problems.push({ parameter: shown(name ?? rawName), message: problem });
    else if (!once.has(name!) && open) others.push([name!, value!]);
    else if (!once.has(name!)) problems.push({ parameter: shown(name!), message: unknownParameter([...once]) });
    else if (values.has(name!)) problems.push({ parameter: name!, message: 'is given twice.' });
    else values.set(name!, value!);
    if (problems.length >= MOST_TOLD) break;
  }
  if (problems.length > 0) throw invalidInput(problems);
  return { values: Object.fromEntries(values), others };
}

const MOST_TOLD = 20;

function problemOf(value: string): string | undefined {
  if (value.length > LONGEST_VALUE) return `has more than ${LONGEST_VALUE} characters.`;
  return IN_NO_VALUE.test(value) ? 'has a control character.' : undefined;
}

function unknownParameter(allowed: readonly string[]): string {
  return `unknown parameter. ${allowed.length === 0 ? 'None is allowed here.' : `Allowed: ${allowed.join(', ')}.`}`;
}

const shown = (name: string): string => name.slice(0, LONGEST_NAME);

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
