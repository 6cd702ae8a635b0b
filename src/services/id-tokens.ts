/** @module ID tokens: who signed in, when, and in which session; OpenID Connect Core 1.0 §2. */
import type { Claims, Grant } from '../domain/ports.ts';

/** An ID token is read once, when it arrives; as a hint it counts longer. */
const LIFETIME_SECONDS = 600;

/** The claims of an ID token. What else there is to tell about a person is told by the userinfo endpoint (§5.4). */
export function idTokenClaims(
  issuer: string,
  { userId, clientId, browser }: Pick<Grant, 'userId' | 'clientId' | 'browser'>,
  { now, nonce }: { readonly now: number; readonly nonce?: string | undefined },
): Claims {
  const iat = Math.floor(now / 1000);
  return {
    iss: issuer,
    sub: userId,
    aud: clientId,
    iat,
    exp: iat + LIFETIME_SECONDS,
    ...(browser === undefined ? {} : { auth_time: Math.floor(browser.signedInAt.getTime() / 1000), sid: browser.sessionId }),
    ...(nonce === undefined ? {} : { nonce }),
  };
}
