/** @module The one table from error codes to statuses, and how an error is written down: RFC 9457 problem details. */
import type Koa from 'koa';
import { DomainError, type ErrorCode } from '../domain/errors.ts';
import { AccessError, type AccessErrorCode } from '../sdk/errors.ts';

/** Refusals that are a matter of HTTP alone: the rules never get to see such a request. */
export type HttpErrorCode = 'method_not_allowed' | 'too_large' | 'unsupported_media_type';
export type ProblemCode = ErrorCode | HttpErrorCode;

export const STATUS: Readonly<Record<ProblemCode, number>> = {
  invalid_input: 400,
  unauthenticated: 401,
  insufficient_roles: 403,
  forbidden: 403,
  above_ceiling: 403,
  not_found: 404,
  method_not_allowed: 405,
  already_exists: 409,
  in_use: 409,
  stale_version: 412,
  too_large: 413,
  unsupported_media_type: 415,
  too_many_attempts: 429,
  unavailable: 503,
  internal: 500,
};

/** What a code means for whoever receives it. */
export const MEANING: Readonly<Record<ProblemCode, string>> = {
  invalid_input: 'Something that was sent cannot be used. `pointer` says where, the title says what is allowed; `problems` lists all of them.',
  unauthenticated: 'It is not known who is asking.',
  insufficient_roles: 'The caller is known and lacks a role. `sufficient_roles` names those of which one is needed.',
  forbidden: 'The caller may never do this, whatever roles it holds. The title says why.',
  above_ceiling: 'The caller may make such changes, but not hand out this much. `roles` names what is too much.',
  not_found: 'There is no such thing, or it belongs to somebody else: the answer is the same.',
  method_not_allowed: 'The path exists, the method does not. `Allow` lists those that do.',
  already_exists: 'The name or id is taken.',
  in_use: 'Something else still needs it; `used_by` says what.',
  stale_version: 'It was changed since it was read. Read it again.',
  too_large: 'The body is larger than can be sent here.',
  unsupported_media_type: 'The body has another type, or is compressed. The title says what can be sent.',
  too_many_attempts: 'Too many failures in a short time. `Retry-After` says when to come back.',
  unavailable: 'The store, the keys or the hashing queue cannot answer now. Retry after `Retry-After`.',
  internal: 'A fault of ours. The log line with the same request id says which.',
};

/** A request that is refused before anything of it is looked at. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

/** What the caller is told of an error. */
export interface Problem {
  readonly code: ProblemCode;
  readonly title: string;
  /** More members of the body. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Same words, whether a path is unknown or what it names is absent or somebody else's. */
export const ABSENT = 'There is nothing here.';

const CODE_OF_ACCESS: Readonly<Record<AccessErrorCode, ErrorCode>> = {
  missing_token: 'unauthenticated',
  invalid_token: 'unauthenticated',
  invalid_dpop_proof: 'unauthenticated',
  insufficient_scope: 'insufficient_roles',
};

/** Writes an error as the answer; undefined stands for a path that nobody serves. */
export function errorAnswer(ctx: Koa.Context, error: unknown, onFault: (ctx: Koa.Context, error: unknown) => void): void {
  const { code, title, members, headers } = problemOf(error);
  if (code === 'internal' || code === 'unavailable') onFault(ctx, error);
  ctx.status = STATUS[code];
  ctx.remove('ETag');
  ctx.set({ ...headers, 'Cache-Control': 'no-store' });
  ctx.body = {
    ...members,
    type: `urn:rolemint:error:${code}`,
    title,
    status: STATUS[code],
    code,
    request_id: ctx.state['requestId'] as string,
  };
  ctx.type = 'application/problem+json';
}

/** What an error comes down to, however it is written. */
export function problemOf(error: unknown): Problem {
  if (error === undefined) return { code: 'not_found', title: ABSENT, members: {}, headers: {} };
  if (error instanceof DomainError) return problemOfDomain(error);
  if (error instanceof HttpError) return { code: error.code, title: error.message, members: {}, headers: error.headers };
  if (error instanceof AccessError) return problemOfAccess(error);
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  // Koa's own refusals of a broken request.
  if (expose === true && typeof status === 'number' && status < 500) {
    return { code: 'invalid_input', title: 'The request is broken.', members: {}, headers: {} };
  }
  return { code: 'internal', title: 'Something went wrong here. The request id helps to find out what.', members: {}, headers: {} };
}

function problemOfDomain({ code, message, pointer, details, retryAfterSeconds }: DomainError): Problem {
  return {
    code,
    title: message,
    members: { ...details, ...(pointer === undefined ? {} : { pointer }) },
    headers: retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
  };
}

function problemOfAccess({ code, message, roles, headers }: AccessError): Problem {
  return {
    code: CODE_OF_ACCESS[code],
    title: message,
    members: roles === undefined ? {} : { sufficient_roles: roles.sufficient, token_roles: roles.held },
    headers: { 'WWW-Authenticate': headers['www-authenticate'] ?? 'Bearer' },
  };
}
