/**
 * @module What an interactive sign-in keeps for a while: sessions, interactions, codes. It may be lost, at the price of
 * beginning anew; it is never a truth. What was revoked, and who may still sign in, is told by `revocations` and `access`.
 */

export const ARTIFACT_KINDS = ['session', 'interaction', 'consent', 'authorization_code', 'device_code', 'pushed_authorization_request'] as const;

export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** What is found. */
export interface Artifact {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly consumedAt?: Date | undefined;
}

/** What is kept. */
export interface ArtifactRecord {
  readonly kind: ArtifactKind;
  /** A hash of the secret by which the holder names it, never the secret. */
  readonly id: string;
  /** Plain JSON of at most {@link LONGEST_PAYLOAD} characters. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** At most {@link LONGEST_ARTIFACT_MS} from now. */
  readonly expiresAt: Date;
  /** Of a device; whoever keeps it is free to give a hash. */
  readonly userCode?: string | undefined;
  readonly userId?: string | undefined;
}

export interface ListedArtifact extends Artifact {
  readonly id: string;
  readonly expiresAt: Date;
}

/** As long as browsers keep a cookie at most. */
export const LONGEST_ARTIFACT_MS = 400 * 86_400_000;
export const LONGEST_PAYLOAD = 131_072;
/** More are not listed. */
export const MOST_LISTED_ARTIFACTS = 200;

/**
 * Keeps artifacts. A call that begins after another one resolved sees what that one did, on every node. Ids that nobody
 * could have kept are not found, and not an error.
 */
export interface ArtifactStore {
  /**
   * Inserts, or replaces everything under the same kind and id but a consumed mark, which stays. An expired one counts as
   * absent. Atomic: a reader sees the one or the other.
   * @throws `invalid_input` when something of it cannot be kept, or it would last too long
   */
  put(record: ArtifactRecord): Promise<void>;
  /** Never an expired one. */
  find(kind: ArtifactKind, id: string, now: Date): Promise<Artifact | undefined>;
  /** A user code names one artifact of a kind: of several that were given the same, which one is found is open. */
  findByUserCode(kind: ArtifactKind, userCode: string, now: Date): Promise<Artifact | undefined>;
  /**
   * Atomic: true for exactly one caller, on all nodes and through every fault. False when absent, expired, or consumed
   * before; MUST be false, or throw, when it cannot be told: rather one sign-in too few than one too many.
   */
  consume(kind: ArtifactKind, id: string, now: Date): Promise<boolean>;
  /** When it resolves the artifact MUST NOT be found or consumed any more, also where a store that kept it is out of reach. */
  remove(kind: ArtifactKind, id: string): Promise<void>;
  /** Those of a user, the longest lasting first, at most {@link MOST_LISTED_ARTIFACTS}. */
  list(kind: ArtifactKind, userId: string, now: Date): Promise<readonly ListedArtifact[]>;
}
