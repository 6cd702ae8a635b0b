/**
 * @module The one kind of error that rules and use-cases raise on purpose. Its code is stable and documented; its
 * message may be shown to anyone who may see the operation; its cause is for operators only.
 */

export type ErrorCode =
  | 'invalid_input'
  | 'unauthenticated'
  | 'insufficient_roles'
  | 'forbidden'
  | 'above_ceiling'
  | 'not_found'
  | 'already_exists'
  | 'in_use'
  | 'stale_version'
  | 'too_many_attempts'
  | 'unavailable'
  | 'internal';

export interface ErrorDetails {
  /** Where in the input the problem is, as a JSON pointer or `file:line:column`. */
  readonly pointer?: string | undefined;
  /** Seconds after which a retry makes sense; for `too_many_attempts` and `unavailable`. */
  readonly retryAfterSeconds?: number | undefined;
  /** More that the caller is told, as members of the answer, in snake_case: `problems`, `roles`, `used_by`. Public like the message. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** A refusal with a stable code. Everything else that is thrown is a fault and becomes `internal` or `unavailable`. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly pointer: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.pointer = details.pointer;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.details = details.details;
  }
}
