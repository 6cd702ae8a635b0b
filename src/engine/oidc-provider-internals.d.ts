// Shapes of the parts of oidc-provider 9.13.3 that `internals.ts` uses; the package brings no types for them.
declare module 'oidc-provider/lib/helpers/validate_dpop.js' {
  export default function validateDpop(provider: unknown, ctx: unknown, accessToken?: string): Promise<unknown>;
  export function checkDpopReplay(provider: unknown, ctx: unknown, proof: unknown, clientId: string): Promise<void>;
}
declare module 'oidc-provider/lib/shared/cors.js' {
  export default function cors(options: { allowMethods: string; clientBased: boolean; maxAge: number; exposeHeaders: string }): unknown;
}
declare module 'oidc-provider/lib/shared/client_auth.js' {
  const stack: unknown[];
  export default stack;
  export function getClientAuthParams(ctx: unknown): Set<string>;
}
declare module 'oidc-provider/lib/shared/error_handler.js' {
  export default function errorHandler(event: string): unknown;
}
declare module 'oidc-provider/lib/shared/assemble_params.js' {
  export default function assembleParams(allowList: ReadonlySet<string>, ctx: unknown, next: () => Promise<void>): Promise<void>;
}
declare module 'oidc-provider/lib/shared/reject_dupes.js' {
  export default function rejectDupes(
    options: { except?: ReadonlySet<string>; only?: ReadonlySet<string> },
    ctx: unknown,
    next: () => Promise<void>,
  ): Promise<void>;
}
declare module 'oidc-provider/lib/helpers/weak_cache.js' {
  export default function instance(provider: unknown): { readonly responseModes: Map<string, unknown> };
}
