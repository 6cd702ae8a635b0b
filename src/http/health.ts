import type Koa from 'koa';
import { Registry } from 'prom-client';

export interface HealthOptions {
  /** Resolves when the server can do its work. */
  readonly ready: () => Promise<void>;
  /** All metrics in the text format of Prometheus. */
  readonly exposition: () => Promise<string>;
}

/** `/healthz`: the process lives. `/readyz`: its store answers too, and it is not stopping. `/metrics`: Prometheus. */
export function healthRoutes({ ready, exposition }: HealthOptions): Koa.Middleware {
  return async (ctx, next) => {
    const answer = { '/healthz': alive, '/readyz': isReady, '/metrics': measured }[ctx.path];
    if (answer === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return void (await next());
    ctx.set('Cache-Control', 'no-store');
    await answer(ctx);
  };

  async function alive(ctx: Koa.Context): Promise<void> {
    ctx.body = { status: 'alive' };
  }

  async function isReady(ctx: Koa.Context): Promise<void> {
    try {
      await ready();
      ctx.body = { status: 'ready' };
    } catch {
      ctx.status = 503;
      ctx.set('Retry-After', '1');
      ctx.body = { status: 'unavailable' };
    }
  }

  async function measured(ctx: Koa.Context): Promise<void> {
    ctx.type = Registry.PROMETHEUS_CONTENT_TYPE;
    ctx.body = await exposition();
  }
}
