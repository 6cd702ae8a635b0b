import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Browser } from './browser.ts';
import type { EngineClients } from './clients.ts';

/** A request inside the engine. */
export type EngineContext = KoaContextWithOIDC;
export type EngineMiddleware = (ctx: EngineContext, next: () => Promise<void>) => unknown;

/** The engine with our clients in it. */
export interface Engine {
  readonly provider: Provider;
  readonly clients: EngineClients;
  readonly browser: Browser;
}
