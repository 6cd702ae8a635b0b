// node-oidc-provider as it ships: a static client, the in-memory adapter, JWT access tokens for one resource server.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';
import { ready } from './ready.ts';

const ISSUER = 'http://127.0.0.1';
const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
const provider = new Provider(ISSUER, {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: 'bench',
      client_secret: 'bench-secret',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://api.bench.example',
      getResourceServerInfo: () => ({
        scope: 'OrderReader OrderAdmin ProductReader ProductAdmin ShipmentReader',
        audience: 'https://api.bench.example',
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
});
const server = provider.listen(0, '127.0.0.1', () => ready(server));
