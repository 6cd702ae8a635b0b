/** Why a request is refused: the codes of RFC 6750 §3.1 and RFC 9449 §7.1, and `missing_token` for a request that brings none. */
export type AccessErrorCode = 'missing_token' | 'invalid_token' | 'invalid_dpop_proof' | 'insufficient_scope';

/**
 * What is wrong with a token, for the log and for programs:
 * - `malformed`: it is no access token at all
 * - `untrusted`: signature, key, algorithm or type are not what this API accepts
 * - `foreign`: from another issuer, or meant for another API
 * - `expired`, `not_yet_valid`: by its own times
 * - `revoked`: taken back, or its roles were, so that a new one must be asked for
 * - `bound`: bound to a key, and presented without a proof of it; or the other way round
 * - `inactive`: the authorization server says so, and no more
 */
export type TokenFault = 'malformed' | 'untrusted' | 'foreign' | 'expired' | 'not_yet_valid' | 'revoked' | 'bound' | 'inactive';

/** What a caller lacks, for the refusal and for the log. */
export interface InsufficientRoles {
  /** Names that the check asks for, as it wrote them; which of them suffice together is the check's business. */
  readonly sufficient: readonly string[];
  /** Names that the token has. */
  readonly held: readonly string[];
}

/** JSON that tells the caller why. A caller without a token is told no error code, RFC 6750 §3.1. */
export interface AccessErrorBody {
  readonly error?: AccessErrorCode;
  readonly error_description: string;
  readonly reason?: TokenFault;
  readonly sufficient_roles?: readonly string[];
  readonly token_roles?: readonly string[];
}

export interface AccessErrorOptions {
  readonly reason?: TokenFault;
  readonly roles?: InsufficientRoles;
  /** The scheme to come back with. Default: Bearer. */
  readonly scheme?: 'Bearer' | 'DPoP';
  readonly cause?: unknown;
}

/** Signature algorithms of proofs that are accepted, RFC 9449 §5.1: what every runtime can verify. */
export const PROOF_ALGORITHMS: readonly string[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];

/**
 * A refusal that knows how to answer for itself: status, headers with the `WWW-Authenticate` challenge, JSON body. The
 * message may be shown to the caller; the cause is for the log alone.
 * @example
 * import { AccessError, assertAccess, createVerifier } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 *
 * async function answer(request: Request): Promise<Response> {
 *   try {
 *     assertAccess(await verifier.verify(request), 'OrderAdmin');
 *     return new Response('done');
 *   } catch (error) {
 *     if (!(error instanceof AccessError)) throw error;
 *     return new Response(JSON.stringify(error.body), { status: error.status, headers: error.headers });
 *   }
 * }
 *
 * const refused = await answer(new Request('https://orders.example.com/orders'));
 * console.assert(refused.status === 401 && refused.headers.get('www-authenticate') === 'Bearer');
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  /** 401: come back with a good token. 403: this token will not do, however often it is sent. */
  readonly status: 401 | 403;
  /** Undefined: nothing is wrong with a token. */
  readonly reason: TokenFault | undefined;
  readonly roles: InsufficientRoles | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AccessErrorCode, message: string, options: AccessErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = code === 'insufficient_scope' ? 403 : 401;
    this.reason = options.reason;
    this.roles = options.roles;
    this.headers = {
      'www-authenticate': challenge(code, message, options),
      'content-type': 'application/json',
      'cache-control': 'no-store',
    };
  }

  /** What the caller is told. */
  get body(): AccessErrorBody {
    return {
      ...(this.code === 'missing_token' ? {} : { error: this.code }),
      error_description: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.roles === undefined ? {} : { sufficient_roles: this.roles.sufficient, token_roles: this.roles.held }),
    };
  }
}

/**
 * Something of the authorization server that a decision needs cannot be had: nothing is known about the token, so the
 * caller must not be told that it is bad. The cause says what went wrong.
 */
export abstract class UnavailableError extends Error {
  abstract readonly code: 'keys_unavailable' | 'introspection_unavailable' | 'revocations_unavailable';
  readonly status = 503;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>> = { 'retry-after': '5', 'content-type': 'application/json', 'cache-control': 'no-store' };

  /** What the caller is told. */
  get body(): { readonly error: 'temporarily_unavailable'; readonly error_description: string } {
    return { error: 'temporarily_unavailable', error_description: this.message };
  }
}

/** The keys that tokens are verified with cannot be had. */
export class KeysUnavailableError extends UnavailableError {
  override readonly name = 'KeysUnavailableError';
  readonly code = 'keys_unavailable';

  constructor(cause: unknown) {
    super('The keys of the authorization server cannot be fetched at the moment.', { cause });
  }
}

/** The authorization server cannot be asked about a token, or does not let this API ask. */
export class IntrospectionUnavailableError extends UnavailableError {
  override readonly name = 'IntrospectionUnavailableError';
  readonly code = 'introspection_unavailable';

  constructor(cause: unknown) {
    super('The authorization server cannot be asked about the token at the moment.', { cause });
  }
}

/** The feed of revocations was not heard for too long, and the verifier is told to fail closed. */
export class RevocationsUnavailableError extends UnavailableError {
  override readonly name = 'RevocationsUnavailableError';
  readonly code = 'revocations_unavailable';

  constructor(cause: unknown) {
    super('It is not known at the moment which tokens were taken back.', { cause });
  }
}

/** RFC 6750 §3: a request without a token is told the scheme alone. RFC 9449 §7.1 names the algorithms of proofs. */
function challenge(code: AccessErrorCode, message: string, { roles, scheme = 'Bearer' }: AccessErrorOptions): string {
  if (code === 'missing_token') return scheme;
  const scope = roles === undefined || roles.sufficient.length === 0 ? '' : `, scope="${roles.sufficient.join(' ')}"`;
  const algorithms = scheme === 'DPoP' ? `, algs="${PROOF_ALGORITHMS.join(' ')}"` : '';
  return `${scheme} error="${code}", error_description="${message.replaceAll(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "'")}"${scope}${algorithms}`;
}
