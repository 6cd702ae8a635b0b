import type Koa from 'koa';
import { DomainError } from '../domain/errors.ts';
import type { RevocationFeedService } from '../services/revocation-feed.ts';
import { etagOf, isKnown } from './api/etag.ts';

export const REVOCATION_FEED_PATH = '/oauth/revocations';

/** Longer than any cursor that was ever given. */
const LONGEST_CURSOR = 40;

/** `GET /oauth/revocations?since=`: what was taken back, for APIs that verify tokens by themselves. */
export function revocationFeedRoute(feed: Pick<RevocationFeedService, 'read'>): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.path !== REVOCATION_FEED_PATH) return void (await next());
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD');
      return refuse(ctx, 405, `${ctx.method} is not allowed here, GET is`);
    }
    const { since } = ctx.query;
    if (Array.isArray(since) || (since !== undefined && !isCursor(since))) {
      return refuse(ctx, 400, 'since must stand once, with the cursor of an earlier answer');
    }
    try {
      await answer(ctx, since);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'unavailable') throw error;
      ctx.set('Retry-After', String(error.retryAfterSeconds ?? 1));
      refuse(ctx, 503, 'the store cannot be asked at the moment', 'temporarily_unavailable');
    }
  };

  async function answer(ctx: Koa.Context, since: string | undefined): Promise<void> {
    const told = await feed.read(since);
    // Without the cursor, which moves with everything that anybody writes: an earlier one is as good for the same entries.
    const tag = etagOf({ complete: told.complete, entries: told.entries });
    ctx.set({ ETag: tag, 'Cache-Control': 'no-cache' });
    if (isKnown(ctx.get('If-None-Match'), tag)) {
      ctx.status = 304;
      return;
    }
    ctx.body = told;
  }
}

/** A number, behind the name of the database that gave it. */
const isCursor = (text: string): boolean => text.length <= LONGEST_CURSOR && /^(?:[\w-]+\.)?\d+$/.test(text);

function refuse(ctx: Koa.Context, ...[status, description, error = 'invalid_request']: readonly [number, string, string?]): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.status = status;
  ctx.body = { error, error_description: description };
}
