/** @module How large a token would be, without making one. */
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import type { Claims } from '../domain/ports.ts';

/** Characters of a signature in base64url; RSA keys have 2048 bits unless somebody imported longer ones. */
const SIGNATURE: Record<SigningAlgorithm, number> = { ES256: 86, EdDSA: 86, RS256: 342, PS256: 342 };
/** Key ids are RFC 7638 thumbprints. */
const KEY_ID = 'x'.repeat(43);

/** Bytes of the access token that would carry these claims. */
export function accessTokenSize(claims: Claims, alg: SigningAlgorithm): number {
  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url').length;
  return segment({ alg, typ: 'at+jwt', kid: KEY_ID }) + 1 + segment(claims) + 1 + SIGNATURE[alg];
}
