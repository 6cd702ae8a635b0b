/**
 * @module Changes of the key ring, planned: the first keys of an algorithm, a rotation, a retirement in an emergency.
 * Each plan is a pure function of the ring, the instant and a supply of fresh keys, so that it can be made inside the
 * exclusive update of the ring; fresh keys that it has no use for are dropped. After each an algorithm has one key that
 * signs and at least one that waits, published, for the next rotation.
 */
import type { Instant } from './access.ts';
import { DomainError } from './errors.ts';
import type { SigningAlgorithm } from './resource-server.ts';
import {
  currentKey,
  keyStatus,
  keyTimes,
  PUBLISHED_BEFORE_USE_SECONDS,
  withoutDeadKeys,
  type FreshKey,
  type KeyRing,
  type SigningKey,
} from './signing-key.ts';

/** Fresh keys that any one plan can use up. */
export const FRESH_KEYS_NEEDED = 2;

export interface KeyChange {
  /** The very ring that came in when nothing changed. */
  readonly ring: KeyRing;
  readonly created: readonly SigningKey[];
}

export interface Rotation extends KeyChange {
  /** The key that signs until then. */
  readonly predecessor: SigningKey;
  /** The key that begins to sign, with `activatesAt` set: at once, or when it has been published for long enough. */
  readonly successor: SigningKey;
}

export interface Retirement extends KeyChange {
  readonly retired: SigningKey;
  /** The key that signs from now on, when the retired one was signing. */
  readonly replacement: SigningKey | undefined;
}

interface Moment {
  readonly now: Instant;
  readonly fresh: readonly FreshKey[];
}

/** Gives an algorithm its first key, which signs at once: nobody can have a copy of JWKS that lacks it and expect it. */
export function planFirstKeys(ring: KeyRing, alg: SigningAlgorithm, moment: Moment): KeyChange {
  const draft = new Draft(ring, alg, moment);
  if (currentKey(ring, alg, moment.now) === undefined) draft.activate(draft.waiting(), moment.now);
  draft.waiting();
  return draft.change();
}

/**
 * Lets the key that waits take over. It signs at once when it has been published for as long as verifiers keep copies of
 * JWKS, otherwise from the moment when it has been. While a take-over is pending another rotation changes nothing.
 * @throws `not_found` when the algorithm has no key
 */
export function planRotation(ring: KeyRing, alg: SigningAlgorithm, moment: Moment): Rotation {
  const predecessor = currentKey(ring, alg, moment.now);
  if (predecessor === undefined) throw new DomainError('not_found', `There is no signing key for ${alg}.`);
  const pending = pendingSuccessor(ring, alg, moment.now);
  if (pending !== undefined) return { ring, predecessor, successor: pending, created: [] };
  const draft = new Draft(withoutDeadKeys(ring, moment.now), alg, moment);
  const next = draft.waiting();
  const successor = draft.activate(next, Math.max(moment.now, next.createdAt + PUBLISHED_BEFORE_USE_SECONDS * 1000));
  draft.waiting();
  return { ...draft.change(), predecessor, successor };
}

/**
 * Takes a key out of JWKS at once; whatever it signed is worthless from now on. Where it was signing, the key that has
 * been published longest signs in its place at once: better a verifier that must fetch JWKS again than a stolen key.
 * @throws `not_found`
 */
export function planRetirement(ring: KeyRing, kid: string, moment: Moment): Retirement {
  const living = withoutDeadKeys(ring, moment.now);
  const retired = living.keys.find((key) => key.kid === kid);
  if (retired === undefined) throw new DomainError('not_found', 'There is no signing key with this id.');
  const wasCurrent = currentKey(living, retired.alg, moment.now) === retired;
  const draft = new Draft({ keys: living.keys.filter((key) => key !== retired) }, retired.alg, moment);
  const next = wasCurrent ? (pendingSuccessor(living, retired.alg, moment.now) ?? draft.waiting()) : undefined;
  const replacement = next === undefined ? undefined : draft.activate(next, moment.now);
  draft.waiting();
  return { ...draft.change(), retired, replacement };
}

function pendingSuccessor(ring: KeyRing, alg: SigningAlgorithm, now: Instant): SigningKey | undefined {
  return keyTimes(ring).find((times) => times.key.alg === alg && times.key.activatesAt !== undefined && keyStatus(times, now) === 'next')?.key;
}

/** The keys while a plan is being made. */
class Draft {
  readonly #before: KeyRing;
  readonly #alg: SigningAlgorithm;
  readonly #now: Instant;
  readonly #fresh: FreshKey[];
  readonly #created: SigningKey[] = [];
  #keys: readonly SigningKey[];

  constructor(ring: KeyRing, alg: SigningAlgorithm, { now, fresh }: Moment) {
    this.#before = ring;
    this.#alg = alg;
    this.#now = now;
    this.#fresh = fresh.filter((key) => key.alg === alg);
    this.#keys = ring.keys;
  }

  /** The key that has been waiting longest; a fresh one when none is. */
  waiting(): SigningKey {
    const found = this.#keys
      .filter((key) => key.alg === this.#alg && key.activatesAt === undefined)
      .reduce<SigningKey | undefined>((oldest, key) => (oldest === undefined || key.createdAt < oldest.createdAt ? key : oldest), undefined);
    if (found !== undefined) return found;
    const fresh = this.#fresh.shift();
    if (fresh === undefined) throw new DomainError('internal', `No fresh key for ${this.#alg} is at hand.`);
    const created: SigningKey = { ...fresh, createdAt: this.#now };
    this.#created.push(created);
    this.#keys = [...this.#keys, created];
    return created;
  }

  /** Later than every other key of the algorithm, also when the clock of the node that activated one ran ahead of ours. */
  activate(key: SigningKey, at: Instant): SigningKey {
    const others = this.#keys.filter((other) => other.alg === this.#alg && other !== key).map((other) => other.activatesAt ?? -Infinity);
    const active = { ...key, activatesAt: Math.max(at, ...others.map((other) => other + 1)) };
    this.#keys = this.#keys.map((other) => (other === key ? active : other));
    return active;
  }

  change(): KeyChange {
    const created = this.#created.map(({ kid }) => this.#keys.find((key) => key.kid === kid)!);
    return { ring: this.#keys === this.#before.keys ? this.#before : { keys: this.#keys }, created };
  }
}
