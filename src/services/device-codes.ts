/**
 * @module The codes that a device shows and a person enters (RFC 8628): found by what is entered, decided on once, and
 * guessed at seldom.
 */
import type { Artifact, ArtifactStore } from '../domain/artifact.ts';
import type { AddressBudget } from '../domain/attempt-budget.ts';
import { DomainError } from '../domain/errors.ts';
import type { Clock, Random, ReplayStore } from '../domain/ports.ts';
import type { BrowserSession } from './browser-sessions.ts';
import { digest } from './client-authentication.ts';

/** Seconds between two questions of a device whether it may go on, and by how much they grow (RFC 8628 §3.5). */
export const DEVICE_INTERVAL_SECONDS = 5;

/** A device that waits for a person. */
export interface WaitingDevice {
  /** A hash, by which it is kept. */
  readonly key: string;
  /** As the device shows it. */
  readonly userCode: string;
  readonly clientId: string;
  readonly scope: string | undefined;
  readonly audience: string;
}

export interface DeviceCodesOptions {
  readonly artifacts: ArtifactStore;
  readonly replays: ReplayStore;
  /** Of wrong codes. */
  readonly userCodes: AddressBudget;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Wrong or right, so often may somebody name a code in ten minutes, and of 20⁸ codes nobody finds one that way. A device
 * takes two: its code is entered, and comes again with the decision.
 */
const MOST_NAMED = 20;
const WINDOW_MS = 600_000;

/** How the engine makes user codes. */
const USER_CODE = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/;

export class DeviceCodes {
  readonly #options: DeviceCodesOptions;

  constructor(options: DeviceCodesOptions) {
    this.#options = options;
  }

  /**
   * The device that shows this code, however it was typed.
   * @throws `too_many_attempts` with `retryAfterSeconds` after twenty of the person, or ten wrong ones from the address, in ten minutes
   */
  async enter(entered: string, { userId, address }: { readonly userId: string; readonly address: string }): Promise<WaitingDevice | undefined> {
    const { userCodes } = this.#options;
    await this.#count(userId);
    await userCodes.take(address);
    const found = await this.#find(entered);
    if (found !== undefined) await userCodes.giveBack(address);
    return found;
  }

  async #find(entered: string): Promise<WaitingDevice | undefined> {
    const userCode = entered.toUpperCase().replaceAll(/[^A-Z]/g, '');
    if (!USER_CODE.test(userCode)) return undefined;
    const { artifacts, clock } = this.#options;
    const now = new Date(clock.now());
    const found = await artifacts.findByUserCode('device_code', digest(userCode), now);
    if (found === undefined || !isWaiting(found, now)) return undefined;
    const { key, clientId, params } = found.payload;
    const { scope, resource } = params as { readonly scope?: string; readonly resource: string };
    return { key: String(key), userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`, clientId: String(clientId), scope, audience: resource };
  }

  /**
   * Lets the device act for the person, or not. Of several decisions the first counts.
   * @returns false when somebody decided before, or the code has expired
   */
  async decide(
    { key }: WaitingDevice,
    decision: 'refused' | { readonly session: BrowserSession; readonly agreed: readonly string[] | undefined },
  ): Promise<boolean> {
    const { artifacts, replays, clock, random } = this.#options;
    const now = new Date(clock.now());
    const found = await artifacts.find('device_code', key, now);
    if (found === undefined || !isWaiting(found, now)) return false;
    const expiresAt = expiryOf(found);
    if (!(await replays.useOnce(digest(`device decision\0${key}`), keptUntil(expiresAt)))) return false;
    const said =
      decision === 'refused'
        ? { refused: true }
        : {
            grantId: random.id(),
            userId: decision.session.userId,
            sessionId: decision.session.id,
            signedInAt: decision.session.signedInAt.getTime(),
            authorizedAt: clock.now(),
            agreed: decision.agreed,
          };
    const payload = JSON.parse(JSON.stringify({ ...found.payload, ...said })) as Record<string, unknown>;
    // Without its user code: it is not entered a second time.
    await artifacts.put({ kind: 'device_code', id: key, payload, expiresAt: keptUntil(expiresAt) });
    return true;
  }

  /**
   * Whether a device may ask again already. Each time that it may not, it waits five seconds longer from then on (RFC 8628
   * §3.5).
   */
  async mayAsk(key: string): Promise<boolean> {
    const { artifacts, clock } = this.#options;
    const now = new Date(clock.now());
    // Beside the device code, which is replaced when somebody decides.
    const id = digest(`device interval\0${key}`);
    const interval = Number((await artifacts.find('device_code', id, now))?.payload['interval'] ?? DEVICE_INTERVAL_SECONDS);
    if (await this.#begin(key, interval)) return true;
    const longer = interval + DEVICE_INTERVAL_SECONDS;
    await artifacts.put({ kind: 'device_code', id, payload: { interval: longer }, expiresAt: keptUntil(new Date(now.getTime() + WINDOW_MS)) });
    await this.#begin(key, longer);
    return false;
  }

  /** @returns false while an interval of so many seconds is under way */
  async #begin(key: string, interval: number): Promise<boolean> {
    const { replays, clock } = this.#options;
    return replays.useOnce(digest(`device asks\0${key}\0${interval}`), new Date(clock.now() + interval * 1000));
  }

  async #count(userId: string): Promise<void> {
    const { replays, clock } = this.#options;
    const now = clock.now();
    const window = Math.floor(now / WINDOW_MS);
    const expiresAt = new Date((window + 1) * WINDOW_MS);
    for (let slot = 0; slot < MOST_NAMED; slot += 1) {
      if (await replays.useOnce(digest(`device code\0${userId}\0${window}\0${slot}`), expiresAt)) return;
    }
    const retryAfterSeconds = Math.ceil((expiresAt.getTime() - now) / 1000);
    throw new DomainError('too_many_attempts', 'Too many attempts, try again later.', { retryAfterSeconds });
  }
}

/** A code is kept a while longer than it is good, so that its device is told that it is too late. */
export const keptUntil = (expiresAt: Date): Date => new Date(expiresAt.getTime() + WINDOW_MS);

export const expiryOf = ({ payload }: Artifact): Date => new Date(Number(payload['exp']) * 1000);

function isWaiting(found: Artifact, now: Date): boolean {
  const { payload, consumedAt } = found;
  return consumedAt === undefined && expiryOf(found) > now && payload['userId'] === undefined && payload['refused'] === undefined;
}
