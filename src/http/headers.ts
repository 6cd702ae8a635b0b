import type Koa from 'koa';

/** Headers that every answer carries: nothing of ours is to be framed, sniffed, or to load anything. */
export function securityHeaders(ctx: Koa.Context): void {
  ctx.set({
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
}
