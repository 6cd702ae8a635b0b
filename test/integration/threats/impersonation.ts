/** @module What the tests of token exchange share: the market with a support desk, whose people may act as buyers. */
import type { Assignment } from '../../../src/domain/assignment.ts';
import type { ImpersonationRule } from '../../../src/domain/impersonation-rule.ts';
import type { StoreTransaction } from '../../../src/domain/ports.ts';
import { assignment, client, PASSWORD, profile, secret, secretOf, to, user } from '../../support/market.ts';
import type { Answer, Form } from '../../support/token-client.ts';
import { startThreatened, type Threatened, type ThreatenedOptions } from './endpoint.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

export const rule = (id: string, given: Partial<ImpersonationRule> = {}): ImpersonationRule => ({
  id,
  impersonator: to.user('deleg'),
  target: to.organization('B1'),
  securityProfile: 'helping',
  client: 'imp',
  ...given,
});

/** The right of `deleg` to impersonate at all. */
export const SUPPORT: Assignment = assignment('support', to.user('deleg'), { id: 'support-of-deleg' });

/**
 * `deleg` and the group `desk` may act as B1's people through `imp`, with Shopper, OrderReader and MarketAdmin, which
 * buyers are barred from. `imp` lets in people of B1 and S; `web2` may exchange tokens but no rule names it.
 */
async function furnishDesk(tx: StoreTransaction): Promise<void> {
  await tx.securityProfiles.put([profile('support', ['Impersonation', 'A']), profile('helping', ['Shopper', 'OrderReader', 'MarketAdmin'])]);
  await tx.userGroups.put([{ id: 'desk', name: 'Support desk', organization: 'S' }]);
  await tx.users.put([user('peer', 'S'), user('b1admin', 'B1'), user('desker', 'S', { memberships: [{ userGroup: 'desk' }] })]);
  await tx.clients.put([
    client('imp', {
      grantTypes: [TOKEN_EXCHANGE],
      allowedOrganizations: { ids: ['B1', 'S'] },
      maximumRoles: ['Shopper', 'OrderReader', 'A', 'MarketAdmin'],
    }),
    client('web2', { grantTypes: [TOKEN_EXCHANGE, 'client_credentials'] }),
  ]);
  for (const id of ['imp', 'web2']) await tx.addClientSecret(id, secret(secretOf(id)));
  await tx.assignments.put([
    SUPPORT,
    assignment('support', to.group('desk')),
    assignment('support', to.user('b1admin')),
    assignment('support', to.client('svc')),
  ]);
  await tx.impersonationRules.put([
    rule('deleg-b1'),
    rule('desk-b1', { impersonator: to.group('desk'), maxLifetimeSeconds: 60 }),
    rule('deleg-b2', { target: to.organization('B2') }),
    rule('deleg-root', { target: to.user('root') }),
    rule('deleg-self', { target: to.user('deleg') }),
  ]);
}

export interface Desk extends Threatened {
  /** An access token of somebody who may impersonate, for the issuer itself. */
  actorToken(username?: string, form?: Form): Promise<string>;
  /** Asks `imp` to act as `b1u`, unless told otherwise. */
  exchange(subjectToken: string | undefined, form?: Form, headers?: Record<string, string>): Promise<Answer>;
}

export async function startDesk(options: Omit<ThreatenedOptions, 'more'> = {}): Promise<Desk> {
  const server = await startThreatened({ ...options, more: furnishDesk });
  const passwordHash = await server.app.hasher.hash(PASSWORD);
  await server.app.store.transaction(async (tx) => {
    for (const id of ['peer', 'b1admin', 'desker']) await tx.setPassword(id, passwordHash, new Date(server.app.clock.now()));
  });
  return {
    ...server,
    actorToken: async (username = 'deleg', form = {}) => {
      const { body } = await server.signIn(username, { scope: 'Impersonation FullAccess A', ...form });
      return String(body['access_token']);
    },
    exchange: (subjectToken, form = {}, headers = {}) =>
      server.token(
        {
          grant_type: TOKEN_EXCHANGE,
          client_id: 'imp',
          client_secret: secretOf('imp'),
          subject_token: subjectToken,
          subject_token_type: ACCESS_TOKEN,
          requested_subject: 'b1u',
          scope: 'Shopper OrderReader',
          ...form,
        },
        headers,
      ),
  };
}
