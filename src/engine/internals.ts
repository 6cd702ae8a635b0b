/**
 * The only place that reaches into oidc-provider beyond its public names: the parts of its endpoints that it does not
 * let others reuse, so that introspection, revocation and our grants authenticate clients and proofs exactly as the
 * engine does. `test/unit/engine/internals.test.ts` holds each part to what is relied on; the version is pinned.
 */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import compose from 'koa-compose';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js';
import cors from 'oidc-provider/lib/shared/cors.js';
import errorHandler from 'oidc-provider/lib/shared/error_handler.js';
import noCache from 'oidc-provider/lib/shared/no_cache.js';
import paramsMiddleware from 'oidc-provider/lib/shared/assemble_params.js';
import rejectDupes from 'oidc-provider/lib/shared/reject_dupes.js';
import { urlencoded } from 'oidc-provider/lib/shared/selective_body.js';

export type EngineContext = KoaContextWithOIDC;
export type EngineMiddleware = (ctx: EngineContext, next: () => Promise<void>) => unknown;

/** What proves possession of a key in a request, RFC 9449. */
export interface DpopProof {
  readonly thumbprint: string;
  readonly jti: string;
  readonly iat: number;
}

/**
 * An endpoint that reads a form, authenticates the client and then does its own work: the stack of the engine's
 * introspection and revocation endpoints without their refusal of JWTs.
 * @param route name of the engine's route at the same path, for audiences of client assertions
 * @param errorEvent event that the engine emits for a refusal
 */
export function clientEndpoint(provider: Provider, route: string, errorEvent: string, parameters: readonly string[], handler: EngineMiddleware): EngineMiddleware {
  const stack = compose<EngineContext>([
    errorHandler(errorEvent),
    cors({ allowMethods: 'POST', clientBased: true, exposeHeaders: 'WWW-Authenticate' }),
    noCache,
    urlencoded,
    (ctx: EngineContext, next: () => Promise<void>) => paramsMiddleware(new Set([...parameters, ...getClientAuthParams(ctx)]), ctx, next),
    ...clientAuth,
    (ctx: EngineContext, next: () => Promise<void>) => rejectDupes({}, ctx, next),
    handler,
  ] as EngineMiddleware[] as never);
  return (ctx) => {
    Object.assign(ctx, { _matchedRouteName: route });
    const oidc = new (provider as unknown as { OIDCContext: new (ctx: unknown) => unknown }).OIDCContext(ctx);
    Object.defineProperty(ctx, 'oidc', { value: oidc });
    return stack(ctx);
  };
}

/** The DPoP proof of the request, checked and used up; undefined when there is none. */
export async function dpopProof(provider: Provider, ctx: EngineContext): Promise<DpopProof | undefined> {
  const proof = (await validateDpop(provider, ctx)) as DpopProof | undefined;
  if (proof !== undefined) await checkDpopReplay(provider, ctx, proof, ctx.oidc.client!.clientId);
  return proof;
}

/** Makes every URL that the engine writes, or expects in a proof, start with the configured issuer, whatever the request says. */
export function pinUrlsToIssuer(provider: Provider): void {
  const prototype = (provider as unknown as { OIDCContext: { prototype: { urlFor: unknown } } }).OIDCContext.prototype;
  prototype.urlFor = (name: string, options?: Record<string, unknown>) => provider.urlFor(name, options);
}
