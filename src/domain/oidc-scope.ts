/** @module The scopes of OpenID Connect that go beside roles where a person signed in in a browser. They are never roles. */

/** OpenID Connect Core 1.0 §5.4, as far as there is something to tell. */
export const OIDC_SCOPES = ['openid', 'profile', 'email'] as const;
export type OidcScope = (typeof OIDC_SCOPES)[number];

/** §11: whether there are refresh tokens is a matter of the client, not of the request; the name is accepted and means nothing. */
const MEANS_NOTHING = 'offline_access';

const isOidcScope = (name: string): name is OidcScope => (OIDC_SCOPES as readonly string[]).includes(name);

/** Takes the scopes of OpenID Connect out of a request, whose other names are those of roles. */
export function splitScope(names: readonly string[]): { readonly oidc: readonly OidcScope[]; readonly roles: readonly string[] } {
  const oidc = names.filter(isOidcScope);
  // The others tell something about a person only when it is asked who that is.
  return {
    oidc: oidc.includes('openid') ? [...oidc].sort() : [],
    roles: names.filter((name) => !isOidcScope(name) && name !== MEANS_NOTHING),
  };
}
