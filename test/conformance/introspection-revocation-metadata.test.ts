import { afterAll, beforeAll, expect } from '@jest/globals';
import { AUDIENCE, PASSWORD, secretOf } from '../support/market.ts';
import { ISSUER } from '../support/server.ts';
import { basic, claimsOf, post, type Answer } from '../support/token-client.ts';
import { startThreatened, type Threatened } from '../integration/threats/endpoint.ts';
import { table } from './table.ts';

let server: Threatened;
let access: string;
let refreshToken: string;

beforeAll(async () => {
  server = await startThreatened();
});
afterAll(() => server.close());

async function signIn(): Promise<void> {
  const { body } = await server.signIn('b1u', { scope: 'Shopper', resource: AUDIENCE.seller });
  access = String(body['access_token']);
  refreshToken = String(body['refresh_token']);
}

const outcome = ({ status, body }: Answer) => [status, body['error']];
const INACTIVE = '{"active":false}';

table('RFC 7662, token introspection', [
  [
    '2.1',
    'the token is posted in a form',
    async () => {
      await signIn();
      const response = await fetch(`${server.url}/oauth/introspect`, {
        method: 'POST',
        headers: { ...basic('rsS', secretOf('rsS')), 'content-type': 'application/json' },
        body: JSON.stringify({ token: access }),
      });
      expect(response.status).toBe(400);
    },
  ],
  [
    '2.1',
    'token is required',
    async () => expect(outcome(await post(`${server.url}/oauth/introspect`, {}, basic('rsS', secretOf('rsS'))))).toEqual([400, 'invalid_request']),
  ],
  [
    '2.1',
    'an unknown or wrong hint changes nothing',
    async () => {
      await signIn();
      for (const hint of ['refresh_token', 'unheard_of'])
        expect((await server.introspect(access, 'rsS', { token_type_hint: hint })).body['active']).toBe(true);
    },
  ],
  [
    '2.1',
    'the endpoint demands authorization',
    async () => expect(outcome(await post(`${server.url}/oauth/introspect`, { token: access, client_id: 'spa' }))).toEqual([401, 'invalid_client']),
  ],
  [
    '2.2',
    'active is there, true for a good token',
    async () => {
      await signIn();
      expect((await server.introspect(access)).body['active']).toBe(true);
    },
  ],
  [
    '2.2',
    'scope, client_id, username, token_type, exp, iat, sub, aud, iss and jti say what the token says',
    async () => {
      await signIn();
      const { iss, sub, aud, client_id, exp, iat, jti } = claimsOf(access);
      expect((await server.introspect(access)).body).toMatchObject({
        iss,
        sub,
        aud,
        client_id,
        exp,
        iat,
        jti,
        scope: 'Shopper',
        username: 'b1u',
        token_type: 'Bearer',
      });
    },
  ],
  [
    '2.2',
    'an inactive token is active false and nothing else',
    async () => {
      await signIn();
      await server.revoke(access);
      for (const token of [access, 'unknown', 'a.b.c']) expect((await server.introspect(token)).text).toBe(INACTIVE);
    },
  ],
  [
    '2.2',
    'a caller who may not see the token is told that it is inactive',
    async () => {
      await signIn();
      expect((await server.introspect(access, 'rsB1')).text).toBe(INACTIVE);
    },
  ],
  [
    '2.2',
    'the answer is JSON',
    async () => expect((await server.introspect('x')).headers.get('content-type')).toBe('application/json; charset=utf-8'),
  ],
  [
    '2.3',
    'a caller with wrong credentials is 401',
    async () => {
      const answer = await post(`${server.url}/oauth/introspect`, { token: 'x' }, basic('rsS', 'wrong'));
      expect([...outcome(answer), answer.headers.get('www-authenticate')?.split(' ')[0]]).toEqual([401, 'invalid_client', 'Basic']);
    },
  ],
  ['2.3', 'a question about an inactive token is no error', async () => expect((await server.introspect('x')).status).toBe(200)],
  [
    '4',
    'tokens in a query are not taken',
    async () => expect((await fetch(`${server.url}/oauth/introspect?token=${access}`, { headers: basic('rsS', secretOf('rsS')) })).status).toBe(405),
  ],
  [
    '4',
    'expiry, revocation and the signature are all looked at',
    async () => {
      await signIn();
      const [header, payload] = access.split('.');
      expect((await server.introspect(`${header}.${payload}.${'A'.repeat(86)}`)).text).toBe(INACTIVE);
    },
  ],
]);

table('RFC 7009, token revocation', [
  [
    '2',
    'refresh tokens can be revoked',
    async () => {
      await signIn();
      expect((await server.revoke(refreshToken)).status).toBe(200);
      expect((await server.introspect(refreshToken, 'pw')).text).toBe(INACTIVE);
    },
  ],
  [
    '2',
    'access tokens can be revoked',
    async () => {
      await signIn();
      expect((await server.revoke(access)).status).toBe(200);
      expect((await server.introspect(access)).text).toBe(INACTIVE);
    },
  ],
  [
    '2.1',
    'the client is authenticated',
    async () => expect(outcome(await post(`${server.url}/oauth/revoke`, { token: access }, basic('pw', 'wrong')))).toEqual([401, 'invalid_client']),
  ],
  [
    '2.1',
    'a public client is known by its id',
    async () => {
      const own = await server.token({ grant_type: 'password', client_id: 'spa', username: 'b1u', password: PASSWORD, resource: AUDIENCE.seller });
      expect((await post(`${server.url}/oauth/revoke`, { client_id: 'spa', token: String(own.body['access_token']) })).status).toBe(200);
      expect((await server.introspect(String(own.body['access_token']))).text).toBe(INACTIVE);
    },
  ],
  [
    '2.1',
    'a token of another client is not revoked',
    async () => {
      await signIn();
      await server.revoke(refreshToken, 'web');
      expect((await server.introspect(refreshToken, 'pw')).body['active']).toBe(true);
    },
  ],
  [
    '2.1',
    'a wrong hint does not matter',
    async () => {
      await signIn();
      await server.revoke(refreshToken, 'pw', { token_type_hint: 'access_token' });
      expect((await server.introspect(refreshToken, 'pw')).text).toBe(INACTIVE);
    },
  ],
  [
    '2.1',
    'with a refresh token all access tokens of its grant go',
    async () => {
      await signIn();
      await server.revoke(refreshToken);
      expect((await server.introspect(access)).text).toBe(INACTIVE);
    },
  ],
  [
    '2.1',
    'token is required',
    async () => expect(outcome(await post(`${server.url}/oauth/revoke`, {}, basic('pw', secretOf('pw'))))).toEqual([400, 'invalid_request']),
  ],
  [
    '2.2',
    'an invalid token is answered with 200 and an empty body',
    async () => {
      const { status, text } = await server.revoke('unknown');
      expect({ status, text }).toEqual({ status: 200, text: '' });
    },
  ],
]);

const metadata = async (name = 'oauth-authorization-server') =>
  (await (await fetch(`${server.url}/.well-known/${name}`)).json()) as Record<string, string | string[]>;

table('RFC 8414, authorization server metadata', [
  ['2', 'issuer is the configured one', async () => expect((await metadata())['issuer']).toBe(ISSUER)],
  [
    '2',
    'all URLs stand below the issuer',
    async () => {
      const document = await metadata();
      for (const name of Object.keys(document).filter((one) => /_(endpoint|uri)$/.test(one)))
        expect(document[name]).toMatch(new RegExp(`^${ISSUER}/`));
    },
  ],
  ['2', 'response_types_supported is there', async () => expect(await metadata()).toHaveProperty('response_types_supported')],
  [
    '2',
    'claims without a value are left out',
    async () => {
      for (const value of Object.values(await metadata())) expect(value === null || value === '').toBe(false);
    },
  ],
  [
    '2',
    'grant types, authentication methods and algorithms are those that work',
    async () => {
      const document = await metadata();
      expect(document['grant_types_supported']).toEqual(expect.arrayContaining(['password', 'client_credentials', 'refresh_token']));
      for (const grant of document['grant_types_supported'] as string[]) {
        const answer = await server.token({ grant_type: grant }, basic('web', secretOf('web')));
        expect(answer.body['error']).not.toBe('unsupported_grant_type');
      }
      expect(document['token_endpoint_auth_methods_supported']).toEqual(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']);
      expect(document['introspection_endpoint_auth_methods_supported']).not.toContain('none');
      expect(document['token_endpoint_auth_signing_alg_values_supported']).not.toContain('none');
    },
  ],
  [
    '3',
    'the document is at the well-known path, and the same as that of OpenID Connect',
    async () => expect(await metadata('openid-configuration')).toEqual(await metadata()),
  ],
  [
    '3.1',
    'it is fetched by GET',
    async () => expect((await fetch(`${server.url}/.well-known/oauth-authorization-server`, { method: 'POST' })).status).toBe(405),
  ],
  [
    '3.2',
    'it is 200 and JSON',
    async () => {
      const response = await fetch(`${server.url}/.well-known/oauth-authorization-server`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    },
  ],
  [
    '6.2',
    'it does not follow the Host header',
    async () => {
      const response = await fetch(`${server.url}/.well-known/oauth-authorization-server`, {
        headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
      });
      expect(await response.text()).not.toContain('evil');
    },
  ],
]);
