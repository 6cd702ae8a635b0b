import type Koa from 'koa';
import { engineEndpoints, type EndpointOptions } from './endpoints.ts';
import { createProvider, type EngineOptions } from './provider.ts';

/** The whole engine as one Koa middleware, which passes on what is not one of its URLs. */
export function openEngine(options: EngineOptions & EndpointOptions): Koa.Middleware {
  return engineEndpoints(createProvider(options), options);
}
