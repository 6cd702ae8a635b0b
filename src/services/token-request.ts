/** @module What the token endpoint is asked, what it answers, and what it tells the log. */
import type { Holdings } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { Negotiation } from '../domain/scope.ts';
import type { PreparedClient } from './prepared-client.ts';

/** What a token request says besides who asks. */
export interface TokenRequest {
  readonly client: PreparedClient;
  readonly scope: string | undefined;
  /** RFC 8707; undefined: the issuer itself is the audience. */
  readonly resource: string | undefined;
  /** RFC 9449 thumbprint of the proven key. */
  readonly dpopThumbprint: string | undefined;
}

/** The answer of the token endpoint before it is written down. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenType: 'Bearer' | 'DPoP';
  readonly expiresIn: number;
  /** Space-delimited, `""` when empty; never absent (RFC 6749 §5.1). */
  readonly scope: string;
  readonly refreshToken?: string | undefined;
  /** OpenID Connect Core 1.0 §3.1.3.3. */
  readonly idToken?: string | undefined;
  /** RFC 8693 §2.2.1. */
  readonly issuedTokenType?: string | undefined;
}

/** A token that was issued, for the log: structured, never a database row. */
export interface TokenIssued {
  readonly grantType: string;
  readonly jti: string;
  readonly clientId: string;
  readonly subject: string;
  /** User who acts as the subject. */
  readonly actor?: string | undefined;
  readonly audience: string;
  readonly negotiation: Negotiation;
  /** What it was decided from. */
  readonly held: Holdings;
  readonly catalogue: Catalogue;
}

/** What a person agreed to in a browser, for a client that fetches the tokens: a code, or the code of a device. */
export interface Authorization {
  readonly grantType: 'authorization_code' | 'urn:ietf:params:oauth:grant-type:device_code';
  /** Of the grant that comes of it. Whoever uses the code twice ends it. */
  readonly grantId: string;
  readonly userId: string;
  /** As it was asked for; undefined: the request had no scope. */
  readonly scope: string | undefined;
  /** The names of it that the person agreed to; undefined: all. */
  readonly agreed: readonly string[] | undefined;
  readonly audience: string;
  readonly sessionId: string;
  readonly signedInAt: Date;
  readonly authorizedAt: Date;
  readonly nonce: string | undefined;
}
