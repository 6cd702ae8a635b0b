/** How a token is presented must go together with what it is bound to, RFC 6750 and RFC 9449. */
import type { TokenClaims } from './claims.ts';
import { invalidToken } from './claims.ts';
import { assertProof, type ProofOptions } from './dpop.ts';
import { credentialsOf, type Credentials, type PresentedRequest } from './presented-request.ts';
import { localReplays, type ReplayMemory } from './replays.ts';

export interface PresentationOptions {
  /** The audience of this API, exactly as it stands in tokens. */
  readonly audience: string;
  /**
   * Scheme and host under which callers reach this API, for proofs of possession; with a path when a proxy takes one away.
   * Default: those of the audience, when it is a URL.
   */
  readonly publicUrl?: string;
  /** Where used proofs are remembered. Default: in this process. */
  readonly replays?: ReplayMemory;
  /** Seconds by which clocks may differ. Default: 5. */
  readonly clockToleranceSeconds?: number;
}

/** A token, and how it came: by itself it is a bearer token. */
export interface Presented extends Credentials {
  readonly request: PresentedRequest | undefined;
}

/** @throws AccessError (401) when the request has no token */
export function presentedBy(given: string | PresentedRequest): Presented {
  if (typeof given === 'string') return { scheme: 'Bearer', token: given, request: undefined };
  return { ...credentialsOf(given.headers.get('authorization')), request: given };
}

/** Decides whether a token may be presented like this. */
export type PresentationCheck = (presented: Presented, claims: TokenClaims) => Promise<void>;

/** Makes the check of an API; its memory of used proofs lives as long as it does. */
export function presentationCheck(options: PresentationOptions, now: () => number): PresentationCheck {
  const { audience, clockToleranceSeconds = 5, replays = localReplays({ now }) } = options;
  const proofs: ProofOptions = { publicUrl: options.publicUrl ?? originOf(audience), replays, now, clockToleranceSeconds };
  return async ({ scheme, token, request }, claims) => {
    const { cnf } = claims;
    if (cnf === undefined && scheme === 'Bearer') return;
    const thumbprint = thumbprintOf(cnf);
    // Whoever stole a bound token would present it as a bearer token; and a proof proves nothing for one that is not bound.
    if (thumbprint === undefined) throw invalidToken('bound', new Error('The token is not bound to a key that a proof could be by.'), scheme);
    if (scheme === 'Bearer' || request === undefined) throw invalidToken('bound', new Error('The token is bound to a key.'), 'DPoP');
    await assertProof(request, { token, thumbprint }, proofs);
  };
}

/** RFC 9449 §6.1. Any other binding, or one more, cannot be checked here. */
function thumbprintOf(cnf: unknown): string | undefined {
  if (typeof cnf !== 'object' || cnf === null) return undefined;
  const { jkt, ...others } = cnf as { readonly jkt?: unknown };
  return typeof jkt === 'string' && Object.keys(others).length === 0 ? jkt : undefined;
}

function originOf(audience: string): string | undefined {
  const url = URL.canParse(audience) ? new URL(audience) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}
