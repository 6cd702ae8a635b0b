import { beforeAll, describe, expect, it } from '@jest/globals';
import { FIRST_LINK, linkAfter } from '../../src/domain/audit-chain.ts';
import type { AuditEvent, AuditFilters, AuditQuery } from '../../src/domain/audit-event.ts';
import { EVERYTHING, type Tenancy } from '../../src/domain/tenancy.ts';
import { verifyAuditChain } from '../../src/services/audit.ts';
import { sha256 } from '../../src/storage/audit-entry.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  auditEvent,
  client,
  expectRefusal,
  fresh,
  grant,
  HOUR,
  organization,
  partyGroup,
  partyOrganization,
  putMarket,
  securityProfile,
  user,
  type Market,
} from './samples.ts';

const ALL: AuditQuery = { tenancy: EVERYTHING, filters: {}, descending: false, limit: 1000, total: false };
const subtree = (...path: readonly string[]): Tenancy => ({ kind: 'subtree', organization: path.at(-1)!, path });

describeEachStore('the audit trail', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const write = (...events: readonly AuditEvent[]) =>
    suite.store.transaction(async (tx) => {
      for (const event of events) await tx.audit(event);
    });
  const listed = async (query: Partial<AuditQuery>) => (await suite.store.audit.list({ ...ALL, ...query })).items;
  const targets = async (filters: AuditFilters, tenancy: Tenancy = EVERYTHING) => (await listed({ filters, tenancy })).map(({ target }) => target.id);
  /** Those that were written last, the very last one first. */
  const latest = async (count: number) => {
    const { events } = (await suite.store.audit.readHead())!;
    return (await suite.store.audit.walk({ after: events - count, limit: count })).toReversed();
  };
  const intact = async () => expect((await verifyAuditChain(suite.store.audit)).fault).toBeUndefined();

  describe('as a chain', () => {
    it('numbers events from 1 without gaps, and hashes each with the one before', async () => {
      await write(auditEvent({ before: { b: 1, a: ['ü', null, 0.1] }, after: 'text' }), auditEvent({ requestId: 'r', clientId: 'web' }));
      await suite.store.signIn.recordLockOut(auditEvent({ onBehalfOf: { kind: 'user', id: 'other' } }));
      let previous = FIRST_LINK;
      const events = await suite.store.audit.walk({ limit: 1000 });
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => String(index + 1)));
      for (const event of events) {
        expect(event.hash).toBe(linkAfter(previous, event, sha256));
        previous = event.hash;
      }
      expect(await suite.store.audit.readHead()).toEqual({ events: events.length, hash: previous });
      expect(await suite.store.audit.walk({ after: 1, limit: 2 })).toEqual(events.slice(1, 3));
      expect(await suite.store.audit.walk({ after: events.length, limit: 2 })).toEqual([]);
    });

    it('has no trace of what was rolled back, refused or changed nothing', async () => {
      const head = await suite.store.audit.readHead();
      await suite.store.transaction((tx) => tx.audit(auditEvent()), { rollback: true });
      const failing = suite.store.transaction(async (tx) => {
        await tx.audit(auditEvent());
        throw new Error('no');
      });
      await expect(failing).rejects.toMatchObject({ message: 'no' });
      expect(await suite.store.audit.readHead()).toEqual(head);
      const revocation = { kind: 'token', id: fresh('jti'), notBefore: at(0), expiresAt: at(HOUR) } as const;
      await suite.store.revocations.add(revocation, auditEvent());
      await suite.store.revocations.add(revocation, auditEvent());
      expect((await suite.store.audit.readHead())!.events).toBe(head!.events + 1);
    });

    it('stays whole under twenty writers of every kind at once', async () => {
      const { store } = suite;
      const before = (await store.audit.readHead())!.events;
      const shared = fresh('grant');
      const revoke = (id: string) => store.revocations.add({ kind: 'grant', id, notBefore: at(0), expiresAt: at(HOUR) }, auditEvent());
      const writers: readonly ((index: number) => Promise<unknown>)[] = [
        () => write(auditEvent(), auditEvent()),
        (index) =>
          store.transaction(async (tx) => {
            await tx.audit(auditEvent());
            await tx.settings.set(fresh('setting'), 'x');
            await tx.revoke({ kind: 'grant', id: shared, notBefore: at(0), expiresAt: at(HOUR + index) });
            await tx.audit(auditEvent());
          }),
        () => store.signIn.recordLockOut(auditEvent()),
        () => store.signIn.unlock('some key', auditEvent()),
        (index) => revoke(`${shared}-${index}`),
      ];
      await Promise.all(Array.from({ length: 20 }, (_, index) => writers[index % writers.length]!(index)));
      expect((await store.audit.readHead())!.events).toBe(before + 4 * (2 + 2 + 1 + 1 + 1));
      await intact();
    });

    it('is never waited for in a circle: an administrator and clients who revoke the same', async () => {
      const { store } = suite;
      const id = fresh('grant');
      const revocation = (seconds: number) => ({ kind: 'grant', id, notBefore: at(0), expiresAt: at(HOUR + seconds) }) as const;
      const administrator = (round: number) =>
        store.transaction(async (tx) => {
          await tx.audit(auditEvent());
          await tx.revoke(revocation(round));
          await tx.audit(auditEvent());
        });
      const rounds = Array.from({ length: 10 }, (_, round) => round);
      await Promise.all(rounds.flatMap((round) => [administrator(round), store.revocations.add(revocation(round), auditEvent())]));
      await intact();
    });

    it('keeps the order in which a transaction wrote, in batches too', async () => {
      const type = fresh('type');
      const ids = Array.from({ length: 2500 }, (_, index) => `n${index}`);
      await write(...ids.map((id) => auditEvent({ type, target: { kind: 'thing', id } })));
      const first = await suite.store.audit.list({ ...ALL, filters: { type }, limit: 2000 });
      const rest = await suite.store.audit.list({ ...ALL, filters: { type }, limit: 2000, after: first.next });
      expect([...first.items, ...rest.items].map(({ target }) => target.id)).toEqual(ids);
      await intact();
    }, 30_000);
  });

  describe('listed', () => {
    it('by what was asked for, all of it together', async () => {
      const [type, actor, requestId] = [fresh('type'), fresh('actor'), fresh('request')];
      const common = { type, at: at(10) };
      await write(
        auditEvent({ ...common, target: { kind: 'user', id: 'one' }, actor: { kind: 'user', id: actor } }),
        auditEvent({ ...common, target: { kind: 'client', id: 'two' }, requestId }),
        auditEvent({ ...common, target: { kind: 'user', id: 'three' }, onBehalfOf: { kind: 'user', id: actor }, at: at(20) }),
      );
      expect(await targets({ type })).toEqual(['one', 'two', 'three']);
      expect(await targets({ type, actor })).toEqual(['one']);
      expect(await targets({ type, onBehalfOf: actor })).toEqual(['three']);
      expect(await targets({ type, targetKind: 'user' })).toEqual(['one', 'three']);
      expect(await targets({ type, targetKind: 'user', targetId: 'three' })).toEqual(['three']);
      expect(await targets({ requestId })).toEqual(['two']);
      expect(await targets({ type, from: at(20) })).toEqual(['three']);
      expect(await targets({ type, until: at(20) })).toEqual(['one', 'two']);
      expect(await targets({ type, actor, requestId })).toEqual([]);
      expect(await targets({ type: '\0' })).toEqual([]);
    });

    it('in pages from both ends, with a total when asked for', async () => {
      const type = fresh('type');
      await write(...['one', 'two', 'three'].map((id) => auditEvent({ type, target: { kind: 'thing', id } })));
      for (const [descending, expected] of [
        [true, ['three', 'two', 'one']],
        [false, ['one', 'two', 'three']],
      ] as const) {
        const first = await suite.store.audit.list({ ...ALL, filters: { type }, descending, limit: 2, total: true });
        expect({ ids: first.items.map(({ target }) => target.id), total: first.total }).toEqual({ ids: expected.slice(0, 2), total: 3 });
        const last = await suite.store.audit.list({ ...ALL, filters: { type }, descending, limit: 2, after: first.next });
        expect(last).toMatchObject({ items: [{ target: { id: expected[2] } }], next: undefined, total: undefined });
      }
    });

    it('by the time at which they happened, also where a slow change was committed later', async () => {
      const type = fresh('type');
      const happened = (id: string, seconds: number) => auditEvent({ type, target: { kind: 'thing', id }, at: at(seconds) });
      await write(happened('b', 5), happened('c', 5), happened('d', 9));
      await write(happened('a', 1));
      expect(await targets({ type })).toEqual(['a', 'b', 'c', 'd']);
      const [first] = (await suite.store.audit.list({ ...ALL, filters: { type }, descending: true, limit: 2 })).items;
      expect(first!.target.id).toBe('d');
      const { next } = await suite.store.audit.list({ ...ALL, filters: { type }, limit: 2 });
      expect(await listed({ filters: { type }, after: next })).toMatchObject([{ target: { id: 'c' } }, { target: { id: 'd' } }]);
    });

    it('and refuses a position that is none', async () => {
      const value = at(0).toISOString();
      for (const after of [
        { value: 'x', key: '1' },
        { value: '', key: '1' },
        ...['x', '', '1.5', '99999999999999999999'].map((key) => ({ value, key })),
      ])
        await expectRefusal(suite.store.audit.list({ ...ALL, after }), 'invalid_input', 'The position is not one of this list.');
    });

    it('gives one event by its number, whole', async () => {
      const event = auditEvent({
        type: fresh('type'),
        actor: { kind: 'user', id: 'carla' },
        onBehalfOf: { kind: 'user', id: 'alice' },
        clientId: 'web',
        organization: market.site,
        before: { a: 1 },
        after: { a: [2] },
        requestId: 'r',
      });
      await write(event);
      const [recorded] = await latest(1);
      expect(recorded).toEqual({ ...event, id: expect.stringMatching(/^\d+$/), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(await suite.store.audit.find(recorded!.id, EVERYTHING)).toEqual(recorded);
      expect(await suite.store.audit.find(recorded!.id, subtree(market.seller, market.buyer))).toEqual(recorded);
      expect(await suite.store.audit.find(recorded!.id, subtree(fresh('elsewhere')))).toBeUndefined();
      for (const id of ['0', '-1', '999999', 'x', '', '\0', `0${recorded!.id}`]) expect(await suite.store.audit.find(id, EVERYTHING)).toBeUndefined();
    });
  });

  describe('within a tenancy', () => {
    const organizationOf = async (event: Partial<AuditEvent>) => {
      await write(auditEvent(event));
      return (await latest(1))[0]!.organization;
    };

    it('finds the organization of parties, of what is theirs, and of nothing else', async () => {
      const { store } = suite;
      const owned = securityProfile({ organization: market.site });
      const given = assignment(market.profile, partyGroup(market.group));
      const kept = grant(market.user, market.client);
      await store.transaction(async (tx) => {
        await tx.securityProfiles.put([owned]);
        await tx.assignments.put([given]);
        await tx.impersonationRules.put([
          {
            id: 'both-sides',
            impersonator: partyGroup(market.group),
            target: partyOrganization(market.site),
            securityProfile: market.profile,
            client: market.client,
          },
        ]);
      });
      await store.grants.create(kept, fresh('token'));
      const found = async (kind: string, id: string) => organizationOf({ target: { kind, id } });
      expect(await found('user', market.user)).toBe(market.site);
      expect(await found('user_group', market.group)).toBe(market.buyer);
      expect(await found('client', market.client)).toBe(market.buyer);
      expect(await found('organization', market.seller)).toBe(market.seller);
      expect(await found('security_profile', owned.id)).toBe(market.site);
      expect(await found('security_profile', market.profile)).toBeUndefined();
      expect(await found('assignment', given.id)).toBe(market.buyer);
      expect(await found('impersonation_rule', 'both-sides')).toBe(market.buyer);
      expect(await found('grant', kept.id)).toBe(market.site);
      for (const kind of ['role', 'organization_type', 'setting', 'signing_key', 'token', 'assignment', 'grant', '__proto__'])
        expect(await found(kind, market.user)).toBeUndefined();
    });

    it('believes who writes the event', async () => {
      expect(await organizationOf({ target: { kind: 'token', id: 'jti' }, organization: market.buyer })).toBe(market.buyer);
      expect(await organizationOf({ target: { kind: 'user', id: market.user }, organization: market.seller })).toBe(market.seller);
    });

    it('an event of an assignment belongs to its party, also when the assignment is gone', async () => {
      const target = { kind: 'assignment', id: 'gone' };
      expect(await organizationOf({ target, after: { security_profile: market.profile, user: market.user } })).toBe(market.site);
      expect(await organizationOf({ target, before: { user_group: market.group } })).toBe(market.buyer);
      expect(await organizationOf({ target, before: { organization: market.seller } })).toBe(market.seller);
      expect(await organizationOf({ target, before: { client_id: market.client } })).toBe(market.buyer);
    });

    it('what was removed stays where its last event was, until its organization goes, too', async () => {
      const { store } = suite;
      const [place, person, program] = [organization({ type: 'buyer', parent: market.buyer }), fresh('user'), fresh('client')];
      const event = (kind: string, id: string, type: string) => auditEvent({ type, target: { kind, id } });
      await store.transaction(async (tx) => {
        await tx.organizations.put([place]);
        await tx.users.put([user({ id: person, organization: place.id })]);
        await tx.clients.put([client({ clientId: program, organization: place.id })]);
        await tx.audit(event('user', person, 'user_created'));
        await tx.audit(event('client', program, 'client_created'));
      });
      await store.transaction(async (tx) => {
        await tx.users.remove([person]);
        await tx.clients.remove([program]);
        await tx.audit(event('user', person, 'user_removed'));
        await tx.audit(event('client', program, 'client_removed'));
        await tx.audit(auditEvent({ target: { kind: 'assignment', id: fresh('gone') }, before: { user: person }, type: 'profile_unassigned' }));
      });
      const [unassigned, ...removed] = (await latest(3)).map((recorded) => recorded.organization);
      expect([unassigned, ...removed]).toEqual([place.id, place.id, place.id]);
      const buyer = subtree(market.seller, market.buyer);
      expect(await targets({ targetId: person }, buyer)).toEqual([person, person]);
      expect(await targets({ targetId: person }, subtree(market.seller, market.buyer, market.site))).toEqual([]);
      await store.transaction(async (tx) => {
        await tx.organizations.remove([place.id]);
        await tx.audit(event('organization', place.id, 'organization_removed'));
      });
      expect(await targets({ targetId: person }, buyer)).toEqual([]);
      expect(await targets({ targetId: place.id }, buyer)).toEqual([]);
      expect(await targets({ targetId: person }, subtree(market.seller))).toEqual([person, person]);
      expect(await targets({ targetId: place.id }, subtree(market.seller))).toEqual([place.id]);
    });

    it('shows the subtree as it is now, and to roots what belongs to nobody', async () => {
      const { store } = suite;
      const type = fresh('type');
      const other = await putMarket(store);
      const happened = (kind: string, id: string) => auditEvent({ type, target: { kind, id } });
      await write(
        happened('user', market.user),
        happened('client', market.client),
        happened('organization', market.seller),
        happened('role', 'OrderReader'),
        happened('user', other.user),
      );
      const { seller, buyer, site } = market;
      expect(await targets({ type }, subtree(seller, buyer, site))).toEqual([market.user]);
      expect(await targets({ type }, subtree(seller, buyer))).toEqual([market.user, market.client]);
      expect(await targets({ type }, subtree(seller))).toEqual([market.user, market.client, seller, 'OrderReader']);
      expect(await targets({ type }, subtree(other.seller))).toEqual(['OrderReader', other.user]);
      expect(await targets({ type }, { kind: 'nothing' })).toEqual([]);
      expect(await targets({ type })).toHaveLength(5);
      const totals = await Promise.all(
        [subtree(seller, buyer, site), subtree(seller), { kind: 'nothing' } as const, EVERYTHING].map(
          async (tenancy) => (await store.audit.list({ ...ALL, filters: { type }, tenancy, limit: 1, total: true })).total,
        ),
      );
      expect(totals).toEqual([1, 4, 0, 5]);
      await store.transaction((tx) => tx.organizations.put([organization({ id: site, type: 'buyer', parent: other.buyer })]));
      expect(await targets({ type }, subtree(seller, buyer))).toEqual([market.client]);
      expect(await targets({ type }, subtree(other.seller, other.buyer))).toEqual([market.user, other.user]);
      await store.transaction((tx) => tx.organizations.put([organization({ id: site, type: 'buyer', parent: buyer })]));
    });

    it('pages in order through a small and through a very large part of the tree', async () => {
      const { store } = suite;
      const { seller, buyer } = market;
      const type = fresh('type');
      const places = Array.from({ length: 5100 }, () => organization({ type: 'buyer', parent: buyer }));
      const read = async () => {
        const seen: string[] = [];
        let after: AuditQuery['after'];
        do {
          const page = await store.audit.list({ ...ALL, tenancy: subtree(seller, buyer), filters: { type }, descending: true, limit: 2, after });
          seen.push(...page.items.map(({ target }) => target.id));
          after = page.next;
        } while (after !== undefined);
        return seen;
      };
      await write(
        ...[market.user, seller, market.site, market.client, buyer].map((id) =>
          auditEvent({ type, target: { kind: id === market.user ? 'user' : id === market.client ? 'client' : 'organization', id } }),
        ),
      );
      const expected = [buyer, market.client, market.site, market.user];
      expect(await read()).toEqual(expected);
      await store.transaction((tx) => tx.organizations.put(places));
      expect(await read()).toEqual(expected);
    }, 30_000);
  });
});
