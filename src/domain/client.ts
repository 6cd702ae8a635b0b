/** @module A client asks for tokens. Protocol metadata keeps its RFC 7591 names; the rest are the limits that Rolemint puts on it. */

export const GRANT_TYPES = [
  'password',
  'client_credentials',
  'refresh_token',
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

export const CLIENT_AUTHENTICATION_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
export type ClientAuthenticationMethod = (typeof CLIENT_AUTHENTICATION_METHODS)[number];

/** Who may sign in through a client; both unset: anyone. */
export interface AllowedOrganizations {
  readonly types?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
}

/** What a token carries when the request has no `scope`: nothing, everything that is held, or these names as if asked for. */
export type OmittedScope = 'none' | 'all' | readonly string[];

export interface Client {
  readonly clientId: string;
  readonly clientName: string;
  /** Its organization; unset: none, so nothing is inherited from one. */
  readonly organization?: string | undefined;
  readonly active: boolean;
  readonly grantTypes: readonly GrantType[];
  readonly tokenEndpointAuthMethod: ClientAuthenticationMethod;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** OpenID Connect Back-Channel Logout 1.0 §2.2: where it hears that somebody signed out. */
  readonly backchannelLogoutUri?: string | undefined;
  /** Whether a person is asked before the client may act for them; for applications of one's own there is nothing to ask. Unset: yes. */
  readonly requireConsent?: false | undefined;
  /** Public keys for `private_key_jwt`. */
  readonly jwks?: { readonly keys: readonly Record<string, unknown>[] } | undefined;
  readonly dpopBoundAccessTokens: boolean;
  /** User whose effective roles a client_credentials token carries. */
  readonly contextUser?: string | undefined;
  /**
   * Anybody may ask for a client_credentials token without a secret: a shop that is open to people who did not sign in.
   * The context user must be of an organization of the type `buyer`.
   */
  readonly isAnonymousBuyer?: boolean | undefined;
  /** Of such tokens; unset: as of others. */
  readonly anonymousTokenLifetimeSeconds?: number | undefined;
  readonly allowedOrganizations: AllowedOrganizations;
  /** No token through this client carries more; unset: no limit. */
  readonly maximumRoles?: readonly string[] | undefined;
  /** A user who lacks one of these cannot use the client. */
  readonly minimumRoles: readonly string[];
  readonly omittedScope: OmittedScope;
  /** Unset: the server's default. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** From sign-in to the last refresh, however often it rotates. 0: no refresh tokens. Unset: the server's default. */
  readonly refreshTokenLifetimeSeconds?: number | undefined;
}

/** A client secret as it is kept. `sha256` for generated secrets of 256 bits, `argon2id` for chosen ones. */
export interface ClientSecret {
  readonly id: string;
  /** For people. */
  readonly name?: string | undefined;
  readonly algorithm: 'sha256' | 'argon2id';
  /** Base64url digest, or a PHC string. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date | undefined;
}

/** The only type of organization whose people anybody may be without having signed in. */
const ANONYMOUS_ORGANIZATION_TYPE = 'buyer';

/** Whether a client proves who it is when it asks for itself. One that does not may only be for anonymous buyers. */
export const isProven = ({ tokenEndpointAuthMethod }: Pick<Client, 'tokenEndpointAuthMethod'>): boolean => tokenEndpointAuthMethod !== 'none';

/**
 * Whether a client gets tokens for itself that act as somebody of this organization. Fails closed: what anybody can have
 * is never the power of a seller.
 */
export function mayActFor(
  client: Pick<Client, 'tokenEndpointAuthMethod' | 'isAnonymousBuyer' | 'contextUser'>,
  organization: { readonly type: string } | undefined,
): boolean {
  if (isProven(client)) return true;
  return client.isAnonymousBuyer === true && client.contextUser !== undefined && organization?.type === ANONYMOUS_ORGANIZATION_TYPE;
}

/** Whether somebody of this organization may use the client. Fails closed: a client limited in any way needs a match. */
export function admitsOrganization(allowed: AllowedOrganizations, organization: { readonly id: string; readonly type: string }): boolean {
  if (allowed.types === undefined && allowed.ids === undefined) return true;
  return (allowed.types?.includes(organization.type) ?? false) || (allowed.ids?.includes(organization.id) ?? false);
}
