/**
 * @module For the tests of an API: tokens as Rolemint signs them, by a key that is thrown away, and who calls without any
 * token. Nothing here talks to a server. `rolemint/resource-server/testing`.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { accessOf, type Access, type AccessOrganization } from './access.ts';
import { SYSTEM_TIME } from './clock.ts';
import type { Fetch } from './fetching.ts';

/** Who a test calls as. */
export interface TestCaller {
  /** Default: `test-user`. */
  readonly subject?: string;
  /** Default: `test-client`. The same as the subject: nobody but the client. */
  readonly clientId?: string;
  /** Default: none. */
  readonly roles?: readonly string[];
  /** What is left out follows from the id: a root of no type, for which alone the subject may act. */
  readonly organization?: Pick<AccessOrganization, 'id'> & Partial<AccessOrganization>;
  readonly username?: string;
  /** Somebody who acts as the subject. */
  readonly actor?: string;
  /** Below zero: it has ended. Default: 600. */
  readonly lifetimeSeconds?: number;
  /** Thumbprint of a key that the token is bound to. */
  readonly boundTo?: string;
  /** Put over what all of the above makes; undefined takes a claim away. For tokens that must be refused. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface TestIssuerOptions {
  /** As the verifier has it. Default: `https://id.test`. */
  readonly issuer?: string;
  /** As the verifier has it. */
  readonly audience: string;
}

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Give it to `createVerifier`: it answers with the keys, and with an empty feed of revocations. */
  readonly fetch: Fetch;
  /** A signed token. */
  token(caller?: TestCaller): Promise<string>;
}

let made = 0;

/**
 * An issuer with a key that nobody has; for one test or for all.
 * @example
 * import { createVerifier, protectFetch } from 'rolemint/resource-server';
 * import { createTestIssuer } from 'rolemint/resource-server/testing';
 *
 * const { issuer, audience, fetch, token } = await createTestIssuer({ audience: 'https://orders.example.com' });
 * const handler = protectFetch(createVerifier({ issuer, audience, fetch }), 'OrderReader', () => new Response('orders'));
 *
 * const authorization = `Bearer ${await token({ roles: ['OrderReader'] })}`;
 * console.assert((await handler(new Request(audience, { headers: { authorization } }))).status === 200);
 * console.assert((await handler(new Request(audience))).status === 401);
 */
export async function createTestIssuer({ issuer = 'https://id.test', audience }: TestIssuerOptions): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const answers: Readonly<Record<string, object>> = {
    [`${issuer}/.well-known/jwks.json`]: { keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] },
    [`${issuer}/oauth/revocations`]: { issuer, complete: true, cursor: '1', entries: [] },
  };
  return {
    issuer,
    audience,
    fetch: (url) => {
      const answer = answers[url.replace(/\?.*/, '')];
      return Promise.resolve(answer === undefined ? new Response('', { status: 404 }) : Response.json(answer));
    },
    token: (caller = {}) => sign(claimsOf(caller, { issuer, audience }), { key: privateKey, kid }),
  };
}

/**
 * Who calls, as a verifier would say it: for tests of checks and handlers alone.
 * @example
 * import { anyOf } from 'rolemint/resource-server';
 * import { testAccess } from 'rolemint/resource-server/testing';
 *
 * console.assert(anyOf('OrderReader').allows(testAccess({ roles: ['OrderReader'] })));
 */
export function testAccess(caller: TestCaller = {}): Access {
  return accessOf(claimsOf(caller, { issuer: 'https://id.test', audience: 'https://api.test' }));
}

function claimsOf(caller: TestCaller, { issuer, audience }: { readonly issuer: string; readonly audience: string }): Record<string, unknown> {
  const { subject = 'test-user', clientId = 'test-client', roles = [], organization, username, actor, lifetimeSeconds = 600, boundTo } = caller;
  made += 1;
  const now = Math.floor(SYSTEM_TIME() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: subject,
    client_id: clientId,
    jti: `test-${made}`,
    iat: Math.min(now, now + lifetimeSeconds),
    exp: now + lifetimeSeconds,
    scope: [...roles].sort().join(' '),
    roles: [...roles].sort(),
    ...organizationClaims(organization),
    ...(username === undefined ? {} : { username }),
    ...(actor === undefined ? {} : { act: { sub: actor } }),
    ...(boundTo === undefined ? {} : { cnf: { jkt: boundTo } }),
    ...caller.claims,
  };
}

function organizationClaims(organization: TestCaller['organization']): Record<string, unknown> {
  if (organization === undefined) return { org_ids: [] };
  const { id, type = '', path = [id], ids = [id] } = organization;
  return { org_id: id, org_type: type, org_path: path, org_ids: ids };
}

function sign(claims: Record<string, unknown>, { key, kid }: { readonly key: CryptoKey; readonly kid: string }): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(key);
}
