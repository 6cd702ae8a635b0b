/** The userinfo endpoint, OpenID Connect Core 1.0 §5.3: guarded by our own tokens the way the APIs of others are. */
import type Koa from 'koa';
import type { Clock, ReplayStore, TokenSigner } from '../domain/ports.ts';
import { SIGNING_ALGORITHMS } from '../domain/resource-server.ts';
import { AccessError } from '../sdk/errors.ts';
import { credentialsOf, presentedByNode } from '../sdk/presented-request.ts';
import { createVerifier, type VerifierOptions } from '../sdk/verifier.ts';
import type { IntrospectionService } from '../services/introspection.ts';
import type { Userinfo } from '../services/userinfo.ts';

export const USERINFO_PATH = '/oauth/userinfo';

export interface UserinfoRouteOptions {
  readonly issuer: string;
  readonly keys: NonNullable<VerifierOptions['keys']>;
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly introspection: Pick<IntrospectionService, 'live'>;
  readonly userinfo: Userinfo;
  readonly replays: ReplayStore;
  readonly clock: Clock;
}

/** Serves {@link USERINFO_PATH}; passes on everything else. */
export function userinfoRoute({ issuer, keys, signer, introspection, userinfo, replays, clock }: UserinfoRouteOptions): Koa.Middleware {
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    // With the path that a proxy may have taken away.
    publicUrl: issuer,
    algorithms: SIGNING_ALGORITHMS,
    keys,
    now: () => new Date(clock.now()),
    replays: { useOnce: (id, until) => replays.useOnce(`userinfo ${id}`, new Date(until * 1000)) },
  });
  return async (ctx, next) => {
    if (ctx.path !== USERINFO_PATH) return void (await next());
    // A script of an application may read it: it shows the token itself, and no cookie.
    ctx.set({ 'Cache-Control': 'no-store', 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'WWW-Authenticate' });
    if (ctx.method === 'OPTIONS') {
      ctx.set({
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers': 'Authorization, DPoP',
        'Access-Control-Max-Age': '3600',
      });
      ctx.status = 204;
      return;
    }
    if (ctx.method !== 'GET' && ctx.method !== 'POST') {
      ctx.set('Allow', 'GET, POST, OPTIONS');
      ctx.status = 405;
      return;
    }
    try {
      ctx.body = await answer(ctx);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      ctx.status = error.status;
      ctx.set({ ...error.headers });
      ctx.body = error.body;
    }
  };

  async function answer(ctx: Koa.Context): Promise<object> {
    const presented = presentedByNode(ctx.req, ctx.originalUrl);
    const access = await verifier.verify(presented);
    const { token, scheme } = credentialsOf(presented.headers.get('authorization'));
    const claims = await signer.verify(token);
    const live = claims && (await introspection.live(claims));
    if (live === undefined) throw new AccessError('invalid_token', 'The access token is not valid here.', { scheme });
    const told = await userinfo.of(new Set(access.scope.split(' ')), live);
    if (told === undefined) throw new AccessError('insufficient_scope', 'The access token needs the scope openid.', { scheme });
    return told;
  }
}
