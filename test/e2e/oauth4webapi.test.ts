import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { PASSWORD, secretOf } from '../support/market.ts';
import { APIS, startReachable, type ReachableServer } from './reachable.ts';

let server: ReachableServer;
let as: oauth.AuthorizationServer;
const insecure = { [oauth.allowInsecureRequests]: true };

beforeAll(async () => {
  server = await startReachable();
  as = await oauth.processDiscoveryResponse(
    new URL(server.issuer),
    await oauth.discoveryRequest(new URL(server.issuer), { ...insecure, algorithm: 'oauth2' }),
  );
});
afterAll(() => server.close());

const spa: oauth.Client = { client_id: 'spa' };
const api: oauth.Client = { client_id: 'rsS' };
const person = { username: 'b1u', password: PASSWORD, scope: 'Shopper', resource: APIS.ES256 };

async function credentials(
  clientId: string,
  authentication: oauth.ClientAuth,
  parameters: Record<string, string>,
): Promise<oauth.TokenEndpointResponse> {
  const client = { client_id: clientId };
  return oauth.processClientCredentialsResponse(
    as,
    client,
    await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecure),
  );
}

async function signIn(DPoP?: oauth.DPoPHandle): Promise<oauth.TokenEndpointResponse> {
  const response = await oauth.genericTokenEndpointRequest(as, spa, oauth.None(), 'password', person, {
    ...insecure,
    ...(DPoP === undefined ? {} : { DPoP }),
  });
  return oauth.processGenericTokenEndpointResponse(as, spa, response);
}

const introspect = async (token: string) =>
  oauth.processIntrospectionResponse(as, api, await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(secretOf('rsS')), token, insecure));

/** A request to an API, as its server receives it. */
const apiRequest = (authorization: string, headers: Record<string, string> = {}) =>
  new Request('https://es256.example.com/orders', { headers: { authorization, ...headers } });

describe('oauth4webapi', () => {
  test('discovers the same by both documents', async () => {
    const oidc = await oauth.processDiscoveryResponse(
      new URL(server.issuer),
      await oauth.discoveryRequest(new URL(server.issuer), { ...insecure, algorithm: 'oidc' }),
    );
    expect(oidc).toEqual(as);
  });

  test('gets client credentials by secret and by key', async () => {
    for (const [id, authentication] of [
      ['svc', oauth.ClientSecretBasic(secretOf('svc'))],
      ['svc', oauth.ClientSecretPost(secretOf('svc'))],
      ['pk', oauth.PrivateKeyJwt({ key: server.clientKey, kid: 'pk-1' })],
    ] as const) {
      expect(await credentials(id, authentication, { scope: 'A Bogus' })).toMatchObject({ scope: 'A', token_type: 'bearer' });
    }
  });

  test('takes the token for what RFC 9068 says it is', async () => {
    const { access_token: token } = await signIn();
    const claims = await oauth.validateJwtAccessToken(as, apiRequest(`Bearer ${token}`), APIS.ES256, insecure);
    expect(claims).toMatchObject({ iss: server.issuer, aud: APIS.ES256, sub: 'b1u', client_id: 'spa', scope: 'Shopper', roles: ['Shopper'] });
    await expect(oauth.validateJwtAccessToken(as, apiRequest(`Bearer ${token}`), APIS.RS256, insecure)).rejects.toMatchObject({
      code: oauth.JWT_CLAIM_COMPARISON,
    });
  });

  test('takes a token that is bound to a key together with its proof only', async () => {
    const pair = await oauth.generateKeyPair('ES256');
    const DPoP = oauth.DPoP(spa, pair);
    const { access_token: token, token_type: type, refresh_token: refreshToken } = await signIn(DPoP);
    expect(type).toBe('dpop');
    await expect(oauth.validateJwtAccessToken(as, apiRequest(`Bearer ${token}`), APIS.ES256, insecure)).rejects.toMatchObject({
      code: oauth.INVALID_RESPONSE,
    });
    const response = await oauth.refreshTokenGrantRequest(as, spa, oauth.None(), refreshToken!, { ...insecure, DPoP });
    const refreshed = await oauth.processRefreshTokenResponse(as, spa, response);
    expect({ type: refreshed.token_type, scope: refreshed.scope }).toEqual({ type: 'dpop', scope: 'Shopper' });
    await oauth.protectedResourceRequest(refreshed.access_token, 'GET', new URL('https://es256.example.com/orders'), undefined, undefined, {
      DPoP,
      [oauth.customFetch]: async (url, options) => {
        const claims = await oauth.validateJwtAccessToken(as, new Request(url, { headers: new Headers(options.headers) }), APIS.ES256, insecure);
        expect(claims.sub).toBe('b1u');
        return new Response();
      },
    });
  });

  test('introspects and revokes', async () => {
    const { access_token: token, refresh_token: refreshToken } = await signIn();
    expect(await introspect(token)).toMatchObject({ active: true, scope: 'Shopper', client_id: 'spa', username: 'b1u', token_type: 'Bearer' });
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, spa, oauth.None(), refreshToken!, insecure));
    expect(await introspect(token)).toEqual({ active: false });
    const response = await oauth.refreshTokenGrantRequest(as, spa, oauth.None(), refreshToken!, insecure);
    await expect(oauth.processRefreshTokenResponse(as, spa, response)).rejects.toMatchObject({
      code: oauth.RESPONSE_BODY_ERROR,
      error: 'invalid_grant',
      status: 400,
    });
  });

  test('is challenged the way RFC 7235 says', async () => {
    await expect(credentials('svc', oauth.ClientSecretBasic('wrong'), {})).rejects.toMatchObject({
      code: oauth.WWW_AUTHENTICATE_CHALLENGE,
      status: 401,
      cause: [{ scheme: 'basic', parameters: expect.objectContaining({ realm: server.issuer, error: 'invalid_client' }) }],
    });
  });
});
