/** The keys that the configured issuer publishes: cached, and fetched anew with restraint. */
import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { KeysUnavailableError } from './errors.ts';
import { fetchJson, type Fetch } from './fetching.ts';

export interface IssuerKeysOptions {
  readonly issuer: string;
  readonly fetch: Fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Keys are fetched anew after this long. */
const FRESH = 300_000;
/** Between two fetches for key ids that nobody knows, or after one that failed, lies at least this. */
const COOLDOWN = 30_000;
/** The same while there are none at all. */
const EAGER = 2000;
/** With keys that cannot be fetched anew, the known ones are good for this long: longer than any token that they signed. */
const STALE = 24 * 3_600_000;

interface Known {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** Keys that were found, by algorithm and id: most tokens are signed by the same one. */
  readonly found: Map<string, CryptoKey>;
  readonly at: number;
}

type Search = Parameters<JWTVerifyGetKey>;

/**
 * Finds the key of a token among those of the issuer. One fetch is under way at a time, however many tokens wait for it.
 * @throws KeysUnavailableError when there are none, or too old ones
 */
export function issuerKeys({ issuer, fetch, now }: IssuerKeysOptions): JWTVerifyGetKey {
  const url = `${issuer}/.well-known/jwks.json`;
  let known: Known | undefined;
  let underWay: Promise<Known> | undefined;
  let triedAt = -Infinity;
  let failure: unknown;

  async function load(): Promise<Known> {
    triedAt = now();
    try {
      const { json } = await fetchJson(fetch, url, { headers: { accept: 'application/json' } });
      known = { find: createLocalJWKSet(json as JSONWebKeySet), found: new Map(), at: triedAt };
      return known;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      underWay = undefined;
    }
  }

  const isCool = (): boolean => now() - triedAt >= (known === undefined ? EAGER : COOLDOWN);
  const reload = (): Promise<Known> => (underWay ??= load());

  async function current(): Promise<Known> {
    const have = known;
    if (have !== undefined && now() - have.at < FRESH) return have;
    if (underWay !== undefined || isCool()) {
      const loaded = await reload().catch(() => undefined);
      if (loaded !== undefined) return loaded;
    }
    if (known !== undefined && now() - known.at < STALE) return known;
    throw new KeysUnavailableError(failure);
  }

  async function search(...[header, token]: Search): Promise<CryptoKey> {
    const have = await current();
    try {
      return await keyOf(have, header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || (underWay === undefined && !isCool())) throw error;
      const newer = await reload().catch(() => undefined);
      if (newer === undefined) throw error;
      return keyOf(newer, header, token);
    }
  }

  return (header, token) => {
    // An id that is no text could pass for one.
    const isNamed = typeof header.kid === 'string' && known !== undefined && now() - known.at < FRESH;
    return (isNamed ? known?.found.get(nameOf(header)) : undefined) ?? search(header, token);
  };
}

const nameOf = ({ alg, kid }: Search[0]): string => `${alg} ${String(kid)}`;

async function keyOf({ find, found }: Known, ...[header, token]: Search): Promise<CryptoKey> {
  const key = await find(header, token);
  // Without an id, or with one that is no text, a key is not found by its name.
  if (typeof header.kid === 'string') found.set(nameOf(header), key);
  return key;
}
