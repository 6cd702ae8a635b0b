/** @module The endpoints that the engine answers itself: authorization, and what clients push or ask ahead of it. */
import compose from 'koa-compose';
import type Koa from 'koa';
import type { Provider } from 'oidc-provider';
import { outOfProtocol } from './errors.ts';

/** A refusal that cannot be sent back to a client: the person is told. */
export interface AuthorizationRefusal {
  readonly error: string;
  readonly error_description?: string | undefined;
}

export const AUTHORIZATION_PATH = '/oauth/authorize';

/** Where a refusal waits until somebody makes a page of it. */
const REFUSED = Symbol('refused');

/** What `renderError` of the engine does here. */
export function keepRefusal(ctx: { readonly state: object }, out: object): void {
  Object.assign(ctx.state, { [REFUSED]: out });
}

/**
 * Lets the engine answer a request: in a context of its own, with cookies of its own, and back into the answer that the
 * server is making. A refusal that the engine would make a page of is left to `refused`.
 */
export function answeredByEngine(provider: Provider): (ctx: Koa.Context) => Promise<AuthorizationRefusal | undefined> {
  const answer = compose(provider.middleware);
  return async (ctx) => {
    const inner = provider.createContext(ctx.req, ctx.res) as unknown as Koa.Context;
    Object.assign(inner.state, ctx.state);
    // The engine trusts no proxy: whose request it is was found out already.
    inner.request.ip = ctx.ip;
    atRoot(inner);
    await outOfProtocol(() => answer(inner, async () => undefined));
    const { status, body } = inner;
    if (body !== undefined && body !== null) ctx.body = body;
    ctx.status = status;
    return (inner.state as Record<symbol, AuthorizationRefusal | undefined>)[REFUSED];
  };
}

/** `__Host-` cookies are for the whole host; the engine would tie that of a request to a path. */
function atRoot({ cookies }: Koa.Context): void {
  const set = cookies.set.bind(cookies);
  cookies.set = (name, value, options) => set(name, value, { ...options, path: '/' });
}
