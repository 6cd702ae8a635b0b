import type { components } from './management-api.d.ts';

type ProblemBody = Partial<components['schemas']['Problem']>;

/** What is said where the server, or whoever answers in its place, says nothing. */
const NOT_NOW = 'The server cannot answer right now. Try again in a moment.';
const WORDS: Readonly<Record<number, string>> = { 502: NOT_NOW, 503: NOT_NOW, 504: NOT_NOW };

/** A refusal of the management API: RFC 9457 problem details, as an error. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly body: ProblemBody;

  constructor(status: number, body: ProblemBody) {
    super(body.title ?? WORDS[status] ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }

  get code(): string {
    return this.body.code ?? 'unknown';
  }

  /** What is wrong where: by the first name in the pointer, as the fields of forms are named. */
  get byField(): Readonly<Record<string, string>> {
    const single = this.body.pointer === undefined ? [] : [{ pointer: this.body.pointer, message: this.message }];
    const all = (this.body.problems ?? single).flatMap(({ pointer, message }) =>
      pointer === undefined || pointer === '' ? [] : [[fieldOf(pointer), message] as const],
    );
    return Object.fromEntries(all.toReversed());
  }
}

/** `/password_policy/minimum_length` → `password_policy.minimum_length`; an index in a list says nothing to people. */
function fieldOf(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .filter((part) => !/^\d+$/.test(part))
    .join('.');
}

/** The server cannot be reached at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
