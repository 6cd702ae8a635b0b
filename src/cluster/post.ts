import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../domain/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Member, type MemberEvents } from './member.ts';

export interface PostOptions extends Omit<MemberEvents, 'onHung'> {
  readonly log: Logger;
  readonly onEnded: (member: Member) => void;
  /** A worker that needs longer to finish what is under way is killed. */
  readonly drainMs: number;
}

const FIRST_DELAY_MS = 100;
/** Nobody who mends the cause has to wait longer than this. */
const LONGEST_DELAY_MS = 3000;
/** Who lives so long does not die of how it starts. */
const SETTLED_MS = 10_000;
/** Deaths in a row before the first one was ready, after which there is no sense in more. */
const MOST_FIRST_DEATHS = 5;

/** Keeps one worker running: starts it, and another one when it dies, until it is retired. */
export class Post {
  /** Rejects with `unavailable` when the first worker says that it cannot start, or none comes so far. */
  readonly ready: Promise<{ readonly port: number }>;
  readonly #options: PostOptions;
  readonly #retirement = new AbortController();
  readonly #running: Promise<void>;
  #member: Member | undefined;
  /** In a row. */
  #deaths = 0;

  constructor(options: PostOptions) {
    this.#options = options;
    let running = Promise.resolve();
    this.ready = new Promise((resolve, reject) => {
      running = this.#run(resolve, reject);
    });
    this.#running = running;
  }

  /** Drains its worker; no other follows. */
  async retire(): Promise<void> {
    this.#retirement.abort();
    const member = this.#member;
    if (member !== undefined && !(await member.drain(this.#options.drainMs)))
      this.#options.log.warn({ event: 'worker_killed', worker: member.id, pid: member.pid });
    await this.#running;
  }

  async #run(onFirstReady: (listening: { readonly port: number }) => void, onNone: (error: DomainError) => void): Promise<void> {
    const { signal } = this.#retirement;
    let everReady = false;
    while (!signal.aborted) {
      const member = this.#start((port) => {
        everReady = true;
        onFirstReady({ port });
      });
      const how = await member.ended;
      this.#member = undefined;
      this.#options.onEnded(member);
      if (signal.aborted) break;
      this.#deaths += 1;
      const { id: worker, pid, reason } = member;
      if (!everReady && (reason !== undefined || this.#deaths === MOST_FIRST_DEATHS))
        return onNone(new DomainError('unavailable', reason ?? `No worker comes as far as answering requests; the last one ended with ${how}.`));
      this.#options.log.error({ event: 'worker_died', worker, pid, how, reason });
      const wait = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#deaths - 1));
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
    if (!everReady) onNone(new DomainError('unavailable', 'The server is stopping.'));
  }

  #start(onReady: (port: number) => void): Member {
    const { log } = this.#options;
    let settling: NodeJS.Timeout | undefined;
    const member = new Member({
      onMessage: this.#options.onMessage,
      onReady: (ready) => {
        log.info({ event: 'worker_ready', worker: ready.id, pid: ready.pid });
        settling = setTimeout(() => (this.#deaths = 0), SETTLED_MS).unref();
        this.#options.onReady(ready);
        onReady(ready.port!);
      },
      onHung: (hung) => log.error({ event: 'worker_hung', worker: hung.id, pid: hung.pid }),
    });
    void member.ended.then(() => clearTimeout(settling));
    this.#member = member;
    return member;
  }
}
