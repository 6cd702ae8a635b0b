// Runs the built SDK under whatever runs this file: Node, Bun or Deno. Tokens are verified, refused, revoked, introspected.
import { anyOf, createIntrospector, createVerifier, followRevocations, protectFetch } from '../dist/src/sdk/resource-server.js';
import { createTestIssuer } from '../dist/src/sdk/testing.js';

const runtime = globalThis.Bun ? `Bun ${Bun.version}` : globalThis.Deno ? `Deno ${Deno.version.deno}` : `Node ${process.versions.node}`;
const expectSame = (what, found, expected) => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
};

const { issuer, audience, fetch, token } = await createTestIssuer({ audience: 'https://orders.example.com' });
const verifier = createVerifier({ issuer, audience, fetch, revocations: followRevocations({ issuer, fetch }) });
const handler = protectFetch(verifier, anyOf('FullAccess', 'OrderReader'), (_request, access) => Response.json({ for: access.subject }));
const call = async (authorization) => {
  const response = await handler(new Request(audience, { headers: authorization === undefined ? {} : { authorization } }));
  return [response.status, /^Bearer(?: error="(\w+)")?/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? null];
};
expectSame('a good token', await call(`Bearer ${await token({ subject: 'ada', roles: ['OrderReader'] })}`), [200, null]);
expectSame('a role too few', await call(`Bearer ${await token({ subject: 'ada', roles: ['Order'] })}`), [403, 'insufficient_scope']);
expectSame('no token', await call(undefined), [401, null]);
expectSame('garbage', await call('Bearer a.b.c'), [401, 'invalid_token']);

const active = async () =>
  Response.json({
    active: true,
    token_type: 'Bearer',
    iss: issuer,
    aud: audience,
    sub: 'ada',
    client_id: 'web',
    jti: '1',
    roles: ['OrderReader'],
    exp: 4e9,
    iat: 1,
  });
const introspector = createIntrospector({ issuer, audience, clientId: 'orders', clientSecret: 'x'.repeat(43), fetch: active });
expectSame('introspection', [...(await introspector.verify(await token({ subject: 'ada', roles: [] }))).roles], ['OrderReader']);

console.log(`the SDK works on ${runtime}`);
