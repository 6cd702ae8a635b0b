/** Why a request is refused: the codes of RFC 6750 §3.1, and `missing_token` for a request that brings none. */
export type AccessErrorCode = 'missing_token' | 'invalid_token' | 'insufficient_scope';

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
  readonly sufficient_roles?: readonly string[];
  readonly token_roles?: readonly string[];
}

/**
 * A refusal that knows how to answer for itself: status, headers with the `WWW-Authenticate` challenge, JSON body. The
 * message may be shown to the caller; the cause is for the log alone.
 * @example
 * try {
 *   assertAccess(await verifier.verify(bearerToken(request.headers.get('authorization') ?? undefined)), 'OrderAdmin');
 * } catch (error) {
 *   if (!(error instanceof AccessError)) throw error;
 *   return new Response(JSON.stringify(error.body), { status: error.status, headers: error.headers });
 * }
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  /** 401: come back with a good token. 403: this token will not do, however often it is sent. */
  readonly status: 401 | 403;
  readonly roles: InsufficientRoles | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AccessErrorCode, message: string, options: { readonly roles?: InsufficientRoles; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = code === 'insufficient_scope' ? 403 : 401;
    this.roles = options.roles;
    this.headers = {
      'www-authenticate': challenge(code, message, options.roles),
      'content-type': 'application/json',
      'cache-control': 'no-store',
    };
  }

  /** What the caller is told. */
  get body(): AccessErrorBody {
    return {
      ...(this.code === 'missing_token' ? {} : { error: this.code }),
      error_description: this.message,
      ...(this.roles === undefined ? {} : { sufficient_roles: this.roles.sufficient, token_roles: this.roles.held }),
    };
  }
}

/**
 * The keys that tokens are verified with cannot be had: nothing is known about the token, so the caller must not be told
 * that it is bad. The cause says what went wrong.
 */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  readonly code = 'keys_unavailable';
  readonly status = 503;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>> = { 'retry-after': '5', 'cache-control': 'no-store' };

  constructor(cause: unknown) {
    super('The keys of the authorization server cannot be fetched at the moment.', { cause });
  }
}

/** RFC 6750 §3: a request without a token is told the scheme alone. */
function challenge(code: AccessErrorCode, message: string, roles: InsufficientRoles | undefined): string {
  if (code === 'missing_token') return 'Bearer';
  const scope = roles === undefined ? '' : `, scope="${roles.sufficient.join(' ')}"`;
  return `Bearer error="${code}", error_description="${message.replaceAll(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "'")}"${scope}`;
}
