/**
 * @module The phases that every grant type shares, so that none can forget one: the proof of possession, the resource,
 * our refusals as protocol errors, the answer with `scope` always in it. A grant type fills in how it issues.
 */
import { errors } from 'oidc-provider';
import type { IssuedToken, TokenRequest } from '../../services/token-request.ts';
import type { TokenService } from '../../services/tokens.ts';
import type { ArtifactStore } from '../../domain/artifact.ts';
import type { Clock } from '../../domain/ports.ts';
import type { DeviceCodes } from '../../services/device-codes.ts';
import { inProtocol } from '../errors.ts';
import type { Engine, EngineContext } from '../context.ts';
import { dpopProof } from '../internals.ts';

export interface GrantType {
  readonly name: string;
  /** Parameters besides `grant_type`, `scope`, `resource` and those of client authentication. */
  readonly parameters: readonly string[];
  issue(tokens: TokenService, request: TokenRequest, input: GrantInput, parts: GrantParts): Promise<IssuedToken>;
}

/** What the grant types that redeem something need besides. */
export interface GrantParts {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly devices: Pick<DeviceCodes, 'mayAsk'>;
  /** Ends a grant that somebody tried to come by twice. */
  readonly endGrant: (grantId: string, clientId: string) => Promise<void>;
}

export interface GrantInput {
  /** @throws `invalid_request` when the request lacks it */
  parameter(name: string): string;
  /** Undefined when the request lacks it; an empty value counts as none. */
  optional(name: string): string | undefined;
  /** Address of the caller. */
  readonly address: string;
  readonly requestId: string;
}

/** Parameters of every grant. */
export const SHARED_PARAMETERS = ['grant_type', 'scope', 'resource'];

/** The work of a grant type once the client is authenticated and allowed to use it. */
export function grantHandler(
  { provider, clients }: Engine,
  { tokens, ...parts }: GrantParts & { readonly tokens: TokenService },
  grant: GrantType,
): (ctx: EngineContext) => Promise<void> {
  return async (ctx) => {
    const proof = await dpopProof(provider, ctx);
    if (proof === undefined && ctx.oidc.client!['dpopBoundAccessTokens'] === true) throw new errors.InvalidDpopProof('DPoP proof JWT is required');
    const { scope, resource } = ctx.oidc.params as Record<string, unknown>;
    const request: TokenRequest = {
      client: clients.prepared(ctx.oidc.client),
      scope: scope as string | undefined,
      resource: singleResource(resource),
      dpopThumbprint: proof?.thumbprint,
    };
    const input: GrantInput = {
      parameter: (name) => required(ctx, name),
      optional: (name) => optional(ctx, name),
      address: ctx.ip,
      requestId: ctx.state['requestId'] as string,
    };
    const issued = await inProtocol(() => grant.issue(tokens, request, input, parts));
    ctx.body = {
      access_token: issued.accessToken,
      token_type: issued.tokenType,
      expires_in: issued.expiresIn,
      scope: issued.scope,
      ...(issued.refreshToken === undefined ? {} : { refresh_token: issued.refreshToken }),
      ...(issued.idToken === undefined ? {} : { id_token: issued.idToken }),
      ...(issued.issuedTokenType === undefined ? {} : { issued_token_type: issued.issuedTokenType }),
    };
  };
}

/** RFC 8707 §2 allows several; a token of ours is for one API. */
function singleResource(resource: unknown): string | undefined {
  if (resource === undefined || typeof resource === 'string') return resource;
  throw new errors.InvalidTarget('only a single resource indicator is supported');
}

/** @throws `invalid_request` when the request lacks the parameter */
export function required(ctx: EngineContext, name: string): string {
  const value = optional(ctx, name);
  if (value === undefined) throw new errors.InvalidRequest(`missing required parameter(s) '${name}'`);
  return value;
}

function optional(ctx: EngineContext, name: string): string | undefined {
  const value = (ctx.oidc.params as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
