/**
 * Signs access tokens and recognises its own. Keys come from the key file and are followed while the server runs: a
 * rotation takes effect without a restart, within a second on every node.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Claims, TokenSigner } from '../domain/ports.ts';
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import type { PublicJwk } from '../domain/signing-key.ts';
import { KeysInUse, type KeysInUseOptions } from './keys-in-use.ts';
import type { TokenType } from './loaded-key.ts';
import { acceptedClaims, isAlive } from './token-claims.ts';

export interface TokenSignerOptions extends KeysInUseOptions {
  readonly issuer: string;
}

export interface TokenSignerHandle extends TokenSigner {
  /** What JWKS shows now: public halves only. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Follows a change of the keys at once, for the process that made it. */
  reload(): Promise<void>;
  close(): void;
}

/** Far above what a token with a thousand roles takes. */
const LONGEST_TOKEN = 256 * 1024;
const LONGEST_ID_TOKEN = 8 * 1024;
/** Three segments of base64url without padding, nothing around them (RFC 7515 §7.1). */
const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const VERIFIED_CHARACTERS_KEPT = 64 * 1024 * 1024;

/**
 * Opens the signer with the keys as they are now.
 * @throws `unavailable` when the key file cannot be used. Once open, the last good keys stay in use and the log says why.
 */
export async function openTokenSigner(options: TokenSignerOptions): Promise<TokenSignerHandle> {
  const { issuer, clock } = options;
  const keys = await KeysInUse.open(options);
  const verified = new LRUCache<string, Claims>({ maxSize: VERIFIED_CHARACTERS_KEPT });

  const verify = async (token: string): Promise<Claims | undefined> => {
    if (token.length > LONGEST_TOKEN) return undefined;
    const [, header, payload, signature] = COMPACT_JWS.exec(token) ?? [];
    if (header === undefined || payload === undefined || signature === undefined) return undefined;
    // The header of a token of ours is one of a few strings, one per key. Whatever else stands there, another algorithm,
    // type or order, a key to fetch or a parameter to heed, is no token of ours and is not even decoded.
    const key = await keys.verifying('at+jwt', header);
    if (key === undefined) return undefined;
    const digest = createHash('sha256').update(token).digest('base64');
    const known = verified.get(digest);
    if (known !== undefined) return isAlive(known, clock.now()) ? known : undefined;
    const bytes = decode(signature);
    if (bytes === undefined || !(await key.verify(`${header}.${payload}`, bytes))) return undefined;
    const claims = acceptedClaims(Buffer.from(payload, 'base64url'), issuer, clock.now());
    // A claim takes several times its characters in memory, and the digest some more.
    if (claims !== undefined) verified.set(digest, claims, { size: 500 + payload.length * 3 });
    return claims;
  };

  const sign = async (type: TokenType, claims: Claims, algorithm: SigningAlgorithm): Promise<string> => {
    const key = await keys.signing(algorithm);
    const input = `${key.headers[type]}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${input}.${(await key.sign(input)).toString('base64url')}`;
  };

  return {
    sign: (claims, algorithm) => sign('at+jwt', claims, algorithm),
    verify,
    signIdToken: (claims, algorithm) => sign('JWT', claims, algorithm),
    signLogoutToken: (claims, algorithm) => sign('logout+jwt', claims, algorithm),
    verifyIdTokenHint: async (token) => {
      if (token.length > LONGEST_ID_TOKEN) return undefined;
      const [, header, payload, signature] = COMPACT_JWS.exec(token) ?? [];
      const key = header === undefined ? undefined : await keys.verifying('JWT', header);
      const bytes = signature === undefined ? undefined : decode(signature);
      if (key === undefined || bytes === undefined || !(await key.verify(`${header}.${payload}`, bytes))) return undefined;
      const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Claims;
      return claims['iss'] === issuer ? claims : undefined;
    },
    jwks: () => ({ keys: keys.published().map(({ jwk }) => jwk) }),
    reload: () => keys.reload(),
    close: () => keys.close(),
  };
}

/** Undefined unless this is the one way to write the bytes, so that a token has one spelling. */
function decode(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}
