/** @module Time that passes only from one event to the next, and places where work waits for its turn. */

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Runs what was planned, in the order of its time: a binary heap. */
export class Timeline {
  readonly #heap: Event[] = [];
  now = 0;

  after(delay: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at: this.now + delay, run };
    let place = heap.push(event) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (heap[above]!.at <= event.at) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = event;
  }

  /** Up to a time, or until nothing is left. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      next.run();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below += 1;
      if (heap[below]!.at >= last.at) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = last;
  }
}

/** Some servers with one queue, first come, first served. */
export class Station {
  readonly #time: Timeline;
  readonly #servers: number;
  readonly #waiting: (readonly [duration: number, done: () => void])[] = [];
  #first = 0;
  #working = 0;
  /** Time that all servers together have worked. */
  worked = 0;
  served = 0;

  constructor(time: Timeline, servers: number) {
    this.#time = time;
    this.#servers = servers;
  }

  serve(duration: number, done: () => void): void {
    if (this.#working < this.#servers) this.#begin(duration, done);
    else this.#waiting.push([duration, done]);
  }

  /** Taken off the queue; what was taken is removed in batches. */
  #next(): readonly [duration: number, done: () => void] | undefined {
    const next = this.#waiting[this.#first];
    if (next === undefined) return undefined;
    this.#first += 1;
    if (this.#first > 1024) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    return next;
  }

  #begin(duration: number, done: () => void): void {
    this.#working += 1;
    this.#time.after(duration, () => {
      this.#working -= 1;
      this.worked += duration;
      this.served += 1;
      const next = this.#next();
      if (next !== undefined) this.#begin(...next);
      done();
    });
  }
}

/** Numbers in [0, 1), the same for the same seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
