import { afterAll, beforeAll, expect } from '@jest/globals';
import { ACCESS_TOKEN, startDesk, type Desk } from '../integration/threats/impersonation.ts';
import { AUDIENCE } from '../support/market.ts';
import { claimsOf, type Answer } from '../support/token-client.ts';
import { table } from './table.ts';

let server: Desk;
beforeAll(async () => {
  server = await startDesk();
});
afterAll(() => server.close());

const outcome = ({ status, body }: Answer) => [status, body['error']];
const exchange = async (form = {}) => server.exchange(await server.actorToken(), form);

table('RFC 8693, token exchange for impersonation', [
  ['2.1', 'subject_token is required', async () => expect(outcome(await server.exchange(undefined))).toEqual([400, 'invalid_request'])],
  [
    '2.1',
    'subject_token_type is required, and must be one that is understood',
    async () => {
      for (const subject_token_type of [undefined, 'urn:ietf:params:oauth:token-type:saml2', 'access_token']) {
        expect(outcome(await exchange({ subject_token_type }))).toEqual([400, 'invalid_request']);
      }
    },
  ],
  [
    '2.1',
    'actor_token_type is not there without actor_token',
    async () => expect(outcome(await exchange({ actor_token_type: ACCESS_TOKEN }))).toEqual([400, 'invalid_request']),
  ],
  [
    '2.1',
    'requested_token_type may be named; what cannot be issued is refused',
    async () => {
      expect((await exchange({ requested_token_type: ACCESS_TOKEN })).body['issued_token_type']).toBe(ACCESS_TOKEN);
      expect(outcome(await exchange({ requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }))).toEqual([400, 'invalid_request']);
    },
  ],
  [
    '2.1',
    'resource and audience say what the token is for',
    async () => {
      for (const form of [{ resource: AUDIENCE.seller }, { audience: AUDIENCE.seller }]) {
        expect(claimsOf((await exchange(form)).body['access_token'])['aud']).toBe(AUDIENCE.seller);
      }
    },
  ],
  [
    '2.2.1',
    'the answer has access_token, issued_token_type and token_type, and is not kept by caches',
    async () => {
      const answer = await exchange();
      expect(answer.body).toMatchObject({ access_token: expect.any(String), issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' });
      // No longer than the token of the actor, which was issued a moment ago and lives 600 seconds.
      expect(answer.body['expires_in']).toBeGreaterThan(570);
      expect(answer.body['expires_in']).toBeLessThanOrEqual(600);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  ],
  [
    '2.2.1',
    'scope is there, since it may differ from what was asked for; a refresh token is not',
    async () => {
      const { body } = await exchange({ scope: 'Shopper Bogus' });
      expect([body['scope'], body['refresh_token']]).toEqual(['Shopper', undefined]);
    },
  ],
  [
    '2.2.2',
    'an invalid subject token is invalid_request',
    async () => expect(outcome(await server.exchange('garbage'))).toEqual([400, 'invalid_request']),
  ],
  [
    '2.2.2',
    'an API that no token can be issued for is invalid_target',
    async () => {
      for (const form of [{ resource: 'https://unknown.example.com' }, { audience: 'https://unknown.example.com' }]) {
        expect(outcome(await exchange(form))).toEqual([400, 'invalid_target']);
      }
    },
  ],
  [
    '4.1',
    'act says who acts, and claims of the token itself stay out of it',
    async () => expect(claimsOf((await exchange()).body['access_token'])).toMatchObject({ sub: 'b1u', act: { sub: 'deleg' } }),
  ],
  [
    '5',
    'the client authenticates, and must be allowed to ask',
    async () => {
      expect(outcome(await exchange({ client_secret: 'wrong' }))).toEqual([401, 'invalid_client']);
      expect(outcome(await exchange({ client_id: 'spa', client_secret: undefined }))).toEqual([400, 'unauthorized_client']);
    },
  ],
]);
