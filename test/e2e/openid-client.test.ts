import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as openid from 'openid-client';
import { PASSWORD, secretOf } from '../support/market.ts';
import { claimsOf } from '../support/token-client.ts';
import { APIS, startReachable, type ReachableServer } from './reachable.ts';

let server: ReachableServer;
beforeAll(async () => {
  server = await startReachable();
});
afterAll(() => server.close());

const discover = (clientId: string, authentication?: openid.ClientAuth, algorithm: 'oidc' | 'oauth2' = 'oauth2') =>
  openid.discovery(new URL(server.issuer), clientId, undefined, authentication, { algorithm, execute: [openid.allowInsecureRequests] });

const person = { username: 'b1u', password: PASSWORD, scope: 'Shopper OrderReader', resource: APIS.ES256 };

describe('openid-client', () => {
  test.each(['oidc', 'oauth2'] as const)('discovers the server by %s', async (algorithm) => {
    const metadata = (await discover('svc', openid.None(), algorithm)).serverMetadata();
    expect(metadata).toMatchObject({
      issuer: server.issuer,
      token_endpoint: `${server.issuer}/oauth/token`,
      introspection_endpoint: `${server.issuer}/oauth/introspect`,
      revocation_endpoint: `${server.issuer}/oauth/revoke`,
      jwks_uri: `${server.issuer}/.well-known/jwks.json`,
    });
  });

  test.each([
    ['client_secret_basic', openid.ClientSecretBasic],
    ['client_secret_post', openid.ClientSecretPost],
  ] as const)('gets client credentials by %s', async (_method, method) => {
    const config = await discover('svc', method(secretOf('svc')));
    const answer = await openid.clientCredentialsGrant(config, { scope: 'A Bogus', resource: APIS.ES256 });
    expect(answer).toMatchObject({ scope: 'A', token_type: 'bearer', expires_in: 600 });
    expect(answer.refresh_token).toBeUndefined();
  });

  test('gets client credentials with a key of its own', async () => {
    const config = await discover('pk', openid.PrivateKeyJwt({ key: server.clientKey, kid: 'pk-1' }));
    expect((await openid.clientCredentialsGrant(config, { scope: 'B A' })).scope).toBe('A B');
    // Every assertion is new, so it works again.
    expect((await openid.clientCredentialsGrant(config, {})).scope).toBe('');
  });

  test.each([
    ['confidential', 'pw', () => openid.ClientSecretPost(secretOf('pw'))],
    ['public', 'spa', () => openid.None()],
  ] as const)('signs a person in through a %s client, refreshes, introspects and revokes', async (_kind, clientId, authentication) => {
    const config = await discover(clientId, authentication());
    const api = await discover('rsS', openid.ClientSecretBasic(secretOf('rsS')));
    const first = await openid.genericGrantRequest(config, 'password', person);
    expect(first.scope).toBe('OrderReader Shopper');
    const second = await openid.refreshTokenGrant(config, first.refresh_token!, { scope: 'Shopper' });
    expect(second.scope).toBe('Shopper');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await openid.tokenIntrospection(api, second.access_token)).toMatchObject({
      active: true,
      scope: 'Shopper',
      client_id: clientId,
      sub: 'b1u',
      iss: server.issuer,
      aud: APIS.ES256,
    });
    await openid.tokenRevocation(config, second.refresh_token!);
    expect(await openid.tokenIntrospection(api, first.access_token)).toEqual({ active: false });
    await expect(openid.refreshTokenGrant(config, second.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
  });

  test('proves possession of a key, for every grant', async () => {
    const config = await discover('spa', openid.None());
    const pair = await openid.randomDPoPKeyPair('ES256');
    const DPoP = openid.getDPoPHandle(config, pair);
    const first = await openid.genericGrantRequest(config, 'password', person, { DPoP });
    expect(first.token_type).toBe('dpop');
    const jkt = await DPoP.calculateThumbprint();
    expect(claimsOf(first.access_token)['cnf']).toEqual({ jkt });
    const second = await openid.refreshTokenGrant(config, first.refresh_token!, undefined, { DPoP });
    expect(claimsOf(second.access_token)['cnf']).toEqual({ jkt });
    const stranger = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    await expect(openid.refreshTokenGrant(config, second.refresh_token!, undefined, { DPoP: stranger })).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    const service = await discover('svc', openid.ClientSecretBasic(secretOf('svc')));
    expect((await openid.clientCredentialsGrant(service, { scope: 'A' }, { DPoP: openid.getDPoPHandle(service, pair) })).token_type).toBe('dpop');
  });

  test('understands refusals', async () => {
    const wrong = await discover('svc', openid.ClientSecretBasic('wrong'));
    await expect(openid.clientCredentialsGrant(wrong)).rejects.toMatchObject({ code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 });
    const posted = await discover('svc', openid.ClientSecretPost('wrong'));
    await expect(openid.clientCredentialsGrant(posted)).rejects.toMatchObject({ error: 'invalid_client', status: 401 });
    const right = await discover('svc', openid.ClientSecretBasic(secretOf('svc')));
    await expect(openid.clientCredentialsGrant(right, { scope: ' A' })).rejects.toMatchObject({ error: 'invalid_scope', status: 400 });
    await expect(openid.clientCredentialsGrant(right, { resource: 'https://unknown.example.com' })).rejects.toMatchObject({
      error: 'invalid_target',
      status: 400,
    });
    await expect(openid.genericGrantRequest(right, 'password', person)).rejects.toMatchObject({ error: 'unauthorized_client', status: 400 });
    await expect(openid.genericGrantRequest(right, 'urn:example:none', {})).rejects.toMatchObject({ error: 'unsupported_grant_type', status: 400 });
    const pw = await discover('pw', openid.ClientSecretPost(secretOf('pw')));
    await expect(openid.genericGrantRequest(pw, 'password', { ...person, password: 'wrong' })).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
  });

  test('encodes what a secret or an id may contain the way the server reads it', async () => {
    const id = 'svc:100%+~';
    const odd = 'p+w %25&=:"\\é\u20ac'.replace(/[^\x20-\x7e]/g, '');
    await server.app.store.transaction(async (tx) => {
      const [svc] = (await tx.clients.findMany(['svc'])).values();
      await tx.clients.put([{ ...svc!, clientId: id }]);
      await tx.addClientSecret(id, { id: 'odd', algorithm: 'argon2id', hash: await server.app.hasher.hash(odd), createdAt: new Date(0) });
    });
    for (const authentication of [openid.ClientSecretBasic(odd), openid.ClientSecretPost(odd)]) {
      expect((await openid.clientCredentialsGrant(await discover(id, authentication))).scope).toBe('');
    }
  });
});
