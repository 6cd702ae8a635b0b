/** @module A secret from a workspace file, held so that no log line, error or plan can print it by accident. */

const HIDDEN = '[redacted]';

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself; for hashing and comparing only. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

/** Fields whose values are never shown, wherever they stand in a file. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'password',
  'password_hash',
  'client_secret',
  'current_password',
  'new_password',
  'token',
]);
