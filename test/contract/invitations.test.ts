import { beforeAll, describe, expect, it } from '@jest/globals';
import { INVITATION_KEPT_MS, type Invitation, type InvitationQuery } from '../../src/domain/invitation.ts';
import type { KeptLink } from '../../src/domain/one-time-link.ts';
import { EVERYTHING, type Tenancy } from '../../src/domain/tenancy.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, DAY, expectRefusal, fresh, grant, HOUR, NOW, organization, putMarket, user, type Market } from './samples.ts';

const all = { tenancy: EVERYTHING, inherited: false };
const below = (id: string): { readonly tenancy: Tenancy; readonly inherited: false } => ({
  tenancy: { kind: 'subtree', organization: id, path: [id] },
  inherited: false,
});

function invitation(organizationId: string, given: Partial<Invitation> = {}): Invitation {
  return {
    id: fresh('invitation'),
    email: 'Ann@example.com',
    organization: organizationId,
    userGroups: [],
    securityProfiles: [],
    invitedBy: { kind: 'user', id: 'admin' },
    createdAt: NOW,
    expiresAt: at(7 * DAY),
    ...given,
  };
}

const link = (target: string, given: Partial<KeptLink> = {}): KeptLink => ({
  purpose: 'invitation',
  target,
  hash: fresh('hash'),
  expiresAt: at(DAY),
  ...given,
});

describeEachStore('invitations', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const put = async (...invitations: readonly Invitation[]) =>
    suite.store.transaction(async (tx) => {
      for (const one of invitations) await tx.invitations.put(one);
    });
  const list = (given: Partial<InvitationQuery> = {}) =>
    suite.store.invitations.list({ visibility: below(market.seller), now: NOW, limit: 50, total: false, ...given });

  it('are found as they were put, and replaced under their id', async () => {
    const full = invitation(market.buyer, {
      username: 'Änn',
      userGroups: [market.group, 'b'],
      securityProfiles: [market.profile],
      validUntil: at(30 * DAY),
      invitedThrough: market.client,
    });
    await put(full);
    expect(await suite.store.invitations.find(full.id, all)).toEqual(full);
    const accepted: Invitation = { ...full, acceptedAt: at(5), acceptedAs: 'someone' };
    await suite.store.transaction(async (tx) => {
      await tx.invitations.put(accepted);
      expect(await tx.invitations.find(full.id, all)).toEqual(accepted);
    });
    expect(await suite.store.invitations.find(full.id, all)).toEqual(accepted);
    expect(await suite.store.invitations.find('nothing', all)).toBeUndefined();
    expect(await suite.store.invitations.find('x\0', all)).toBeUndefined();
  });

  it('are seen by who administers their organization or one above, and by nobody else', async () => {
    const own = invitation(market.buyer);
    await put(own);
    for (const id of [market.seller, market.buyer]) expect(await suite.store.invitations.find(own.id, below(id))).toEqual(own);
    expect(await suite.store.invitations.find(own.id, below(market.site))).toBeUndefined();
    expect(await suite.store.invitations.find(own.id, { tenancy: { kind: 'nothing' }, inherited: true })).toBeUndefined();
    expect((await list({ visibility: below(market.site), total: true })).total).toBe(0);
    expect(await list({ visibility: { tenancy: { kind: 'nothing' }, inherited: true }, total: true })).toEqual({
      items: [],
      next: undefined,
      total: 0,
    });
  });

  it('are listed newest first, page by page', async () => {
    const other = await putMarket(suite.store);
    const three = [invitation(other.buyer), invitation(other.site), invitation(other.seller)];
    await put(...three);
    const visibility = below(other.seller);
    const first = await list({ visibility, limit: 2, total: true });
    expect(first).toEqual({ items: [three[2], three[1]], next: { value: three[1]!.id, key: three[1]!.id }, total: 3 });
    expect(await list({ visibility, limit: 2, after: first.next })).toEqual({ items: [three[0]], next: undefined, total: undefined });
  });

  it('are filtered by organization, address and status', async () => {
    const other = await putMarket(suite.store);
    const visibility = below(other.seller);
    const pending = invitation(other.buyer, { email: 'p@example.com' });
    const expired = invitation(other.buyer, { expiresAt: at(-1) });
    const revoked = invitation(other.site, { revokedAt: at(1), expiresAt: at(-1) });
    const accepted = invitation(other.site, { acceptedAt: at(1), acceptedAs: 'x', expiresAt: at(-1) });
    await put(pending, expired, revoked, accepted);
    const ids = async (given: Partial<InvitationQuery>) => {
      const { items, total } = await list({ visibility, total: true, ...given });
      expect(total).toBe(items.length);
      return items.map(({ id }) => id);
    };
    expect(await ids({ status: 'pending' })).toEqual([pending.id]);
    expect(await ids({ status: 'pending', now: at(7 * DAY) })).toEqual([]);
    expect(await ids({ status: 'expired' })).toEqual([expired.id]);
    expect(await ids({ status: 'revoked' })).toEqual([revoked.id]);
    expect(await ids({ status: 'accepted' })).toEqual([accepted.id]);
    expect(await ids({ organization: other.buyer })).toEqual([expired.id, pending.id]);
    expect(await ids({ email: 'p@example.com' })).toEqual([pending.id]);
    expect(await ids({ email: 'P@example.com' })).toEqual([]);
    expect(await ids({ email: 'p\0' })).toEqual([]);
  });

  it('refuse an organization that does not exist, and what is no address', async () => {
    await expectRefusal(put(invitation('nowhere')), 'invalid_input', 'The organization "nowhere", named by an invitation, does not exist.');
    await expectRefusal(put(invitation(market.buyer, { email: 'a@b, c@d' })), 'invalid_input', '"a@b, c@d" is not a mail address.');
    await expectRefusal(put(invitation(market.buyer, { id: '' })), 'invalid_input', 'The key of an invitation is empty.');
  });

  it('go with their organization, and their links with them', async () => {
    const doomed = organization({ type: 'buyer', parent: market.seller });
    const one = invitation(doomed.id);
    const its = link(one.id);
    await suite.store.transaction(async (tx) => {
      await tx.organizations.put([doomed]);
      await tx.invitations.put(one);
      await tx.links.put(its);
    });
    expect(await suite.store.links.find(its.hash)).toEqual(its);
    await suite.store.transaction((tx) => tx.organizations.remove([doomed.id]));
    expect(await suite.store.invitations.find(one.id, all)).toBeUndefined();
    expect(await suite.store.links.find(its.hash)).toBeUndefined();
  });

  it('are gone three months after they expired; their links as soon as these expire', async () => {
    const old = invitation(market.buyer, { expiresAt: at(0) });
    const its = link(old.id, { expiresAt: at(0) });
    await suite.store.transaction(async (tx) => {
      await tx.invitations.put(old);
      await tx.links.put(its);
    });
    await suite.store.reap(at(-1), 1000);
    expect(await suite.store.links.find(its.hash)).toEqual(its);
    await suite.store.reap(at(0), 1000);
    expect(await suite.store.links.find(its.hash)).toBeUndefined();
    await suite.store.reap(new Date(NOW.getTime() + INVITATION_KEPT_MS - 1), 1000);
    expect(await suite.store.invitations.find(old.id, all)).toEqual(old);
    await suite.store.reap(new Date(NOW.getTime() + INVITATION_KEPT_MS), 1000);
    expect(await suite.store.invitations.find(old.id, all)).toBeUndefined();
  });

  describe('one-time links', () => {
    it('are one for each purpose and target, the newest', async () => {
      const [first, second] = [link(market.user, { purpose: 'password' }), link(market.user, { purpose: 'password', expiresAt: at(2 * DAY) })];
      const reset = link(market.user, { purpose: 'password_reset' });
      for (const one of [first, reset, second]) await suite.store.links.put(one);
      expect(await suite.store.links.find(first.hash)).toBeUndefined();
      expect(await suite.store.links.find(second.hash)).toEqual(second);
      expect(await suite.store.links.find(reset.hash)).toEqual(reset);
      expect(await suite.store.links.find('\0')).toBeUndefined();
    });

    it('are removed by purpose and target, inside a transaction', async () => {
      const [link1, reset] = [link(market.user, { purpose: 'password' }), link(market.user, { purpose: 'password_reset' })];
      await suite.store.links.put(link1);
      await suite.store.links.put(reset);
      await suite.store.transaction((tx) => tx.links.remove(['password'], market.user));
      expect(await suite.store.links.find(link1.hash)).toBeUndefined();
      expect(await suite.store.links.find(reset.hash)).toEqual(reset);
      await suite.store.transaction((tx) => tx.links.remove(['password_reset', 'invitation'], market.user), { rollback: true });
      expect(await suite.store.links.find(reset.hash)).toEqual(reset);
      await suite.store.transaction((tx) => tx.links.remove(['password_reset'], 'nobody\0'));
    });

    it('refuse a target that does not exist', async () => {
      await expectRefusal(
        suite.store.links.put(link('nobody', { purpose: 'password' })),
        'invalid_input',
        'The user "nobody", named by a one-time link, does not exist.',
      );
      await expectRefusal(
        suite.store.links.put(link('nothing')),
        'invalid_input',
        'The invitation "nothing", named by a one-time link, does not exist.',
      );
    });

    it('go with their user: who comes later under the same id is not opened to them', async () => {
      const somebody = user({ organization: market.buyer });
      const its = link(somebody.id, { purpose: 'password_reset' });
      await suite.store.transaction((tx) => tx.users.put([somebody]));
      await suite.store.links.put(its);
      await suite.store.transaction((tx) => tx.users.remove([somebody.id]));
      await suite.store.transaction((tx) => tx.users.put([somebody]));
      expect(await suite.store.links.find(its.hash)).toBeUndefined();
    });
  });

  describe('users by mail address', () => {
    it('are found whatever the case of ASCII letters, and of no others', async () => {
      const people = ['Shared@Example.com', 'shared@example.COM', 'sharéd@example.com', 'SHARÉD@example.com', undefined].map((email) =>
        user({ organization: market.buyer, email }),
      );
      await suite.store.transaction((tx) => tx.users.put(people));
      const find = (email: string, limit = 10) => suite.store.signIn.findUsersByEmail(email, limit);
      expect(await find('SHARED@example.com')).toEqual([people[0]!.id, people[1]!.id]);
      expect(await find('SHARED@example.com', 1)).toEqual([people[0]!.id]);
      expect(await find('Sharéd@example.com')).toEqual([people[2]!.id]);
      expect(await find('nobody@example.com')).toEqual([]);
      expect(await find('%@example.com')).toEqual([]);
      expect(await find('\0')).toEqual([]);
    });
  });

  describe('a grant by its id', () => {
    it('is found until it expires, also when it was revoked', async () => {
      const given = grant(market.user, market.client, { expiresAt: at(HOUR) });
      await suite.store.grants.create(given, fresh('token'));
      expect(await suite.store.grants.find(given.id)).toEqual(given);
      expect(await suite.store.grants.find('nothing')).toBeUndefined();
      expect(await suite.store.grants.find('\0')).toBeUndefined();
      suite.clock.set(at(HOUR));
      expect(await suite.store.grants.find(given.id)).toBeUndefined();
      suite.clock.set(NOW);
    });
  });
});
