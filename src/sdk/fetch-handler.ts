/** Handlers of standard requests: workers, Deno, Bun, and whatever else speaks `fetch`. */
import type { Access } from './access.ts';
import { asNeed, type Need } from './need.ts';
import { accessIn, admit } from './protection.ts';
import type { Verifier } from './verifier.ts';

/**
 * Protects a handler; it is told who calls.
 * @param more what the runtime hands the handler besides: environment, context
 * @example
 * import { createVerifier, protectFetch } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const worker = { fetch: protectFetch(verifier, 'OrderReader', (request, access) => Response.json({ for: access.subject })) };
 * console.assert((await worker.fetch(new Request('https://orders.example.com/orders'))).status === 401);
 */
export function protectFetch<More extends readonly unknown[]>(
  verifier: Verifier,
  need: Need<Request> | undefined,
  handler: (request: Request, access: Access, ...more: More) => Response | Promise<Response>,
): (request: Request, ...more: More) => Promise<Response> {
  const checked = asNeed(need);
  return async (request, ...more) => {
    const refusal = await admit(verifier, { presented: request, request }, checked);
    if (refusal !== undefined) return new Response(refusal.body, { status: refusal.status, headers: refusal.headers });
    return handler(request, accessIn(request), ...more);
  };
}
