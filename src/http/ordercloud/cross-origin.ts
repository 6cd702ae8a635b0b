/**
 * Storefronts call from pages of other origins. Any page may: whoever calls has to show a token, and no cookie of ours
 * stands in for one, so a page learns nothing that its token does not give.
 */
import type Koa from 'koa';

export const CROSS_ORIGIN = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
} as const;

/** Answers what a browser asks before it lets a page call. */
export function preflight(ctx: Koa.Context): void {
  ctx.status = 204;
  ctx.set({
    'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type',
    'Access-Control-Max-Age': '3600',
  });
}
