/** What all middleware does: verify what a request presents, ask for what the call needs, remember who calls. */
import type { Access } from './access.ts';
import { assertAccess } from './checks.ts';
import { AccessError, UnavailableError } from './errors.ts';
import type { Need } from './need.ts';
import type { PresentedRequest } from './presented-request.ts';
import type { Verifier } from './verifier.ts';

/** An answer of the SDK's own. */
export interface Refusal {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Who calls, by the request of the framework; nobody else can put anybody there. */
const callers = new WeakMap<object, Access>();

/**
 * Who calls, in a handler behind one of the `protect…` middlewares.
 * @param request what the framework hands the handler: Koa's `ctx`, Express's and Fastify's `request`, Hono's `c`
 * @throws TypeError when nothing protects the handler: that is a fault of the API, not of the caller
 * @example
 * import { accessIn, createVerifier, protectFetch } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const handler = protectFetch(verifier, 'OrderReader', (request) => new Response(accessIn(request).subject));
 * console.assert((await handler(new Request('https://orders.example.com/'))).status === 401);
 */
export function accessIn(request: object): Access {
  const access = callers.get(request);
  if (access === undefined) throw new TypeError('Nothing protects this handler: nobody was verified.');
  return access;
}

/**
 * Lets a request through and remembers who calls, or gives the refusal to answer with.
 * @throws whatever else goes wrong, an error of `need` for one
 */
export async function admit<Request extends object>(
  verifier: Verifier,
  call: { readonly presented: PresentedRequest; readonly request: Request },
  need: Need<Request> | undefined,
): Promise<Refusal | undefined> {
  try {
    const access = await verifier.verify(call.presented);
    const requirement = typeof need === 'function' ? await need(call.request, access) : need;
    if (requirement !== undefined) assertAccess(access, requirement);
    callers.set(call.request, access);
    return undefined;
  } catch (error) {
    if (error instanceof AccessError || error instanceof UnavailableError) {
      return { status: error.status, headers: error.headers, body: JSON.stringify(error.body) };
    }
    throw error;
  }
}
