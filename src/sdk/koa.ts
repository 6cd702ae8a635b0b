/** Middleware for Koa. */
import type { Requirement } from './checks.ts';
import { asNeed, type Need, type NeedOf } from './need.ts';
import { presentedByNode, type NodeRequest } from './presented-request.ts';
import { admit } from './protection.ts';
import type { Verifier } from './verifier.ts';

/** The parts of Koa's context that are used. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  set(headers: { [name: string]: string }): void;
}

/**
 * Protects what comes after it; `accessIn(ctx)` says who calls.
 * @example
 * import Koa from 'koa';
 * import { accessIn, anyOf, createVerifier, protectKoa } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const app = new Koa();
 * app.use(protectKoa(verifier, anyOf('FullAccess', 'OrderReader')));
 * app.use((ctx) => {
 *   ctx.body = { for: accessIn(ctx).subject };
 * });
 */
export function protectKoa(verifier: Verifier, need?: Requirement): (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;
export function protectKoa<Context extends KoaContext>(
  verifier: Verifier,
  need: NeedOf<Context>,
): (ctx: Context, next: () => Promise<unknown>) => Promise<void>;
export function protectKoa<Context extends KoaContext>(
  verifier: Verifier,
  need?: Need<Context>,
): (ctx: Context, next: () => Promise<unknown>) => Promise<void> {
  const checked = asNeed(need);
  return async (ctx, next) => {
    const refusal = await admit(verifier, { presented: presentedByNode(ctx.req, ctx.originalUrl), request: ctx }, checked);
    if (refusal === undefined) return void (await next());
    ctx.status = refusal.status;
    ctx.body = refusal.body;
    ctx.set(refusal.headers);
  };
}
