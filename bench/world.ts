/** @module The workspace that the benchmarks run on, in any size. */
import type { App } from '../src/app.ts';
import type { Client } from '../src/domain/client.ts';
import { digest } from '../src/services/client-authentication.ts';

export interface WorldSize {
  readonly clients: number;
  readonly users: number;
  readonly profiles: number;
}

export const SECRET = 'bench-secret';
export const PASSWORD = 'Correct-Horse-7-Battery';
export const SCOPE = 'OrderReader OrderAdmin ProductReader ProductAdmin ShipmentReader';
const BATCH = 1000;

/** Every tenth role a profile of its own has, so that the catalogue grows with the profiles. */
const ownRole = (profile: number) => `bench:role-${profile}`;

/** Fills an empty store: every client and user holds three profiles, one of them with the five roles that are asked for. */
export async function fill({ store, hasher, clock }: App, { clients, users, profiles }: WorldSize): Promise<void> {
  if (await store.access.hasUsers()) return;
  const hash = await hasher.hash(PASSWORD);
  const at = new Date(clock.now());
  await store.transaction(async (tx) => {
    await tx.organizationTypes.put([{ name: 'seller', parents: [], barredRoles: [] }]);
    await tx.organizations.put([{ id: 'market', name: 'Market', type: 'seller', active: true, path: [] }]);
    const roles = [...SCOPE.split(' '), ...Array.from({ length: profiles }, (_, index) => ownRole(index))];
    await tx.roles.put(roles.map((name) => ({ name, category: 'custom' as const })));
    for (let start = 0; start < profiles; start += BATCH) {
      await tx.securityProfiles.put(
        range(start, profiles).map((index) => ({
          id: `p${index}`,
          name: `Profile ${index}`,
          roles: index === 0 ? SCOPE.split(' ') : [ownRole(index)],
          permissions: [],
          fullAccess: false,
          managed: false,
          version: 1,
        })),
      );
    }
  });
  for (let start = 0; start < users; start += BATCH) {
    await store.transaction(async (tx) => {
      const ids = range(start, users);
      await tx.users.put(
        ids.map((index) => ({
          id: `u${index}`,
          username: `user${index}`,
          organization: 'market',
          active: true,
          authorizedOrganizations: [],
          memberships: [],
        })),
      );
      await tx.setPasswords(new Map(ids.map((index) => [`u${index}`, hash])), at);
      await tx.assignments.put(ids.flatMap((index) => assignments({ kind: 'user', id: `u${index}` }, index, profiles, at)));
    });
  }
  for (let start = 0; start < clients; start += BATCH) {
    await store.transaction(async (tx) => {
      const ids = range(start, clients);
      await tx.clients.put(ids.map(client));
      for (const index of ids) await tx.addClientSecret(`c${index}`, { id: `s${index}`, algorithm: 'sha256', hash: digest(SECRET), createdAt: at });
      await tx.assignments.put(ids.flatMap((index) => assignments({ kind: 'client', id: `c${index}` }, index, profiles, at)));
    });
  }
  await store.analyze();
}

const range = (start: number, end: number) => Array.from({ length: Math.min(BATCH, end - start) }, (_, offset) => start + offset);

function assignments(party: { kind: 'user' | 'client'; id: string }, index: number, profiles: number, at: Date) {
  const chosen = new Set([0, (index * 7 + 1) % profiles, (index * 13 + 2) % profiles]);
  return [...chosen].map((profile) => ({
    id: `${party.id}-${profile}`,
    securityProfile: `p${profile}`,
    party,
    includeDescendants: false,
    assignedAt: at,
  }));
}

function client(index: number): Client {
  return {
    clientId: `c${index}`,
    clientName: `Client ${index}`,
    active: true,
    grantTypes: ['client_credentials', 'password'],
    tokenEndpointAuthMethod: 'client_secret_post',
    redirectUris: [],
    postLogoutRedirectUris: [],
    dpopBoundAccessTokens: false,
    allowedOrganizations: {},
    minimumRoles: [],
    omittedScope: 'none',
  };
}
