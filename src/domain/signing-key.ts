/**
 * @module Which key signs, which keys are published, and what a rotation does. Nothing here is stored but two instants a
 * key, when it was published and when it begins to sign; all else follows from them and the clock, so every node that
 * reads the same keys comes to the same answer, and a change that was planned takes place with nobody there.
 *
 * A key is `next` (published, so that verifiers learn it before they need it), then `current`, then, once a later key
 * has begun to sign, `retired` until the last token that it signed is dead. For each algorithm the periods in which keys
 * sign follow one another without gap or overlap: there is exactly one current key at any instant.
 */
import type { Instant } from './access.ts';
import { DomainError } from './errors.ts';
import type { KeyStatus, SigningKeyInfo } from './ports.ts';
import type { SigningAlgorithm } from './resource-server.ts';

/** How long verifiers may keep a copy of the published keys (`Cache-Control: max-age` of JWKS). */
export const JWKS_MAX_AGE_SECONDS = 300;

/** A key is published this long before it signs: other nodes publish it up to a second later, and clocks differ. */
export const PUBLISHED_BEFORE_USE_SECONDS = JWKS_MAX_AGE_SECONDS + 5;

/** No access token lives longer. */
export const LONGEST_ACCESS_TOKEN_SECONDS = 3600;

/** By how much clocks of verifiers may lag. */
const TOLERANCE_SECONDS = 60;

/** Private key as a JSON Web Key (RFC 7517). It must never get into a log, an error or an answer. */
export type PrivateJwk = Readonly<Record<string, unknown>>;
export type PublicJwk = Readonly<Record<string, string>> & { readonly kty: string };

/** A key that was just made. */
export interface FreshKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateJwk: PrivateJwk;
}

export interface SigningKey extends FreshKey {
  /** Published since. */
  readonly createdAt: Instant;
  /** Signs from here on, until another key does. Unset: nobody decided yet. */
  readonly activatesAt?: Instant | undefined;
}

/** All keys of the deployment. */
export interface KeyRing {
  readonly keys: readonly SigningKey[];
}

/** Where the key ring is kept. */
export interface KeyFile {
  /** The ring as last written, never half of a change; empty when there is none yet. MUST NOT write. */
  read(): Promise<KeyRing>;
  /**
   * Replaces the ring by what `change` makes of it. Updates MUST run one after the other, whichever process or node they
   * come from, and `change` MUST see what the one before wrote. When it resolves the ring is durable; when it fails, or
   * the process dies, the old ring stands. Returning the same ring writes nothing.
   * @throws `unavailable` when the ring cannot be read or written, or another process does not let go of it
   */
  update(change: (ring: KeyRing) => KeyRing): Promise<KeyRing>;
  /** Cheap; differs from an earlier answer whenever the ring was written in between. */
  version(): Promise<string>;
}

/** A key with the periods in which it signs and is published. */
export interface KeyTimes {
  readonly key: SigningKey;
  readonly signsFrom: Instant;
  /** When the one after it begins to sign. */
  readonly signsUntil: Instant;
  readonly publishedUntil: Instant;
}

/** The times of every key; those of one algorithm in the order in which they sign. */
export function keyTimes(ring: KeyRing): KeyTimes[] {
  const waiting = ring.keys.filter((key) => key.activatesAt === undefined);
  const ordered = ring.keys.filter((key) => key.activatesAt !== undefined).sort((a, b) => a.activatesAt! - b.activatesAt!);
  const decided = ordered.map((key, index) => {
    const ofAlgorithm = (other: SigningKey) => other.alg === key.alg;
    const signsUntil = ordered.slice(index + 1).find(ofAlgorithm)?.activatesAt ?? Infinity;
    // The first of its algorithm counts from ever, so that a node whose clock lags is not without a key.
    const signsFrom = ordered.find(ofAlgorithm) === key ? -Infinity : key.activatesAt!;
    return { key, signsFrom, signsUntil, publishedUntil: signsUntil + (LONGEST_ACCESS_TOKEN_SECONDS + TOLERANCE_SECONDS) * 1000 };
  });
  return [...decided, ...waiting.map((key) => ({ key, signsFrom: Infinity, signsUntil: Infinity, publishedUntil: Infinity }))];
}

/** What a key is at an instant; undefined when it has left JWKS and no token of it can be alive. */
export function keyStatus(times: KeyTimes, at: Instant): KeyStatus | undefined {
  if (at < times.signsFrom) return 'next';
  if (at < times.signsUntil) return 'current';
  return at < times.publishedUntil ? 'retired' : undefined;
}

/** The key that signs for an algorithm; undefined only when the algorithm has no key that was ever to sign. */
export function currentKey(ring: KeyRing, alg: SigningAlgorithm, at: Instant): SigningKey | undefined {
  return keyTimes(ring).find((times) => times.key.alg === alg && keyStatus(times, at) === 'current')?.key;
}

/** What JWKS shows: the public halves of all keys that sign, will sign, or signed tokens that may be alive. */
export function publishedKeys(ring: KeyRing, at: Instant): PublicJwk[] {
  return keyTimes(ring)
    .filter((times) => keyStatus(times, at) !== undefined)
    .map(({ key }) => publicJwk(key));
}

/** The keys for people, without any key material. */
export function describeKeys(ring: KeyRing, at: Instant): SigningKeyInfo[] {
  return keyTimes(ring).flatMap((times) => {
    const status = keyStatus(times, at);
    const { kid, alg, createdAt, activatesAt } = times.key;
    if (status === undefined) return [];
    return [
      {
        kid,
        alg,
        status,
        createdAt: new Date(createdAt),
        activatedAt: activatesAt === undefined ? undefined : new Date(activatesAt),
        removedAt: times.publishedUntil === Infinity ? undefined : new Date(times.publishedUntil),
      },
    ];
  });
}

/** The ring without the keys whose last token is dead. */
export function withoutDeadKeys(ring: KeyRing, at: Instant): KeyRing {
  const keys = keyTimes(ring)
    .filter((times) => keyStatus(times, at) !== undefined)
    .map(({ key }) => key);
  return keys.length === ring.keys.length ? ring : { keys };
}

const MEMBERS: Record<SigningAlgorithm, { readonly fixed: PublicJwk; readonly public: readonly string[]; readonly private: readonly string[] }> = {
  ES256: { fixed: { kty: 'EC', crv: 'P-256' }, public: ['x', 'y'], private: ['d'] },
  EdDSA: { fixed: { kty: 'OKP', crv: 'Ed25519' }, public: ['x'], private: ['d'] },
  RS256: { fixed: { kty: 'RSA' }, public: ['n', 'e'], private: ['d', 'p', 'q', 'dp', 'dq', 'qi'] },
  PS256: { fixed: { kty: 'RSA' }, public: ['n', 'e'], private: ['d', 'p', 'q', 'dp', 'dq', 'qi'] },
};

/** The public half, picked member by member: what is not named here never leaves the key. */
export function publicJwk({ kid, alg, privateJwk }: FreshKey): PublicJwk {
  const members = MEMBERS[alg];
  return { ...members.fixed, ...Object.fromEntries(members.public.map((name) => [name, String(privateJwk[name])])), kid, alg, use: 'sig' };
}

/** A key id that stands for a key whose private half everybody knows: the one that oidc-provider ships for development. */
const PUBLICLY_KNOWN_KID = 'keystore-CHANGE-ME';
const SHORTEST_RSA_MODULUS_BASE64URL = Math.ceil((2048 / 8) * (4 / 3));

/**
 * Refuses a ring that must not sign: a key id twice, a key that is not of its algorithm, or one that the world knows.
 * The messages name key ids only.
 * @throws `unavailable`
 */
export function assertKeyRing(ring: KeyRing): void {
  const seen = new Set<string>();
  for (const { kid, alg, privateJwk } of ring.keys) {
    const refuse = (problem: string) =>
      new DomainError('unavailable', `The signing key ${JSON.stringify(kid.slice(0, 100))} cannot be used: ${problem}.`);
    if (kid === PUBLICLY_KNOWN_KID || privateJwk['kid'] === PUBLICLY_KNOWN_KID) throw refuse('its private half is public knowledge');
    if (kid === '' || seen.has(kid)) throw refuse('each key needs an id of its own');
    seen.add(kid);
    const { fixed, public: open, private: secret } = MEMBERS[alg];
    const complete = [...open, ...secret].every((name) => typeof privateJwk[name] === 'string' && privateJwk[name] !== '');
    if (!complete || Object.entries(fixed).some(([name, value]) => privateJwk[name] !== value)) throw refuse(`it is not a private key for ${alg}`);
    if (fixed['kty'] === 'RSA' && String(privateJwk['n']).length < SHORTEST_RSA_MODULUS_BASE64URL) throw refuse('it is shorter than 2048 bits');
  }
}
