/** @module The one table from error codes to statuses, and how an error is written down: RFC 9457 problem details. */
import type Koa from 'koa';
import { DomainError, type ErrorCode } from '../domain/errors.ts';

export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 400,
  unauthenticated: 401,
  insufficient_roles: 403,
  above_ceiling: 403,
  not_found: 404,
  already_exists: 409,
  in_use: 409,
  stale_version: 412,
  too_many_attempts: 429,
  unavailable: 503,
  internal: 500,
};

const ABSENT = new DomainError('not_found', 'There is nothing here.');

/** Writes an error as the answer; undefined stands for a path that nobody serves. */
export function errorAnswer(ctx: Koa.Context, error: unknown, onFault: (ctx: Koa.Context, error: unknown) => void): void {
  const known = error === undefined ? ABSENT : asDomainError(error);
  if (known.code === 'internal' || known.code === 'unavailable') onFault(ctx, error);
  ctx.status = STATUS[known.code];
  ctx.set('Cache-Control', 'no-store');
  if (known.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(known.retryAfterSeconds));
  ctx.body = {
    type: `urn:rolemint:error:${known.code}`,
    title: known.message,
    status: STATUS[known.code],
    code: known.code,
    ...(known.pointer === undefined ? {} : { pointer: known.pointer }),
    request_id: ctx.state['requestId'] as string,
  };
  ctx.type = 'application/problem+json';
}

function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  // Koa's own refusals of a broken request.
  if (expose === true && typeof status === 'number' && status < 500) return new DomainError('invalid_input', 'The request is broken.');
  return new DomainError('internal', 'Something went wrong here. The request id helps to find out what.');
}
