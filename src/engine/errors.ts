/** @module Turns refusals of our own into the protocol errors that the engine writes down: RFC 6749 §5.2, RFC 8707 §2, RFC 8693 §2.2.2. */
import { errors } from 'oidc-provider';
import { DomainError } from '../domain/errors.ts';
import { TokenRefusal } from '../services/token-refusal.ts';

/** A protocol error with a status of its own, and perhaps a time after which to come back. */
class StatusError extends errors.OIDCProviderError {
  readonly retryAfterSeconds: number | undefined;
  constructor(status: number, code: string, description: string, cause: DomainError) {
    super(status, code, { cause });
    this.expose = true;
    this.error_description = description;
    this.retryAfterSeconds = cause.retryAfterSeconds;
  }
}

/** Runs work of ours inside the engine and lets its refusals become protocol errors. */
export async function inProtocol<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw protocolError(error);
  }
}

/** Calls into the engine from outside, where our refusals are known as they are: what {@link inProtocol} made of one comes back as it was. */
export async function outOfProtocol<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StatusError ? error.cause : error;
  }
}

function protocolError(error: unknown): unknown {
  if (error instanceof TokenRefusal) return Object.assign(refusalError(error), { error_detail: error.message, errorCode: error.errorCode });
  if (!(error instanceof DomainError)) return error;
  if (error.code === 'unavailable') return new StatusError(503, 'temporarily_unavailable', 'the server cannot answer at the moment', error);
  if (error.code === 'too_many_attempts') return new StatusError(429, 'temporarily_unavailable', 'too many attempts, try again later', error);
  return error;
}

function refusalError({ code, message }: TokenRefusal): Error {
  switch (code) {
    case 'invalid_request':
      return new errors.InvalidRequest('the subject token is not accepted');
    case 'insufficient_scope':
      return new errors.InsufficientScope(message, undefined as never);
    case 'invalid_grant':
      return new errors.InvalidGrant(message);
    case 'invalid_scope':
      return new errors.InvalidScope(message, undefined as never);
    case 'invalid_target':
      return new errors.InvalidTarget('the requested resource is unknown or not allowed');
    case 'unauthorized_client':
      return new errors.UnauthorizedClient('the client is not allowed to use this grant');
  }
}

/** What a refusal carries besides the RFC 6749 body. */
export function extrasOf(error: unknown): {
  readonly retryAfterSeconds: number | undefined;
  readonly errorCode: string | undefined;
  readonly detail: string | undefined;
} {
  const { retryAfterSeconds, errorCode, error_detail: detail } = error as { retryAfterSeconds?: number; errorCode?: string; error_detail?: string };
  return { retryAfterSeconds, errorCode, detail };
}
