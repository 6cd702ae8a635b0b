import type Koa from 'koa';
import type { Caller } from '../../services/caller.ts';

/** A person who does something for themselves on a page. */
export function callerOf(ctx: Koa.Context, userId: string): Caller {
  return { actor: { kind: 'user', id: userId }, requestId: ctx.state['requestId'] as string };
}
