import { beforeAll, expect, it } from '@jest/globals';
import type { Client } from '../../src/domain/client.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  client,
  clientSecret,
  DAY,
  expectRefusal,
  fresh,
  grant,
  NOW,
  partyUser,
  putMarket,
  resourceServer,
  type Market,
} from './samples.ts';

describeEachStore('clients', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const put = (...clients: Client[]) => suite.store.transaction((tx) => tx.clients.put(clients));

  it('gives back what was put, in every field', async () => {
    const full: Client = {
      clientId: fresh('client'),
      clientName: 'Storefront',
      organization: market.buyer,
      active: true,
      grantTypes: ['authorization_code', 'refresh_token'],
      tokenEndpointAuthMethod: 'private_key_jwt',
      redirectUris: ['https://shop.example/cb'],
      postLogoutRedirectUris: ['https://shop.example/'],
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] },
      dpopBoundAccessTokens: true,
      contextUser: market.user,
      allowedOrganizations: { types: ['buyer'], ids: [] },
      maximumRoles: [],
      minimumRoles: ['Shopper'],
      omittedScope: ['Shopper', 'MeAdmin'],
      accessTokenLifetimeSeconds: 60,
      refreshTokenLifetimeSeconds: 0,
    };
    const plain = client();
    await put(full, plain, client({ clientId: fresh('client'), omittedScope: 'all' }));
    expect((await suite.store.findClient(full.clientId, NOW))?.client).toEqual(full);
    const found = await suite.store.findClient(plain.clientId, NOW);
    expect(found).toEqual({ client: plain, secrets: [] });
    expect(found?.client).not.toHaveProperty('maximumRoles');
    expect(await suite.store.findClient('nobody', NOW)).toBeUndefined();
  });

  it('finds unexpired secrets, newest first', async () => {
    const given = client();
    const [old, recent, ended] = [
      clientSecret({ createdAt: at(0) }),
      clientSecret({ createdAt: at(10), expiresAt: at(DAY) }),
      clientSecret({ expiresAt: at(5) }),
    ];
    await suite.store.transaction(async (tx) => {
      await tx.clients.put([given]);
      for (const secret of [old, recent, ended]) await tx.addClientSecret(given.clientId, secret);
      expect((await tx.findClientSecrets([given.clientId, 'nobody'])).get(given.clientId)).toHaveLength(3);
    });
    expect((await suite.store.findClient(given.clientId, at(4)))?.secrets.map(({ id }) => id)).toEqual([recent.id, ended.id, old.id]);
    expect((await suite.store.findClient(given.clientId, at(5)))?.secrets).toEqual([recent, old]);
    await suite.store.transaction((tx) => tx.expireClientSecret(given.clientId, old.id, at(6)));
    expect((await suite.store.findClient(given.clientId, at(6)))?.secrets).toEqual([recent]);
  });

  it('refuses secrets of nobody, twice the same, and ones that are not there', async () => {
    const secret = clientSecret();
    const add = (id: string) => suite.store.transaction((tx) => tx.addClientSecret(id, secret));
    await add(market.client);
    await expectRefusal(add(market.client), 'already_exists', 'The client already has a secret with this id.');
    await expectRefusal(add('nobody'), 'invalid_input', 'The client "nobody", named by a client secret, does not exist.');
    const expire = suite.store.transaction((tx) => tx.expireClientSecret(market.client, 'other', NOW));
    await expectRefusal(expire, 'not_found', `The client "${market.client}" has no secret "other".`);
  });

  it('refuses what a client names when it does not exist, and lifetimes that are none', async () => {
    await expectRefusal(put(client({ organization: 'nowhere' })), 'invalid_input', 'The organization "nowhere", named by a client, does not exist.');
    await expectRefusal(put(client({ contextUser: 'nobody' })), 'invalid_input', 'The user "nobody", named by a client, does not exist.');
    for (const seconds of [-1, 0.5, 2 ** 31, Number.NaN]) {
      await expectRefusal(put(client({ accessTokenLifetimeSeconds: seconds })), 'invalid_input', 'A lifetime must be a whole number of seconds');
    }
  });

  it('removes with a client its secrets, its sign-ins, what was assigned through it and its place at resource servers', async () => {
    const given = client();
    const other = client();
    const server = resourceServer({ clients: [other.clientId, given.clientId], roles: [], claims: 'ordercloud' });
    const token = fresh('token');
    await suite.store.transaction(async (tx) => {
      await tx.clients.put([given, other]);
      await tx.addClientSecret(given.clientId, clientSecret());
      await tx.resourceServers.put([server]);
      await tx.assignments.put([assignment(market.profile, partyUser(market.user), { client: given.clientId })]);
    });
    await suite.store.grants.create(grant(market.user, given.clientId), token);
    expect((await suite.store.access.loadDefinitions()).resourceServers).toContainEqual({ ...server, clients: [given.clientId, other.clientId] });
    const { version } = await suite.store.access.readChanges(0);
    await suite.store.transaction((tx) => tx.clients.remove([given.clientId]));
    const { changes } = await suite.store.access.readChanges(version);
    expect(changes).toHaveLength(3);
    const expected = [
      { kind: 'client', id: given.clientId },
      { kind: 'catalogue', id: '' },
      { kind: 'user', id: market.user },
    ];
    expect(changes).toEqual(expect.arrayContaining(expected));
    expect((await suite.store.access.loadDefinitions()).resourceServers).toContainEqual({ ...server, clients: [other.clientId] });
    expect(await suite.store.grants.findRefreshToken(token)).toBeUndefined();
    await put(given);
    expect(await suite.store.findClient(given.clientId, NOW)).toEqual({ client: given, secrets: [] });
    expect((await suite.store.access.findUser(market.user))?.reaches).toEqual([]);
  });

  it('refuses a resource server for clients that do not exist', async () => {
    const given = suite.store.transaction((tx) => tx.resourceServers.put([resourceServer({ clients: ['nobody'] })]));
    await expectRefusal(given, 'invalid_input', 'The client "nobody", named by a resource server, does not exist.');
  });

  it('replaces and removes resource servers', async () => {
    const server = resourceServer({ clients: [market.client], roles: ['A'] });
    await suite.store.transaction((tx) => tx.resourceServers.put([server]));
    await suite.store.transaction((tx) => tx.resourceServers.put([{ ...resourceServer({ audience: server.audience }), name: 'Other' }]));
    await suite.store.transaction(async (tx) => {
      expect((await tx.resourceServers.findMany([server.audience])).get(server.audience)).toEqual({
        ...resourceServer({ audience: server.audience }),
        name: 'Other',
      });
      await tx.resourceServers.remove([server.audience]);
      expect((await tx.resourceServers.findMany([server.audience])).size).toBe(0);
    });
  });
});
