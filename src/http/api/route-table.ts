import { DomainError } from '../../domain/errors.ts';
import { ABSENT } from '../errors.ts';
import type { Method, Route } from './route.ts';

/** What of a route says where it is. */
type Placed = Pick<Route, 'method' | 'path'>;

export interface Match<R> {
  readonly route: R;
  /** As they stand in the path, still percent-encoded. */
  readonly rawParams: Readonly<Record<string, string>>;
}

/** What a path is: nobody's, somebody's with other methods, or a route. */
export type Lookup<R> = Match<R> | { readonly allowed: readonly string[] } | undefined;

interface Pattern<R = Placed> {
  /** A name in braces stands for any one segment. */
  readonly segments: readonly string[];
  readonly routes: ReadonlyMap<Method, R>;
}

const PARAM = /^\{(\w+)\}$/;
/** Control characters, and what stands for bytes that are no UTF-8: in nobody's id. */
const IN_NO_ID = /[\p{Cc}\uFFFD]/u;
const LONGEST_PARAM = 1000;

/** Finds the route of a request. Paths are matched as they are sent: neither case, slashes nor escapes are evened out. */
export class RouteTable<R extends Placed> {
  readonly #prefix: string;
  readonly #patterns: ReadonlyMap<number, readonly Pattern<R>[]>;

  /**
   * @param prefix where every route begins
   * @throws TypeError when two routes are the same
   */
  constructor(routes: readonly R[], prefix: string) {
    this.#prefix = `${prefix}/`;
    const byPath = new Map<string, Map<Method, R>>();
    for (const route of routes) {
      const methods = byPath.get(route.path) ?? new Map<Method, R>();
      if (methods.has(route.method)) throw new TypeError(`${route.method} ${route.path} is declared twice.`);
      byPath.set(route.path, methods.set(route.method, route));
    }
    const patterns = [...byPath].map(([path, methods]): Pattern<R> => ({ segments: path.split('/').slice(1), routes: methods }));
    // A word comes before a parameter: `/users/me` is never the user called "me".
    patterns.sort(wordsFirst);
    const byLength = new Map<number, Pattern<R>[]>();
    for (const pattern of patterns) byLength.set(pattern.segments.length, [...(byLength.get(pattern.segments.length) ?? []), pattern]);
    this.#patterns = byLength;
  }

  /** @param path of the request, without its query */
  find(method: string, path: string): Lookup<R> {
    if (!path.startsWith(this.#prefix)) return undefined;
    const segments = path.slice(this.#prefix.length).split('/');
    for (const pattern of this.#patterns.get(segments.length) ?? []) {
      const rawParams = paramsOf(pattern, segments);
      if (rawParams === undefined) continue;
      const route = pattern.routes.get((method === 'HEAD' ? 'GET' : method) as Method);
      return route === undefined ? { allowed: allowedMethods(pattern) } : { route, rawParams };
    }
    return undefined;
  }
}

/**
 * The parameters of a path, decoded.
 * @throws `not_found` for what cannot be the id of anything, in the words for what does not exist
 */
export function decodeParams(rawParams: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rawParams).map(([name, raw]) => [name, decoded(raw)]));
}

function decoded(raw: string): string {
  let text: string | undefined;
  try {
    text = decodeURIComponent(raw);
  } catch {
    // Not UTF-8, or a percent sign without two digits.
  }
  if (text === undefined || text.length > LONGEST_PARAM || IN_NO_ID.test(text)) throw new DomainError('not_found', ABSENT);
  return text;
}

/** From the left, a word is looked for before anything else that may stand in its place. */
function wordsFirst(a: Pattern<unknown>, b: Pattern<unknown>): number {
  for (const [position, segment] of a.segments.entries()) {
    const difference = Number(PARAM.test(segment)) - Number(PARAM.test(b.segments[position] ?? ''));
    if (difference !== 0) return difference;
  }
  return 0;
}

function paramsOf(pattern: Pattern, segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [position, expected] of pattern.segments.entries()) {
    const found = segments[position]!;
    const name = PARAM.exec(expected)?.[1];
    if (name === undefined ? found !== expected : found === '') return undefined;
    if (name !== undefined) params[name] = found;
  }
  return params;
}

function allowedMethods({ routes }: Pattern): string[] {
  return [...routes.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}
