/** @module What stands in an access token: RFC 9068 with the roles, the organization, who acts and the key binding. */
import type { Subject } from '../domain/access.ts';
import type { Claims } from '../domain/ports.ts';
import type { PreparedResourceServer } from './access.ts';

export interface TokenTimes {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope: string;
  readonly roles: readonly string[];
}

/** Who and what a token is for. */
export interface TokenSubject {
  readonly subject: Subject;
  readonly acting: Subject;
  readonly request: { readonly client: { readonly client: { readonly clientId: string } }; readonly dpopThumbprint: string | undefined };
  readonly resourceServer: PreparedResourceServer;
  /** User who acts as the subject. */
  readonly actor?: string | undefined;
}

/** The claims of an access token: RFC 9068 with the roles, the organization, who acts and the key binding. */
export function accessTokenClaims(times: TokenTimes, { subject, acting, request, resourceServer, actor }: TokenSubject): Claims {
  const organization = acting.organization;
  const { clientId } = request.client.client;
  return {
    ...times,
    sub: subject.id,
    aud: resourceServer.audience,
    client_id: clientId,
    ...(acting.username === undefined ? {} : { username: acting.username }),
    ...(organization === undefined ? {} : { org_id: organization.id, org_type: organization.type, org_path: organization.path }),
    org_ids: organization === undefined ? [] : [organization.id, ...acting.authorizedOrganizations.filter((id) => id !== organization.id)],
    ...(actor === undefined ? {} : { act: { sub: actor } }),
    ...(request.dpopThumbprint === undefined ? {} : { cnf: { jkt: request.dpopThumbprint } }),
    ...(resourceServer.claims === 'ordercloud' ? orderCloudClaims(times, acting, clientId) : {}),
  };
}

/** Types of organizations whose people OrderCloud knows, by its name for them. */
const USER_TYPES: Readonly<Record<string, string>> = { seller: 'admin', buyer: 'buyer', supplier: 'supplier' };

/**
 * The deployment itself as a resource server, which tokens are for when a request names no other. Where it answers
 * OrderCloud's SDK, tokens for people whom OrderCloud knows carry its claims.
 */
export function ownResourceServer({ issuer, orderCloudApi }: OwnResourceServerOptions, acting: Subject | undefined): PreparedResourceServer {
  const isOrderCloud = orderCloudApi && Object.hasOwn(USER_TYPES, acting?.organization?.type ?? '');
  return {
    audience: issuer,
    name: 'Rolemint',
    signingAlg: 'ES256',
    clients: [],
    roleSet: undefined,
    ...(isOrderCloud ? { claims: 'ordercloud' as const } : {}),
  };
}

export interface OwnResourceServerOptions {
  readonly issuer: string;
  /** OrderCloud's SDK is answered. */
  readonly orderCloudApi: boolean;
}

/** The names under which APIs written for OrderCloud look for the same facts. */
function orderCloudClaims({ roles, iat }: TokenTimes, acting: Subject, clientId: string): Claims {
  const type = acting.organization?.type;
  return {
    ...(acting.username === undefined ? {} : { usr: acting.username }),
    cid: clientId,
    ...(type === undefined ? {} : { usrtype: USER_TYPES[type] ?? type }),
    role: roles,
    // Whose clock is behind takes the token, too.
    nbf: iat - 60,
  };
}
