/**
 * @module The codes that a device shows and a person enters (RFC 8628): found by what is entered, decided on once, and
 * guessed at seldom.
 */
import type { Artifact, ArtifactStore } from '../domain/artifact.ts';
import type { CallerBudget } from '../domain/attempt-budget.ts';
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
  readonly userCodes: CallerBudget;
  readonly clock: Clock;
  readonly random: Random;
}

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
   * @throws `too_many_attempts` with `retryAfterSeconds` after ten wrong ones of the person or from the address in ten minutes
   */
  async enter(entered: string, { userId, address }: { readonly userId: string; readonly address: string }): Promise<WaitingDevice | undefined> {
    const { userCodes } = this.#options;
    const callers = [address, `user ${userId}`];
    for (const caller of callers) await userCodes.take(caller);
    const userCode = entered.toUpperCase().replaceAll(/[^A-Z]/g, '');
    const now = new Date(this.#options.clock.now());
    const found = await this.#find(userCode, now);
    // One that was decided on a moment ago was no guess.
    if (found !== undefined) for (const caller of callers) await userCodes.giveBack(caller);
    if (found === undefined || !isWaiting(found, now)) return undefined;
    const { key, clientId, params } = found.payload;
    const { scope, resource } = params as { readonly scope?: string; readonly resource: string };
    return { key: String(key), userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`, clientId: String(clientId), scope, audience: resource };
  }

  async #find(userCode: string, now: Date): Promise<Artifact | undefined> {
    return USER_CODE.test(userCode) ? this.#options.artifacts.findByUserCode('device_code', digest(userCode), now) : undefined;
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
}

/** A code is kept a while longer than it is good, so that its device is told that it is too late. */
export const keptUntil = (expiresAt: Date): Date => new Date(expiresAt.getTime() + WINDOW_MS);

export const expiryOf = ({ payload }: Artifact): Date => new Date(Number(payload['exp']) * 1000);

function isWaiting(found: Artifact, now: Date): boolean {
  const { payload, consumedAt } = found;
  return consumedAt === undefined && expiryOf(found) > now && payload['userId'] === undefined && payload['refused'] === undefined;
}
