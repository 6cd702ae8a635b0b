/** Asks the authorization server about every token, RFC 7662: the newest truth, at the price of a request. */
import { base64url } from 'jose';
import { accessOf, type Access } from './access.ts';
import { BoundedMap } from './bounded-map.ts';
import { assertClaims, invalidToken, type TokenClaims } from './claims.ts';
import { SYSTEM_TIME } from './clock.ts';
import { IntrospectionUnavailableError } from './errors.ts';
import { assertIssuer, fetchJson, RUNTIME_FETCH, type Fetch } from './fetching.ts';
import { presentationCheck, presentedBy, type PresentationOptions } from './presentation.ts';
import type { Verifier } from './verifier.ts';

export interface IntrospectorOptions extends PresentationOptions {
  /** Exactly as it stands in tokens; only it is asked. */
  readonly issuer: string;
  /** The client that the workspace names under `clients` of this API's resource server. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** For how long an answer is believed, good or bad; never beyond the end of the token. 0: not at all. Default: 5. */
  readonly cacheSeconds?: number;
  /** Answers that are remembered at most. Default: 1,000. */
  readonly cacheSize?: number;
  /** What asks. Default: the runtime's fetch. */
  readonly fetch?: Fetch;
  /** What time it is. Default: the time of this machine. */
  readonly now?: () => Date;
}

/** Longer than any token of this issuer. */
const LONGEST_TOKEN = 256 * 1024;

interface Remembered {
  /** Undefined: not active. */
  readonly claims: Promise<TokenClaims | undefined>;
  readonly until: number;
}

/**
 * Makes a verifier that asks the authorization server about each token, so that what was taken back is refused at once
 * (or within `cacheSeconds`), and roles that were lost are missing.
 * @throws TypeError for an issuer that cannot be trusted
 * @example
 * import { createIntrospector } from 'rolemint/resource-server';
 *
 * const verifier = createIntrospector({
 *   issuer: 'https://id.example.com',
 *   audience: 'https://orders.example.com',
 *   clientId: 'orders-api',
 *   clientSecret: 'from your secret store',
 * });
 * console.assert(typeof verifier.verify === 'function');
 */
export function createIntrospector(options: IntrospectorOptions): Verifier {
  const { issuer, audience, cacheSeconds = 5, cacheSize = 1000, clockToleranceSeconds = 5 } = options;
  assertIssuer(issuer);
  const clock = options.now;
  const now = clock === undefined ? SYSTEM_TIME : () => clock().getTime();
  const ask = questions(options);
  const remembered = new BoundedMap<string, Remembered>(cacheSize);
  const assertPresentation = presentationCheck(options, now);

  async function claimsOf(token: string): Promise<TokenClaims | undefined> {
    if (cacheSeconds <= 0) return ask(token);
    // Whoever reads this memory finds no tokens in it.
    const key = base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))));
    const known = remembered.get(key);
    if (known !== undefined && now() < known.until) return known.claims;
    const claims = ask(token);
    remembered.set(key, { claims, until: now() + cacheSeconds * 1000 });
    claims.catch(() => remembered.delete(key));
    return claims;
  }

  return {
    verify: async (given): Promise<Access> => {
      const presented = presentedBy(given);
      if (presented.token === '' || presented.token.length > LONGEST_TOKEN) throw invalidToken('malformed', new Error('No token is this long.'));
      const claims = await claimsOf(presented.token);
      if (claims === undefined) throw invalidToken('inactive', new Error('The authorization server says that it is not active.'));
      // A refresh token of this very client is active too, and has neither type nor id.
      assertClaims(claims, { issuer, audience, clockToleranceSeconds, now: now() / 1000 });
      if (!/^(?:bearer|dpop)$/i.test(String(claims['token_type']))) throw invalidToken('untrusted', new Error('It is no access token.'));
      await assertPresentation(presented, claims);
      return accessOf(claims);
    },
  };
}

/** @returns what asks about a token; its answer is undefined when the token is not active */
function questions({
  issuer,
  clientId,
  clientSecret,
  fetch = RUNTIME_FETCH,
}: IntrospectorOptions): (token: string) => Promise<TokenClaims | undefined> {
  // RFC 6749 §2.3.1: both are form-encoded before they are put together.
  const encoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  const authorization = `Basic ${btoa(`${encoded(clientId)}:${encoded(clientSecret)}`)}`;
  return async (token) => {
    try {
      const { json } = await fetchJson(fetch, `${issuer}/oauth/introspect`, {
        method: 'POST',
        headers: { authorization, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      });
      const answer = json as TokenClaims | null;
      if (typeof answer?.['active'] !== 'boolean') throw new Error('The answer does not say whether the token is active.');
      return answer['active'] ? answer : undefined;
    } catch (error) {
      throw new IntrospectionUnavailableError(error);
    }
  };
}
