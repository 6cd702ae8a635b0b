/** @module The engine's cookies: `__Host-`, so that neither a neighbour below the same domain nor anybody on http can set them. */
import { Provider, type Configuration } from 'oidc-provider';

export interface CookieOptions {
  readonly issuer: string;
  /** With the first they are signed, with all they are checked. */
  readonly cookieKeys: readonly string[];
}

/** The prefix needs TLS, which an issuer on the loopback interface may lack; RFC 6265bis §4.1.3.2. */
const prefixOf = (issuer: string): string => (issuer.startsWith('https:') ? '__Host-' : '');

export function cookieConfiguration({ issuer, cookieKeys }: CookieOptions): NonNullable<Configuration['cookies']> {
  const prefix = prefixOf(issuer);
  const options = { httpOnly: true, sameSite: 'lax', secure: issuer.startsWith('https:'), path: '/', overwrite: true, signed: true } as const;
  return {
    names: { session: `${prefix}rolemint-session`, interaction: `${prefix}rolemint-request`, resume: `${prefix}rolemint-request` },
    long: options,
    short: options,
    keys: [...cookieKeys],
  };
}

/**
 * The engine knows one name for all authorization requests of a browser and tells them apart by the path, which `__Host-`
 * does not allow; so each has its id in the name, and two tabs are not in each other's way.
 */
export function nameCookiesByRequest(provider: Provider): void {
  const cookieName = provider.cookieName.bind(provider);
  Object.assign(provider, {
    cookieName: (type: string) => (type === 'session' ? cookieName(type) : requestCookie(provider, requestOf(Provider.ctx))),
  });
}

/** Name of the cookie that ties an authorization request to the browser that made it. */
export function requestCookie(provider: Provider, id: string): string {
  return `${prefixOf(provider.issuer)}rolemint-request-${id}`;
}

function requestOf(ctx: typeof Provider.ctx): string {
  const { params } = ctx as unknown as { readonly params?: { readonly uid?: string } };
  return ctx?.oidc.entities.Interaction?.uid ?? params?.uid ?? '';
}
