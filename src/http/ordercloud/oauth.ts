/** What OrderCloud has beside the token endpoint: a public key by its id, and a token that tells who somebody is. */
import type Koa from 'koa';
import { JWKS_MAX_AGE_SECONDS } from '../../domain/signing-key.ts';
import { bearerToken } from '../../sdk/bearer.ts';
import { HttpError } from '../errors.ts';
import { ENDPOINT_STATE } from '../server.ts';
import type { GrantType } from '../../domain/client.ts';
import type { Claims, Store, TokenSigner } from '../../domain/ports.ts';
import type { AccessService } from '../../services/access.ts';
import type { IntrospectionService, LiveAccess } from '../../services/introspection.ts';
import { ALL } from '../../services/one-time-links.ts';
import { AccessError } from '../../sdk/errors.ts';
import { CROSS_ORIGIN, preflight } from './cross-origin.ts';
import { errorAnswer, notFound, type Missing } from './errors.ts';

/** Grants by which people sign in on our pages. */
const BY_PAGES: ReadonlySet<GrantType> = new Set<GrantType>(['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code']);

const CERTS = '/oauth/certs/';
export const USER_INFO = '/oauth/userinfo';

export interface OrderCloudOAuthOptions {
  /** Published keys, as of now. */
  readonly jwks: () => { readonly keys: readonly object[] };
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly introspection: Pick<IntrospectionService, 'live'>;
  readonly access: Pick<AccessService, 'client'>;
  readonly store: Pick<Store, 'directory'>;
  readonly onFault: (ctx: Koa.Context, error: unknown) => void;
}

/**
 * Passes on what is not its own: where people sign in on our pages, user info is that of OpenID Connect, and so it is for
 * a token with the scope `openid`.
 */
export function orderCloudOAuth({ jwks, signer, introspection, access, store, onFault }: OrderCloudOAuthOptions): Koa.Middleware {
  const answering = async (ctx: Koa.Context, missing: Missing, work: () => Promise<void>): Promise<void> => {
    try {
      if (ctx.method !== 'GET' && ctx.method !== 'HEAD')
        throw new HttpError('method_not_allowed', `${ctx.method} is not possible here.`, { Allow: 'GET, HEAD' });
      await work();
    } catch (error) {
      errorAnswer(ctx, error, { missing, onFault });
    }
  };
  return async (ctx, next) => {
    if (ctx.path.startsWith(CERTS)) {
      const kid = ctx.path.slice(CERTS.length);
      ctx.state[ENDPOINT_STATE] = `${CERTS}{kid}`;
      ctx.set(CROSS_ORIGIN);
      if (ctx.method === 'OPTIONS') return preflight(ctx);
      return answering(ctx, { ObjectType: 'PublicKey', ObjectID: kid.slice(0, 200) }, async () => {
        const key = jwks().keys.find((one) => (one as { readonly kid?: unknown }).kid === kid);
        if (key === undefined) throw notFound('PublicKey', kid.slice(0, 200));
        ctx.set('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`);
        ctx.body = key;
      });
    }
    if (ctx.path !== USER_INFO || ctx.method !== 'GET') return void (await next());
    const token = orderCloudToken(ctx);
    const claims = token === undefined ? undefined : await signer.verify(token);
    if (claims === undefined || (await isOpenIdConnect(claims))) return void (await next());
    return answering(ctx, { ObjectType: 'User', ObjectID: '' }, async () => {
      ctx.set({ 'Cache-Control': 'no-store', ...CROSS_ORIGIN });
      const live = await introspection.live(claims);
      if (live === undefined) throw new AccessError('invalid_token', 'The access token is not valid here.');
      ctx.body = await userInfo(live);
    });
  };

  async function isOpenIdConnect({ scope, client_id: clientId }: Claims): Promise<boolean> {
    if (String(scope).split(' ').includes('openid')) return true;
    const client = await access.client(String(clientId));
    return client === undefined || client.client.grantTypes.some((grant) => BY_PAGES.has(grant));
  }

  /** OrderCloud keeps identity tokens of other providers there; nobody here came from one. Who it is, is told in any case. */
  async function userInfo({ subject, acting }: LiveAccess): Promise<Readonly<Record<string, unknown>>> {
    const user = acting.kind === 'user' ? (await store.directory.find('users', [acting.id], ALL)).get(acting.id) : undefined;
    return {
      identity_token: null,
      expires_in: 0,
      sub: subject.id,
      preferred_username: user?.username,
      given_name: user?.givenName,
      family_name: user?.familyName,
      email: user?.email,
      phone_number: user?.phoneNumber,
    };
  }
}

function orderCloudToken(ctx: Koa.Context): string | undefined {
  try {
    return bearerToken(ctx.req.headersDistinct['authorization']?.join(', '));
  } catch {
    return undefined;
  }
}
