/**
 * @module The market of the threat tests: seller S, buyers B1 and B2 below it, a group in B1, clients of every kind. Built
 * through the store's transaction, so that it stands on every store.
 */
import type { App } from '../../src/app.ts';
import type { Assignment } from '../../src/domain/assignment.ts';
import type { Client, ClientSecret } from '../../src/domain/client.ts';
import type { Organization } from '../../src/domain/organization.ts';
import type { Party, User } from '../../src/domain/party.ts';
import type { StoreTransaction } from '../../src/domain/ports.ts';
import type { ResourceServer } from '../../src/domain/resource-server.ts';
import type { SecurityProfile } from '../../src/domain/security-profile.ts';
import { digest } from '../../src/services/client-authentication.ts';

export const PASSWORD = 'Correct-Horse-7-Battery';

/** The secret of every confidential client of the market, `<client id>-secret`. */
export const secretOf = (clientId: string): string => `${clientId}-secret`;

export const client = (clientId: string, given: Partial<Client> = {}): Client => ({
  clientId,
  clientName: clientId,
  active: true,
  grantTypes: ['client_credentials', 'password', 'refresh_token'],
  tokenEndpointAuthMethod: 'client_secret_basic',
  redirectUris: [],
  postLogoutRedirectUris: [],
  dpopBoundAccessTokens: false,
  allowedOrganizations: {},
  minimumRoles: [],
  omittedScope: 'none',
  ...given,
});

export const user = (id: string, organization: string, given: Partial<User> = {}): User => ({
  id,
  username: id,
  organization,
  active: true,
  authorizedOrganizations: [],
  memberships: [],
  ...given,
});

export const profile = (id: string, roles: readonly string[], given: Partial<SecurityProfile> = {}): SecurityProfile => ({
  id,
  name: id,
  roles,
  permissions: [],
  fullAccess: false,
  managed: false,
  version: 1,
  ...given,
});

export const organization = (id: string, type: string, given: Partial<Organization> = {}): Organization => ({
  id,
  name: id,
  type,
  active: true,
  path: [],
  ...given,
});

export const resourceServer = (audience: string, given: Partial<ResourceServer> = {}): ResourceServer => ({
  audience,
  name: audience,
  signingAlg: 'ES256',
  clients: [],
  ...given,
});

let made = 0;

/** An assignment of a profile, without end unless told otherwise. */
export function assignment(securityProfile: string, party: Party, given: Partial<Assignment> = {}): Assignment {
  made += 1;
  return { id: `assignment-${made}`, securityProfile, party, includeDescendants: false, assignedAt: new Date(0), ...given };
}

export const secret = (value: string, given: Partial<ClientSecret> = {}): ClientSecret => ({
  id: `${value}-1`,
  algorithm: 'sha256',
  hash: digest(value),
  createdAt: new Date(0),
  ...given,
});

export const to = {
  user: (id: string): Party => ({ kind: 'user', id }),
  group: (id: string): Party => ({ kind: 'user_group', id }),
  organization: (id: string): Party => ({ kind: 'organization', id }),
  client: (id: string): Party => ({ kind: 'client', id }),
};

export const AUDIENCE = { seller: 'https://seller.example.com', b1: 'https://b1.example.com', oc: 'https://oc.example.com' } as const;

/** Puts the market into the server's store; `more` adds to it in the same transaction. */
export async function openMarket(app: App, more: (tx: StoreTransaction) => Promise<void> = async () => undefined): Promise<void> {
  const passwordHash = await app.hasher.hash(PASSWORD);
  await app.store.transaction(async (tx) => {
    await tx.organizationTypes.put([
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller'], barredRoles: ['ApiClientAdmin', 'MarketAdmin'] },
    ]);
    await tx.roles.put(
      ['A', 'B', 'OrderAdmin', 'OrderReader', 'Shopper', 'MarketAdmin', 'sub', 'client_id'].map((name) => ({ name, category: 'custom' as const })),
    );
    await tx.organizations.put([
      organization('S', 'seller'),
      organization('B1', 'buyer', { parent: 'S' }),
      organization('B2', 'buyer', { parent: 'S' }),
    ]);
    await tx.userGroups.put([{ id: 'ops', name: 'Operations of B1', organization: 'B1' }]);
    await tx.users.put([
      user('root', 'S'),
      user('deleg', 'S'),
      user('b1u', 'B1', { memberships: [{ userGroup: 'ops' }], authorizedOrganizations: ['B2'] }),
      user('b2u', 'B2'),
      user('gone', 'B1', { active: false }),
      user('nopass', 'B1'),
    ]);
    for (const id of ['root', 'deleg', 'b1u', 'b2u', 'gone']) await tx.setPassword(id, passwordHash, new Date(app.clock.now()));
    await tx.securityProfiles.put([
      profile('ab', ['A', 'B']),
      profile('shopping', ['Shopper', 'OrderReader']),
      profile('orders', ['OrderAdmin', 'OrderReader', 'MarketAdmin']),
      profile('everything', ['FullAccess', 'sub', 'client_id'], { fullAccess: true }),
    ]);
    await putClients(tx);
    await tx.resourceServers.put([
      resourceServer(AUDIENCE.seller, { clients: ['rsS'] }),
      resourceServer(AUDIENCE.b1, { clients: ['rsB1'], roles: ['A', 'Shopper'] }),
      resourceServer(AUDIENCE.oc, { claims: 'ordercloud', clients: ['rsS'] }),
    ]);
    await tx.assignments.put([
      assignment('ab', to.client('svc')),
      assignment('everything', to.user('root')),
      assignment('shopping', to.organization('B1')),
      assignment('shopping', to.organization('B2')),
      assignment('orders', to.group('ops')),
      assignment('ab', to.user('b1u'), { client: 'pw' }),
    ]);
    await more(tx);
  });
}

async function putClients(tx: StoreTransaction): Promise<void> {
  const clients = [
    client('svc', { grantTypes: ['client_credentials'] }),
    client('pw', { grantTypes: ['password', 'refresh_token'], tokenEndpointAuthMethod: 'client_secret_post' }),
    client('spa', { grantTypes: ['password', 'refresh_token'], tokenEndpointAuthMethod: 'none' }),
    client('web'),
    client('all', { omittedScope: 'all' }),
    client('b2only', { allowedOrganizations: { ids: ['B2'] } }),
    client('off', { active: false }),
    client('rsS', { grantTypes: [], organization: 'S' }),
    client('rsB1', { grantTypes: [], organization: 'B1' }),
  ];
  await tx.clients.put(clients);
  for (const { clientId, tokenEndpointAuthMethod } of clients) {
    if (tokenEndpointAuthMethod !== 'none') await tx.addClientSecret(clientId, secret(secretOf(clientId)));
  }
}
