/** @module The administered market with everything in it that could be a side door. */
import type { App } from '../../../../src/app.ts';
import { apiWith, openAdministered, type ApiClient } from '../../../support/administered.ts';
import { assignment, client, organization, profile, secret, secretOf, to, user } from '../../../support/market.ts';
import { ISSUER, startServer, type TestServer } from '../../../support/server.ts';
import { testClock, type TestClock } from '../../../support/stores.ts';

export const HOUR = 3_600_000;
export const START = Date.UTC(2026, 0, 1);

/** Administrators without FullAccess: of everything, of one buyer, of a partner who may have clients, of a site. */
export const ADMINISTRATORS = ['deleg', 'b1admin', 'p1admin', 'site'] as const;

export interface World {
  readonly server: TestServer;
  readonly clock: TestClock;
  as(administrator: string): ApiClient;
}

export async function openWorld(): Promise<World> {
  const clock = testClock(START);
  const server = await startServer({ clock });
  await openSideDoors(server.app);
  const apis = new Map<string, ApiClient>();
  for (const id of ADMINISTRATORS) apis.set(id, apiWith(server, await tokenFor(server.app, id)));
  return { server, clock, as: (administrator) => apis.get(administrator)! };
}

async function openSideDoors(app: App): Promise<void> {
  const at = (hours: number): Date => new Date(START + hours * HOUR);
  await openAdministered(app, async (tx) => {
    await tx.organizationTypes.put([{ name: 'partner', parents: ['seller'], barredRoles: ['MarketAdmin'], barredResources: [] }]);
    await tx.roles.put([{ name: 'data/late:read', category: 'custom' }]);
    await tx.permissionTypes.put([
      { type: 'data/open', operations: ['read', 'update'] },
      { type: 'data/secret', operations: ['read', 'update'] },
      { type: 'data/late', operations: ['list'] },
    ]);
    await tx.organizations.put([organization('P1', 'partner', { parent: 'S' }), organization('B3', 'buyer', { parent: 'S', active: false })]);
    await tx.userGroups.put([
      { id: 'empty', name: 'Nobody yet', organization: 'B1' },
      { id: 'support', name: 'Support', organization: 'S' },
      { id: 'p1ops', name: 'Operations of P1', organization: 'P1' },
    ]);
    await tx.users.put([
      user('p1admin', 'P1'),
      user('p1u', 'P1'),
      user('b3u', 'B3'),
      user('helper', 'S', { memberships: [{ userGroup: 'support', validUntil: at(5) }] }),
      user('soon', 'B1', { memberships: [{ userGroup: 'ops', validFrom: at(3), validUntil: at(4) }] }),
    ]);
    await tx.securityProfiles.put([
      profile('impersonating', ['Impersonation']),
      profile('open', [], { permissions: [{ type: 'data/open', operations: ['read', 'update'] }] }),
      profile('readall', [], { permissions: [{ type: 'data/*', operations: ['read'] }] }),
      profile('p1-own', ['Shopper'], { organization: 'P1' }),
    ]);
    await tx.clients.put([
      client('limited', { organization: 'P1', grantTypes: ['client_credentials'], maximumRoles: ['Shopper'] }),
      client('p1web', { organization: 'P1', grantTypes: ['password'], maximumRoles: ['Shopper'] }),
      client('robot', { organization: 'S', grantTypes: ['client_credentials'], contextUser: 'root' }),
    ]);
    for (const id of ['limited', 'p1web', 'robot']) await tx.addClientSecret(id, secret(secretOf(id)));
    await tx.impersonationRules.put([
      { id: 'supporting', impersonator: to.group('support'), target: to.organization('B1'), securityProfile: 'orders', client: 'web' },
    ]);
    await tx.assignments.put([
      assignment('administering', to.user('p1admin')),
      assignment('shopping', to.user('p1admin')),
      assignment('impersonating', to.user('deleg')),
      assignment('impersonating', to.user('helper')),
      assignment('open', to.user('deleg')),
      assignment('readall', to.organization('B2'), { includeDescendants: true }),
      assignment('ab', to.organization('P1'), { validFrom: at(6) }),
      assignment('ab', to.user('gone')),
      assignment('orders', to.user('b3u')),
      assignment('ab', to.group('empty'), { validUntil: at(10) }),
      assignment('ab', to.client('limited')),
      assignment('ab', to.user('b2u'), { validFrom: at(1), validUntil: at(2) }),
      assignment('a', to.user('site'), { validUntil: at(8) }),
    ]);
  });
}

/** What the sign-in through the console would give, for as long as the test takes. */
async function tokenFor(app: App, id: string): Promise<string> {
  const { access } = app.services;
  await access.refresh(0);
  const { catalogue } = await access.workspace();
  const subject = (await access.subject('user', id))!;
  const roles = catalogue.roles.filter((role) => !role.includes('data/'));
  const now = Math.floor(START / 1000);
  const claims = { iss: ISSUER, aud: ISSUER, jti: app.random.id(), iat: now, exp: now + 1000 * 3600, sub: id, client_id: 'console', roles };
  return app.signer.sign({ ...claims, scope: roles.join(' '), username: id, org_id: subject.organization!.id }, 'ES256');
}
