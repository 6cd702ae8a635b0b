import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { assignment, client, PASSWORD, profile, secret, secretOf, to } from '../support/market.ts';
import { claimsOf } from '../support/token-client.ts';
import { APIS, startReachable, type ReachableServer } from './reachable.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

let server: ReachableServer;
beforeAll(async () => {
  server = await startReachable();
  await server.app.store.transaction(async (tx) => {
    await tx.securityProfiles.put([profile('support', ['Impersonation']), profile('helping', ['Shopper'])]);
    await tx.clients.put([client('desk', { grantTypes: [TOKEN_EXCHANGE] })]);
    await tx.addClientSecret('desk', secret(secretOf('desk')));
    await tx.assignments.put([assignment('support', to.user('deleg'))]);
    await tx.impersonationRules.put([
      { id: 'deleg-b1', impersonator: to.user('deleg'), target: to.organization('B1'), securityProfile: 'helping', client: 'desk' },
    ]);
  });
});
afterAll(() => server.close());

const signedIn = { username: 'deleg', password: PASSWORD, scope: 'Impersonation' };
const asked = (subjectToken: string, requestedSubject = 'b1u') => ({
  subject_token: subjectToken,
  subject_token_type: ACCESS_TOKEN,
  requested_subject: requestedSubject,
  scope: 'Shopper OrderReader',
  resource: APIS.ES256,
});

test('openid-client exchanges a token, bound to a key, and understands why not', async () => {
  const discover = (id: string, authentication: openid.ClientAuth) =>
    openid.discovery(new URL(server.issuer), id, undefined, authentication, { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] });
  const spa = await discover('spa', openid.None());
  const desk = await discover('desk', openid.ClientSecretBasic(secretOf('desk')));
  expect(desk.serverMetadata().grant_types_supported).toContain(TOKEN_EXCHANGE);
  const keys = await openid.randomDPoPKeyPair('ES256');
  const actor = await openid.genericGrantRequest(spa, 'password', signedIn, { DPoP: openid.getDPoPHandle(spa, keys) });
  const answer = await openid.genericGrantRequest(desk, TOKEN_EXCHANGE, asked(actor.access_token), { DPoP: openid.getDPoPHandle(desk, keys) });
  expect(answer).toMatchObject({ scope: 'Shopper', token_type: 'dpop', issued_token_type: ACCESS_TOKEN });
  expect(answer.refresh_token).toBeUndefined();
  expect(claimsOf(answer.access_token)).toMatchObject({ sub: 'b1u', act: { sub: 'deleg' }, cnf: claimsOf(actor.access_token)['cnf'] });
  await expect(openid.genericGrantRequest(desk, TOKEN_EXCHANGE, asked(actor.access_token))).rejects.toMatchObject({
    error: 'invalid_request',
    status: 400,
  });
  const unbound = await openid.genericGrantRequest(spa, 'password', signedIn);
  await expect(openid.genericGrantRequest(desk, TOKEN_EXCHANGE, asked(unbound.access_token, 'b2u'))).rejects.toMatchObject({
    error: 'invalid_grant',
    status: 400,
    cause: { error_code: 'Impersonation.ConfigError' },
  });
  const powerless = await openid.genericGrantRequest(spa, 'password', { ...signedIn, scope: '' });
  await expect(openid.genericGrantRequest(desk, TOKEN_EXCHANGE, asked(powerless.access_token))).rejects.toMatchObject({
    error: 'insufficient_scope',
    status: 403,
  });
});

test('oauth4webapi exchanges a token, and an API takes it for what RFC 9068 says it is', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(
    new URL(server.issuer),
    await oauth.discoveryRequest(new URL(server.issuer), { ...insecure, algorithm: 'oauth2' }),
  );
  const ask = async (id: string, by: oauth.ClientAuth, [grant, parameters]: readonly [string, Record<string, string>]) => {
    const from = { client_id: id };
    const response = await oauth.genericTokenEndpointRequest(as, from, by, grant, parameters, insecure);
    return oauth.processGenericTokenEndpointResponse(as, from, response);
  };
  const actor = await ask('spa', oauth.None(), ['password', signedIn]);
  const answer = await ask('desk', oauth.ClientSecretBasic(secretOf('desk')), [TOKEN_EXCHANGE, asked(actor.access_token)]);
  const request = new Request('https://es256.example.com/orders', { headers: { authorization: `Bearer ${answer.access_token}` } });
  expect(await oauth.validateJwtAccessToken(as, request, APIS.ES256, insecure)).toMatchObject({
    sub: 'b1u',
    client_id: 'desk',
    act: { sub: 'deleg' },
    roles: ['Shopper'],
  });
});
