/** @module A server whose issuer is where it really listens, for clients that insist on it, with a little market in it. */
import { createServer, type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { SYSTEM_CLOCK } from '../../src/app.ts';
import { assignment, client, openMarket, resourceServer, secret, secretOf, to } from '../support/market.ts';
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import { CALLBACK, DEVICE_GRANT } from '../support/sign-in.ts';

export interface ReachableServer extends TestServer {
  readonly issuer: string;
  /** Private key of the client `pk`, under the id `pk-1`. */
  readonly clientKey: CryptoKey;
}

/** One API for each algorithm. */
export const APIS = {
  ES256: 'https://es256.example.com',
  EdDSA: 'https://eddsa.example.com',
  RS256: 'https://rs256.example.com',
  PS256: 'https://ps256.example.com',
} as const;

export const AFTER = 'https://shop.example.com/';

/** Clients of people who come with a browser: `shop`, which has a secret, and `scanner`, a device. */
export async function putBrowserClients({ app }: TestServer): Promise<void> {
  await app.store.transaction(async (tx) => {
    await tx.clients.put([
      client('shop', {
        grantTypes: ['authorization_code', 'refresh_token'],
        redirectUris: [CALLBACK],
        postLogoutRedirectUris: [AFTER],
        requireConsent: false,
      }),
      client('scanner', { grantTypes: [DEVICE_GRANT, 'refresh_token'], tokenEndpointAuthMethod: 'none' }),
    ]);
    await tx.addClientSecret('shop', secret(secretOf('shop')));
  });
}

export async function startReachable({ clock = SYSTEM_CLOCK, env = {} }: Pick<TestServerOptions, 'clock' | 'env'> = {}): Promise<ReachableServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const server = await startServer({ clock, env: { ROLEMINT_ISSUER: issuer, ROLEMINT_PORT: String(port), ...env } });
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'pk-1', alg: 'ES256', use: 'sig' }] };
  await openMarket(server.app, async (tx) => {
    await tx.clients.put([client('pk', { grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'private_key_jwt', jwks })]);
    await tx.assignments.put([assignment('ab', to.client('pk'))]);
    await tx.resourceServers.put(
      Object.entries(APIS).map(([alg, audience]) => resourceServer(audience, { signingAlg: alg as keyof typeof APIS, clients: ['rsS'] })),
    );
  });
  return { ...server, issuer, clientKey: privateKey };
}

/** The operating system gives a port out again only after all others: nobody else gets this one meanwhile. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
