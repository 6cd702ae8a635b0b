/** @module Verifies Rolemint access tokens: issuer, audience, algorithm, type, times and signature, all pinned. */
import { createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { accessOf, type Access } from './access.ts';
import { AccessError } from './errors.ts';

export interface VerifierOptions {
  /** Exactly as it stands in tokens; keys are fetched from below it and from nowhere else. */
  readonly issuer: string;
  /** The audience of this API, exactly. */
  readonly audience: string;
  /** Signature algorithms to accept. Default: ES256 alone. */
  readonly algorithms?: readonly string[];
  /** Where keys come from when not from the issuer's JWKS. */
  readonly keys?: JWTVerifyGetKey;
  /** Seconds by which clocks may differ. Default: 5. */
  readonly clockToleranceSeconds?: number;
}

export interface Verifier {
  /** @throws AccessError `invalid_token` (401), the same for every reason; the reason is its cause */
  verify(token: string): Promise<Access>;
}

/**
 * Makes a verifier; one per API and process, so that its keys are cached.
 * @example
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const access = await verifier.verify(token);
 * access.roles.has('OrderReader');
 */
export function createVerifier({ issuer, audience, algorithms = ['ES256'], keys, clockToleranceSeconds = 5 }: VerifierOptions): Verifier {
  const getKey = keys ?? createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cooldownDuration: 30_000, cacheMaxAge: 300_000 });
  const options = {
    issuer,
    audience,
    algorithms: [...algorithms],
    typ: 'at+jwt',
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
  };
  return {
    verify: async (token) => {
      try {
        const { payload } = await jwtVerify(token, getKey, options);
        return accessOf(payload);
      } catch (cause) {
        throw new AccessError('invalid_token', 'The access token is not valid here.', { cause });
      }
    },
  };
}
