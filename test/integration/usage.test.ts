import { expect, it } from '@jest/globals';
import { DomainError } from '../../src/domain/errors.ts';
import type { Store } from '../../src/domain/ports.ts';
import type { Visibility } from '../../src/domain/directory.ts';
import { EVERYTHING } from '../../src/domain/tenancy.ts';
import { dayOf } from '../../src/domain/usage.ts';
import { AUDIENCE, openMarket, PASSWORD, secretOf } from '../support/market.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { describeEachStore, lasting, openTestStore } from '../support/stores.ts';
import { basic, post } from '../support/token-client.ts';

const operators: Visibility = { tenancy: EVERYTHING, inherited: true };

describeEachStore('use, over HTTP', (suite) => {
  const openServer = async (store: Store): Promise<TestServer> => {
    const server = await startServer({ store });
    await openMarket(server.app);
    return server;
  };
  const token = async (server: TestServer, clientId: string, form: Record<string, string>) => {
    const answer = await post(`${server.url}/oauth/token`, form, basic(clientId, secretOf(clientId)));
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return answer.body;
  };
  const byPassword = { grant_type: 'password', username: 'b1u', password: PASSWORD, resource: AUDIENCE.b1 };

  it('is what tokens asked for and got, whichever grant they came by', async () => {
    const store = await openTestStore({ kind: suite.kind });
    const server = await openServer(lasting(store));
    const { usage, services, clock } = server.app;
    try {
      const first = await token(server, 'web', { ...byPassword, scope: 'Shopper OrderReader MarketAdmin Bogus A' });
      await token(server, 'web', { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']), scope: 'Shopper' });
      await token(server, 'svc', { grant_type: 'client_credentials', scope: 'A B', resource: AUDIENCE.seller });
      await post(`${server.url}/oauth/token`, { ...byPassword, password: 'wrong', scope: 'Shopper' }, basic('web', secretOf('web')));
      await usage.flush();

      const today = dayOf(clock.now());
      const totals = async (by: 'role' | 'client' | 'security_profile', client?: string) => {
        const found = await services.usageReview.totals({ by, client, limit: 100 }, operators);
        expect(found.countedSince).toBe(today);
        return Object.fromEntries<unknown[]>(
          found.items
            .filter(({ requested, tokens = 0 }) => requested + tokens > 0)
            .map(({ name, tokens, requested, granted, dropped }) => [name ?? '', [tokens, requested, granted, dropped]]),
        );
      };
      expect(await totals('client')).toEqual({ web: [2, 6, 2, 4], svc: [1, 2, 2, 0] });
      expect(await totals('role', 'web')).toEqual({
        Shopper: [undefined, 2, 2, 0],
        OrderReader: [undefined, 1, 0, 1],
        MarketAdmin: [undefined, 1, 0, 1],
        A: [undefined, 1, 0, 1],
        Bogus: [undefined, 1, 0, 1],
      });
      // The profile of orders was asked for what its holder may not have at this API; the one of the seller was not in force.
      expect(await totals('security_profile')).toEqual({ shopping: [undefined, 2, 2, 0], orders: [undefined, 1, 0, 1], ab: [undefined, 1, 1, 0] });
      expect(await services.usageReview.leastScope({ client: 'web' }, operators)).toMatchObject({ tokens: 2, scope: 'Shopper' });
      const inVain = await services.usageReview.askedInVain({ client: 'web', limit: 10 }, operators);
      expect(inVain.items.map(({ name, known }) => [name, known])).toEqual([
        ['A', true],
        ['Bogus', false],
        ['MarketAdmin', true],
        ['OrderReader', true],
      ]);
      const unused = await services.usageReview.unusedRoles({ limit: 100 }, operators);
      expect(unused.items.map(({ name }) => name)).toEqual(['MarketAdmin', 'OrderAdmin', 'OrderReader']);
    } finally {
      await server.close();
      await store.close();
    }
  });

  it('is in the store when the server has stopped', async () => {
    const store = await openTestStore({ kind: suite.kind });
    try {
      const server = await openServer(lasting(store));
      await token(server, 'svc', { grant_type: 'client_credentials', scope: 'A' });
      const today = dayOf(server.app.clock.now());
      await server.close();
      expect(await store.usage.grantedRoles({ from: today, to: today, visibility: operators })).toEqual(['A']);
    } finally {
      await store.close();
    }
  });

  it('never keeps a token from being issued, and is added when the store takes it again', async () => {
    const store = await openTestStore({ kind: suite.kind });
    let down = true;
    const refusing: Store = {
      ...lasting(store),
      usage: {
        ...store.usage,
        add: async (counts) => {
          if (down) throw new DomainError('unavailable', 'The database does not answer.');
          await store.usage.add(counts);
        },
      },
    };
    const server = await openServer(refusing);
    try {
      await token(server, 'svc', { grant_type: 'client_credentials', scope: 'A B' });
      await expect(server.app.usage.flush()).rejects.toMatchObject({ code: 'unavailable' });
      await token(server, 'svc', { grant_type: 'client_credentials', scope: 'A' });
      down = false;
      await server.app.usage.flush();
      const { items } = await server.app.services.usageReview.totals({ by: 'role', client: 'svc', limit: 10 }, operators);
      expect(items.map(({ name, granted }) => [name, granted])).toEqual([
        ['A', 2],
        ['B', 1],
      ]);
    } finally {
      await server.close();
      await store.close();
    }
  });
});
