import { beforeAll, expect, it } from '@jest/globals';
import type { StoreTransaction } from '../../src/domain/ports.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  auditEvent,
  clientSecret,
  expectRefusal,
  fresh,
  organization,
  partyGroup,
  partyUser,
  putMarket,
  resourceServer,
  user,
  userGroup,
  type Market,
} from './samples.ts';
import { listAuditEvents } from '../support/audit.ts';

describeEachStore('transactions', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const version = async () => (await suite.store.access.readChanges(0)).version;
  const role = (name: string) => ({ name, category: 'other' as const });

  it('commit everything, and answer with what the work answered', async () => {
    const [name, type] = [fresh('Role'), fresh('event')];
    const answer = await suite.store.transaction(async (tx) => {
      await tx.roles.put([role(name)]);
      await tx.settings.set('impersonation_role', name);
      await tx.audit(auditEvent({ type }));
      return 'answer';
    });
    expect(answer).toBe('answer');
    expect(await suite.store.transaction((tx) => tx.settings.get('impersonation_role'))).toBe(name);
    expect(await suite.store.transaction((tx) => tx.settings.get('nothing'))).toBeUndefined();
    expect(await listAuditEvents(suite.store, { limit: 1, type })).toHaveLength(1);
  });

  it('read what they wrote, changes included', async () => {
    const name = fresh('Role');
    const before = await version();
    await suite.store.transaction(async (tx) => {
      await tx.roles.put([role(name)]);
      expect((await tx.access.loadDefinitions()).roles).toContainEqual(role(name));
      expect(await tx.access.readChanges(before)).toEqual({ version: before + 1, changes: [{ kind: 'catalogue', id: '' }] });
      await tx.users.put([user({ id: market.user, organization: market.site })]);
      expect((await tx.access.readChanges(before)).version).toBe(before + 1);
    });
    const log = await suite.store.access.readChanges(before);
    expect(log.version).toBe(before + 1);
    expect(log.changes).toHaveLength(2);
  });

  it('leave no trace when the work fails, and pass its own error on', async () => {
    const [name, type] = [fresh('Role'), fresh('event')];
    const before = await version();
    const failure = new RangeError('of the work');
    const failed = suite.store.transaction(async (tx) => {
      await tx.roles.put([role(name)]);
      await tx.audit(auditEvent({ type }));
      throw failure;
    });
    await expect(failed).rejects.toBe(failure);
    expect(await version()).toBe(before);
    expect((await suite.store.access.loadDefinitions()).roles).not.toContainEqual(role(name));
    expect(await listAuditEvents(suite.store, { limit: 1, type })).toEqual([]);
  });

  it('leave no trace when they are rolled back on purpose, and still answer', async () => {
    const name = fresh('Role');
    const before = await version();
    const seen = await suite.store.transaction(
      async (tx) => {
        await tx.roles.put([role(name)]);
        return (await tx.access.loadDefinitions()).roles.some((known) => known.name === name);
      },
      { rollback: true },
    );
    expect(seen).toBe(true);
    expect(await version()).toBe(before);
    expect((await suite.store.access.loadDefinitions()).roles).not.toContainEqual(role(name));
  });

  it('check the tree also when they are rolled back', async () => {
    const type = fresh('type');
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put([{ name: type, parents: [], barredRoles: [] }]);
      await tx.organizations.put([organization({ type })]);
    });
    const attempt = suite.store.transaction((tx) => tx.organizationTypes.put([{ name: type, parents: ['seller'], barredRoles: [] }]), {
      rollback: true,
    });
    await expectRefusal(attempt, 'invalid_input', 'cannot be at the root.');
  });

  it('fail as a whole when a refusal inside was caught', async () => {
    const name = fresh('Role');
    const failed = suite.store.transaction(async (tx) => {
      await tx.roles.put([role(name)]);
      await tx.users.put([user({ organization: 'nowhere' })]).catch(() => undefined);
    });
    await expectRefusal(failed, 'invalid_input', 'The organization "nowhere", named by a user, does not exist.');
    expect((await suite.store.access.loadDefinitions()).roles).not.toContainEqual(role(name));
  });

  it('run one after the other: what is read stays true until the end', async () => {
    const key = fresh('counter');
    const increase = () =>
      suite.store.transaction(async (tx) => {
        const count = Number((await tx.settings.get(key)) ?? '0');
        await tx.access.hasUsers();
        await tx.settings.set(key, String(count + 1));
      });
    const before = await version();
    await Promise.all(Array.from({ length: 12 }, increase));
    expect(await suite.store.transaction((tx) => tx.settings.get(key))).toBe('12');
    expect(await version()).toBe(before + 12);
  });

  it('let one of two racers win when both may not', async () => {
    const name = fresh('name');
    const put = () => suite.store.transaction((tx) => tx.users.put([user({ organization: market.site, username: name })]));
    const outcomes = await Promise.allSettled([put(), put()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expectRefusal(put(), 'already_exists', 'The user name is taken by another user.');
  });

  it('show nothing outside before they commit', async () => {
    const names = [fresh('Role'), fresh('Role')];
    let reached = () => {};
    const written = new Promise<void>((resolve) => (reached = resolve));
    const seen: number[] = [];
    const running = suite.store.transaction(async (tx) => {
      await tx.roles.put([role(names[0]!)]);
      reached();
      await tx.roles.put([role(names[1]!)]);
    });
    await written;
    const { roles } = await suite.store.access.loadDefinitions();
    seen.push(roles.filter(({ name }) => names.includes(name)).length);
    await running;
    expect([0, 2]).toContain(seen[0]);
  });

  it('refuse that the store itself is used inside', async () => {
    const sentence = 'Inside a transaction the store itself was used instead of the transaction.';
    const uses: (() => Promise<unknown>)[] = [
      () => suite.store.access.hasUsers(),
      () => suite.store.findClient(market.client, new Date(0)),
      () => suite.store.transaction(async () => {}),
      () => suite.store.signIn.clearAttempts('key'),
      () => suite.store.ping(),
    ];
    for (const use of uses) await expectRefusal(suite.store.transaction(use), 'internal', sentence);
  });

  it('are of no use after their end', async () => {
    let kept: StoreTransaction | undefined;
    await suite.store.transaction(async (tx) => void (kept = tx));
    await expectRefusal(kept!.roles.put([role(fresh('Role'))]), 'internal', 'A transaction was used after its end.');
  });

  it('do not move the version when nothing changed', async () => {
    const before = await version();
    await suite.store.transaction(async (tx) => {
      await tx.roles.remove(['nothing']);
      await tx.roles.put([]);
      await tx.access.loadDefinitions();
    });
    expect(await version()).toBe(before);
  });

  it('record the least that caches must drop', async () => {
    const group = userGroup({ organization: market.buyer });
    const site = organization({ id: market.site, type: 'buyer', parent: market.buyer });
    const steps: [(tx: StoreTransaction) => Promise<void>, unknown[]][] = [
      [(tx) => tx.permissionTypes.put([{ type: fresh('data/T'), operations: [] }]), [{ kind: 'catalogue', id: '' }]],
      [(tx) => tx.resourceServers.put([resourceServer()]), [{ kind: 'catalogue', id: '' }]],
      [(tx) => tx.organizations.put([site]), [{ kind: 'organization', id: market.site }]],
      [(tx) => tx.userGroups.put([group]), [{ kind: 'user_group', id: group.id }]],
      [
        (tx) => tx.users.put([user({ id: market.user, organization: market.site, memberships: [{ userGroup: group.id }] })]),
        [{ kind: 'user', id: market.user }],
      ],
      [(tx) => tx.addClientSecret(market.client, clientSecret()), [{ kind: 'client', id: market.client }]],
      [(tx) => tx.assignments.put([assignment(market.profile, partyGroup(group.id))]), [{ kind: 'user_group', id: group.id }]],
      [(tx) => tx.userGroups.remove([group.id]), [{ kind: 'user_group', id: group.id }]],
      [(tx) => tx.assignments.put([assignment(market.profile, partyUser(market.user))]), [{ kind: 'user', id: market.user }]],
      [(tx) => tx.users.remove([market.user]), [{ kind: 'user', id: market.user }]],
    ];
    for (const [work, changes] of steps) {
      const before = await version();
      await suite.store.transaction(work);
      expect(await suite.store.access.readChanges(before)).toEqual({ version: before + 1, changes });
    }
  });
});

describeEachStore('the change log', (suite) => {
  const change = () => suite.store.transaction((tx) => tx.roles.put([{ name: fresh('Role'), category: 'other' }]));
  const HOUR_MS = 3_600_000;

  it('begins empty', async () => {
    expect(await suite.store.access.readChanges(0)).toEqual({ version: 0, changes: [] });
  });

  it('tells everything since a version once, and nothing to whom has it', async () => {
    await change();
    await suite.store.transaction((tx) => tx.settings.set('a', 'b'));
    expect(await suite.store.access.readChanges(0)).toEqual({ version: 2, changes: [{ kind: 'catalogue', id: '' }] });
    expect(await suite.store.access.readChanges(2)).toEqual({ version: 2, changes: [] });
  });

  it('says so when it does not reach back, or knows nothing of the version', async () => {
    expect(await suite.store.access.readChanges(3)).toEqual({ version: 2, changes: undefined });
    suite.clock.advance(HOUR_MS);
    await change();
    await suite.store.reap(new Date(suite.clock.now()), 100);
    expect(await suite.store.access.readChanges(1)).toEqual({ version: 3, changes: undefined });
    expect(await suite.store.access.readChanges(2)).toEqual({ version: 3, changes: [{ kind: 'catalogue', id: '' }] });
  });

  it('takes more changes than anybody would read for everything', async () => {
    const owner = organization();
    const groups = Array.from({ length: 10_000 }, () => userGroup({ organization: owner.id }));
    await suite.store.transaction(async (tx) => {
      await tx.organizationTypes.put([{ name: 'seller', parents: [], barredRoles: [] }]);
      await tx.organizations.put([owner]);
      await tx.userGroups.put(groups.slice(0, 9998));
    });
    expect((await suite.store.access.readChanges(3)).changes).toHaveLength(10_000);
    await suite.store.transaction((tx) => tx.userGroups.put(groups.slice(9998)));
    expect((await suite.store.access.readChanges(3)).changes).toBeUndefined();
    expect((await suite.store.access.readChanges(4)).changes).toHaveLength(2);
  }, 60_000);
});
