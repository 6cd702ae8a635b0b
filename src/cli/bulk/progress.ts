/** @module How far long work is: a bar on a terminal, a line now and then elsewhere. */
import type { Clock } from '../../domain/ports.ts';
import type { Output } from '../io.ts';

export interface ProgressOptions {
  readonly output: Output;
  readonly clock: Clock;
  /** In the plural: `users`. */
  readonly things: string;
}

const WIDTH = 24;
/** Between two pictures of the bar, and between two lines. */
const BAR_MS = 200;
const LINE_MS = 10_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #begun: number;
  #shownAt: number;
  #drawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#begun = options.clock.now();
    this.#shownAt = this.#begun;
  }

  /** @param share of the work that is done, from 0 to 1; undefined: nobody knows how much there is */
  show(done: number, share: number | undefined): void {
    const { output, clock } = this.#options;
    const now = clock.now();
    if (now - this.#shownAt < (output.isTTY === true ? BAR_MS : LINE_MS)) return;
    this.#shownAt = now;
    const text = this.#text(done, share, now - this.#begun);
    if (output.isTTY === true) output.write(`\r\u001B[K${bar(share)}${text}`);
    else output.write(`${text}\n`);
    this.#drawn = true;
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn && this.#options.output.isTTY === true) this.#options.output.write('\r\u001B[K');
    this.#drawn = false;
  }

  #text(done: number, share: number | undefined, milliseconds: number): string {
    const rate = Math.round((done * 1000) / Math.max(1, milliseconds));
    const counted = `${done.toLocaleString('en')} ${this.#options.things}, ${rate.toLocaleString('en')} a second`;
    if (share === undefined || share <= 0) return counted;
    const left = (milliseconds * (1 - share)) / share;
    return `${Math.floor(share * 100)} %, ${counted}, ${timeLeft(left)} left`;
  }
}

function bar(share: number | undefined): string {
  if (share === undefined) return '';
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] `;
}

function timeLeft(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
