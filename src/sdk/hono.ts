/** Middleware for Hono. */
import type { Requirement } from './checks.ts';
import { asNeed, type Need, type NeedOf } from './need.ts';
import { admit } from './protection.ts';
import type { Verifier } from './verifier.ts';

/** The parts of Hono's context that are used. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

/**
 * Protects what comes after it; `accessIn(c)` says who calls.
 * @example
 * import { Hono } from 'hono';
 * import { accessIn, createVerifier, protectHono } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const app = new Hono();
 * app.get('/orders', protectHono(verifier, 'OrderReader'), (c) => c.json({ for: accessIn(c).subject }));
 * console.assert((await app.request('/orders')).status === 401);
 */
export function protectHono(verifier: Verifier, need?: Requirement): (c: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;
export function protectHono<Context extends HonoContext>(
  verifier: Verifier,
  need: NeedOf<Context>,
): (c: Context, next: () => Promise<void>) => Promise<Response | undefined>;
export function protectHono<Context extends HonoContext>(
  verifier: Verifier,
  need?: Need<Context>,
): (c: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const checked = asNeed(need);
  return async (c, next) => {
    const refusal = await admit(verifier, { presented: c.req.raw, request: c }, checked);
    if (refusal !== undefined) return new Response(refusal.body, { status: refusal.status, headers: refusal.headers });
    await next();
    return undefined;
  };
}
