import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlgorithm } from '../domain/resource-server.ts';
import type { FreshKey } from '../domain/signing-key.ts';

const generate = promisify(generateKeyPair) as {
  (type: 'ec', options: { namedCurve: string }): Promise<{ privateKey: KeyObject }>;
  (type: 'ed25519'): Promise<{ privateKey: KeyObject }>;
  (type: 'rsa', options: { modulusLength: number }): Promise<{ privateKey: KeyObject }>;
};

const GENERATORS: Record<SigningAlgorithm, () => Promise<{ privateKey: KeyObject }>> = {
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generate('ed25519'),
  RS256: () => generate('rsa', { modulusLength: 2048 }),
  PS256: () => generate('rsa', { modulusLength: 2048 }),
};

/** Members that RFC 7638 §3.2 and RFC 8037 §2 count, in their order. */
const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/**
 * Makes a key for one algorithm; its id is its RFC 7638 thumbprint. One in 64 would begin with `-`, and a command that is given
 * such an id takes it for an option: then another key is made.
 */
export async function generateSigningKey(alg: SigningAlgorithm): Promise<FreshKey> {
  const { privateKey } = await GENERATORS[alg]();
  const jwk = privateKey.export({ format: 'jwk' }) as Record<string, unknown>;
  const kid = thumbprint(jwk);
  return kid.startsWith('-') ? generateSigningKey(alg) : { kid, alg, privateJwk: { ...jwk, kid, alg, use: 'sig' } };
}

function thumbprint(jwk: Readonly<Record<string, unknown>>): string {
  const members = THUMBPRINT_MEMBERS[String(jwk['kty'])]!;
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]]))))
    .digest('base64url');
}
