import { AccessError } from './errors.ts';

const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/**
 * The token of an `Authorization` header, RFC 6750 §2.1. Tokens in a query, a cookie or a body are not looked for.
 * @param header undefined when the request has none
 * @throws AccessError `missing_token`, or `invalid_request` when the header is something else
 */
export function bearerToken(header: string | undefined): string {
  if (header === undefined || header === '') throw new AccessError('missing_token', 'An access token is needed.');
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) throw new AccessError('invalid_token', 'The Authorization header must be "Bearer", a space and an access token.');
  return token;
}
