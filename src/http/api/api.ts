import { Readable } from 'node:stream';
import type Koa from 'koa';
import { PATIENCE_STATE } from '../deadline.ts';
import { HttpError } from '../errors.ts';
import { ENDPOINT_STATE } from '../server.ts';
import { readBody } from './body.ts';
import { isKnown, parseIfMatch } from './etag.ts';
import { assertAdmitted, guardOf, type GuardOptions, type OnRefused } from './guard.ts';
import { queryOf, readQuery } from './query.ts';
import { API_PREFIX, type ApiAnswer, type ApiRequest, type Route } from './route.ts';
import { decodeParams, RouteTable } from './route-table.ts';
import { validated } from './validation.ts';

export interface ManagementApiOptions {
  readonly routes: readonly Route[];
  readonly guard: GuardOptions;
  /** Somebody was not let through, for a reason that the caller is not always told. */
  readonly onRefused: OnRefused;
  /** An answer could not be sent to its end; its status was sent before. */
  readonly onFault: (ctx: Koa.Context, error: unknown) => void;
}

/**
 * Serves the routes below `/api/v1`; passes on everything else. In this order: is there such a path and method (they are
 * public, the document lists them), who asks and may they, and only then what is asked.
 */
export function managementApi({ routes, guard: options, onRefused, onFault }: ManagementApiOptions): Koa.Middleware {
  const table = new RouteTable(routes, API_PREFIX);
  const guard = guardOf(routes, options);
  const queries = new Map(routes.map((route) => [route, queryOf(route)]));
  return async (ctx, next) => {
    const found = table.find(ctx.method, ctx.path);
    if (found === undefined) return void (await next());
    ctx.set('Cache-Control', 'no-store');
    ctx.state[ENDPOINT_STATE] = API_PREFIX;
    if ('allowed' in found) {
      throw new HttpError('method_not_allowed', `${ctx.method} is not possible here.`, { Allow: found.allowed.join(', ') });
    }
    const { route, rawParams } = found;
    ctx.state[ENDPOINT_STATE] = API_PREFIX + route.path;
    ctx.state[PATIENCE_STATE] = route.patience;
    const administrator = await assertAdmitted(guard, ctx, route, onRefused);
    const params = decodeParams(rawParams);
    const query = readQuery(queries.get(route)!, ctx.querystring);
    const ifMatch = parseIfMatch(ctx.get('if-match') || undefined);
    const body = route.body === undefined ? undefined : validated(route.body, await readBody(ctx, route.method), 'body');
    const request: ApiRequest = { params, query, body, administrator, address: ctx.ip, ifMatch, dryRun: query['dry_run'] === true };
    const answer = await route.handle(request);
    present(ctx, route, answer);
    if (answer.lines !== undefined) writeLines(ctx, answer.lines, onFault);
  };
}

function present(ctx: Koa.Context, route: Route, answer: ApiAnswer): void {
  if (!Object.hasOwn(route.answers, answer.status))
    throw new TypeError(`${route.method} ${route.path} does not declare the answer ${answer.status}.`);
  const { status, body, etag, location } = answer;
  if (etag !== undefined) {
    ctx.set('ETag', etag);
    if (route.method === 'GET' && isKnown(ctx.get('if-none-match'), etag)) return void (ctx.status = 304);
  }
  if (location !== undefined) ctx.set('Location', API_PREFIX + location);
  ctx.status = status;
  if (body === undefined) return;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

function writeLines(ctx: Koa.Context, lines: AsyncIterable<unknown>, onFault: ManagementApiOptions['onFault']): void {
  const stream = Readable.from(asText(lines));
  stream.once('error', (error) => {
    onFault(ctx, error);
    // The end of the connection is all that can still tell that lines are missing.
    ctx.res.destroy();
  });
  ctx.type = 'application/x-ndjson';
  ctx.body = stream;
}

async function* asText(lines: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
