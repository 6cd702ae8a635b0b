/**
 * @module The engine: oidc-provider with our clients, our grants, our introspection and revocation. This folder alone
 * knows it; to the rest it is one Koa middleware.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { errors, Provider, type Configuration } from 'oidc-provider';
import type { Clock, ReplayStore } from '../domain/ports.ts';
import type { AccessService } from '../services/access.ts';
import type { ClientAuthentication } from '../services/client-authentication.ts';
import { digest } from '../services/client-authentication.ts';
import type { EndpointRefusal } from '../services/token-refusal.ts';
import { assertAssertionClaims } from './client-assertions.ts';
import { EngineClients } from './clients.ts';
import { extrasOf, inProtocol } from './errors.ts';
import { GRANT_NAMES } from './grants/grants.ts';
import type { Engine, EngineContext } from './context.ts';
import { pinUrlsToIssuer } from './internals.ts';

export const PATHS = {
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  jwks: '/.well-known/jwks.json',
} as const;

export const ASSERTION_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

export interface EngineOptions {
  readonly issuer: string;
  readonly access: AccessService;
  readonly authentication: ClientAuthentication;
  readonly replays: ReplayStore;
  readonly clock: Clock;
  readonly onRefusal: (ctx: EngineContext, refusal: EndpointRefusal) => void;
}

/** Builds the engine; nothing of oidc-provider's defaults that could surprise is left on. */
export function createProvider(options: EngineOptions): Engine {
  const provider = new Provider(options.issuer, configuration(options));
  pinUrlsToIssuer(provider);
  const events: EventEmitter = provider;
  for (const event of ['grant.error', 'introspection.error', 'revocation.error', 'server_error']) {
    events.on(event, (ctx: EngineContext, error: unknown) => {
      completeRefusal(ctx, error);
      options.onRefusal(ctx, refusalOf(ctx, error));
    });
  }
  useOnce(provider, options);
  const clients = new EngineClients(provider, options.access, options.authentication);
  // So that clients may name them; they are answered by our own token endpoint.
  for (const name of GRANT_NAMES) provider.registerGrantType(name, unreachable);
  clients.install(GRANT_NAMES);
  return { provider, clients };
}

async function unreachable(): Promise<never> {
  throw new errors.UnsupportedGrantType();
}

function configuration({ clock }: EngineOptions): Configuration {
  return {
    adapter: NothingStored as never,
    routes: {
      token: PATHS.token,
      introspection: PATHS.introspection,
      revocation: PATHS.revocation,
      jwks: PATHS.jwks,
      authorization: '/oauth/authorize',
    },
    // Nothing that the engine signs by itself is on. A key that nobody has keeps its published development key out.
    jwks: { keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    scopes: [],
    claims: {},
    responseTypes: [],
    clientDefaults: { grant_types: [], response_types: [], redirect_uris: [], id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: [...ASSERTION_ALGORITHMS],
      dPoPSigningAlgValues: [...DPOP_ALGORITHMS],
      idTokenSigningAlgValues: ['ES256'],
    },
    clockTolerance: 5,
    enableHttpPostMethods: false,
    pkce: { required: () => true },
    // A public client holds no secret and sends no cookie: any page may ask on its behalf. Others never from a browser.
    clientBasedCORS: (_ctx, _origin, client) => client.clientAuthMethod === 'none',
    assertJwtClientAuthClaimsAndHeader: (ctx, claims) =>
      assertAssertionClaims(
        claims,
        { issuer: ctx.oidc.issuer, endpoint: ctx.oidc.urlFor(ctx.oidc.route), tokenEndpoint: ctx.oidc.urlFor('token') },
        clock.now(),
      ),
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      userinfo: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
  };
}

/** The engine itself keeps nothing: grants and revocations are ours, and no interactive flow is on. */
class NothingStored {
  async find(): Promise<undefined> {
    return undefined;
  }
  async upsert(): Promise<never> {
    throw new errors.InvalidRequest('not supported');
  }
}

/** Client assertions and DPoP proofs are used up in one atomic statement, on all nodes at once. */
function useOnce(provider: Provider, { replays }: EngineOptions): void {
  Object.assign((provider as unknown as { ReplayDetection: object }).ReplayDetection, {
    unique: (iss: string, jti: string, exp: number) => inProtocol(() => replays.useOnce(digest(`${iss}\0${jti}`), new Date(exp * 1000))),
  });
}

function completeRefusal(ctx: EngineContext, error: unknown): void {
  const { retryAfterSeconds, errorCode } = extrasOf(error);
  if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
  if (errorCode !== undefined) ctx.body = { ...(ctx.body as object), error_code: errorCode };
}

function refusalOf(ctx: EngineContext, error: unknown): EndpointRefusal {
  const { error: code } = ctx.body as { error: string };
  const { client_id: named, grant_type: grantType } = (ctx.oidc.params ?? {}) as Record<string, string | undefined>;
  return {
    endpoint: ctx.oidc.route,
    error: code,
    detail: extrasOf(error).detail,
    clientId: ctx.oidc.client?.clientId ?? named,
    grantType,
    fault: ctx.status >= 500 ? error : undefined,
  };
}
