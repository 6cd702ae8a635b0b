/**
 * Refusals of the token endpoint as OrderCloud's SDK reads them, beside those of RFC 6749. They say no more than these:
 * every reason that concerns a person has one code, and one sentence.
 */
interface Refusal {
  readonly error: string;
  readonly grantType: string | undefined;
  /** The documented `error_code`, where the answer has one. */
  readonly errorCode: string | undefined;
}

const GRANT_TYPES: ReadonlySet<string | undefined> = new Set(['password', 'client_credentials', 'refresh_token']);

const CODES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  invalid_client: ['Auth.InvalidClient', 'The client ID or secret is not valid.'],
  unauthorized_client: ['Auth.UnauthorizedClient', 'The client may not ask for such tokens.'],
  invalid_scope: ['Auth.InvalidScope', 'The scope cannot be read.'],
  /** Also of refresh tokens: what becomes of somebody is told neither way. */
  invalid_grant: ['Auth.InvalidUsernameOrPassword', 'The user name, password or refresh token is not valid.'],
  temporarily_unavailable: ['Auth.TemporarilyUnavailable', 'Try again later.'],
};

/** Undefined for grants that OrderCloud does not have. */
export function orderCloudErrors({ error, grantType, errorCode }: Refusal): readonly object[] | undefined {
  if (!GRANT_TYPES.has(grantType)) return undefined;
  const [code, Message] = CODES[error] ?? ['Auth.InvalidRequest', 'The request cannot be read.'];
  return [{ ErrorCode: errorCode ?? code, Message, Data: null }];
}
