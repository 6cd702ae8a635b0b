import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { PUBLISHED_BEFORE_USE_SECONDS } from '../../src/domain/signing-key.ts';
import { turnableClock } from '../integration/threats/endpoint.ts';
import { secretOf } from '../support/market.ts';
import { basic, post } from '../support/token-client.ts';
import { APIS, startReachable, type ReachableServer } from './reachable.ts';

let server: ReachableServer;
beforeAll(async () => {
  server = await startReachable();
});
afterAll(() => server.close());

const OPERATOR = { actor: { kind: 'operator', id: 'test' } } as const;

async function issue(audience: string | undefined, from = server): Promise<string> {
  const { status, body } = await post(
    `${from.url}/oauth/token`,
    { grant_type: 'client_credentials', scope: 'B A', resource: audience },
    basic('svc', secretOf('svc')),
  );
  expect(status).toBe(200);
  return String(body['access_token']);
}

const keySet = () => createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`));
const verify = (token: string, audience: string, keys = keySet()) => jwtVerify(token, keys, { issuer: server.issuer, audience, typ: 'at+jwt' });

describe('jose, knowing nothing but the issuer', () => {
  test.each(Object.entries(APIS))('verifies a token signed with %s', async (alg, audience) => {
    const token = await issue(audience);
    const { payload, protectedHeader } = await verify(token, audience);
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) });
    expect(payload).toMatchObject({ iss: server.issuer, aud: audience, sub: 'svc', client_id: 'svc', scope: 'A B', roles: ['A', 'B'], org_ids: [] });
    expect(payload.exp! - payload.iat!).toBe(600);
    await expect(verify(token, 'https://other.example.com')).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed);
  });

  test('finds the issuer itself as the audience where none was asked for', async () => {
    expect((await verify(await issue(undefined), server.issuer)).payload.aud).toBe(server.issuer);
  });

  test('goes on verifying, with the keys it fetched before, what is signed after a rotation', async () => {
    const clock = turnableClock();
    const rotating = await startReachable({ clock });
    try {
      // As a verifier keeps them: fetched once, when the key that will take over was published already.
      const keys = createRemoteJWKSet(new URL(`${rotating.issuer}/.well-known/jwks.json`), { cooldownDuration: 3_600_000, cacheMaxAge: Infinity });
      const check = (token: string) =>
        jwtVerify(token, keys, { issuer: rotating.issuer, audience: APIS.ES256, typ: 'at+jwt', currentDate: new Date(clock.now()) });
      const before = await issue(APIS.ES256, rotating);
      await check(before);
      clock.advance(PUBLISHED_BEFORE_USE_SECONDS * 1000);
      const { outcome, predecessor, successor } = await rotating.app.services.keys.rotate('ES256', OPERATOR);
      expect(outcome).toBe('rotated');
      await rotating.app.signer.reload();
      const after = await issue(APIS.ES256, rotating);
      expect([before, after].map((token) => decodeProtectedHeader(token).kid)).toEqual([predecessor, successor]);
      for (const token of [before, after]) expect((await check(token)).payload.sub).toBe('svc');
    } finally {
      await rotating.close();
    }
  });

  test('refuses a token of a key that was retired by hand, once it has looked again', async () => {
    const token = await issue(APIS.EdDSA);
    const { kid } = decodeProtectedHeader(token);
    await server.app.services.keys.retire(kid!, OPERATOR);
    await server.app.signer.reload();
    await expect(verify(token, APIS.EdDSA)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
    const next = await issue(APIS.EdDSA);
    expect(decodeProtectedHeader(next).kid).not.toBe(kid);
    expect((await verify(next, APIS.EdDSA)).payload.sub).toBe('svc');
  });

  test('is shown public members only', async () => {
    const { keys } = (await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as { keys: Record<string, unknown>[] };
    expect(new Set(keys.map(({ alg }) => alg))).toEqual(new Set(Object.keys(APIS)));
    const members = {
      EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      OKP: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    };
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(members[key['kty'] as keyof typeof members]);
  });
});
