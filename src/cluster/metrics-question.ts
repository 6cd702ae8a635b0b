/** What its parent may take to gather the metrics of all; then a worker gives its own, which is better than nothing. */
const PATIENCE_MS = 2000;

/** How a worker gets the metrics of all: it asks its parent. */
export class MetricsQuestion {
  readonly #ask: (question: number) => unknown;
  readonly #own: () => Promise<string>;
  readonly #waiting = new Map<number, (text: string) => void>();
  #questions = 0;

  constructor(ask: (question: number) => unknown, own: () => Promise<string>) {
    this.#ask = ask;
    this.#own = own;
  }

  async exposition(): Promise<string> {
    const question = (this.#questions += 1);
    const text = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
      this.#waiting.set(question, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#ask(question);
    });
    this.#waiting.delete(question);
    return text ?? this.#own();
  }

  /** The parent has answered. */
  take(question: number, text: string): void {
    this.#waiting.get(question)?.(text);
  }
}
