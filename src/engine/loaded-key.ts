import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import { publicJwk, type KeyTimes, type PublicJwk } from '../domain/signing-key.ts';

/** What a token is said to be in its header, so that none is taken for another (RFC 8725 §3.11). */
export type TokenType = 'at+jwt' | 'JWT' | 'logout+jwt';

/** A signing key made ready: parsed once, its token headers written once. */
export interface LoadedKey {
  readonly times: KeyTimes;
  readonly jwk: PublicJwk;
  /** First segment of every token of a type that this key signs. */
  readonly headers: Readonly<Record<TokenType, string>>;
  sign(input: string): Promise<Buffer>;
  verify(input: string, signature: Buffer): Promise<boolean>;
}

/** A signature takes tens of microseconds; handing it to a thread and back takes more. One of RSA takes twenty times as long. */
const QUICK: ReadonlySet<SigningAlgorithm> = new Set(['ES256', 'EdDSA']);
// The callback forms leave the event loop free and cost less than WebCrypto, which jose and oidc-provider use. What somebody
// else sent is verified there in any case.
const signInPool = promisify(sign);
const verifyInPool = promisify(verify);

/** RFC 7518 §3: digest, and what node:crypto must be told so that the bytes are those of a JWS. */
const SCHEMES: Record<SigningAlgorithm, { readonly digest: string | null; readonly options: object }> = {
  ES256: { digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { digest: null, options: {} },
  RS256: { digest: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: { digest: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } },
};

export function loadSigningKey(times: KeyTimes): LoadedKey {
  const { kid, alg, privateJwk } = times.key;
  const { digest, options } = SCHEMES[alg];
  const jwk = publicJwk(times.key);
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' });
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const header = (typ: TokenType) => Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');
  const signWith = { ...options, key: privateKey };
  const verifyWith = { ...options, key: publicKey };
  return {
    times,
    jwk,
    headers: { 'at+jwt': header('at+jwt'), JWT: header('JWT'), 'logout+jwt': header('logout+jwt') },
    sign: QUICK.has(alg)
      ? async (input) => {
          await turn();
          return sign(digest, Buffer.from(input), signWith);
        }
      : (input) => signInPool(digest, Buffer.from(input), signWith),
    verify: (input, signature) => verifyInPool(digest, Buffer.from(input), verifyWith, signature),
  };
}
