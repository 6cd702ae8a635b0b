/** @module What stands in an access token for our own use: by which revocations it is hit, and when exactly it was made. */
import type { Claims } from '../domain/ports.ts';
import type { TokenTrace } from '../domain/revocation.ts';

/** Separates the grant's id from the token's own in `jti`; neither contains it. */
export const GRANT_SEPARATOR = '~';

/** 48 bits of milliseconds at the head of a UUID version 7. */
const UUID_TIME = 12;

/** Three segments: an access token. Refresh tokens have no dot. */
export function looksLikeJwt(token: string): boolean {
  return token.includes('.');
}

/** What of a verified access token revocations are matched against. */
export function traceOf(claims: Claims): TokenTrace {
  const jti = String(claims['jti']);
  const clientId = String(claims['client_id']);
  const separator = jti.indexOf(GRANT_SEPARATOR);
  const uuid = jti.slice(separator + 1);
  const act = claims['act'] as { readonly sub?: unknown } | undefined;
  return {
    jti,
    grantId: separator === -1 ? undefined : jti.slice(0, separator),
    // `sub` is the client itself in a client credentials token, and no user has a client's id.
    userId: claims['sub'] === clientId ? undefined : String(claims['sub']),
    actorId: act === undefined ? undefined : String(act.sub),
    clientId,
    issuedAt: new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, UUID_TIME), 16)),
  };
}
