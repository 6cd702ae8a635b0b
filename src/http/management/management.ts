/** @module The management API: its routes, the guard before them, and what it says of itself. The frame is in `api/`. */
import type Koa from 'koa';
import type { Clock, TokenSigner } from '../../domain/ports.ts';
import { SIGNING_ALGORITHMS } from '../../domain/resource-server.ts';
import { createVerifier, type VerifierOptions } from '../../sdk/verifier.ts';
import type { AccessService } from '../../services/access.ts';
import type { IntrospectionService } from '../../services/introspection.ts';
import { managementApi, type ManagementApiOptions } from '../api/api.ts';
import { Cursors } from '../api/cursor.ts';
import { apiDocuments } from '../api/documents.ts';
import { managementRoutes, type ManagementParts } from './routes.ts';

export interface ManagementOptions extends Pick<ManagementApiOptions, 'onRefused' | 'onFault'>, Omit<ManagementParts, 'cursors'> {
  readonly issuer: string;
  readonly clock: Clock;
  /** The published keys of this deployment. */
  readonly keys: NonNullable<VerifierOptions['keys']>;
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly introspection: IntrospectionService;
  readonly access: AccessService;
  /** The same on all nodes, and after a restart. */
  readonly secret: string;
}

/** The API and its documents as middleware; passes on what is neither. */
export function openManagement({
  issuer,
  clock,
  keys,
  signer,
  introspection,
  access,
  secret,
  onRefused,
  onFault,
  ...parts
}: ManagementOptions): readonly Koa.Middleware[] {
  const routes = managementRoutes({ ...parts, clock, signer, access, cursors: new Cursors(secret) });
  const verifier = createVerifier({ issuer, audience: issuer, algorithms: SIGNING_ALGORITHMS, keys, now: () => new Date(clock.now()) });
  return [managementApi({ routes, guard: { verifier, signer, introspection, access }, onRefused, onFault }), apiDocuments(routes)];
}
