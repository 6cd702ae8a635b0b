/** Middleware for Express, and for whatever takes `(request, response, next)`. */
import type { Requirement } from './checks.ts';
import { asNeed, type Need, type NeedOf } from './need.ts';
import { presentedByNode, type NodeRequest } from './presented-request.ts';
import { admit, type Refusal } from './protection.ts';
import type { Verifier } from './verifier.ts';

/** The parts of Express's request that are used. */
export interface ExpressRequest extends NodeRequest {
  /** Routers take their part of the path away from `url`. */
  readonly originalUrl?: string;
}

/** The parts of Node's response that are used. */
export interface ExpressResponse {
  writeHead(status: number, headers: { [name: string]: string }): unknown;
  end(body: string): unknown;
}

/**
 * Protects what comes after it; `accessIn(request)` says who calls.
 * @example
 * import express, { type Request } from 'express';
 * import { accessIn, allOf, createVerifier, entity, protectExpress } from 'rolemint/resource-server';
 *
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://orders.example.com' });
 * const app = express();
 * const ofCompany = protectExpress(verifier, (request: Request<{ company: string }>) =>
 *   allOf('order:read', entity.company(request.params.company)),
 * );
 * app.get('/companies/:company/orders', ofCompany, (request, response) => {
 *   response.json({ for: accessIn(request).subject });
 * });
 */
export function protectExpress(
  verifier: Verifier,
  need?: Requirement,
): (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void>;
export function protectExpress<Request extends ExpressRequest>(
  verifier: Verifier,
  need: NeedOf<Request>,
): (request: Request, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void>;
export function protectExpress<Request extends ExpressRequest>(
  verifier: Verifier,
  need?: Need<Request>,
): (request: Request, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  const checked = asNeed(need);
  return async (request, response, next) => {
    let refusal: Refusal | undefined;
    try {
      refusal = await admit(verifier, { presented: presentedByNode(request, request.originalUrl), request }, checked);
    } catch (error) {
      return next(error);
    }
    if (refusal === undefined) return next();
    response.writeHead(refusal.status, refusal.headers);
    response.end(refusal.body);
  };
}
