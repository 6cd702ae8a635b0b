import { Worker } from 'node:worker_threads';
import { DomainError } from '../domain/errors.ts';
import type { PasswordHash } from '../domain/password-hash.ts';

export interface HashParameters {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** What a thread is asked, see password-worker.js: does one of the passwords match the hash, or: what is a new hash of it. */
export type PasswordJob =
  | { readonly passwords: readonly string[]; readonly hash: PasswordHash }
  | { readonly password: string; readonly parameters: HashParameters };

export interface PasswordAnswer {
  readonly result: string | boolean;
  /** What the thread computed for, without the time in the queue. */
  readonly milliseconds: number;
}

interface Waiting {
  readonly job: PasswordJob;
  readonly resolve: (answer: PasswordAnswer) => void;
  readonly reject: (error: DomainError) => void;
}

interface Thread {
  readonly worker: Worker;
  running: Waiting | undefined;
  failure: unknown;
}

export interface ThreadLimits {
  readonly threads: number;
  /** Jobs that may wait for a thread; one more is refused. */
  readonly queueLimit: number;
}

/** Starts one hashing thread. */
export function startPasswordWorker(): Worker {
  return new Worker(new URL('./password-worker.js', import.meta.url), { execArgv: [] });
}

/**
 * A few threads behind a bounded queue. A thread is started when a job first needs it, kept, and replaced after it died.
 * Idle threads do not keep the process alive.
 */
export class PasswordThreads {
  readonly #limits: ThreadLimits;
  readonly #start: () => Worker;
  readonly #threads = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  #closed = false;

  constructor(limits: ThreadLimits, start: () => Worker) {
    this.#limits = limits;
    this.#start = start;
  }

  /** @throws `unavailable` when the queue is full, the thread died under the job, or the threads were closed */
  async run(job: PasswordJob): Promise<PasswordAnswer> {
    if (this.#closed) throw unavailable('Password hashing has been shut down.');
    if (this.#free() === 0 && this.#queue.length >= this.#limits.queueLimit) throw unavailable('Too many passwords are waiting to be checked.');
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  stats(): { readonly queued: number; readonly running: number; readonly threads: number } {
    return { queued: this.#queue.length, running: this.#running().length, threads: this.#threads.size };
  }

  /** Refuses what waits, lets what runs finish, ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(unavailable('Password hashing has been shut down.'));
    await Promise.all(
      [...this.#threads].map(async (thread) => {
        await settled(thread);
        await thread.worker.terminate();
      }),
    );
  }

  #running(): Thread[] {
    return [...this.#threads].filter((thread) => thread.running !== undefined);
  }

  #free(): number {
    return this.#limits.threads - this.#running().length;
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#free() > 0) {
      const thread = [...this.#threads].find(({ running }) => running === undefined) ?? this.#add();
      const waiting = this.#queue.shift()!;
      thread.running = waiting;
      thread.worker.ref();
      thread.worker.postMessage(waiting.job);
    }
  }

  #add(): Thread {
    const thread: Thread = { worker: this.#start(), running: undefined, failure: undefined };
    this.#threads.add(thread);
    thread.worker.unref();
    thread.worker.on('message', (answer: PasswordAnswer) => this.#release(thread)?.resolve(answer));
    thread.worker.on('error', (error) => {
      thread.failure = error;
    });
    thread.worker.on('exit', () => {
      this.#threads.delete(thread);
      this.#release(thread)?.reject(unavailable('The thread that was checking the password died.', thread.failure));
    });
    return thread;
  }

  /** Takes the job from a thread and gives the thread the next one. */
  #release(thread: Thread): Waiting | undefined {
    const waiting = thread.running;
    thread.running = undefined;
    thread.worker.unref();
    this.#dispatch();
    return waiting;
  }
}

async function settled(thread: Thread): Promise<void> {
  if (thread.running === undefined) return;
  await new Promise<void>((resolve) => {
    thread.worker.once('message', () => resolve());
    thread.worker.once('exit', () => resolve());
  });
}

function unavailable(message: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', message, { retryAfterSeconds: 1, cause });
}
