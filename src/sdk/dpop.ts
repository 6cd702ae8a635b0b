/** Proofs of possession, RFC 9449: that whoever presents a token has the key that it is bound to. */
import { base64url, calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { AccessError, PROOF_ALGORITHMS } from './errors.ts';
import type { PresentedRequest } from './presented-request.ts';
import type { ReplayMemory } from './replays.ts';

export interface ProofOptions {
  /** Scheme and host, and a path when there is one, under which callers reach this API. Undefined: the proof cannot be judged. */
  readonly publicUrl: string | undefined;
  readonly replays: ReplayMemory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly clockToleranceSeconds: number;
}

/** Seconds for which a proof is good. */
const LIFETIME = 60;
const LONGEST_ID = 128;
const LONGEST_PROOF = 8192;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Holds the proof of a request against the token and the key that it is bound to, RFC 9449 §4.3 and §7.1.
 * @param bound the token, and the thumbprint in its `cnf`
 * @throws AccessError `invalid_dpop_proof` (401)
 */
export async function assertProof(
  request: PresentedRequest,
  bound: { readonly token: string; readonly thumbprint: string },
  options: ProofOptions,
): Promise<void> {
  const proof = request.headers.get('dpop') ?? '';
  // Two headers arrive joined by a comma, which no proof has.
  if (proof.length > LONGEST_PROOF || !COMPACT.test(proof)) throw invalidProof('There must be one proof in the DPoP header.');
  const { claims, key } = await read(proof);
  const now = options.now() / 1000;
  const { htm, htu, iat, jti, ath } = claims;
  if (htm !== request.method) throw invalidProof('The proof is for another method.');
  const target = targetOf(request, options.publicUrl);
  if (target === undefined || typeof htu !== 'string' || normal(htu) !== target) throw invalidProof('The proof is for another URL.');
  if (!Number.isSafeInteger(iat) || Math.abs(now - iat!) > LIFETIME + options.clockToleranceSeconds)
    throw invalidProof('The proof is too old, or too new.');
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_ID) throw invalidProof('The proof needs an id.');
  if (ath !== (await hashOf(bound.token))) throw invalidProof('The proof is for another token.');
  const thumbprint = await calculateJwkThumbprint(key);
  if (thumbprint !== bound.thumbprint) throw invalidProof('The proof is by another key than the one that the token is bound to.');
  // Last of all: what is refused for another reason must not use up the id.
  const until = iat! + LIFETIME + options.clockToleranceSeconds;
  if (!(await options.replays.useOnce(`${thumbprint} ${jti}`, until))) throw invalidProof('The proof was used before.');
}

async function read(proof: string): Promise<{ readonly claims: JWTPayload; readonly key: JWK }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: [...PROOF_ALGORITHMS] });
    return { claims: payload, key: protectedHeader.jwk as JWK };
  } catch (error) {
    throw invalidProof('The proof cannot be verified.', error);
  }
}

/** The scheme and host that a request names are the caller's words; those that count are configured. */
function targetOf({ url }: PresentedRequest, publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return undefined;
  const path = url.startsWith('/') ? url : URL.canParse(url) ? new URL(url).pathname : '/';
  return normal(publicUrl.replace(/\/+$/, '') + path);
}

/** RFC 9449 §4.3: without query and fragment, after normalization by scheme and syntax, RFC 3986 §6.2. */
function normal(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

async function hashOf(token: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))));
}

const invalidProof = (message: string, cause?: unknown): AccessError => new AccessError('invalid_dpop_proof', message, { scheme: 'DPoP', cause });
