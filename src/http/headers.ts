import type Koa from 'koa';

/** Browsers that were here once come back over TLS only; of the host alone, what lies below it is not ours. */
const TLS_ONLY = 'max-age=31536000';

/**
 * Headers that every answer carries: nothing of ours is to be framed, sniffed, or to load anything.
 * @param tls the issuer is https, whoever ends TLS
 */
export function securityHeaders(ctx: Koa.Context, tls: boolean): void {
  if (tls) ctx.set('Strict-Transport-Security', TLS_ONLY);
  ctx.set({
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
}
