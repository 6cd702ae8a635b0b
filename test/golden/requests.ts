/** @module One request for every endpoint, as somebody who may would send it; about an object of B1, or one that all share. */
import type { NounName } from '../../src/domain/directory.ts';
import { AUDIENCE, PASSWORD } from '../support/market.ts';
import type { Actor, Made, ROOT } from './world.ts';

export interface Prepared {
  /** Below `/api/v1`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Who makes it for good in the end; unset: who administers from above. */
  readonly by?: Actor | typeof ROOT;
}

/** Prepared requests by endpoint: `POST /users/{id}/unlock`. */
export type Requests = Readonly<Record<string, Prepared>>;

const NEW_PASSWORD = 'Another-Horse-8-Battery';

interface NounRequests {
  /** What is read, replaced and changed. */
  readonly id: string;
  /** What is deleted. */
  readonly spare: string;
  readonly creation: object;
  /** Without what the path says. */
  readonly replacement: object;
  readonly patch: object;
  readonly by?: Actor | typeof ROOT;
}

export function requestsOf(made: Made): Requests {
  return { ...nouns(made), ...besides(made), ...review(made), ...own(made) };
}

function nouns({ assignment, oldAssignment }: Made): Requests {
  const soon = '2099-01-01T00:00:00Z';
  const party = { impersonator: { user: 'b1u' }, target: { user: 'b1-person' } };
  return {
    ...noun('organization_types', {
      id: 'site',
      spare: 'kiosk',
      creation: { name: 'stall', parents: ['buyer'] },
      replacement: { parents: ['buyer', 'site'], barred_roles: ['MarketAdmin', 'A'] },
      patch: { barred_roles: ['MarketAdmin'] },
    }),
    ...noun('organizations', {
      id: 'B1-depot',
      spare: 'B1-closed',
      creation: { id: 'B1-new', name: 'New site', type: 'site', parent: 'B1' },
      replacement: { name: 'Depot', type: 'site', parent: 'B1' },
      patch: { name: 'Depot of B1' },
    }),
    ...noun('user_groups', {
      id: 'b1-team',
      spare: 'b1-old',
      creation: { name: 'New team', organization: 'B1' },
      replacement: { name: 'Team', organization: 'B1' },
      patch: { name: 'Team of B1' },
    }),
    ...noun('users', {
      id: 'b1-person',
      spare: 'b1-leaver',
      creation: { username: 'b1-newcomer', organization: 'B1', user_groups: ['b1-team'] },
      replacement: { username: 'b1-person', organization: 'B1', user_groups: ['b1-team'] },
      patch: { email: 'somebody@b1.example.com' },
    }),
    ...noun('clients', {
      id: 'b1-job',
      spare: 'b1-retired',
      creation: { client_name: 'Nightly', organization: 'B1', grant_types: ['client_credentials'] },
      replacement: { client_name: 'Nightly job', organization: 'B1', grant_types: ['client_credentials'] },
      patch: { client_name: 'Job of B1' },
    }),
    ...noun('roles', {
      id: 'Shopper',
      spare: 'Obsolete',
      creation: { name: 'CatalogReader', category: 'reader' },
      replacement: { category: 'shopper', description: 'Shops.' },
      patch: { description: 'Buys what there is.' },
    }),
    ...noun('permission_types', {
      id: 'data/Order',
      spare: 'data/Relic',
      creation: { type: 'data/Invoice', operations: ['read'] },
      replacement: { operations: ['read', 'update', 'delete'] },
      patch: { operations: ['read', 'update'] },
    }),
    ...noun('security_profiles', {
      id: 'b1-own',
      spare: 'b1-unused',
      creation: { name: 'Reading orders', organization: 'B1', roles: ['OrderReader'] },
      replacement: { name: 'Shopping', organization: 'B1', roles: ['Shopper', 'OrderReader'] },
      patch: { description: 'For the people of B1.' },
    }),
    ...noun('assignments', {
      id: assignment,
      spare: oldAssignment,
      creation: { security_profile: 'b1-own', user: 'b1u', valid_until: soon },
      replacement: { security_profile: 'b1-own', user: 'b1-person', reason: 'new in the team' },
      patch: { valid_until: soon },
    }),
    ...noun('impersonation_rules', {
      id: 'b1-rule',
      spare: 'b1-old-rule',
      creation: { ...party, security_profile: 'b1-own', client: 'console' },
      replacement: { ...party, security_profile: 'b1-own', client: 'console', max_lifetime_seconds: 300 },
      patch: { max_lifetime_seconds: 60 },
    }),
    ...noun('resource_servers', {
      id: AUDIENCE.b1,
      spare: 'https://old.example.com',
      creation: { audience: 'https://new.example.com', name: 'New API' },
      replacement: { name: 'API of B1', clients: ['rsB1'] },
      patch: { name: 'The API of B1' },
    }),
  };
}

function noun(name: NounName, { id, spare, creation, replacement, patch, ...by }: NounRequests): Requests {
  const list = `/${name.replaceAll('_', '-')}`;
  const one = `${list}/${encodeURIComponent(id)}`;
  return {
    [`GET ${list}`]: { path: `${list}?total=true`, ...by },
    [`POST ${list}`]: { path: list, body: creation, ...by },
    [`GET ${list}/{id}`]: { path: one, ...by },
    [`PUT ${list}/{id}`]: { path: one, body: replacement, ...by },
    [`PATCH ${list}/{id}`]: { path: one, body: patch, ...by },
    [`DELETE ${list}/{id}`]: { path: `${list}/${encodeURIComponent(spare)}`, ...by },
  };
}

function besides({ secret, session, kid }: Made): Requests {
  return {
    'POST /organizations/{id}/move': { path: '/organizations/B1-depot/move', body: { parent: 'B1-site' } },
    'GET /user-groups/{id}/members': { path: '/user-groups/b1-team/members' },
    'PUT /user-groups/{id}/members/{user_id}': { path: '/user-groups/b1-team/members/b1u', body: { reason: 'stands in' } },
    'DELETE /user-groups/{id}/members/{user_id}': { path: '/user-groups/b1-team/members/b1-person' },
    'GET /users/{id}/effective-roles': { path: '/users/b1-person/effective-roles?client_id=console' },
    'POST /users/{id}/unlock': { path: '/users/b1-person/unlock' },
    'PUT /users/{id}/password': { path: '/users/b1-person/password', body: { password: NEW_PASSWORD } },
    'POST /users/{id}/password-link': { path: '/users/b1-person/password-link' },
    'GET /users/{id}/sessions': { path: '/users/b1-person/sessions' },
    'DELETE /users/{id}/sessions/{session_id}': { path: `/users/b1-person/sessions/${session}` },
    'DELETE /users/{id}/sessions': { path: '/users/b1-person/sessions' },
    'GET /clients/{id}/secrets': { path: '/clients/b1-job/secrets' },
    'POST /clients/{id}/secrets': { path: '/clients/b1-job/secrets', body: { expires_in_days: 30 } },
    'DELETE /clients/{id}/secrets/{secret_id}': { path: `/clients/b1-job/secrets/${secret}` },
    'POST /security-profiles/resolve': { path: '/security-profiles/resolve', body: { permissions: [{ type: 'data/*', operations: ['read'] }] } },
    'POST /security-profiles/{id}/clone': { path: '/security-profiles/b1-own/clone', body: { name: 'A clone', organization: 'B1' } },
    'GET /security-profiles/{id}/holders': { path: '/security-profiles/b1-own/holders' },
    'GET /security-profiles/{id}/drift': { path: '/security-profiles/b1-copy/drift' },
    'POST /security-profiles/{id}/merge': { path: '/security-profiles/b1-copy/merge', body: { take: 'all' } },
    'GET /explain': { path: '/explain?user=b1-person&client_id=console&role=Shopper' },
    'GET /preview': { path: '/preview?user=b1-person&client_id=console&scope=Shopper%20A' },
    'GET /keys': { path: '/keys' },
    'POST /keys/rotate': { path: '/keys/rotate', body: {} },
    'POST /keys/{kid}/retire': { path: `/keys/${kid}/retire` },
    'GET /revocations': { path: '/revocations' },
    'POST /revocations': { path: '/revocations', body: { user: 'b1-person' } },
    'GET /workspace': { path: '/workspace', by: 'root' },
    'POST /workspace': { path: '/workspace', body: { rolemint: 1, user_groups: [{ id: 'b1-new', organization: 'B1' }] } },
  };
}

function review({ event, invitation, oldInvitation }: Made): Requests {
  const creation = { email: 'new@b1.example.com', organization: 'B1', user_groups: ['b1-team'], security_profiles: ['b1-own'] };
  return {
    'GET /invitations': { path: '/invitations?total=true' },
    'POST /invitations': { path: '/invitations', body: creation },
    'GET /invitations/{id}': { path: `/invitations/${invitation}` },
    'DELETE /invitations/{id}': { path: `/invitations/${oldInvitation}` },
    'POST /invitations/{id}/resend': { path: `/invitations/${invitation}/resend`, body: {} },
    'POST /users/{id}/password-reset-mail': { path: '/users/b1-person/password-reset-mail' },
    'GET /audit-events': { path: '/audit-events?total=true' },
    'GET /audit-events/export': { path: '/audit-events/export' },
    'GET /audit-events/verification': { path: '/audit-events/verification' },
    'GET /audit-events/{id}': { path: `/audit-events/${event}` },
    'GET /usage/roles': { path: '/usage/roles' },
    'GET /usage/profiles': { path: '/usage/profiles' },
    'GET /usage/clients': { path: '/usage/clients' },
    'GET /usage/unused-roles': { path: '/usage/unused-roles' },
    'GET /clients/{id}/usage': { path: '/clients/b1-job/usage' },
    'GET /clients/{id}/usage/roles': { path: '/clients/b1-job/usage/roles' },
    'GET /leases': { path: '/leases?before=2100-01-01T00:00:00Z' },
  };
}

/** Of whoever asks; what ends a token is done by somebody who does nothing after it. */
function own({ adminSession }: Made): Requests {
  return {
    'GET /me': { path: '/me' },
    'PATCH /me': { path: '/me', body: { email: 'me@example.com', current_password: PASSWORD } },
    'PUT /me/password': { path: '/me/password', body: { current_password: PASSWORD, new_password: NEW_PASSWORD }, by: 'fullBuyer' },
    'GET /me/user-groups': { path: '/me/user-groups' },
    'GET /me/effective-roles': { path: '/me/effective-roles' },
    'GET /me/sessions': { path: '/me/sessions' },
    'DELETE /me/sessions/{id}': { path: `/me/sessions/${adminSession}`, by: 'admin' },
    'DELETE /me/sessions': { path: '/me/sessions', by: 'otherAdmin' },
    'GET /me/co-workers': { path: '/me/co-workers' },
    'GET /me/people': { path: '/me/people?search=person' },
  };
}
