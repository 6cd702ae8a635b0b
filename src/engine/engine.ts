import type Koa from 'koa';
import type { Browser } from './browser.ts';
import { engineEndpoints, type EndpointOptions } from './endpoints.ts';
import { createProvider, type EngineOptions } from './provider.ts';

/** The whole engine as one Koa middleware, which passes on what is not one of its URLs, and what our pages need of it. */
export function openEngine(options: EngineOptions & EndpointOptions): { readonly endpoints: Koa.Middleware; readonly browser: Browser } {
  const engine = createProvider(options);
  return { endpoints: engineEndpoints(engine, options), browser: engine.browser };
}
