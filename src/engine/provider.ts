/**
 * @module The engine: oidc-provider with our clients, our grants, our introspection and revocation. This folder alone
 * knows it; to the rest it is one Koa middleware.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { errors, Provider, type Configuration, type Grant } from 'oidc-provider';
import type { ArtifactStore } from '../domain/artifact.ts';
import type { CallerBudget } from '../domain/attempt-budget.ts';
import type { Clock, Random, ReplayStore, TokenSigner } from '../domain/ports.ts';
import type { AccessService } from '../services/access.ts';
import type { BrowserSessions } from '../services/browser-sessions.ts';
import type { Consents } from '../services/consents.ts';
import type { ClientAuthentication } from '../services/client-authentication.ts';
import { digest } from '../services/client-authentication.ts';
import { OIDC_SCOPES } from '../domain/oidc-scope.ts';
import type { EndpointRefusal } from '../services/token-refusal.ts';
import { artifactAdapter } from './adapter.ts';
import { AUTHORIZATION_PATH, keepRefusal } from './authorization.ts';
import { Browser } from './browser.ts';
import { assertAssertionClaims } from './client-assertions.ts';
import { EngineClients } from './clients.ts';
import { cookieConfiguration, nameCookiesByRequest, type CookieOptions } from './cookies.ts';
import { extrasOf, inProtocol } from './errors.ts';
import { GRANT_NAMES } from './grants/grants.ts';
import type { Engine, EngineContext } from './context.ts';
import { signInPolicy } from './interaction-policy.ts';
import { pinToIssuer, withoutFormPost } from './internals.ts';
import { orderCloudErrors } from './ordercloud-errors.ts';

export const PATHS = {
  authorization: AUTHORIZATION_PATH,
  pushedAuthorization: '/oauth/par',
  deviceAuthorization: '/oauth/device',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  jwks: '/.well-known/jwks.json',
} as const;

export const ASSERTION_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

/** Where a person answers an authorization request. */
const PAGES = { login: '/sign-in/login', consent: '/sign-in/consent', device: '/sign-in/device' } as const;

const MINUTE = 60;

export interface EngineOptions extends CookieOptions {
  readonly access: AccessService;
  readonly authentication: ClientAuthentication;
  readonly replays: ReplayStore;
  readonly artifacts: ArtifactStore;
  readonly sessions: BrowserSessions;
  readonly consents: Consents;
  readonly signer: Pick<TokenSigner, 'verifyIdTokenHint'>;
  /** From sign-in to the end of a session in a browser. */
  readonly sessionLifetimeSeconds: number;
  /** What strangers make us keep. */
  readonly requests: Pick<CallerBudget, 'take'>;
  readonly random: Random;
  readonly clock: Clock;
  /** Refusals are told in OrderCloud's way as well. */
  readonly orderCloudApi: boolean;
  readonly onRefusal: (ctx: EngineContext, refusal: EndpointRefusal) => void;
}

/** Builds the engine; nothing of oidc-provider's defaults that could surprise is left on. */
export function createProvider(options: EngineOptions): Engine {
  let clients: EngineClients | undefined;
  const provider = new Provider(
    options.issuer,
    configuration(options, () => clients!),
  );
  pinToIssuer(provider);
  withoutFormPost(provider);
  nameCookiesByRequest(provider);
  const events: EventEmitter = provider;
  for (const event of REFUSALS) {
    events.on(event, (ctx: EngineContext, error: unknown) => {
      completeRefusal(ctx, error, options.orderCloudApi);
      options.onRefusal(ctx, refusalOf(ctx, error));
    });
  }
  useOnce(provider, options);
  takeOurIdTokens(provider, options);
  clients = new EngineClients(provider, options.access, options.authentication);
  // So that clients may name them; they are answered by our own token endpoint.
  for (const name of GRANT_NAMES) provider.registerGrantType(name, unreachable);
  clients.install(GRANT_NAMES);
  return { provider, clients, browser: new Browser(provider, options) };
}

const REFUSALS = [
  'authorization.error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'grant.error',
  'introspection.error',
  'revocation.error',
  'server_error',
];

async function unreachable(): Promise<never> {
  throw new errors.UnsupportedGrantType();
}

function configuration(options: EngineOptions, clients: () => EngineClients): Configuration {
  const { clock, access } = options;
  return {
    adapter: artifactAdapter(options),
    routes: {
      token: PATHS.token,
      introspection: PATHS.introspection,
      revocation: PATHS.revocation,
      jwks: PATHS.jwks,
      authorization: PATHS.authorization,
      pushed_authorization_request: PATHS.pushedAuthorization,
      device_authorization: PATHS.deviceAuthorization,
      // Its page is ours; the engine names its address.
      code_verification: PAGES.device,
    },
    // ID tokens are signed by our own token endpoint, so the engine signs nothing. A key that nobody has keeps its published development key out.
    jwks: { keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    scopes: [...OIDC_SCOPES, 'offline_access'],
    claims: { openid: ['sub'] },
    responseTypes: ['code'],
    allowOmittingSingleRegisteredRedirectUri: false,
    cookies: cookieConfiguration(options),
    ttl: lifetimes(options),
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    loadExistingGrant: (ctx) => passingGrant(ctx, options.random),
    interactions: {
      policy: signInPolicy(options, clients),
      url: (ctx, interaction) =>
        `${ctx.oidc.issuer}${interaction.prompt.name === 'consent' ? PAGES.consent : PAGES.login}?request=${interaction.uid}`,
    },
    renderError: keepRefusal,
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
      pushedAuthorizationRequests: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', deviceInfo: () => ({}) },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => ctx.oidc.issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => inProtocol(() => knownResource(access, ctx, resource)),
      },
      rpInitiatedLogout: { enabled: false },
    },
  };
}

/** A session ends so long after the sign-in, however much it is used. */
function lifetimes({ sessionLifetimeSeconds, clock }: EngineOptions): NonNullable<Configuration['ttl']> {
  return {
    Session: (_ctx, { loginTs }) => Math.max(1, Math.floor((loginTs ?? clock.now() / 1000) + sessionLifetimeSeconds - clock.now() / 1000)),
    Interaction: 30 * MINUTE,
    AuthorizationCode: MINUTE,
    DeviceCode: 10 * MINUTE,
    Grant: MINUTE,
  };
}

/**
 * The engine wants a grant in which what was agreed to is written down. Ours is made when the code is redeemed, from what
 * is held then; here it lends its id, and says yes.
 */
async function passingGrant({ oidc }: EngineContext, random: Random): Promise<Grant> {
  const grant = new oidc.provider.Grant({ accountId: oidc.account!.accountId, clientId: oidc.client!.clientId });
  return Object.assign(grant, { jti: random.id(), getOIDCScopeFiltered: () => 'openid' });
}

/** Whether there is such an API; which roles come of the request is decided when the token is issued. */
async function knownResource(access: AccessService, { oidc }: EngineContext, resource: string): Promise<{ scope: string; accessTokenFormat: 'jwt' }> {
  const { scope = '', resource: requested } = oidc.params as { readonly scope?: string; readonly resource?: unknown };
  if (Array.isArray(requested)) throw new errors.InvalidTarget('only a single resource indicator is supported');
  if (resource !== oidc.issuer && !(await access.workspace()).resourceServers.has(resource))
    throw new errors.InvalidTarget('the requested resource is unknown or not allowed');
  return { scope, accessTokenFormat: 'jwt' };
}

/** Client assertions and DPoP proofs are used up in one atomic statement, on all nodes at once. */
function useOnce(provider: Provider, { replays }: EngineOptions): void {
  Object.assign((provider as unknown as { ReplayDetection: object }).ReplayDetection, {
    unique: (iss: string, jti: string, exp: number) => inProtocol(() => replays.useOnce(digest(`${iss}\0${jti}`), new Date(exp * 1000))),
  });
}

/** ID tokens are signed by us, so it is we who know them when an application shows one as a hint. */
function takeOurIdTokens(provider: Provider, { signer }: EngineOptions): void {
  Object.assign((provider as unknown as { IdToken: object }).IdToken, {
    validate: async (token: string, { clientId }: { readonly clientId: string }) => {
      const payload = await inProtocol(() => signer.verifyIdTokenHint(token));
      if (payload?.['aud'] !== clientId) throw new errors.InvalidRequest('id_token_hint is no ID token of this client');
      return { payload };
    },
  });
}

function completeRefusal(ctx: EngineContext, error: unknown, orderCloudApi: boolean): void {
  const { retryAfterSeconds, errorCode } = extrasOf(error);
  if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
  if (errorCode !== undefined) ctx.body = { ...(ctx.body as object), error_code: errorCode };
  if (!orderCloudApi || ctx.oidc.route !== 'token') return;
  const { error: code } = ctx.body as { readonly error: string };
  const { grant_type: grantType } = (ctx.oidc.params ?? {}) as Record<string, string | undefined>;
  const Errors = orderCloudErrors({ error: code, grantType, errorCode });
  if (Errors !== undefined) ctx.body = { ...(ctx.body as object), Errors };
}

function refusalOf(ctx: EngineContext, error: unknown): EndpointRefusal {
  // An authorization request is refused by a redirect or a page.
  const { error: code } = (ctx.body ?? error) as { readonly error: string };
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
