/** @module Nobody waits for ever: what is not answered in time is answered 503, whatever the server is still waiting for. */
import type Koa from 'koa';
import { DomainError } from '../domain/errors.ts';

/** Where a middleware says how many milliseconds more than usual a request of its own may take. */
export const PATIENCE_STATE = 'patience';

const USUAL_MILLISECONDS = 5000;
/** Clients of these know the errors of RFC 6749, and nothing of problem details. */
const PROTOCOL = '/oauth/';

/**
 * Middleware that waits for those inside it, but no longer than this from when the request is complete: slow callers have
 * the limits of the HTTP server. What goes on afterwards may still come to its end; then the caller knows as little of it
 * as after a broken connection.
 */
export function deadline(onLate: (ctx: Koa.Context, error: unknown) => void, milliseconds: number = USUAL_MILLISECONDS): Koa.Middleware {
  return async (ctx, next) => {
    let late: DomainError | undefined;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_resolve, reject) => {
      const wait = (time: number) => {
        timer = setTimeout(() => {
          const more = ctx.req.complete ? moreFor(ctx) : milliseconds;
          if (more > 0) return wait(more);
          late = new DomainError('unavailable', 'This takes too long at the moment.', { retryAfterSeconds: 1 });
          reject(late);
        }, time);
      };
      wait(milliseconds);
    });
    try {
      await Promise.race([next(), over]);
    } catch (error) {
      if (late === undefined || error !== late || !ctx.path.startsWith(PROTOCOL)) throw error;
      onLate(ctx, error);
      ctx.set({ 'Retry-After': '1', 'Cache-Control': 'no-store' });
      ctx.status = 503;
      ctx.body = { error: 'temporarily_unavailable', error_description: 'the server cannot answer at the moment' };
    } finally {
      clearTimeout(timer);
    }
  };
}

/** What is left of the patience that was asked for, which counts once. */
function moreFor(ctx: Koa.Context): number {
  const { [PATIENCE_STATE]: more } = ctx.state;
  delete ctx.state[PATIENCE_STATE];
  return typeof more === 'number' ? more : 0;
}
