/** Why a request is refused, RFC 6750 §3.1. */
export type AccessErrorCode = 'missing_token' | 'invalid_request' | 'invalid_token' | 'insufficient_scope';

export interface InsufficientRoles {
  /** Names of which the caller lacks what the check asks for, as the check wrote them. */
  readonly sufficient: readonly string[];
  /** Names that the token had. */
  readonly held: readonly string[];
}

/**
 * A refusal that knows how to answer for itself: status, `WWW-Authenticate` header and a JSON body.
 * @example
 * catch (error) {
 *   if (error instanceof AccessError) return new Response(JSON.stringify(error.body), { status: error.status, headers: error.headers });
 *   throw error;
 * }
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  readonly status: 400 | 401 | 403;
  readonly roles: InsufficientRoles | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AccessErrorCode, message: string, options: { readonly roles?: InsufficientRoles; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = code === 'invalid_request' ? 400 : code === 'insufficient_scope' ? 403 : 401;
    this.roles = options.roles;
    this.headers = { 'www-authenticate': challenge(code, message, options.roles), 'content-type': 'application/json', 'cache-control': 'no-store' };
  }

  /** What the caller is told. */
  get body(): { readonly error: string; readonly error_description: string; readonly sufficient_roles?: readonly string[]; readonly token_roles?: readonly string[] } {
    return {
      error: this.code === 'missing_token' ? 'invalid_token' : this.code,
      error_description: this.message,
      ...(this.roles === undefined ? {} : { sufficient_roles: this.roles.sufficient, token_roles: this.roles.held }),
    };
  }
}

/** RFC 6750 §3: a request without a token is told the scheme alone. */
function challenge(code: AccessErrorCode, message: string, roles: InsufficientRoles | undefined): string {
  if (code === 'missing_token') return 'Bearer';
  const scope = roles === undefined ? '' : `, scope="${roles.sufficient.join(' ')}"`;
  return `Bearer error="${code}", error_description="${message.replaceAll(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "'")}"${scope}`;
}
