import type { Instant } from '../domain/access.ts';
import type { Claims } from '../domain/ports.ts';

/** By how much the clock of the node that issued a token may run ahead of ours. */
const CLOCK_SKEW_MILLISECONDS = 60_000;

/**
 * The claims of a token whose signature is right, when they are those of an access token of this issuer that is alive;
 * undefined otherwise. Types are strict: a number in a string, a fraction or an audience list is not one of ours.
 */
export function acceptedClaims(payload: Buffer, issuer: string, now: Instant): Claims | undefined {
  const claims = parseObject(payload);
  if (claims === undefined || claims['iss'] !== issuer || typeof claims['aud'] !== 'string') return undefined;
  const { iat, nbf } = claims;
  if (!isSeconds(iat) || iat * 1000 > now + CLOCK_SKEW_MILLISECONDS) return undefined;
  if (nbf !== undefined && (!isSeconds(nbf) || nbf * 1000 > now)) return undefined;
  return isAlive(claims, now) ? freeze(claims) : undefined;
}

/** RFC 7519 §4.1.4, without leeway: the issuer and the reader are one deployment. */
export function isAlive({ exp }: Claims, now: Instant): boolean {
  return isSeconds(exp) && now < exp * 1000;
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function parseObject(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The same claims are handed out for every presentation of a token: nobody may change them for the next. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
