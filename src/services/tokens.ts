/**
 * @module Issues access and refresh tokens. Every grant comes down to {@link TokenService.issue}: the rule of
 * `domain/scope.ts` decides what the token carries, and nothing else does.
 */
import type { Holdings, Instant, Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { mayActFor, type GrantType } from '../domain/client.ts';
import type { Clock, Grant, GrantStore, Random, TokenSigner } from '../domain/ports.ts';
import type { RevocationStore } from '../domain/revocation.ts';
import { LONGEST_IMPERSONATION_SECONDS } from '../domain/impersonation-rule.ts';
import { splitScope } from '../domain/oidc-scope.ts';
import { negotiate, omittedNames, parseScope } from '../domain/scope.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from '../domain/signing-key.ts';
import { ISSUE_STALENESS, type AccessService, type PreparedResourceServer } from './access.ts';
import { objectionTo } from './admission.ts';
import { digest } from './client-authentication.ts';
import { idTokenClaims } from './id-tokens.ts';
import type { ImpersonationRequest, ImpersonationService } from './impersonation.ts';
import { accessTokenLifetime, type PreparedClient } from './prepared-client.ts';
import type { Credentials, SignIn } from './sign-in.ts';
import { accessTokenClaims, ownResourceServer, type OwnResourceServerOptions, type TokenTimes } from './token-claims.ts';
import { TokenRefusal } from './token-refusal.ts';
import type { Authorization, IssuedToken, TokenIssued, TokenRequest } from './token-request.ts';
import { GRANT_SEPARATOR } from './token-trace.ts';

export interface TokenServiceOptions extends OwnResourceServerOptions {
  readonly accessTokenLifetimeSeconds: number;
  readonly refreshTokenLifetimeSeconds: number;
  readonly access: AccessService;
  readonly signIn: SignIn;
  readonly impersonation: Pick<ImpersonationService, 'authorize' | 'recordStart'>;
  readonly grants: GrantStore;
  readonly revocations: RevocationStore;
  readonly signer: TokenSigner;
  readonly clock: Clock;
  readonly random: Random;
  readonly onIssued: (event: TokenIssued) => void;
}

interface Issue {
  readonly grantType: string;
  readonly request: TokenRequest;
  readonly subject: Subject;
  /** Whose roles count: the subject, or a client's context user. */
  readonly acting: Subject;
  readonly requested: readonly string[];
  readonly held: Holdings;
  readonly catalogue: Catalogue;
  /** Undefined: the deployment itself. */
  readonly resourceServer: PreparedResourceServer | undefined;
  readonly grantId: string | undefined;
  /** Scopes of OpenID Connect, which stand beside the roles. */
  readonly oidcScope?: readonly string[] | undefined;
  /** Roles that this token may carry at most besides the client's maximum. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Who acts as the subject. */
  readonly actor?: string | undefined;
  /** When the token ends at the latest, whatever the roles in it. */
  readonly endsBy?: Instant | undefined;
  /** Keeps what must be in the store before the signed token may leave; when it fails, nothing was issued. */
  readonly keep?: ((token: TokenTimes) => Promise<void>) | undefined;
}

/** Longest life of an access token, in milliseconds, plus tolerance for clocks that differ. */
export const LONGEST_TOKEN = (LONGEST_ACCESS_TOKEN_SECONDS + 60) * 1000;

const TOKEN_EXCHANGE: GrantType = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** RFC 8693 §3. */
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

const PASSWORD_RESET_ONLY: ReadonlySet<string> = new Set(['PasswordReset']);

export class TokenService {
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /**
   * Resource owner password grant (RFC 6749 §4.3).
   * @throws TokenRefusal; every reason that concerns the person is the same `invalid_grant`
   */
  async password(request: TokenRequest, credentials: Omit<Credentials, 'shared'>): Promise<IssuedToken> {
    const requested = readScope(request.scope);
    await this.#options.access.refresh(ISSUE_STALENESS);
    const { catalogue, resourceServer } = await this.#target(request);
    const shared = request.client.client.tokenEndpointAuthMethod !== 'none';
    const signedIn = await this.#options.signIn.authenticate({ ...credentials, shared }, (user) => this.#admit(catalogue, request.client, user));
    const user = signedIn.user;
    const held = this.#options.access.holdings(catalogue, user, request.client.client.clientId);
    const names = requested ?? omittedNames(catalogue, held, request.client.omittedScope);
    const only = signedIn.passwordExpired ? PASSWORD_RESET_ONLY : undefined;
    const grant = signedIn.passwordExpired || !this.#refreshes(request) ? undefined : this.#newGrant(request, user.id, { requestedScope: names });
    const refreshToken = grant === undefined ? undefined : this.#options.random.secret();
    const issued = await this.#issue({
      grantType: 'password',
      request,
      subject: user,
      acting: user,
      requested: names,
      held,
      catalogue,
      resourceServer,
      grantId: grant?.id,
      only,
      keep: grant === undefined ? undefined : () => this.#options.grants.create(grant, digest(refreshToken!)),
    });
    return { ...issued, refreshToken };
  }

  /**
   * Client credentials grant (RFC 6749 §4.4): the client acts with its context user's roles, or with its own.
   * @throws TokenRefusal
   */
  async clientCredentials(request: TokenRequest): Promise<IssuedToken> {
    const requested = readScope(request.scope);
    const { access } = this.#options;
    await access.refresh(ISSUE_STALENESS);
    const { catalogue, resourceServer } = await this.#target(request);
    const { clientId, contextUser } = request.client.client;
    const subject = await access.subject('client', clientId);
    if (subject?.active !== true) throw new TokenRefusal('unauthorized_client', 'the client or its organization is disabled');
    const acting = contextUser === undefined ? subject : await access.subject('user', contextUser);
    if (acting?.active !== true)
      throw new TokenRefusal('unauthorized_client', `the context user ${contextUser} is disabled`, 'Auth.ContextUserNotActive');
    if (!mayActFor(request.client.client, acting.organization)) {
      throw new TokenRefusal('unauthorized_client', `the context user ${contextUser} is of no buyer, so not for everybody`);
    }
    const held = access.holdings(catalogue, acting, clientId);
    const names = requested ?? omittedNames(catalogue, held, request.client.omittedScope);
    return this.#issue({
      grantType: 'client_credentials',
      request,
      subject,
      acting,
      requested: names,
      held,
      catalogue,
      resourceServer,
      grantId: undefined,
    });
  }

  /**
   * What a person agreed to in a browser becomes tokens (RFC 6749 §4.1.3, RFC 8628 §3.4). The roles are those that the
   * person holds now. The grant is kept with or without a refresh token, so that the end of the session, or a code that
   * is used twice, ends what came of it.
   * @throws TokenRefusal
   */
  async redeem(request: TokenRequest, authorization: Authorization): Promise<IssuedToken> {
    const { access, grants, random, signer, clock } = this.#options;
    const { grantType, grantId, sessionId, signedInAt, audience, nonce } = authorization;
    if (request.resource !== undefined && request.resource !== audience)
      throw new TokenRefusal('invalid_target', 'not the resource of the authorization');
    await access.refresh(ISSUE_STALENESS);
    const { catalogue, resourceServer } = await this.#target({ resource: audience });
    const user = await this.#person(catalogue, request, authorization.userId);
    await this.#assertStanding(request, authorization);
    const held = access.holdings(catalogue, user, request.client.client.clientId);
    const agreed = authorization.agreed === undefined ? undefined : new Set(authorization.agreed);
    const asked = readScope(authorization.scope) ?? omittedNames(catalogue, held, request.client.omittedScope);
    const { oidc, roles } = splitScope(agreed === undefined ? asked : asked.filter((name) => agreed.has(name)));
    const refreshToken = this.#refreshes(request) ? random.secret() : undefined;
    const browser = { sessionId, signedInAt };
    const grant = { ...this.#newGrant(request, user.id, { requestedScope: roles, oidcScope: oidc, browser }), id: grantId, audience };
    const issued = await this.#issue({
      grantType,
      request,
      subject: user,
      acting: user,
      requested: roles,
      held,
      catalogue,
      resourceServer,
      grantId,
      oidcScope: oidc,
      keep: async () => {
        await grants.create(grant, refreshToken === undefined ? undefined : digest(refreshToken));
        // Whoever ended the session meanwhile may not have seen the grant yet.
        await this.#assertStanding(request, authorization);
      },
    });
    const idToken = oidc.includes('openid')
      ? await signer.signIdToken(idTokenClaims(this.#options.issuer, grant, { now: clock.now(), nonce }), 'ES256')
      : undefined;
    return { ...issued, refreshToken, idToken };
  }

  /**
   * Refresh token grant with rotation (RFC 6749 §6, RFC 9700 §4.14.2): each token works once, and using one twice ends
   * the whole family. The roles are what was first asked for, narrowed by `scope`, of which is held now.
   * @throws TokenRefusal
   */
  async refresh(request: TokenRequest, refreshToken: string): Promise<IssuedToken> {
    const narrowed = readScope(request.scope);
    const { access, grants } = this.#options;
    await access.refresh(ISSUE_STALENESS);
    const hash = digest(refreshToken);
    const found = await grants.findRefreshToken(hash);
    const { clientId } = request.client.client;
    if (found === undefined || found.grant.clientId !== clientId)
      throw new TokenRefusal('invalid_grant', 'refresh token unknown, expired or of another client');
    const { grant } = found;
    if (found.consumedAt !== undefined) return this.#reused(grant);
    if (grant.dpopThumbprint !== undefined && grant.dpopThumbprint !== request.dpopThumbprint) {
      throw new TokenRefusal('invalid_grant', 'refresh token is bound to another key');
    }
    if (request.resource !== undefined && request.resource !== grant.audience)
      throw new TokenRefusal('invalid_target', 'not the resource of the first token');
    const { catalogue, resourceServer } = await this.#target({ ...request, resource: grant.audience });
    const user = await this.#person(catalogue, request, grant.userId);
    const held = access.holdings(catalogue, user, clientId);
    const requested = narrowed === undefined ? grant.requestedScope : narrowed.filter((name) => grant.requestedScope.includes(name));
    const oidcScope = narrowed === undefined ? grant.oidcScope : grant.oidcScope.filter((name) => narrowed.includes(name));
    const successor = this.#options.random.secret();
    const issued = await this.#issue({
      grantType: 'refresh_token',
      oidcScope,
      request,
      subject: user,
      acting: user,
      requested,
      held,
      catalogue,
      resourceServer,
      grantId: grant.id,
      keep: () => this.#rotate(grant, hash, digest(successor)),
    });
    const idToken = oidcScope.includes('openid')
      ? await this.#options.signer.signIdToken(idTokenClaims(this.#options.issuer, grant, { now: this.#options.clock.now() }), 'ES256')
      : undefined;
    return { ...issued, refreshToken: successor, idToken };
  }

  /**
   * Token exchange (RFC 8693) by which somebody acts as somebody else: the roles are what the rules give, narrowed by
   * `scope`, the life is short, and there is no refresh token.
   * @throws TokenRefusal
   */
  async impersonate(request: TokenRequest, asked: ImpersonationRequest): Promise<IssuedToken> {
    const requested = readScope(request.scope);
    const { impersonation, clock } = this.#options;
    const authorization = await impersonation.authorize(asked, request);
    const { actor, target, impersonated, grantId, subjectTokenExpiresAt } = authorization;
    const { catalogue, resourceServer } = await this.#target(request);
    const { clientId } = request.client.client;
    const issued = await this.#issue({
      grantType: TOKEN_EXCHANGE,
      request,
      subject: target,
      acting: target,
      requested: requested ?? omittedNames(catalogue, impersonated.held, request.client.omittedScope),
      held: impersonated.held,
      catalogue,
      resourceServer,
      grantId,
      actor: actor.id,
      endsBy: Math.min(impersonated.until, subjectTokenExpiresAt * 1000, clock.now() + LONGEST_IMPERSONATION_SECONDS * 1000),
      keep: ({ jti, exp, roles }) => impersonation.recordStart(authorization, { jti, clientId, roles, expiresAt: exp, requestId: asked.requestId }),
    });
    return { ...issued, issuedTokenType: ACCESS_TOKEN_TYPE };
  }

  async #rotate(grant: Grant, hash: string, successorHash: string): Promise<void> {
    const { grants, clock } = this.#options;
    if (await grants.rotate(hash, successorHash, new Date(clock.now()))) return;
    if ((await grants.findRefreshToken(hash))?.consumedAt !== undefined) return this.#reused(grant);
    throw new TokenRefusal('invalid_grant', 'the grant was revoked or has expired');
  }

  async #reused(grant: Grant): Promise<never> {
    const at = new Date(this.#options.clock.now());
    await this.#options.revocations.add(
      { kind: 'grant', id: grant.id, notBefore: at, expiresAt: new Date(Math.max(grant.expiresAt.getTime(), at.getTime() + LONGEST_TOKEN)) },
      {
        type: 'refresh_token_reuse_detected',
        at,
        actor: { kind: 'client', id: grant.clientId },
        target: { kind: 'user', id: grant.userId },
        after: { grant: grant.id },
      },
    );
    throw new TokenRefusal('invalid_grant', 'refresh token was used before; its family is revoked');
  }

  /** The API that the token is for, undefined for the deployment itself, with the catalogue that decides. */
  async #target(request: Pick<TokenRequest, 'resource'>): Promise<{ catalogue: Catalogue; resourceServer: PreparedResourceServer | undefined }> {
    const { catalogue, resourceServers } = await this.#options.access.workspace();
    const { issuer } = this.#options;
    const audience = request.resource ?? issuer;
    const resourceServer = resourceServers.get(audience);
    if (resourceServer === undefined && audience !== issuer) throw new TokenRefusal('invalid_target', `unknown resource ${audience}`);
    return { catalogue, resourceServer };
  }

  #admit(catalogue: Catalogue, { client }: PreparedClient, user: Subject): string | undefined {
    return objectionTo({ user, client, catalogue, holdings: () => this.#options.access.holdings(catalogue, user, client.clientId) });
  }

  /** The user, if the client is open to it. @throws TokenRefusal */
  async #person(catalogue: Catalogue, request: TokenRequest, userId: string): Promise<Subject> {
    const user = await this.#options.access.subject('user', userId);
    const refusal = user === undefined ? 'the user is gone' : this.#admit(catalogue, request.client, user);
    if (user === undefined || refusal !== undefined) throw new TokenRefusal('invalid_grant', refusal ?? 'the user is gone');
    return user;
  }

  /** That neither the session nor what was agreed to in it was ended. @throws TokenRefusal */
  async #assertStanding({ client }: TokenRequest, { grantId, sessionId, userId, signedInAt, authorizedAt }: Authorization): Promise<void> {
    const { revocations } = this.#options;
    const trace = { jti: '', userId, clientId: client.client.clientId };
    const ended = await revocations.isRevoked({ ...trace, grantId, issuedAt: authorizedAt });
    if (ended || (await revocations.isRevoked({ ...trace, clientId: '', grantId: sessionId, issuedAt: signedInAt })))
      throw new TokenRefusal('invalid_grant', 'what was authorized was ended meanwhile');
  }

  #lifetime({ client: { client } }: TokenRequest): number {
    return client.refreshTokenLifetimeSeconds ?? this.#options.refreshTokenLifetimeSeconds;
  }

  #refreshes(request: TokenRequest): boolean {
    return this.#lifetime(request) > 0 && request.client.client.grantTypes.includes('refresh_token');
  }

  #newGrant(request: TokenRequest, userId: string, asked: Pick<Grant, 'requestedScope'> & Partial<Pick<Grant, 'oidcScope' | 'browser'>>): Grant {
    const { clock, random, issuer } = this.#options;
    const { client } = request.client;
    const now = clock.now();
    return {
      oidcScope: [],
      ...asked,
      id: random.id(),
      clientId: client.clientId,
      userId,
      audience: request.resource ?? issuer,
      // RFC 9449 §5: a public client's refresh token is bound to the key; a confidential one is bound to the client.
      dpopThumbprint: client.tokenEndpointAuthMethod === 'none' ? request.dpopThumbprint : undefined,
      createdAt: new Date(now),
      expiresAt: new Date(now + (this.#refreshes(request) ? this.#lifetime(request) * 1000 : LONGEST_TOKEN)),
    };
  }

  async #issue(issue: Issue): Promise<IssuedToken> {
    const { clock, random, signer, issuer, onIssued } = this.#options;
    const { request, catalogue, held } = issue;
    const resourceServer = issue.resourceServer ?? ownResourceServer(this.#options, issue.acting);
    const { client } = request.client;
    const negotiation = negotiate(
      catalogue,
      held,
      {
        maximumRoles: within(request.client.maximumRoles, issue.only),
        resourceServerRoles: resourceServer.roleSet,
      },
      issue.requested,
    );
    const iat = Math.floor(clock.now() / 1000);
    const lifetime = accessTokenLifetime(client, this.#options.accessTokenLifetimeSeconds, issue.grantType);
    // A lease that ends within this second still gives a token that a clock can tell from an expired one.
    const exp = Math.max(iat + 1, Math.min(iat + lifetime, Math.floor(Math.min(negotiation.until, issue.endsBy ?? Infinity) / 1000)));
    const id = random.id();
    const jti = issue.grantId === undefined ? id : `${issue.grantId}${GRANT_SEPARATOR}${id}`;
    const scope = [...negotiation.granted, ...(issue.oidcScope ?? [])].sort().join(' ');
    const times: TokenTimes = { iss: issuer, jti, iat, exp, scope, roles: negotiation.granted };
    const accessToken = await signer.sign(accessTokenClaims(times, { ...issue, resourceServer }), resourceServer.signingAlg);
    if (issue.keep !== undefined) await issue.keep(times);
    onIssued({
      grantType: issue.grantType,
      jti,
      clientId: client.clientId,
      subject: issue.subject.id,
      actor: issue.actor,
      audience: resourceServer.audience,
      negotiation,
      held,
      catalogue,
    });
    return { accessToken, tokenType: request.dpopThumbprint === undefined ? 'Bearer' : 'DPoP', expiresIn: exp - iat, scope };
  }
}

function within(maximum: ReadonlySet<string> | undefined, only: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (only === undefined || maximum === undefined) return only ?? maximum;
  return new Set([...only].filter((name) => maximum.has(name)));
}

/** @returns undefined when the request has no scope */
function readScope(scope: string | undefined): readonly string[] | undefined {
  if (scope === undefined) return undefined;
  const names = parseScope(scope);
  if (names === undefined) throw new TokenRefusal('invalid_scope', 'scope must be at most 1,000 scope-tokens with single spaces between them');
  return names;
}
