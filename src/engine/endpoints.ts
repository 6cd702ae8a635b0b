/**
 * @module The protocol's URLs. One table says which paths and methods exist; everything that reaches the engine has
 * passed it, so the engine's lenience about case, slashes, Accept and Host never shows.
 */
import type Koa from 'koa';
import type { AttemptBudget } from '../domain/attempt-budget.ts';
import { JWKS_MAX_AGE_SECONDS } from '../domain/signing-key.ts';
import { DEVICE_INTERVAL_SECONDS } from '../services/device-codes.ts';
import type { IntrospectionService } from '../services/introspection.ts';
import type { RevocationService } from '../services/revocation.ts';
import type { TokenService } from '../services/tokens.ts';
import { errors } from 'oidc-provider';
import { answeredByEngine, type AuthorizationRefusal } from './authorization.ts';
import { discoveryDocument } from './discovery.ts';
import { inProtocol } from './errors.ts';
import { grantHandler, required, SHARED_PARAMETERS, type GrantParts } from './grants/grant.ts';
import { GRANTS } from './grants/grants.ts';
import type { Engine, EngineContext, EngineMiddleware } from './context.ts';
import { clientEndpoint } from './internals.ts';
import { PATHS } from './provider.ts';

export interface EndpointOptions extends GrantParts {
  readonly issuer: string;
  readonly tokens: TokenService;
  readonly introspection: IntrospectionService;
  readonly revocation: RevocationService;
  readonly budget: AttemptBudget;
  /** Public keys as of now. */
  readonly jwks: () => { readonly keys: readonly object[] };
  /** Tells a person of a refusal that cannot be sent back to a client. */
  readonly refused: (ctx: Koa.Context, refusal: AuthorizationRefusal) => void;
}

/** The engine as Koa middleware; passes on what is not one of its URLs. */
export function engineEndpoints(engine: Engine, options: EndpointOptions): Koa.Middleware {
  const byEngine = answeredByEngine(engine.provider);
  const form = new Map<string, EngineMiddleware>([
    [PATHS.token, tokenEndpoint(engine, options)],
    [PATHS.pushedAuthorization, byEngine],
    [PATHS.deviceAuthorization, deviceAuthorizationEndpoint(byEngine)],
    [PATHS.introspection, introspectionEndpoint(engine, options.introspection)],
    [PATHS.revocation, revocationEndpoint(engine, options.revocation)],
  ]);
  const document = discoveryDocument(options.issuer);
  const documents = new Map<string, () => object>([
    [PATHS.jwks, options.jwks],
    ['/.well-known/openid-configuration', () => document],
    ['/.well-known/oauth-authorization-server', () => document],
  ]);
  return async (ctx, next) => {
    const endpoint = form.get(ctx.path);
    if (endpoint !== undefined) return formEndpoint(ctx as unknown as EngineContext, endpoint, options.budget);
    const published = documents.get(ctx.path);
    if (published !== undefined) return publishedDocument(ctx, published);
    if (isAuthorization(ctx.path)) return authorizationEndpoint(ctx, byEngine, options.refused);
    await next();
  };
}

/** The authorization endpoint, and below it where a request goes on once its person did something. */
const isAuthorization = (path: string): boolean => path === PATHS.authorization || /^\/oauth\/authorize\/[\w-]{1,100}$/.test(path);

async function authorizationEndpoint(
  ctx: Koa.Context,
  byEngine: ReturnType<typeof answeredByEngine>,
  refused: EndpointOptions['refused'],
): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  if (ctx.method !== 'GET') {
    ctx.set('Allow', 'GET');
    ctx.status = 405;
    return refused(ctx, { error: 'invalid_request', error_description: `${ctx.method} is not allowed here, GET is` });
  }
  const refusal = await byEngine(ctx);
  if (refusal !== undefined) refused(ctx, refusal);
}

async function formEndpoint(ctx: EngineContext, endpoint: EngineMiddleware, budget: AttemptBudget): Promise<void> {
  const done = async () => undefined;
  if (ctx.method === 'OPTIONS') return void (await endpoint(ctx, done));
  ctx.set('Cache-Control', 'no-store');
  if (ctx.method !== 'POST') {
    ctx.set('Allow', 'POST, OPTIONS');
    return refuse(ctx, 405, 'invalid_request', `${ctx.method} is not allowed here, POST is`);
  }
  // The answer is JSON whatever is preferred; a page with the request's words in it would help nobody.
  ctx.req.headers.accept = 'application/json';
  await endpoint(ctx, done);
  if (ctx.status === 401) await slowDown(ctx, budget);
}

/**
 * Whoever keeps failing to be a client is told to come back later instead of why. Only failures are answered so: behind
 * the same proxy or address others go on undisturbed.
 */
async function slowDown(ctx: EngineContext, budget: AttemptBudget): Promise<void> {
  await budget.recordFailure(ctx.ip);
  const blockedFor = budget.blockedFor(ctx.ip);
  if (blockedFor === undefined) return;
  ctx.remove('WWW-Authenticate');
  ctx.set('Retry-After', String(blockedFor));
  refuse(ctx, 429, 'temporarily_unavailable', 'too many attempts, try again later');
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

function tokenEndpoint(engine: Engine, options: EndpointOptions): EngineMiddleware {
  const handlers = new Map(GRANTS.map((grant) => [grant.name, grantHandler(engine, options, grant)]));
  return clientEndpoint(engine.provider, {
    route: 'token',
    errorEvent: 'grant.error',
    parameters: new Set([...SHARED_PARAMETERS, ...GRANTS.flatMap((grant) => grant.parameters)]),
    repeatable: new Set(['resource']),
    handler: async (ctx) => {
      const name = required(ctx, 'grant_type');
      const handle = handlers.get(name);
      if (handle === undefined) throw new errors.UnsupportedGrantType();
      if (!ctx.oidc.client!.grantTypes!.includes(name)) throw new errors.UnauthorizedClient('the client is not allowed to use this grant type');
      await handle(ctx);
    },
  });
}

/** RFC 8628 §3.2: the engine leaves it to the device how often it asks; here it is told. */
function deviceAuthorizationEndpoint(byEngine: (ctx: Koa.Context) => Promise<unknown>): EngineMiddleware {
  return async (ctx) => {
    await byEngine(ctx);
    if (ctx.status === 200) ctx.body = { ...(ctx.body as object), interval: DEVICE_INTERVAL_SECONDS };
  };
}

const PRESENTED = ['token', 'token_type_hint'];

function introspectionEndpoint({ provider }: Engine, introspection: IntrospectionService): EngineMiddleware {
  return clientEndpoint(provider, {
    route: 'introspection',
    errorEvent: 'introspection.error',
    parameters: PRESENTED,
    handler: async (ctx) => {
      const { clientId, clientAuthMethod } = ctx.oidc.client!;
      // RFC 7662 §2.1: the caller must be authenticated, which a public client never is.
      if (clientAuthMethod === 'none') throw new errors.InvalidClientAuth('public clients cannot introspect');
      ctx.body = await inProtocol(() => introspection.introspect(required(ctx, 'token'), clientId));
    },
  });
}

function revocationEndpoint({ provider }: Engine, revocation: RevocationService): EngineMiddleware {
  return clientEndpoint(provider, {
    route: 'revocation',
    errorEvent: 'revocation.error',
    parameters: PRESENTED,
    handler: async (ctx) => {
      await inProtocol(() => revocation.revokeToken(required(ctx, 'token'), ctx.oidc.client!.clientId));
      ctx.status = 200;
      ctx.body = '';
    },
  });
}
