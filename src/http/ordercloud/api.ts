import type Koa from 'koa';
import type { WriteCall } from '../../administration/administration.ts';
import { DomainError } from '../../domain/errors.ts';
import { bearerToken } from '../../sdk/bearer.ts';
import { readBody } from '../api/body.ts';
import { assertAdmitted, guardOf, type GuardOptions } from '../api/guard.ts';
import { readParameters } from '../api/query.ts';
import { decodeParams, RouteTable } from '../api/route-table.ts';
import { validated } from '../api/validation.ts';
import { TokenRefusal } from '../../services/token-refusal.ts';
import { HttpError } from '../errors.ts';
import { ENDPOINT_STATE } from '../server.ts';
import { CROSS_ORIGIN, preflight } from './cross-origin.ts';
import { errorAnswer, type Missing } from './errors.ts';
import { LIST_PARAMETER_NAMES, listOptions, type ListOptions } from './list.ts';
import { ORDERCLOUD_PREFIX, type GuardedRoute, type OrderCloudAnswer, type OrderCloudRoute } from './route.ts';

export interface OrderCloudApiOptions {
  readonly routes: readonly OrderCloudRoute[];
  readonly guard: GuardOptions;
  readonly onRefused: (ctx: Koa.Context, refusal: { readonly code: string; readonly reason: string }) => void;
  readonly onFault: (ctx: Koa.Context, error: unknown) => void;
}

/**
 * Answers everything below `/v1`: the routes, and for the rest of OrderCloud that there is nothing. In the order of the
 * management API: is there such a path, who asks and may they, and only then what is asked.
 */
export function orderCloudApi({ routes, guard: options, onRefused, onFault }: OrderCloudApiOptions): Koa.Middleware {
  const table = new RouteTable(routes, ORDERCLOUD_PREFIX);
  const guard = guardOf(
    routes.filter((route): route is GuardedRoute => route.open !== true),
    options,
  );
  return async (ctx, next) => {
    if (ctx.path !== ORDERCLOUD_PREFIX && !ctx.path.startsWith(`${ORDERCLOUD_PREFIX}/`)) return void (await next());
    ctx.set({ 'Cache-Control': 'no-store', ...CROSS_ORIGIN });
    ctx.state[ENDPOINT_STATE] = ORDERCLOUD_PREFIX;
    if (ctx.method === 'OPTIONS') return preflight(ctx);
    const missing: { current: Missing } = { current: { ObjectType: 'Resource', ObjectID: ctx.path.slice(0, 200) } };
    try {
      const { status, body } = await answer(ctx, missing);
      ctx.status = status;
      if (body === undefined) return;
      ctx.type = 'application/json';
      ctx.body = JSON.stringify(body);
    } catch (error) {
      if (error instanceof TokenRefusal) onRefused(ctx, { code: error.code, reason: error.message });
      errorAnswer(ctx, error, { missing: missing.current, onFault });
    }
  };

  async function answer(ctx: Koa.Context, missing: { current: Missing }): Promise<OrderCloudAnswer> {
    const found = table.find(ctx.method, ctx.path);
    if (found === undefined) throw new DomainError('not_found', 'There is nothing here.');
    if ('allowed' in found) throw new HttpError('method_not_allowed', `${ctx.method} is not possible here.`, { Allow: found.allowed.join(', ') });
    const { route, rawParams } = found;
    ctx.state[ENDPOINT_STATE] = ORDERCLOUD_PREFIX + route.path;
    if (route.open === true) {
      const asked = await read(ctx, route, decodeParams(rawParams));
      return route.handle({ ...asked, address: ctx.ip, requestId: ctx.state['requestId'] as string });
    }
    const administrator = await assertAdmitted(guard, ctx, route, onRefused);
    const params = decodeParams(rawParams);
    missing.current = { ObjectType: route.about, ObjectID: Object.values(params).at(-1) ?? '' };
    const asked = await read(ctx, route, params);
    const call: WriteCall = { administrator, needs: route.roles === 'any_token' ? [] : route.roles, dryRun: false };
    return route.handle({ ...asked, administrator, call, token: bearerToken(ctx.get('authorization')), address: ctx.ip });
  }
}

async function read(ctx: Koa.Context, route: OrderCloudRoute, params: Readonly<Record<string, string>>) {
  const { query, list } = parametersOf(route, ctx.querystring);
  const body = route.body === undefined ? undefined : validated(route.body, await readBody(ctx, route.method), 'body');
  return { params, query, list, body };
}

/** Parameters that the route names come once; of a list every other one is a filter. */
function parametersOf(route: OrderCloudRoute, search: string): { readonly query: unknown; readonly list: ListOptions } {
  const listing = route.open === true ? undefined : route.list;
  const own = Object.keys(route.query?.shape ?? {});
  const once = new Set([...own, ...(listing === undefined ? [] : LIST_PARAMETER_NAMES)]);
  const { values, others } = readParameters(search, once, listing !== undefined);
  const given = Object.entries(values);
  const query =
    route.query === undefined ? {} : validated(route.query.strict(), Object.fromEntries(given.filter(([name]) => own.includes(name))), 'query');
  const list = listing === undefined ? NO_LIST : listOptions(listing, Object.fromEntries(given.filter(([name]) => !own.includes(name))), others);
  return { query, list };
}

const NO_LIST: ListOptions = { page: 1, pageSize: 1, search: undefined, order: [], conditions: undefined };
