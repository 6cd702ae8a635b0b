import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ISSUER } from '../../support/server.ts';
import { startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { claimsOf } from '../../support/token-client.ts';

let server: SignInServer;
let application: Server;
const heard: string[] = [];

beforeAll(async () => {
  application = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      heard.push(new URLSearchParams(body).get('logout_token') ?? '');
      response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  server = await startSignIn({ env: { ROLEMINT_LOGOUT_NETWORKS: '127.0.0.0/8' } });
});
afterAll(async () => {
  await server.close();
  application.closeAllConnections();
  await new Promise((resolve) => application.close(resolve));
});

async function listenAt(path: string): Promise<void> {
  const { port } = application.address() as AddressInfo;
  await server.store.transaction(async (tx) => {
    const shop = (await tx.clients.findMany(['shop'])).get('shop')!;
    await tx.clients.put([{ ...shop, backchannelLogoutUri: `http://127.0.0.1:${port}${path}` }]);
  });
}

test('an application hears that the person signed out', async () => {
  await listenAt('/logout');
  const browser = server.browser();
  const { body } = await server.tokens(browser, { scope: 'openid' });
  await browser.open(`${ISSUER}/oauth/logout?id_token_hint=${String(body['id_token'])}`);
  await server.app.services.backchannel.idle();
  expect(heard).toHaveLength(1);
  const { sid } = claimsOf(body['id_token']);
  expect(claimsOf(heard[0])).toEqual({
    iss: ISSUER,
    sub: 'b1u',
    aud: 'shop',
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
    sid,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  expect(JSON.parse(Buffer.from(heard[0]!.split('.')[0]!, 'base64url').toString())).toMatchObject({ typ: 'logout+jwt', alg: 'ES256' });
  // It is no token for anything else.
  expect(await server.app.signer.verify(heard[0]!)).toBeUndefined();
  expect(await server.app.signer.verifyIdTokenHint(heard[0]!)).toBeUndefined();
});

test('T-56: a redirect is not followed, and the log says who was not told', async () => {
  await listenAt('/moved');
  const browser = server.browser();
  const { body } = await server.tokens(browser, { scope: 'openid' });
  await browser.open(`${ISSUER}/oauth/logout?id_token_hint=${String(body['id_token'])}`);
  await server.app.services.backchannel.idle();
  expect(heard).toHaveLength(2);
  expect(server.log.lines.at(-1)).toMatchObject({ event: 'backchannel_logout_failed', client_id: 'shop' });
});
