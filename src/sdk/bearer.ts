import { AccessError } from './errors.ts';

/** RFC 9110 §11.4: the scheme in any case, then the credentials after one space or more. */
const BEARER = /^bearer(?: +(.*))?$/is;
/** RFC 6750 §2.1: b64token. */
const TOKEN = /^[\w.~+/-]+=*$/;

/**
 * The access token of an `Authorization` header, RFC 6750 §2.1. Tokens in a query, a cookie or a body are not looked for.
 * Another scheme is no token: the caller is told which scheme is understood.
 * @param header undefined: the request has none. Several of them, joined by a comma as `fetch` does it, are no token.
 * @throws AccessError `missing_token` (401) without a bearer token, `invalid_token` (401) when it cannot be one
 * @example
 * bearerToken('Bearer eyJhbGciOi…') // 'eyJhbGciOi…'
 * bearerToken('Basic YWxpY2U6cHc=') // throws missing_token, WWW-Authenticate: Bearer
 */
export function bearerToken(header: string | undefined): string {
  const scheme = BEARER.exec(header ?? '');
  if (scheme === null) throw new AccessError('missing_token', 'An access token is needed.');
  const token = scheme[1] ?? '';
  if (!TOKEN.test(token)) throw new AccessError('invalid_token', 'The Authorization header must be "Bearer", a space and one access token.');
  return token;
}
