import type { Clock } from '../domain/ports.ts';
import { DomainError } from '../domain/errors.ts';
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import { keyStatus, keyTimes, type KeyFile } from '../domain/signing-key.ts';
import { loadSigningKey, type LoadedKey, type TokenType } from './loaded-key.ts';

export interface KeysInUseOptions {
  readonly keyFile: KeyFile;
  readonly clock: Clock;
  /** How old, in milliseconds, what is known of the key file may be. */
  readonly reloadEveryMs: number;
  readonly log: { warn(details: object, message: string): void };
}

/**
 * The deployment's keys as this process knows them: loaded once, looked at again when they were not for a while, by
 * whoever needs a key or by a timer. A key file that cannot be used leaves the last good keys in use.
 */
export class KeysInUse {
  readonly #options: KeysInUseOptions;
  readonly #timer: NodeJS.Timeout;
  #keys: readonly LoadedKey[] = [];
  #byHeader: ReadonlyMap<string, LoadedKey> = new Map();
  #version: string | undefined;
  #checkedAt = -Infinity;
  #running: Promise<void> | undefined;
  #complaint: string | undefined;

  private constructor(options: KeysInUseOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.reload(), options.reloadEveryMs).unref();
  }

  /** @throws `unavailable` when the key file cannot be used */
  static async open(options: KeysInUseOptions): Promise<KeysInUse> {
    const keys = new KeysInUse(options);
    try {
      await keys.#load();
    } catch (error) {
      keys.close();
      throw error;
    }
    return keys;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * The key that signs for an algorithm now.
   * @throws `unavailable` when there is none
   */
  async signing(alg: SigningAlgorithm): Promise<LoadedKey> {
    await this.refresh();
    const found = this.#current(alg);
    if (found !== undefined) return found;
    // Perhaps it was made a moment ago.
    await this.reload();
    const made = this.#current(alg);
    if (made === undefined) throw new DomainError('unavailable', `There is no signing key for ${alg} yet.`, { retryAfterSeconds: 1 });
    return made;
  }

  /** The key whose tokens of a type begin with this header, while its signature counts: it signs now, or did and is still published. */
  async verifying(type: TokenType, header: string): Promise<LoadedKey | undefined> {
    await this.refresh();
    const key = this.#byHeader.get(header);
    if (key?.headers[type] !== header) return undefined;
    const status = keyStatus(key.times, this.#options.clock.now());
    return status === 'current' || status === 'retired' ? key : undefined;
  }

  /** The keys that JWKS shows now. */
  published(): readonly LoadedKey[] {
    const now = this.#options.clock.now();
    return this.#keys.filter(({ times }) => keyStatus(times, now) !== undefined);
  }

  /** Makes sure that what is known of the key file is not older than promised. Never fails: old keys are better than none. */
  async refresh(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    const age = this.#options.clock.now() - this.#checkedAt;
    if (age < 0 || age >= this.#options.reloadEveryMs) await this.reload();
  }

  /** Looks at the key file now. Never fails, like {@link refresh}. */
  async reload(): Promise<void> {
    // A look that is under way may have begun before the change that the caller knows of.
    await this.#running;
    this.#running ??= this.#load()
      .then(() => void (this.#complaint = undefined))
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
  }

  async #load(): Promise<void> {
    const { keyFile, clock } = this.#options;
    this.#checkedAt = clock.now();
    const version = await keyFile.version();
    if (version === this.#version) return;
    const keys = keyTimes(await keyFile.read()).map(loadSigningKey);
    if (keys.length === 0 && this.#keys.length > 0) throw new DomainError('unavailable', 'The signing keys have disappeared.');
    this.#keys = keys;
    this.#byHeader = new Map(keys.flatMap((key) => Object.values(key.headers).map((header) => [header, key] as const)));
    this.#version = version;
  }

  #current(alg: SigningAlgorithm): LoadedKey | undefined {
    const now = this.#options.clock.now();
    return this.#keys.find(({ times }) => times.key.alg === alg && keyStatus(times, now) === 'current');
  }

  /** Says it once, not once a second. */
  #complain(error: unknown): void {
    const message = error instanceof DomainError ? error.message : 'The signing keys cannot be loaded.';
    if (message === this.#complaint) return;
    this.#complaint = message;
    this.#options.log.warn({ err: error }, `${message} The keys that were loaded before stay in use.`);
  }
}
