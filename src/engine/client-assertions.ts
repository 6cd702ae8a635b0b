import { errors } from 'oidc-provider';

/** Longest life of a client assertion, in seconds: each is remembered until it ends, and that must stay bounded. */
const LONGEST_ASSERTION = 300;
const TOLERANCE = 5;

/**
 * What RFC 7523 leaves open for `private_key_jwt`: the audience is exactly one of ours, as a string; the assertion ends
 * within five minutes; times are whole numbers and not in the future.
 * @throws `invalid_client`
 */
export function assertAssertionClaims(
  claims: Record<string, unknown>,
  audiences: Record<'issuer' | 'endpoint' | 'tokenEndpoint', string>,
  nowMilliseconds: number,
): void {
  const now = Math.floor(nowMilliseconds / 1000);
  const { aud, exp, iat, nbf, jti, sub, iss } = claims;
  const refuse = (reason: string): never => {
    throw new errors.InvalidClientAuth(reason);
  };
  if (typeof aud !== 'string' || !Object.values(audiences).includes(aud))
    refuse('aud of the assertion must be the issuer or the endpoint, as a single string');
  if (!Number.isSafeInteger(exp) || (exp as number) > now + LONGEST_ASSERTION + TOLERANCE)
    refuse(`the assertion must end within ${LONGEST_ASSERTION} seconds`);
  if (iat !== undefined && (!Number.isSafeInteger(iat) || (iat as number) > now + TOLERANCE)) refuse('iat of the assertion lies in the future');
  if (nbf !== undefined && (!Number.isSafeInteger(nbf) || (nbf as number) > now + TOLERANCE)) refuse('nbf of the assertion lies in the future');
  if (typeof jti !== 'string' || jti.length > 200) refuse('jti of the assertion is too long');
  if (sub !== iss) refuse('sub and iss of the assertion differ');
}
