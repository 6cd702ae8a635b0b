import { AccessError } from './errors.ts';
import { credentialsOf } from './presented-request.ts';

/**
 * The access token of an `Authorization` header, RFC 6750 §2.1. Tokens in a query, a cookie or a body are not looked for.
 * Another scheme is no token: the caller is told which scheme is understood.
 * @param header undefined: the request has none. Several of them, joined by a comma as `fetch` does it, are no token.
 * @throws AccessError `missing_token` (401) without a bearer token, `invalid_token` (401) when it cannot be one
 * @example
 * import { bearerToken } from 'rolemint/resource-server';
 *
 * console.assert(bearerToken('Bearer eyJhbGciOi') === 'eyJhbGciOi');
 */
export function bearerToken(header: string | undefined): string {
  if (!/^bearer(?: |$)/i.test(header ?? '')) throw new AccessError('missing_token', 'An access token is needed.');
  return credentialsOf(header).token;
}
