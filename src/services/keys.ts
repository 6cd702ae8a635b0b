/** @module What an operator does with signing keys. Every change leaves an audit event; none shows a private key. */
import type { AuditEvent } from '../domain/audit-event.ts';
import { DomainError } from '../domain/errors.ts';
import { FRESH_KEYS_NEEDED, planFirstKeys, planRetirement, planRotation, type Retirement, type Rotation } from '../domain/key-rotation.ts';
import type { Clock, SigningKeyInfo } from '../domain/ports.ts';
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import { currentKey, describeKeys, type FreshKey, type KeyFile, type SigningKey } from '../domain/signing-key.ts';
import { eventNow, type Caller } from './caller.ts';
import { generateSigningKey } from './signing-key-generation.ts';

export interface KeyServiceDependencies {
  readonly keyFile: KeyFile;
  readonly clock: Clock;
  /** Keeps an audit event of a change that has happened. */
  readonly record: (event: AuditEvent) => Promise<void>;
}

export type KeyCaller = Caller;

export interface RotationResult {
  /**
   * `rotated`: the successor signs from now on. `scheduled`: from `activatesAt`, when it has been published for long
   * enough. `unchanged`: a rotation was pending, or somebody else rotated at the same time; the successor is theirs.
   */
  readonly outcome: 'rotated' | 'scheduled' | 'unchanged';
  readonly alg: SigningAlgorithm;
  readonly predecessor: string;
  readonly successor: string;
  readonly activatesAt: Date;
}

export interface RetirementResult {
  readonly alg: SigningAlgorithm;
  readonly retired: string;
  /** Signs in its place, when the retired key was signing. */
  readonly replacement: string | undefined;
}

export class KeyService {
  readonly #keyFile: KeyFile;
  readonly #clock: Clock;
  readonly #record: (event: AuditEvent) => Promise<void>;

  constructor({ keyFile, clock, record }: KeyServiceDependencies) {
    this.#keyFile = keyFile;
    this.#clock = clock;
    this.#record = record;
  }

  /** Every key that is published, those of one algorithm in the order in which they sign. */
  async list(): Promise<readonly SigningKeyInfo[]> {
    return describeKeys(await this.#keyFile.read(), this.#clock.now());
  }

  /** Makes sure that tokens can be signed with an algorithm; writes only when something is missing. */
  async ensure(alg: SigningAlgorithm, caller: KeyCaller): Promise<void> {
    const found = await this.#keyFile.read();
    const complete =
      currentKey(found, alg, this.#clock.now()) !== undefined && found.keys.some((key) => key.alg === alg && key.activatesAt === undefined);
    if (complete) return;
    const fresh = await freshKeys(alg);
    let created: readonly SigningKey[] = [];
    await this.#keyFile.update((ring) => {
      const change = planFirstKeys(ring, alg, { now: this.#clock.now(), fresh });
      created = change.created;
      return change.ring;
    });
    await this.#recordCreated(created, caller);
  }

  /**
   * Lets the next key of an algorithm take over. Of several who ask at the same time one rotates; the others learn what
   * that one did.
   * @throws `not_found` when the algorithm has no key
   */
  async rotate(alg: SigningAlgorithm, caller: KeyCaller): Promise<RotationResult> {
    const asked = currentKey(await this.#keyFile.read(), alg, this.#clock.now())?.kid;
    const fresh = await freshKeys(alg);
    let rotation: Rotation | undefined;
    let changed = false;
    let now = 0;
    await this.#keyFile.update((ring) => {
      now = this.#clock.now();
      const current = currentKey(ring, alg, now);
      if (asked !== undefined && current !== undefined && current.kid !== asked) {
        rotation = { ring, predecessor: ring.keys.find(({ kid }) => kid === asked) ?? current, successor: current, created: [] };
        return ring;
      }
      rotation = planRotation(ring, alg, { now, fresh });
      changed = rotation.ring !== ring;
      return rotation.ring;
    });
    const { predecessor, successor, created } = rotation!;
    const activatesAt = new Date(successor.activatesAt ?? now);
    if (changed) {
      await this.#note('signing_key_rotated', successor, caller, {
        before: { current: predecessor.kid },
        after: { alg, current: successor.kid, activates_at: activatesAt },
      });
      await this.#recordCreated(created, caller);
    }
    const outcome = !changed ? 'unchanged' : activatesAt.getTime() <= now ? 'rotated' : 'scheduled';
    return { outcome, alg, predecessor: predecessor.kid, successor: successor.kid, activatesAt };
  }

  /**
   * Takes a key that may be in wrong hands out of use at once, on every node within a second. Its tokens die with it.
   * @throws `not_found`
   */
  async retire(kid: string, caller: KeyCaller): Promise<RetirementResult> {
    const found = (await this.#keyFile.read()).keys.find((key) => key.kid === kid);
    if (found === undefined) throw new DomainError('not_found', 'There is no signing key with this id.');
    const fresh = await freshKeys(found.alg);
    let retirement: Retirement | undefined;
    await this.#keyFile.update((ring) => {
      retirement = planRetirement(ring, kid, { now: this.#clock.now(), fresh });
      return retirement.ring;
    });
    const { retired, replacement, created } = retirement!;
    await this.#note('signing_key_retired', retired, caller, { before: { alg: retired.alg }, after: { replacement: replacement?.kid } });
    await this.#recordCreated(created, caller);
    return { alg: retired.alg, retired: kid, replacement: replacement?.kid };
  }

  async #recordCreated(created: readonly SigningKey[], caller: KeyCaller): Promise<void> {
    for (const key of created) await this.#note('signing_key_created', key, caller, { after: { alg: key.alg } });
  }

  async #note(type: string, key: SigningKey, caller: KeyCaller, change: Pick<AuditEvent, 'before' | 'after'>): Promise<void> {
    await this.#record(eventNow(this.#clock, caller, { type, target: { kind: 'signing_key', id: key.kid }, ...change }));
  }
}

async function freshKeys(alg: SigningAlgorithm): Promise<readonly FreshKey[]> {
  return Promise.all(Array.from({ length: FRESH_KEYS_NEEDED }, () => generateSigningKey(alg)));
}
