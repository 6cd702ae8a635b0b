/** @module The façade of OrderCloud: what its SDK calls for parties, profiles, clients and tokens, over the use-cases of the management API. */
import type Koa from 'koa';
import { SIGNING_ALGORITHMS } from '../../domain/resource-server.ts';
import type { Clock, TokenSigner } from '../../domain/ports.ts';
import { createVerifier, type VerifierOptions } from '../../sdk/verifier.ts';
import type { AccessService } from '../../services/access.ts';
import type { IntrospectionService } from '../../services/introspection.ts';
import { orderCloudApi, type OrderCloudApiOptions } from './api.ts';
import { orderCloudOAuth, type OrderCloudOAuthOptions } from './oauth.ts';
import { orderCloudRoutes, type OrderCloudParts } from './routes.ts';

export interface OrderCloudOptions
  extends OrderCloudParts, Pick<OrderCloudApiOptions, 'onRefused' | 'onFault'>, Pick<OrderCloudOAuthOptions, 'jwks'> {
  readonly issuer: string;
  readonly clock: Clock;
  /** The published keys of this deployment. */
  readonly keys: NonNullable<VerifierOptions['keys']>;
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly introspection: IntrospectionService;
  readonly access: AccessService;
}

/** As middleware, before the engine; passes on what is not OrderCloud's. */
export function openOrderCloud({
  issuer,
  keys,
  signer,
  introspection,
  jwks,
  onRefused,
  onFault,
  ...parts
}: OrderCloudOptions): readonly Koa.Middleware[] {
  const { access, clock, store } = parts;
  const verifier = createVerifier({ issuer, audience: issuer, algorithms: SIGNING_ALGORITHMS, keys, now: () => new Date(clock.now()) });
  const guard = { verifier, signer, introspection, access };
  return [
    orderCloudOAuth({ jwks, signer, introspection, access, store, onFault }),
    orderCloudApi({ routes: orderCloudRoutes(parts), guard, onRefused, onFault }),
  ];
}
