/** What the claims of an access token must be, RFC 9068 §2.2 and §4, once its signature is known to be right. Pure. */
import { AccessError, type TokenFault } from './errors.ts';

export type TokenClaims = Readonly<Record<string, unknown>>;

export interface ExpectedClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly clockToleranceSeconds: number;
  /** Seconds since 1970. */
  readonly now: number;
}

const SENTENCES: Readonly<Record<TokenFault, string>> = {
  malformed: 'This is not an access token.',
  untrusted: 'The access token is not valid here.',
  foreign: 'The access token is of another issuer, or meant for another API.',
  expired: 'The access token has expired.',
  not_yet_valid: 'The access token is not valid yet.',
  revoked: 'The access token was taken back. Ask for a new one.',
  bound: 'The access token and the way in which it is presented do not go together.',
  inactive: 'The access token is not valid here.',
};

/** The refusal of a token, the same words for the same fault everywhere. */
export function invalidToken(reason: TokenFault, cause: unknown, scheme: 'Bearer' | 'DPoP' = 'Bearer'): AccessError {
  return new AccessError('invalid_token', SENTENCES[reason], { reason, cause, scheme });
}

const NAMES = ['sub', 'client_id', 'jti'] as const;

/** By how much the clock of the issuer may run ahead in `iat`, besides the tolerance. */
const AHEAD = 60;

/**
 * Holds the claims to what this API expects. Types are strict: a number in a string, a fraction of a second in `exp` or a
 * list of audiences is not what this issuer writes.
 * @throws AccessError `invalid_token` (401)
 */
export function assertClaims(claims: TokenClaims, { issuer, audience, clockToleranceSeconds, now }: ExpectedClaims): void {
  if (claims['iss'] !== issuer) throw wrong('foreign', 'iss');
  if (claims['aud'] !== audience) throw wrong('foreign', 'aud');
  const { exp, iat, nbf } = claims;
  if (!isSeconds(exp)) throw wrong('untrusted', 'exp');
  if (!isSeconds(iat) || iat > now + AHEAD + clockToleranceSeconds) throw wrong('untrusted', 'iat');
  if (nbf !== undefined && !isSeconds(nbf)) throw wrong('untrusted', 'nbf');
  if (exp <= now - clockToleranceSeconds) throw wrong('expired', 'exp');
  if (nbf !== undefined && nbf > now + clockToleranceSeconds) throw wrong('not_yet_valid', 'nbf');
  for (const name of NAMES) if (typeof claims[name] !== 'string' || claims[name] === '') throw wrong('untrusted', name);
}

const wrong = (reason: TokenFault, claim: string): AccessError => invalidToken(reason, new Error(`unexpected "${claim}" claim value`));

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
