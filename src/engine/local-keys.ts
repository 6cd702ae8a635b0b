import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';

/** The keys of this deployment as a verifier wants them: without a request to ourselves, and new ones as soon as they are there. */
export function localKeys(jwks: () => { readonly keys: readonly Readonly<Record<string, string>>[] }): JWTVerifyGetKey {
  let shown: string | undefined;
  let find: JWTVerifyGetKey;
  return async (header, token) => {
    const { keys } = jwks();
    const kids = keys.map(({ kid }) => kid).join(' ');
    if (kids !== shown) {
      find = createLocalJWKSet({ keys: keys.map((key) => ({ ...key, kty: key['kty']! })) });
      shown = kids;
    }
    return find(header, token);
  };
}
