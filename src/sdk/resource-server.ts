/**
 * @module `rolemint/resource-server`: what an API team installs to accept Rolemint's tokens. One name for all of it; what
 * is not used is left out by bundlers.
 */
export { accessIn } from './protection.ts';
export { anyOf, allOf, assertAccess, requireRoles, type Check, type Requirement } from './checks.ts';
export { bearerToken } from './bearer.ts';
export { createIntrospector, type IntrospectorOptions } from './introspector.ts';
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts';
export { entity, organizationTypes, type AtOptions } from './entity.ts';
export { followRevocations, type FollowRevocationsOptions, type Revocations } from './revocations.ts';
export { protectExpress } from './express.ts';
export { protectFastify } from './fastify.ts';
export { protectFetch } from './fetch-handler.ts';
export { protectHono } from './hono.ts';
export { protectKoa } from './koa.ts';
export {
  AccessError,
  IntrospectionUnavailableError,
  KeysUnavailableError,
  RevocationsUnavailableError,
  UnavailableError,
  type AccessErrorBody,
  type AccessErrorCode,
  type InsufficientRoles,
  type TokenFault,
} from './errors.ts';
export type { Access, AccessOrganization } from './access.ts';
export type { Fetch } from './fetching.ts';
export type { HeaderReader, PresentedRequest } from './presented-request.ts';
export type { Need, NeedOf } from './need.ts';
export type { ReplayMemory } from './replays.ts';
