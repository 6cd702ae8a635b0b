/**
 * The only place that reaches into oidc-provider beyond its public names: the parts of its endpoints that it does not
 * let others reuse, so that our endpoints authenticate clients and proofs, and write errors, exactly as the engine does.
 * `test/unit/engine/internals.test.ts` holds each part to what is relied on; the version is pinned.
 */
import type Provider from 'oidc-provider';
import compose from 'koa-compose';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import cors from 'oidc-provider/lib/shared/cors.js';
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js';
import errorHandler from 'oidc-provider/lib/shared/error_handler.js';
import paramsMiddleware from 'oidc-provider/lib/shared/assemble_params.js';
import rejectDupes from 'oidc-provider/lib/shared/reject_dupes.js';
import instance from 'oidc-provider/lib/helpers/weak_cache.js';
import type { EngineContext, EngineMiddleware } from './context.ts';
import { readForm } from './form.ts';

/** What proves possession of a key in a request, RFC 9449. */
export interface DpopProof {
  readonly thumbprint: string;
  readonly jti: string;
  readonly iat: number;
}

export interface ClientEndpoint {
  /** Name of the engine's route at the same path, for audiences of client assertions and proofs. */
  readonly route: 'token' | 'introspection' | 'revocation';
  /** Event that the engine emits for a refusal. */
  readonly errorEvent: string;
  /** Parameters besides those of client authentication. */
  readonly parameters: Iterable<string>;
  /** Those of them that may come several times. */
  readonly repeatable?: ReadonlySet<string>;
  readonly handler: (ctx: EngineContext) => Promise<void>;
}

const nothing = async (): Promise<void> => undefined;
const crossOrigin = cors({ allowMethods: 'POST', clientBased: true, maxAge: 3600, exposeHeaders: 'WWW-Authenticate' }) as EngineMiddleware;
const authenticateClient = compose(clientAuth as never[]) as unknown as EngineMiddleware;

/**
 * An endpoint that reads a form, authenticates the client and then does its own work: what the engine's own endpoints
 * are made of, in their order, less what is not on here.
 */
export function clientEndpoint(provider: Provider, { route, errorEvent, parameters, repeatable, handler }: ClientEndpoint): EngineMiddleware {
  const { OIDCContext } = provider as unknown as { OIDCContext: new (ctx: unknown) => EngineContext['oidc'] };
  const answerErrors = errorHandler(errorEvent) as EngineMiddleware;
  const duplicates = repeatable === undefined ? {} : { except: repeatable };
  let allowed: ReadonlySet<string> | undefined;
  const work = async (ctx: EngineContext): Promise<void> => {
    Object.assign(ctx.oidc, { body: await readForm(ctx) });
    allowed ??= new Set([...parameters, ...getClientAuthParams(ctx)]);
    await paramsMiddleware(allowed, ctx, nothing);
    await rejectDupes(duplicates, ctx, nothing);
    await authenticateClient(ctx, nothing);
    await handler(ctx);
  };
  return async (ctx) => {
    Object.assign(ctx, { _matchedRouteName: route });
    Object.defineProperty(ctx, 'oidc', { value: new OIDCContext(ctx) });
    const fromBrowser = ctx.get('origin') !== '';
    await answerErrors(ctx, async () => {
      if (ctx.method === 'OPTIONS') await crossOrigin(ctx, nothing);
      else if (fromBrowser) await crossOrigin(ctx, () => work(ctx));
      else await work(ctx);
    });
  };
}

/** The DPoP proof of the request, checked and used up; undefined when there is none. */
export async function dpopProof(provider: Provider, ctx: EngineContext): Promise<DpopProof | undefined> {
  if (ctx.get('dpop') === '') return undefined;
  const proof = (await validateDpop(provider, ctx)) as DpopProof | undefined;
  if (proof !== undefined) await checkDpopReplay(provider, ctx, proof, ctx.oidc.client!.clientId);
  return proof;
}

/**
 * Makes every URL that the engine writes, or expects in a proof, start with the configured issuer, and its cookies those
 * of the issuer's scheme, whatever the request says.
 */
export function pinToIssuer(provider: Provider): void {
  Object.defineProperty(provider.request, 'protocol', { get: () => new URL(provider.issuer).protocol.slice(0, -1) });
  const prototype = (provider as unknown as { OIDCContext: { prototype: { urlFor: unknown } } }).OIDCContext.prototype;
  prototype.urlFor = (name: string, options?: Record<string, unknown>) => provider.urlFor(name, options);
}

/**
 * An authorization response is a redirect: a form that sends itself would be a script in a page of the server's.
 */
export function withoutFormPost(provider: Provider): void {
  instance(provider).responseModes.delete('form_post');
}
