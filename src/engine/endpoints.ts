/**
 * @module The protocol's URLs. One table says which paths and methods exist; everything that reaches the engine has
 * passed it, so the engine's lenience about case, slashes, Accept and Host never shows.
 */
import compose from 'koa-compose';
import type Koa from 'koa';
import type { AttemptBudget } from '../domain/ports.ts';
import type { IntrospectionService } from '../services/introspection.ts';
import type { RevocationService } from '../services/revocation.ts';
import { errors } from 'oidc-provider';
import { discoveryDocument } from './discovery.ts';
import { inProtocol } from './errors.ts';
import { clientEndpoint, type EngineContext, type EngineMiddleware } from './internals.ts';
import { PATHS, type Engine } from './provider.ts';

export interface EndpointOptions {
  readonly issuer: string;
  readonly introspection: IntrospectionService;
  readonly revocation: RevocationService;
  readonly budget: AttemptBudget;
  /** Public keys as of now. */
  readonly jwks: () => { readonly keys: readonly object[] };
}

/** How long anyone may keep the keys and the discovery documents. */
export const JWKS_MAX_AGE_SECONDS = 300;

/** The engine as Koa middleware; passes on what is not one of its URLs. */
export function engineEndpoints(engine: Engine, options: EndpointOptions): Koa.Middleware {
  const token = compose(engine.provider.middleware) as EngineMiddleware;
  const form = new Map<string, EngineMiddleware>([
    [PATHS.token, token],
    [PATHS.introspection, introspectionEndpoint(engine, options)],
    [PATHS.revocation, revocationEndpoint(engine, options)],
  ]);
  const document = discoveryDocument(options.issuer);
  const documents = new Map<string, () => object>([
    [PATHS.jwks, options.jwks],
    ['/.well-known/openid-configuration', () => document],
    ['/.well-known/oauth-authorization-server', () => document],
  ]);
  return async (ctx, next) => {
    const endpoint = form.get(ctx.path);
    if (endpoint !== undefined) return formEndpoint(ctx as unknown as EngineContext, { endpoint, preflight: token, budget: options.budget });
    const published = documents.get(ctx.path);
    if (published !== undefined) return publishedDocument(ctx, published);
    return next();
  };
}

interface FormEndpoint {
  readonly endpoint: EngineMiddleware;
  readonly preflight: EngineMiddleware;
  readonly budget: AttemptBudget;
}

async function formEndpoint(ctx: EngineContext, { endpoint, preflight, budget }: FormEndpoint): Promise<void> {
  const done = async () => undefined;
  if (ctx.method === 'OPTIONS') return void (await preflight(ctx, done));
  ctx.set('Cache-Control', 'no-store');
  if (ctx.method !== 'POST') {
    ctx.set('Allow', 'POST, OPTIONS');
    return refuse(ctx, 405, 'invalid_request', `${ctx.method} is not allowed here, POST is`);
  }
  const charset = ctx.request.charset.toLowerCase();
  if (charset !== '' && charset !== 'utf-8' && charset !== 'utf8') return refuse(ctx, 400, 'invalid_request', 'only UTF-8 is supported');
  const blockedFor = budget.blockedFor(ctx.ip);
  if (blockedFor !== undefined) {
    ctx.set('Retry-After', String(blockedFor));
    return refuse(ctx, 429, 'temporarily_unavailable', 'too many attempts, try again later');
  }
  // The answer is JSON whatever is preferred; a page with the request's words in it would help nobody.
  ctx.req.headers.accept = 'application/json';
  await endpoint(ctx, done);
  if (ctx.status === 401) await budget.recordFailure(ctx.ip);
}

function refuse(ctx: EngineContext, status: number, error: string, description: string): void {
  ctx.status = status;
  ctx.body = { error, error_description: description };
}

function publishedDocument(ctx: Koa.Context, published: () => object): void {
  ctx.set('Access-Control-Allow-Origin', '*');
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
    ctx.set('Allow', 'GET, HEAD');
    ctx.status = ctx.method === 'OPTIONS' ? 204 : 405;
    return;
  }
  ctx.set('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`);
  ctx.body = published();
}

function introspectionEndpoint({ provider }: Engine, { introspection }: EndpointOptions): EngineMiddleware {
  return clientEndpoint(provider, 'introspection', 'introspection.error', ['token', 'token_type_hint'], async (ctx) => {
    // RFC 7662 §2.1: the caller must be authenticated, which a public client never is.
    if (ctx.oidc.client!.clientAuthMethod === 'none') throw new errors.InvalidClientAuth('public clients cannot introspect' as never);
    ctx.body = await inProtocol(() => introspection.introspect(presentedToken(ctx), ctx.oidc.client!.clientId));
  });
}

function revocationEndpoint({ provider }: Engine, { revocation }: EndpointOptions): EngineMiddleware {
  return clientEndpoint(provider, 'revocation', 'revocation.error', ['token', 'token_type_hint'], async (ctx) => {
    await inProtocol(() => revocation.revokeToken(presentedToken(ctx), ctx.oidc.client!.clientId));
    ctx.status = 200;
    ctx.body = '';
  });
}

function presentedToken(ctx: EngineContext): string {
  const { token } = ctx.oidc.params as { token?: unknown };
  if (typeof token !== 'string') throw new errors.InvalidRequest("missing required parameter(s) 'token'");
  return token;
}
