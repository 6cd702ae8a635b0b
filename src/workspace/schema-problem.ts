/** @module Says what a schema found wrong in words that tell what stands there and what may. */
import type { z } from 'zod';
import type { Path } from './problem.ts';
import { SECRET_FIELDS } from './secret.ts';
import { didYouMean } from './suggest.ts';

export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** The key is meant, not its value. */
  readonly atKey: boolean;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'an object',
};

/** The findings of one failed parse of an entry. */
export function findings(error: z.ZodError, schema: z.ZodType, raw: unknown): Finding[] {
  return error.issues.flatMap((issue) => describe(issue, schema, raw));
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, raw: unknown): Finding[] {
  const path = issue.path as Path;
  const value = valueAt(raw, path);
  const say = (message: string): Finding[] => [{ path, message, atKey: false }];
  if (issue.code === 'unrecognized_keys') {
    const allowed = Object.keys(shapeAt(schema, path));
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown field.${didYouMean(key, allowed)} Allowed: ${allowed.join(', ')}.`,
      atKey: true,
    }));
  }
  if (issue.code === 'invalid_union') {
    const closest = issue.errors.find((branch) =>
      branch.every((inner) => inner.path.length > 0 || inner.code === 'custom' || inner.code === 'unrecognized_keys'),
    );
    if (closest !== undefined && closest.length > 0) {
      return closest.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, schema, raw));
    }
    return say(`must be ${unionWords(issue)}; ${found(value, path)}.`);
  }
  if (issue.code === 'custom') return say(withFound(issue.message, value, path));
  if (value === undefined) return say('is missing.');
  if (issue.code === 'invalid_type') {
    const hint = issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean') ? ' Put it in quotes.' : '';
    return say(`must be ${WORDS[issue.expected] ?? issue.expected}; ${found(value, path)}.${hint}`);
  }
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    return say(
      `must be ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}; ${found(value, path)}.${typeof value === 'string' ? didYouMean(value, allowed) : ''}`,
    );
  }
  if (issue.code === 'too_small') return say(`must be ${String(issue.minimum)} or more; ${found(value, path)}.`);
  if (issue.code === 'too_big') return say(`must be ${String(issue.maximum)} or less; ${found(value, path)}.`);
  return say(`${issue.message}; ${found(value, path)}.`);
}

function unionWords(issue: z.core.$ZodIssueInvalidUnion): string {
  const words = issue.errors.flatMap((branch) =>
    branch.map((inner) => {
      if (inner.code === 'invalid_value') return inner.values.map(String).join(' or ');
      return inner.code === 'invalid_type' ? (WORDS[inner.expected] ?? inner.expected) : inner.message;
    }),
  );
  return [...new Set(words)].join(' or ');
}

/** What stands there, unless the message says it already or it is a secret. */
function withFound(message: string, value: unknown, path: Path): string {
  if (typeof value !== 'string' || isSecret(path) || message.startsWith('"')) return message;
  return `${message} Found ${JSON.stringify(value.slice(0, 120))}.`;
}

const isSecret = (path: Path): boolean => path.some((step) => typeof step === 'string' && SECRET_FIELDS.has(step));

function found(value: unknown, path: Path): string {
  if (isSecret(path)) return 'found something else';
  if (Array.isArray(value)) return 'found a list';
  if (typeof value === 'object' && value !== null) return 'found an object';
  return `found ${JSON.stringify(typeof value === 'string' ? value.slice(0, 120) : value) ?? 'nothing'}`;
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The fields that the object at this path may have. */
function shapeAt(schema: z.ZodType, path: Path): Readonly<Record<string, unknown>> {
  let shapes = objectsIn(schema);
  for (const step of path) {
    shapes = shapes.flatMap((current) => {
      const def = definition(current);
      const next = typeof step === 'number' ? def.element : def.shape?.[step];
      return next === undefined ? [] : objectsIn(next);
    });
  }
  return Object.assign({}, ...shapes.map((current) => definition(current).shape ?? {})) as Record<string, unknown>;
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

const definition = (schema: z.ZodType): Definition => schema.def;

/** The objects and lists that a schema comes down to, without what is wrapped around them. */
function objectsIn(schema: z.ZodType): z.ZodType[] {
  const def = definition(schema);
  const inner = def.innerType ?? def.in;
  if (inner !== undefined) return objectsIn(inner);
  return def.options === undefined ? [schema] : def.options.flatMap(objectsIn);
}
