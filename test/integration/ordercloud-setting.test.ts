import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DATA, startServer, type TestServer } from '../support/server.ts';
import { claimsOf, post, type Answer } from '../support/token-client.ts';

let server: TestServer;
beforeAll(async () => {
  const workspaces = [path.join(DATA, 'workspaces/ordercloud-start.yaml')];
  server = await startServer({ workspaces, env: { ROLEMINT_ORDERCLOUD_API: 'false' } });
});
afterAll(() => server.close());

const signIn = (password: string): Promise<Answer> =>
  post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: 'operations', username: 'operator', password });

it("is not there when it is switched off: neither paths, nor OrderCloud's words", async () => {
  const { body } = await signIn('Correct-Horse-7-Battery');
  const claims = claimsOf(body['access_token']);
  expect(Object.keys(claims).filter((name) => ['usr', 'cid', 'usrtype', 'role', 'nbf'].includes(name))).toEqual([]);
  const headers = { authorization: `Bearer ${String(body['access_token'])}` };
  for (const gone of ['/v1/buyers', '/v1/me', '/oauth/certs/x']) {
    const response = await fetch(server.url + gone, { headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  }
  expect((await signIn('wrong')).body).toEqual({ error: 'invalid_grant', error_description: 'grant request is invalid' });
});
