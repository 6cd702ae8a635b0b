/**
 * @module What an API needs to accept Rolemint's access tokens: verify what a request presents (here, or by asking the
 * server, `introspector.ts`), hear of what was taken back (`revocations.ts`), ask for roles and organizations
 * (`checks.ts`, `entity.ts`), refuse by the book (`errors.ts`), and all of it as middleware. Everything that could be left
 * to the token is pinned: issuer, audience, algorithms, type, and where keys come from. Depends on jose alone.
 */
import { compactVerify, type CompactJWSHeaderParameters, type JWTVerifyGetKey } from 'jose';
import { accessOf, type Access } from './access.ts';
import { assertClaims, invalidToken, type TokenClaims } from './claims.ts';
import { SYSTEM_TIME } from './clock.ts';
import { AccessError, KeysUnavailableError, type TokenFault } from './errors.ts';
import { assertIssuer, RUNTIME_FETCH, type Fetch } from './fetching.ts';
import { issuerKeys } from './keys.ts';
import { presentationCheck, presentedBy, type PresentationOptions } from './presentation.ts';
import type { PresentedRequest } from './presented-request.ts';
import type { Revocations } from './revocations.ts';

export interface VerifierOptions extends PresentationOptions {
  /** Exactly as it stands in tokens; keys are fetched from below it and from nowhere else. */
  readonly issuer: string;
  /** Signature algorithms to accept. Default: ES256 alone. */
  readonly algorithms?: readonly string[];
  /** What was taken back before its end, `followRevocations`. Default: a token is good until it ends. */
  readonly revocations?: Revocations;
  /** Where keys come from when not from the issuer's JWKS. */
  readonly keys?: JWTVerifyGetKey;
  /** What fetches the keys. Default: the runtime's. */
  readonly fetch?: Fetch;
  /** What time it is. Default: the time of this machine. */
  readonly now?: () => Date;
}

export interface Verifier {
  /**
   * Who calls. A request is asked for its token, as a bearer token or with a proof of possession; a token by itself is
   * a bearer token.
   * @throws AccessError `missing_token`, `invalid_token` or `invalid_dpop_proof` (401); `reason` says what is wrong
   * @throws UnavailableError (503) when something of the authorization server that is needed cannot be had
   */
  verify(presented: string | PresentedRequest): Promise<Access>;
}

/** Longer than any token of this issuer. */
const LONGEST_TOKEN = 256 * 1024;
/** RFC 7515 §7.1, and no white space or padding, which decoders forgive. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const SIGNED_BY_A_KEY_PAIR = /^(?:ES256|ES384|ES512|EdDSA|Ed25519|[PR]S(?:256|384|512))$/;

/**
 * Makes a verifier that needs the authorization server for its keys alone; one per API and process, so that they are
 * cached.
 * @throws TypeError for an issuer that cannot be trusted, and for algorithms that are no signatures
 * @example
 * import { createVerifier } from 'rolemint/resource-server';
 * import { createTestIssuer } from 'rolemint/resource-server/testing';
 *
 * const issuer = await createTestIssuer({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com', fetch: issuer.fetch });
 *
 * const access = await verifier.verify(await issuer.token({ subject: 'alice', roles: ['OrderReader'] }));
 * console.assert(access.subject === 'alice' && access.roles.has('OrderReader'));
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience, algorithms = ['ES256'], fetch = RUNTIME_FETCH, clockToleranceSeconds = 5, revocations } = options;
  const clock = options.now;
  const now = clock === undefined ? SYSTEM_TIME : () => clock().getTime();
  const keyless = algorithms.find((name) => !SIGNED_BY_A_KEY_PAIR.test(name));
  if (keyless !== undefined || algorithms.length === 0) throw new TypeError(`Tokens cannot be signed with ${keyless ?? 'no algorithm at all'}.`);
  if (options.keys === undefined) assertIssuer(issuer);
  const getKey = options.keys ?? issuerKeys({ issuer, fetch, now });
  const assertPresentation = presentationCheck(options, now);
  const pinned = { issuer, algorithms: [...algorithms] };
  return {
    verify: async (given) => {
      const presented = presentedBy(given);
      const claims = await signedClaims(presented.token, getKey, pinned);
      assertClaims(claims, { issuer, audience, clockToleranceSeconds, now: now() / 1000 });
      await assertPresentation(presented, claims);
      return accessOf(revocations === undefined ? claims : await revocations.withoutLost(claims));
    },
  };
}

/** RFC 9068 §2.1. */
const TYPE = 'at+jwt';
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** The claims are judged by {@link assertClaims} alone, so nothing is looked at twice. */
async function signedClaims(
  token: string,
  getKey: JWTVerifyGetKey,
  pinned: { readonly issuer: string; readonly algorithms: string[] },
): Promise<TokenClaims> {
  if (token.length > LONGEST_TOKEN || !COMPACT.test(token)) throw invalidToken('malformed', new Error('The token is no compact JWS.'));
  let signed: { readonly payload: Uint8Array; readonly protectedHeader: CompactJWSHeaderParameters };
  try {
    signed = await compactVerify(token, getKey as Parameters<typeof compactVerify>[1], pinned);
  } catch (error) {
    if (error instanceof AccessError || error instanceof KeysUnavailableError) throw error;
    throw isAboutToken(error) ? invalidToken(faultOf(error, token, pinned.issuer), error) : new KeysUnavailableError(error);
  }
  const { typ, b64 } = signed.protectedHeader;
  if (typ !== TYPE) throw invalidToken('untrusted', new Error('unexpected "typ" header value'));
  const claims = b64 === false ? undefined : parsed(signed.payload);
  if (claims === undefined) throw invalidToken('malformed', new Error('The payload is no JSON object.'));
  return claims;
}

function parsed(payload: Uint8Array): TokenClaims | undefined {
  try {
    const value: unknown = JSON.parse(UTF_8.decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as TokenClaims) : undefined;
  } catch {
    return undefined;
  }
}

/** What jose says of keys that it could not get. The rest of its errors are about the token. */
const ABOUT_KEYS: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

function isAboutToken(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^ERR_J(?:OSE|WS|WKS)_/.test(code) && !ABOUT_KEYS.has(code);
}

/** Nothing that is not signed decides anything; it may only make the words of the refusal fit. */
function faultOf(error: unknown, token: string, issuer: string): TokenFault {
  if ((error as { readonly code?: unknown }).code === 'ERR_JWS_INVALID') return 'malformed';
  try {
    const claims = JSON.parse(atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))) as { readonly iss?: unknown } | null;
    return typeof claims?.iss === 'string' && claims.iss !== issuer ? 'foreign' : 'untrusted';
  } catch {
    return 'malformed';
  }
}
