/** @module Objects that the contract suites put into stores: complete, small, each with an id of its own. */
import { expect } from '@jest/globals';
import type { Assignment } from '../../src/domain/assignment.ts';
import type { AuditEvent } from '../../src/domain/audit-event.ts';
import type { Client, ClientSecret } from '../../src/domain/client.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Organization } from '../../src/domain/organization.ts';
import type { Party, User, UserGroup } from '../../src/domain/party.ts';
import type { Grant, Store } from '../../src/domain/ports.ts';
import type { ResourceServer } from '../../src/domain/resource-server.ts';
import type { SecurityProfile } from '../../src/domain/security-profile.ts';

let counter = 0;

/** An id that no other test uses; ids of one kind sort in the order of their making. */
export function fresh(kind: string): string {
  counter += 1;
  return `${kind}-${String(counter).padStart(6, '0')}`;
}

export const NOW = new Date(Date.UTC(2026, 0, 1));
export const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

export function organization(given: Partial<Organization> = {}): Organization {
  const id = given.id ?? fresh('org');
  return { id, name: `Name of ${id}`, type: 'seller', active: true, path: [], ...given };
}

export function userGroup(given: Partial<UserGroup> & Pick<UserGroup, 'organization'>): UserGroup {
  const id = given.id ?? fresh('group');
  return { id, name: `Name of ${id}`, ...given };
}

export function user(given: Partial<User> & Pick<User, 'organization'>): User {
  const id = given.id ?? fresh('user');
  return { id, username: id, active: true, authorizedOrganizations: [], memberships: [], ...given };
}

export function securityProfile(given: Partial<SecurityProfile> = {}): SecurityProfile {
  const id = given.id ?? fresh('profile');
  return { id, name: `Name of ${id}`, roles: ['OrderReader'], permissions: [], fullAccess: false, managed: false, version: 1, ...given };
}

export function client(given: Partial<Client> = {}): Client {
  const clientId = given.clientId ?? fresh('client');
  return {
    clientId,
    clientName: `Name of ${clientId}`,
    active: true,
    grantTypes: ['client_credentials'],
    tokenEndpointAuthMethod: 'client_secret_basic',
    redirectUris: [],
    postLogoutRedirectUris: [],
    dpopBoundAccessTokens: false,
    allowedOrganizations: {},
    minimumRoles: [],
    omittedScope: 'none',
    ...given,
  };
}

export function clientSecret(given: Partial<ClientSecret> = {}): ClientSecret {
  return { id: fresh('secret'), algorithm: 'sha256', hash: 'c2VjcmV0', createdAt: NOW, ...given };
}

export function resourceServer(given: Partial<ResourceServer> = {}): ResourceServer {
  const audience = given.audience ?? `https://${fresh('api')}.example`;
  return { audience, name: 'Some API', signingAlg: 'ES256', clients: [], ...given };
}

export function assignment(securityProfileId: string, party: Party, given: Partial<Assignment> = {}): Assignment {
  return { id: fresh('assignment'), securityProfile: securityProfileId, party, includeDescendants: false, assignedAt: NOW, ...given };
}

export function grant(userId: string, clientId: string, given: Partial<Grant> = {}): Grant {
  return {
    id: fresh('grant'),
    userId,
    clientId,
    requestedScope: ['OrderReader'],
    oidcScope: [],
    audience: 'https://api.example',
    createdAt: NOW,
    expiresAt: at(30 * DAY),
    ...given,
  };
}

export function auditEvent(given: Partial<AuditEvent> = {}): AuditEvent {
  return { type: 'something_happened', at: NOW, actor: { kind: 'system', id: 'test' }, target: { kind: 'user', id: 'somebody' }, ...given };
}

export const partyUser = (id: string): Party => ({ kind: 'user', id });
export const partyGroup = (id: string): Party => ({ kind: 'user_group', id });
export const partyOrganization = (id: string): Party => ({ kind: 'organization', id });
export const partyClient = (id: string): Party => ({ kind: 'client', id });

/** The three types of organizations that every suite works with. */
export async function putTypes(store: Store): Promise<void> {
  await store.transaction((tx) =>
    tx.organizationTypes.put([
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller', 'buyer'], barredRoles: ['ApiClientAdmin'] },
    ]),
  );
}

export interface Market {
  readonly seller: string;
  readonly buyer: string;
  readonly site: string;
  readonly group: string;
  readonly user: string;
  readonly client: string;
  readonly profile: string;
}

/** A seller, a buyer below it, a site below that, where a user is a member of the buyer's group; and a client of the buyer. */
export async function putMarket(store: Store): Promise<Market> {
  await putTypes(store);
  const market = {
    seller: fresh('seller'),
    buyer: fresh('buyer'),
    site: fresh('site'),
    group: fresh('group'),
    user: fresh('user'),
    client: fresh('client'),
    profile: fresh('profile'),
  };
  await store.transaction(async (tx) => {
    await tx.organizations.put([
      organization({ id: market.seller }),
      organization({ id: market.buyer, type: 'buyer', parent: market.seller }),
      organization({ id: market.site, type: 'buyer', parent: market.buyer }),
    ]);
    await tx.userGroups.put([userGroup({ id: market.group, organization: market.buyer })]);
    await tx.users.put([user({ id: market.user, organization: market.site, memberships: [{ userGroup: market.group }] })]);
    await tx.clients.put([client({ clientId: market.client, organization: market.buyer })]);
    await tx.securityProfiles.put([securityProfile({ id: market.profile })]);
  });
  return market;
}

/** Expects a refusal with this code and, when given, this sentence. */
export async function expectRefusal(promise: Promise<unknown>, code: ErrorCode, message?: string | RegExp): Promise<void> {
  const outcome = await promise.then(
    () => ({ code: 'no refusal', message: '' }),
    (error: { readonly code?: string; readonly message: string }) => error,
  );
  expect(outcome).toMatchObject({ code });
  if (message !== undefined) expect(outcome.message).toMatch(message);
  expect(outcome.message).not.toMatch(/select|insert|update |delete |_fk|constraint/i);
}
