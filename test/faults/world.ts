/** @module The world of the fault tests: a few people and programs whose roles come and go, in a database of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { recordingLogger } from '../support/log.ts';
import { createDatabase, databaseName, dropDatabase } from '../support/postgres.ts';
import { applyFiles } from '../support/server.ts';
import { CALLBACK, DEVICE_GRANT } from '../support/sign-in.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const ISSUER = 'http://localhost:3000';
export const PASSWORD = 'Correct-Horse-7-Battery';
export const ROLES = ['Red', 'Green', 'Blue'] as const;
export const USERS = ['ada', 'ben', 'cleo', 'dan'] as const;
/** Who may act as the others, with the first of the roles. */
export const AGENT = 'fay';
/** Who never signs in, because the password changes all the time. */
export const LINKED_USER = 'eve';
export const secretOf = (clientId: string): string => `${clientId}-secret-of-thirty-two-characters`;

export interface WorldFile {
  /** The world as a workspace file. */
  readonly file: string;
  /** Of the client that signs assertions. */
  readonly assertionKey: CryptoKey;
  /** Where the nodes put their mails. */
  readonly outbox: string;
}

export interface World extends WorldFile {
  /** A database with everything in it, to be copied. */
  readonly template: string;
  readonly keysDir: string;
  readonly folder: string;
  close(): Promise<void>;
}

export async function writeWorld(folder: string): Promise<WorldFile> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'signer-1', alg: 'ES256' };
  const file = path.join(folder, 'world.json');
  writeFileSync(file, JSON.stringify(workspace(jwk)));
  return { file, assertionKey: pair.privateKey, outbox: path.join(folder, 'outbox') };
}

/** @param server a Postgres, its URL */
export async function openWorld(server: string): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-faults-'));
  const written = await writeWorld(folder);
  const template = await createDatabase(server);
  const keysDir = path.join(folder, 'keys');
  const config = loadConfig({ ROLEMINT_ISSUER: ISSUER, ROLEMINT_DATABASE_URL: template, ROLEMINT_KEYS_DIR: keysDir, ROLEMINT_DATA_DIR: folder });
  const app = await openApp(config, { log: recordingLogger().logger });
  try {
    await applyFiles(app, [written.file]);
    await app.services.keys.ensure('ES256', { actor: { kind: 'system', id: 'server' } });
  } finally {
    await app.close();
  }
  return {
    ...written,
    template,
    keysDir,
    folder,
    close: async () => {
      await dropDatabase(template);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A copy of the world's database on the same server. */
export async function copyOf({ template }: World): Promise<string> {
  const url = new URL(template);
  url.pathname = '/postgres';
  return createDatabase(url.href, databaseName(template));
}

function workspace(jwk: object): object {
  const machine = (id: string, given: object = {}) => ({
    client_id: id,
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: secretOf(id),
    organization: 'seller',
    ...given,
  });
  return {
    rolemint: 1,
    workspace: 'faults',
    organization_types: [{ name: 'seller' }],
    roles: ROLES.map((name) => ({ name })),
    organizations: [{ id: 'seller', type: 'seller' }],
    users: [...USERS, AGENT, LINKED_USER].map((id) => ({ id, username: id, organization: 'seller', password: PASSWORD })),
    security_profiles: [
      ...ROLES.map((name) => ({ id: name.toLowerCase(), roles: [name] })),
      { id: 'everything', roles: ['FullAccess'] },
      { id: 'acting', roles: ['Impersonation'] },
    ],
    clients: [
      machine('robot'),
      machine('drone'),
      machine('admin'),
      machine('api'),
      machine('desk', { grant_types: [TOKEN_EXCHANGE] }),
      {
        client_id: 'app',
        grant_types: ['password', 'refresh_token', 'authorization_code', DEVICE_GRANT],
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        require_consent: false,
      },
      { client_id: 'signer', grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
    ],
    resource_servers: [{ audience: 'https://api.example.com', name: 'API', clients: ['api'] }],
    assignments: [
      { security_profile: 'everything', client_id: 'admin' },
      { security_profile: 'acting', user: AGENT },
    ],
    impersonation_rules: [
      { id: 'help', impersonator: { user: AGENT }, target: { user: USERS[1] }, security_profile: ROLES[0].toLowerCase(), client: 'desk' },
    ],
  };
}
