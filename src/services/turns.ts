import { DomainError } from '../domain/errors.ts';

/** Work under the same key that may wait at the same time. */
const LONGEST_QUEUE = 32;

/** Lets work under the same key run one after the other, in the order of arrival; different keys do not wait for each other. */
export class Turns {
  readonly #queues = new Map<string, { last: Promise<unknown>; length: number }>();

  /** @throws `too_many_attempts` when too much waits under this key already */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length >= LONGEST_QUEUE)
      throw new DomainError('too_many_attempts', 'Too many attempts at once. Try again in a moment.', { retryAfterSeconds: 1 });
    this.#queues.set(key, queue);
    queue.length += 1;
    const mine = queue.last.then(work, work);
    queue.last = mine;
    try {
      return await mine;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(key);
    }
  }
}
