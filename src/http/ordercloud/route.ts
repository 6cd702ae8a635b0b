/**
 * @module What a program written for OrderCloud calls, answered by the same use-cases as the management API. A route is one
 * declaration: which call of OrderCloud's own SDK it answers, where, who may call it, what it takes, what it does.
 */
import type { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import type { WriteCall } from '../../administration/administration.ts';
import type { Method, ParamsOf, RouteResource } from '../api/route.ts';
import type { ListOptions, Listing } from './list.ts';

/** Where every route begins. */
export const ORDERCLOUD_PREFIX = '/v1';

/** A valid request by somebody who may make it. */
export interface OrderCloudRequest<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** What a list is asked for; of lists alone. */
  readonly list: ListOptions;
  readonly administrator: Administrator;
  /** How a change is made: by this caller, who needs the roles of the route to the end. */
  readonly call: WriteCall;
  /** The access token itself. */
  readonly token: string;
  /** Of the caller, as far as proxies are trusted. */
  readonly address: string;
}

export interface OrderCloudAnswer {
  readonly status: 200 | 201 | 204;
  readonly body?: unknown;
}

interface Declared<Path extends string, Query extends z.ZodObject, Body extends z.ZodType> {
  /** Of the SDK: `Buyers.List`. */
  readonly call: string;
  readonly method: Method;
  /** Below {@link ORDERCLOUD_PREFIX}, as the SDK writes it. */
  readonly path: Path;
  /** What is not found when the last id of the path names nothing. */
  readonly about: string;
  /** Parameters besides those of a list. */
  readonly query?: Query;
  readonly body?: Body;
}

export interface RouteSpec<Path extends string, Query extends z.ZodObject, Body extends z.ZodType> extends Declared<Path, Query, Body> {
  readonly resource: RouteResource;
  /** Any one of them suffices; FullAccess does everywhere. */
  readonly roles: readonly [string, ...string[]] | 'any_token';
  readonly list?: Listing;
  readonly handle: (request: OrderCloudRequest<ParamsOf<Path>, z.output<Query>, z.output<Body>>) => Promise<OrderCloudAnswer>;
}

/** What is known of a request that nobody has to prove anything for. */
export interface OpenRequest<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly address: string;
  readonly requestId: string;
}

export interface OpenSpec<Path extends string, Query extends z.ZodObject, Body extends z.ZodType> extends Declared<Path, Query, Body> {
  readonly handle: (request: OpenRequest<ParamsOf<Path>, z.output<Query>, z.output<Body>>) => Promise<OrderCloudAnswer>;
}

/** A route whatever its types. */
export type GuardedRoute = Omit<RouteSpec<string, z.ZodObject, z.ZodType>, 'handle'> & {
  readonly open?: undefined;
  readonly handle: (request: OrderCloudRequest) => Promise<OrderCloudAnswer>;
};
export type OpenRoute = Omit<OpenSpec<string, z.ZodObject, z.ZodType>, 'handle'> & {
  readonly open: true;
  readonly handle: (request: OpenRequest) => Promise<OrderCloudAnswer>;
};
export type OrderCloudRoute = GuardedRoute | OpenRoute;

/** Declares a route; the handler's request has the types of path, query and body. */
export function route<
  const Path extends string,
  Query extends z.ZodObject = z.ZodObject<Record<string, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<Path, Query, Body>): OrderCloudRoute {
  // What the handler is given was parsed by the schemas that its type comes from.
  return spec as unknown as GuardedRoute;
}

/** Declares a route for which no token is needed. */
export function openRoute<
  const Path extends string,
  Query extends z.ZodObject = z.ZodObject<Record<string, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: OpenSpec<Path, Query, Body>): OrderCloudRoute {
  return { ...spec, open: true } as unknown as OpenRoute;
}
