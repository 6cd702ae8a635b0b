import type { Signal, Signals } from './io.ts';

export interface SignalRequestsOptions {
  readonly signals: Signals;
  /** SIGHUP stops too. */
  readonly hangUpStops: boolean;
}

/** What the server is asked by signals: to stop, at once when it is asked twice, or to renew itself. */
export class SignalRequests {
  readonly first: Promise<Signal>;
  readonly second: Promise<Signal>;
  /** Called at a SIGHUP that does not stop. */
  onHangUp = (): void => {};
  readonly #signals: Signals;
  readonly #listeners: ReadonlyMap<Signal, () => void>;

  constructor({ signals, hangUpStops }: SignalRequestsOptions) {
    this.#signals = signals;
    const waiting: ((signal: Signal) => void)[] = [];
    const next = () => new Promise<Signal>((resolve) => waiting.push(resolve));
    [this.first, this.second] = [next(), next()];
    const stop = (signal: Signal) => () => waiting.shift()?.(signal);
    this.#listeners = new Map([
      ['SIGINT', stop('SIGINT')],
      ['SIGTERM', stop('SIGTERM')],
      ['SIGHUP', hangUpStops ? stop('SIGHUP') : () => this.onHangUp()],
    ]);
    for (const [signal, listener] of this.#listeners) signals.on(signal, listener);
  }

  forget(): void {
    for (const [signal, listener] of this.#listeners) this.#signals.off(signal, listener);
  }
}
