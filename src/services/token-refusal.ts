/** What the token endpoint says no with; RFC 6749 §5.2, RFC 8707 §2, RFC 8693 §2.2.2, and RFC 6750 §3.1 for a subject token. */
export type TokenRefusalCode =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'insufficient_scope';

/** A refusal to issue a token. The reason is for the log; a stranger sees the code alone. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly code: TokenRefusalCode;
  /** Documented member `error_code` of the answer; only where it tells nothing that the caller may not know. */
  readonly errorCode: string | undefined;

  constructor(code: TokenRefusalCode, reason: string, errorCode?: string) {
    super(reason);
    this.code = code;
    this.errorCode = errorCode;
  }
}

/** A refusal at one of the endpoints, for log and metrics. */
export interface EndpointRefusal {
  readonly endpoint: string;
  readonly error: string;
  readonly detail: string | undefined;
  readonly clientId: string | undefined;
  readonly grantType: string | undefined;
  /** Present when it is a fault of ours rather than a refusal. */
  readonly fault?: unknown;
}
