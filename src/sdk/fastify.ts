/** Hook for Fastify. */
import type { Requirement } from './checks.ts';
import { asNeed, type Need, type NeedOf } from './need.ts';
import { presentedByNode, type NodeRequest } from './presented-request.ts';
import { admit } from './protection.ts';
import type { Verifier } from './verifier.ts';

/** The parts of Fastify's request that are used. */
export interface FastifyRequestParts {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
}

/** The parts of Fastify's reply that are used. */
export interface FastifyReplyParts {
  code(status: number): unknown;
  headers(values: { [name: string]: string }): unknown;
  send(body: string): unknown;
}

/**
 * A hook for `onRequest` or `preHandler`; `accessIn(request)` says who calls.
 * @example
 * import fastify from 'fastify';
 * import { accessIn, createVerifier, protectFastify } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const app = fastify();
 * app.get('/orders', { onRequest: protectFastify(verifier, 'OrderReader') }, async (request) => ({ for: accessIn(request).subject }));
 */
export function protectFastify(verifier: Verifier, need?: Requirement): (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<unknown>;
export function protectFastify<Request extends FastifyRequestParts>(
  verifier: Verifier,
  need: NeedOf<Request>,
): (request: Request, reply: FastifyReplyParts) => Promise<unknown>;
export function protectFastify<Request extends FastifyRequestParts>(
  verifier: Verifier,
  need?: Need<Request>,
): (request: Request, reply: FastifyReplyParts) => Promise<unknown> {
  const checked = asNeed(need);
  return async (request, reply) => {
    const refusal = await admit(verifier, { presented: presentedByNode(request.raw, request.originalUrl), request }, checked);
    if (refusal === undefined) return undefined;
    reply.code(refusal.status);
    reply.headers(refusal.headers);
    // What an asynchronous hook has answered itself, it must return: then Fastify goes no further.
    reply.send(refusal.body);
    return reply;
  };
}
