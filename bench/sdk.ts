/**
 * @module `node --import tsx bench/sdk.ts`: verifications of an access token a second and core, by the SDK against bare
 * `jose.jwtVerify` and against `jsonwebtoken` with `jwks-rsa`. All take turns in one process, and each round gives one
 * ratio. Keys are warm everywhere: what is compared is the work for one more request.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import jwksRsa from 'jwks-rsa';
import { feedHash } from '../src/services/revocation-feed.ts';
import { anyOf, assertAccess } from '../src/sdk/checks.ts';
import { followRevocations } from '../src/sdk/revocations.ts';
import { createVerifier } from '../src/sdk/verifier.ts';
import { median, ratio } from './harness.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const BATCH = 2000;
const AT_ONCE = 32;
const API = 'https://orders.example.com';

const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(jwks)));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const now = Math.floor(Date.now() / 1000);
const roles = ['OrderAdmin', 'OrderReader', 'ProductReader', 'ShipmentAdmin', 'Shopper'];
const tokens = await Promise.all(
  Array.from({ length: BATCH }, (_, index) =>
    new SignJWT({
      iss: issuer,
      aud: API,
      sub: `user-${index % 500}`,
      client_id: 'shop',
      jti: `grant-${index}~token-${index}`,
      iat: now,
      exp: now + 3600,
      roles,
      scope: roles.join(' '),
      org_id: 'acme',
      org_type: 'buyer',
      org_path: ['market', 'acme'],
      org_ids: ['acme'],
      username: 'ada',
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
      .sign(privateKey),
  ),
);

const localKeys = createLocalJWKSet(jwks);
const pinned = { issuer, audience: API, algorithms: ['ES256'], typ: 'at+jwt' };
const check = anyOf('FullAccess', 'OrderReader');
const verifier = createVerifier({ issuer, audience: API });
const entries = Array.from({ length: 1000 }, (_, index) => ({ user: feedHash(issuer, 'user', `gone-${index}`), not_before: now, exp: now + 3600 }));
const feed = { issuer, complete: true, cursor: '1', entries };
const revocations = followRevocations({ issuer, fetch: async () => Response.json(feed), intervalSeconds: 3600 });
const following = createVerifier({ issuer, audience: API, revocations });
const client = jwksRsa({ jwksUri: `${issuer}/jwks`, cache: true });

const REFERENCE = 'bare jose.jwtVerify';
const CONTESTANTS: Readonly<Record<string, (token: string) => Promise<unknown>>> = {
  [REFERENCE]: (token) => jwtVerify(token, localKeys, pinned),
  'the SDK': async (token) => assertAccess(await verifier.verify(token), check),
  'the SDK, following 1,000 revocations': async (token) => assertAccess(await following.verify(token), check),
  'jsonwebtoken + jwks-rsa': async (token) => {
    const { header } = jsonwebtoken.decode(token, { complete: true })!;
    const key = await client.getSigningKey(header.kid);
    return jsonwebtoken.verify(token, key.getPublicKey(), { issuer, audience: API, algorithms: ['ES256'] });
  },
};

interface Sample {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

/** Verifies every token, a few at the same time as a server does. */
async function batch(verify: (token: string) => Promise<unknown>): Promise<Sample> {
  const startedAt = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const queue = tokens.values();
  const work = async () => {
    for (const token of queue) await verify(token);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: BATCH / (Number(process.hrtime.bigint() - startedAt) / 1e9), cpuMicroseconds: (user + system) / BATCH };
}

const samples = new Map<string, Sample[]>(Object.keys(CONTESTANTS).map((name) => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, verify] of Object.entries(CONTESTANTS)) {
    const sample = await batch(verify);
    if (round >= 0) samples.get(name)!.push(sample);
  }
}
server.close();
server.closeAllConnections();

const cpuOf = (name: string): number[] => samples.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds);
console.log(`Node ${process.version}, ${ROUNDS} rounds of ${BATCH} verifications (ES256), ${AT_ONCE} at a time\n`);
console.log(`| | CPU against ${REFERENCE} | CPU µs each | each second and core | each second |\n|---|---|---|---|---|`);
for (const [name, list] of samples) {
  const cpu = median(cpuOf(name));
  const rate = median(list.map(({ perSecond }) => perSecond));
  console.log(`| ${name} | ${ratio(cpuOf(name), cpuOf(REFERENCE))} | ${cpu.toFixed(0)} | ${(1e6 / cpu).toFixed(0)} | ${rate.toFixed(0)} |`);
}
