/**
 * @module What an API needs to accept Rolemint's access tokens: take the token out of the request (`bearer.ts`), verify it
 * here, ask for roles (`checks.ts`), refuse by the book (`errors.ts`). Everything that could be left to the token is
 * pinned: issuer, audience, algorithms, type, and where keys come from. Depends on jose alone.
 */
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { accessOf, type Access } from './access.ts';
import { AccessError, KeysUnavailableError } from './errors.ts';

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
  /** What time it is. Default: the time of this machine. */
  readonly now?: () => Date;
}

export interface Verifier {
  /**
   * Who calls with a bearer token.
   * @throws AccessError `invalid_token` (401), the same for every reason; the reason is its cause
   * @throws KeysUnavailableError (503) when the keys could not be fetched
   */
  verify(token: string): Promise<Access>;
}

/**
 * Makes a verifier; one per API and process, so that its keys are cached.
 * @example
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const access = await verifier.verify(token);
 * access.roles.has('OrderReader');
 */
export function createVerifier({ issuer, audience, algorithms = ['ES256'], keys, clockToleranceSeconds = 5, now }: VerifierOptions): Verifier {
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
      const payload = await verifiedClaims(() => jwtVerify(token, getKey, now === undefined ? options : { ...options, currentDate: now() }));
      // RFC 9449 §7.2, RFC 8705 §3: whoever stole it could present it so; its owner proves possession of the key.
      if (payload['cnf'] !== undefined) throw invalid(new Error('The token is bound to a key and cannot be used as a bearer token.'));
      return accessOf(payload);
    },
  };
}

async function verifiedClaims(verify: () => Promise<{ readonly payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    const { payload } = await verify();
    const nameless = ['sub', 'client_id', 'jti'].find((claim) => typeof payload[claim] !== 'string' || payload[claim] === '');
    if (nameless === undefined) return payload;
    throw invalid(new Error(`"${nameless}" must be a string.`));
  } catch (error) {
    if (error instanceof AccessError) throw error;
    throw isAboutToken(error) ? invalid(error) : new KeysUnavailableError(error);
  }
}

const invalid = (cause: unknown): AccessError => new AccessError('invalid_token', 'The access token is not valid here.', { cause });

/** What jose says of keys that it could not get. The rest of its errors are about the token. */
const ABOUT_KEYS: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

function isAboutToken(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^ERR_J(?:OSE|WS|WT|WKS)_/.test(code) && !ABOUT_KEYS.has(code);
}
