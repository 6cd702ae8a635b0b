/** What was taken back before its end, as the authorization server publishes it: followed every few seconds, matched here. */
import { invalidToken, type TokenClaims } from './claims.ts';
import { SYSTEM_TIME } from './clock.ts';
import { RevocationsUnavailableError } from './errors.ts';
import { assertIssuer, fetchJson, RUNTIME_FETCH, type Fetch } from './fetching.ts';
import { parseFeed } from './revocation-feed.ts';
import { RevocationLedger } from './revocation-ledger.ts';

export interface FollowRevocationsOptions {
  /** As the verifier has it. */
  readonly issuer: string;
  /** How old what is known may get before it is asked for anew. Default: 5. */
  readonly intervalSeconds?: number;
  /**
   * What happens while the feed cannot be had. `closed`: once nothing was heard for `toleranceSeconds`, every token is
   * refused with 503. `open`: tokens are judged by what was heard last, so one that is taken back meanwhile is good until
   * it ends. Default: `closed`.
   */
  readonly fail?: 'open' | 'closed';
  /** For how long `closed` bears silence. Default: three intervals, at least 15. */
  readonly toleranceSeconds?: number;
  /** What fetches the feed. Default: the runtime's. */
  readonly fetch?: Fetch;
  /** What time it is. Default: the time of this machine. */
  readonly now?: () => Date;
}

/** Knows what was taken back; for the verifier. */
export interface Revocations {
  /**
   * The claims without the roles that their subject lost since the token was issued.
   * @throws AccessError `invalid_token` (401) when the token itself was taken back
   * @throws RevocationsUnavailableError (503) when it is not known and the setting is `closed`
   */
  withoutLost(claims: TokenClaims): Promise<TokenClaims>;
}

/**
 * Follows the feed of revocations of an authorization server. It is asked when a token is verified, so nothing runs while
 * nobody calls, and there is nothing to stop; what is known is never older than the interval unless the feed is down.
 * @throws TypeError for an issuer that cannot be trusted
 * @example
 * import { createVerifier, followRevocations } from 'rolemint/resource-server';
 *
 * const issuer = 'https://id.example.com';
 * const verifier = createVerifier({
 *   issuer,
 *   audience: 'https://orders.example.com',
 *   revocations: followRevocations({ issuer, intervalSeconds: 5, fail: 'closed' }),
 * });
 * console.assert(typeof verifier.verify === 'function');
 */
export function followRevocations(options: FollowRevocationsOptions): Revocations {
  const { issuer, intervalSeconds = 5, fail = 'closed', fetch = RUNTIME_FETCH } = options;
  assertIssuer(issuer);
  const clock = options.now;
  const now = clock === undefined ? SYSTEM_TIME : () => clock().getTime();
  const interval = intervalSeconds * 1000;
  const tolerance = Math.max(interval, (options.toleranceSeconds ?? Math.max(15, 3 * intervalSeconds)) * 1000);
  const ledger = new RevocationLedger(issuer);
  const follower = new Follower({ url: `${issuer}/oauth/revocations`, issuer, fetch, now, ledger });

  async function catchUp(): Promise<void> {
    const age = now() - follower.heardAt;
    if (age >= interval / 2 && follower.mayAsk(interval)) {
      const asking = follower.ask();
      // While it fails nobody waits for it, except who is refused without it.
      const isNeeded = follower.heardAt === -Infinity || (fail === 'closed' && age > tolerance);
      if (age >= interval && (follower.failure === undefined || isNeeded)) await asking;
    } else if (follower.heardAt === -Infinity) await follower.underWay;
    if (fail === 'closed' && now() - follower.heardAt > tolerance) throw new RevocationsUnavailableError(follower.failure);
  }

  return {
    withoutLost: async (claims) => {
      await catchUp();
      const judgement = await ledger.judge(claims);
      if (judgement.isTakenBack) throw invalidToken('revoked', new Error('The feed of revocations names it.'));
      return judgement.lost.size === 0 ? claims : without(claims, judgement.lost);
    },
  };
}

function without(claims: TokenClaims, lost: ReadonlySet<string>): TokenClaims {
  const left = (names: readonly unknown[]): readonly unknown[] => names.filter((name) => !lost.has(name as string));
  const { roles, scope } = claims;
  return {
    ...claims,
    roles: Array.isArray(roles) ? left(roles) : [],
    ...(typeof scope === 'string' ? { scope: left(scope.split(' ')).join(' ') } : {}),
  };
}

interface FollowerOptions {
  readonly url: string;
  readonly issuer: string;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly ledger: RevocationLedger;
}

/** Asks for what is new, one question at a time. */
class Follower {
  /** When the last question was put that was answered. */
  heardAt = -Infinity;
  /** Why the last question was not answered. */
  failure: unknown;
  underWay: Promise<void> | undefined;
  readonly #options: FollowerOptions;
  #askedAt = -Infinity;
  #cursor: string | undefined;
  /** Of an empty answer to the question that will be put next. */
  #tag: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Whether a question is under way, or the last one is long enough ago. */
  mayAsk(interval: number): boolean {
    return this.underWay !== undefined || this.#options.now() - this.#askedAt >= Math.min(interval / 2, 1000);
  }

  /** Never rejects; {@link failure} says how it went. */
  ask(): Promise<void> {
    return (this.underWay ??= this.#ask().finally(() => (this.underWay = undefined)));
  }

  async #ask(): Promise<void> {
    const { url, issuer, fetch, now, ledger } = this.#options;
    this.#askedAt = now();
    try {
      const asked = this.#cursor;
      const { status, headers, json } = await fetchJson(fetch, asked === undefined ? url : `${url}?since=${encodeURIComponent(asked)}`, {
        headers: { accept: 'application/json', ...(this.#tag === undefined ? {} : { 'if-none-match': this.#tag }) },
      });
      if (status === 200) {
        const feed = parseFeed(json, issuer);
        ledger.enter(feed, now() / 1000);
        this.#cursor = feed.cursor;
        this.#tag = feed.cursor === asked ? (headers.get('etag') ?? undefined) : undefined;
      }
      this.heardAt = this.#askedAt;
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  }
}
