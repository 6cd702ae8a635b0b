/**
 * @module The management API's frame. A route is one declaration: where it is, who may call it, what it takes and answers,
 * and what it does. From it come the checks before the handler, the OpenAPI document and the readable pages; a handler
 * gets what is valid and allowed, and nothing else.
 */
import type { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import type { ResourceName } from '../../domain/organization.ts';
import type { ProblemCode } from '../errors.ts';
import type { IfMatch } from './etag.ts';

/** Where every route begins. */
export const API_PREFIX = '/api/v1';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What routes are about: resources that an organization type can be barred from, and what belongs to everybody. */
export type RouteResource = ResourceName | 'access' | 'me';

/** Names in braces: `{ id: string }` for `/users/{id}`. */
export type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Param in Name | keyof ParamsOf<Rest>]: string }
  : unknown;

/** A valid request by somebody who may make it. */
export interface ApiRequest<Params = unknown, Query = unknown, Body = unknown> {
  /** Decoded; what cannot be anybody's id never gets here. */
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly administrator: Administrator;
  /** Of the caller, as far as proxies are trusted. */
  readonly address: string;
  /** For `assertMatch` of `etag.ts`. */
  readonly ifMatch: IfMatch | undefined;
  /** Nothing is to change: the answer says what would. Never true for a GET. */
  readonly dryRun: boolean;
}

export interface ApiAnswer {
  /** One of those that the route declares. */
  readonly status: number;
  readonly body?: unknown;
  /** Written one by one as lines of JSON while they come; in the place of a body. */
  readonly lines?: AsyncIterable<unknown>;
  /** By `etagOf` of `etag.ts`. */
  readonly etag?: string | undefined;
  /** Path below {@link API_PREFIX} of what was made, percent-encoded. */
  readonly location?: string | undefined;
}

/** JSON lines, one object each. */
export interface Lines {
  readonly lines: z.ZodType;
}

/** What an answer carries; undefined: nothing. */
export type AnswerSchema = z.ZodType | Lines | undefined;

export interface RouteSpec<Path extends string, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly method: Method;
  /** Below {@link API_PREFIX}: `/users/{id}`. */
  readonly path: Path;
  readonly resource: RouteResource;
  /** A few words, as a command. */
  readonly summary: string;
  readonly description?: string;
  /** Any one of them suffices; FullAccess does everywhere. */
  readonly roles: readonly [string, ...string[]] | 'any_token';
  /** Every parameter that may be given, each a schema of its text. `dry_run` comes by itself to everything but GET. */
  readonly query?: Query;
  /** A strict object; PATCH takes it as a JSON merge patch. */
  readonly body?: Body;
  readonly answers: Readonly<Record<number, AnswerSchema>>;
  /** What it shows has an `ETag`; where it changes that, it heeds `If-Match`. */
  readonly versioned?: true;
  /** Milliseconds that it may take more than other routes, because it works on a whole deployment. */
  readonly patience?: number;
  /** Codes of refusals besides those that every route of this kind can have. */
  readonly refuses?: readonly ProblemCode[];
  readonly handle: (request: ApiRequest<ParamsOf<Path>, z.output<Query>, z.output<Body>>) => Promise<ApiAnswer>;
}

/** A route whatever its types. */
export interface Route extends Omit<RouteSpec<string, z.ZodObject, z.ZodType>, 'handle'> {
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer>;
}

/** Declares a route; the handler's request has the types of path, query and body. */
export function route<
  const Path extends string,
  Query extends z.ZodObject = z.ZodObject<Record<string, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<Path, Query, Body>): Route {
  // What the handler is given was parsed by the schemas that its type comes from.
  return spec as unknown as Route;
}

/** Names of the parameters of a path. */
export function paramNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
}
