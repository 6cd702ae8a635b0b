import { beforeAll, describe, expect, it } from '@jest/globals';
import { EVERYBODY, type Revocation, type RevocationQuery, type TokenTrace } from '../../src/domain/revocation.ts';
import { EVERYTHING, type Tenancy } from '../../src/domain/tenancy.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, client, DAY, expectRefusal, fresh, grant, HOUR, putMarket, type Market } from './samples.ts';
import { listAuditEvents } from '../support/audit.ts';

describeEachStore('revocations', (suite) => {
  beforeAll(async () => suite.store.ping());

  const trace = (given: Partial<TokenTrace> = {}): TokenTrace => ({ jti: fresh('jti'), clientId: fresh('client'), issuedAt: at(0), ...given });
  const revocation = (kind: Revocation['kind'], id: string, given: Partial<Revocation> = {}): Revocation => ({
    kind,
    id,
    notBefore: at(0),
    expiresAt: at(HOUR),
    ...given,
  });
  const revoke = (given: Revocation, type = 'token_revoked') => suite.store.revocations.add(given, auditEvent({ type }));
  const isRevoked = (token: TokenTrace) => suite.store.revocations.isRevoked(token);

  it('hits a token, and no other', async () => {
    const token = trace({ grantId: fresh('grant'), userId: fresh('user') });
    expect(await isRevoked(token)).toBe(false);
    await revoke(revocation('token', token.jti));
    expect(await isRevoked(token)).toBe(true);
    expect(await isRevoked({ ...token, jti: fresh('jti') })).toBe(false);
  });

  it('hits every token of a grant, whenever it was issued', async () => {
    const grantId = fresh('grant');
    await revoke(revocation('grant', grantId));
    expect(await isRevoked(trace({ grantId, issuedAt: at(DAY) }))).toBe(true);
    expect(await isRevoked(trace({ jti: grantId, userId: grantId, clientId: grantId }))).toBe(false);
  });

  it.each(['user', 'client'] as const)('hits what was issued to a %s up to the instant', async (kind) => {
    const id = fresh(kind);
    const issued = (seconds: number) => isRevoked(trace({ [kind === 'user' ? 'userId' : 'clientId']: id, issuedAt: at(seconds) }));
    await revoke(revocation(kind, id, { notBefore: at(100) }));
    expect(await Promise.all([issued(99), issued(100), issued(101)])).toEqual([true, true, false]);
    await revoke(revocation(kind, id, { notBefore: at(50) }));
    expect(await issued(100)).toBe(true);
    await revoke(revocation(kind, id, { notBefore: at(200) }));
    expect(await Promise.all([issued(200), issued(201)])).toEqual([true, false]);
  });

  it('of a user hits what the user does as somebody else, up to the instant', async () => {
    const actorId = fresh('user');
    const issued = (seconds: number) => isRevoked(trace({ userId: fresh('user'), actorId, issuedAt: at(seconds) }));
    expect(await issued(0)).toBe(false);
    await revoke(revocation('user', actorId, { notBefore: at(100) }));
    expect(await Promise.all([issued(99), issued(100), issued(101)])).toEqual([true, true, false]);
    expect(await isRevoked(trace({ actorId: '\0' }))).toBe(false);
  });

  it('of everybody hits whatever was issued up to the instant', async () => {
    const issued = (seconds: number) => isRevoked(trace({ grantId: fresh('grant'), userId: fresh('user'), issuedAt: at(seconds) }));
    expect(await issued(-2 * DAY)).toBe(false);
    await suite.store.transaction((tx) => tx.revoke(revocation('everybody', EVERYBODY, { notBefore: at(-DAY) })));
    expect(await Promise.all([issued(-DAY - 1), issued(-DAY), issued(-DAY + 1)])).toEqual([true, true, false]);
    expect(await isRevoked(trace({ issuedAt: at(-DAY) }))).toBe(true);
    await suite.store.transaction((tx) => tx.revoke(revocation('everybody', EVERYBODY, { notBefore: at(-2 * DAY) })));
    expect(await issued(-DAY)).toBe(true);
  });

  it('of everybody ends the sign-ins of before, for as long as they could be refreshed, and no later one', async () => {
    const market = await putMarket(suite.store);
    const made = async (seconds: number) => {
      const kept = grant(market.user, market.client, { createdAt: at(seconds), expiresAt: at(4 * DAY) });
      await suite.store.grants.create(kept, fresh('refresh'));
      return kept;
    };
    const [old, young] = [await made(-3 * DAY), await made(-DAY / 2)];
    await suite.store.transaction((tx) => tx.revoke(revocation('everybody', EVERYBODY, { notBefore: at(-2 * DAY), expiresAt: at(-2 * DAY + 1) })));
    await suite.store.reap(at(0), 1000);
    const sessions = (await suite.store.directory.listSessions(market.user, at(0), 10)).map(({ id }) => id);
    expect(sessions).toContain(young.id);
    expect(sessions).not.toContain(old.id);
  });

  it('writes its audit event, and no second one for a repetition that changes nothing', async () => {
    const given = revocation('token', fresh('jti'));
    const type = fresh('event');
    const events = async () => (await listAuditEvents(suite.store, { limit: 10, type })).length;
    await revoke(given, type);
    await revoke(given, type);
    await revoke({ ...given, notBefore: at(9) }, type);
    expect(await events()).toBe(1);
    await revoke({ ...given, expiresAt: at(DAY) }, type);
    expect(await events()).toBe(2);
  });

  it('keeps the later expiry', async () => {
    const token = trace();
    await revoke(revocation('token', token.jti, { expiresAt: at(DAY) }));
    await revoke(revocation('token', token.jti, { expiresAt: at(HOUR) }));
    await suite.store.reap(at(2 * HOUR), 1000);
    expect(await isRevoked(token)).toBe(true);
    await suite.store.reap(at(DAY), 1000);
    expect(await isRevoked(token)).toBe(false);
  });

  it.each(['grant', 'user', 'client'] as const)('outlives the refresh tokens that a revocation by %s hits', async (kind) => {
    const market = await putMarket(suite.store);
    const given = grant(market.user, market.client, { createdAt: at(0), expiresAt: at(10 * DAY) });
    const late = grant(market.user, market.client, { createdAt: at(-1), expiresAt: at(20 * DAY) });
    const [token, lateToken] = [fresh('token'), fresh('token')];
    await suite.store.grants.create(given, token);
    const id = kind === 'grant' ? given.id : market[kind];
    await revoke(revocation(kind, id, { notBefore: at(0), expiresAt: at(1) }));
    // Begun before, written only after the revocation.
    if (kind !== 'grant') await suite.store.grants.create(late, lateToken);
    await suite.store.reap(at(9 * DAY), 1000);
    expect(await suite.store.grants.rotate(token, fresh('token'), at(9 * DAY))).toBe(false);
    await suite.store.reap(at(19 * DAY), 1000);
    if (kind !== 'grant') expect(await suite.store.grants.rotate(lateToken, fresh('token'), at(19 * DAY))).toBe(false);
  });

  it('is added within a transaction, or not at all', async () => {
    const [kept, undone] = [trace(), trace()];
    await suite.store.transaction((tx) => tx.revoke(revocation('token', kept.jti)));
    await suite.store.transaction((tx) => tx.revoke(revocation('token', undone.jti)), { rollback: true });
    expect(await Promise.all([isRevoked(kept), isRevoked(undone)])).toEqual([true, false]);
  });

  describe('of users and clients are listed', () => {
    let market: Market;
    let other: Market;
    let free: string;
    const list = (tenancy: Tenancy, given: Partial<RevocationQuery> = {}) =>
      suite.store.revocations.list({ tenancy, kinds: ['client', 'user'], now: at(0), limit: 100, total: true, ...given });
    const subtree = (...path: string[]): Tenancy => ({ kind: 'subtree', organization: path.at(-1)!, path });
    const named = async (page: ReturnType<typeof list>) => (await page).items.map(({ kind, id }) => `${kind} ${id}`);

    beforeAll(async () => {
      market = await putMarket(suite.store);
      other = await putMarket(suite.store);
      free = fresh('client');
      await suite.store.transaction((tx) => tx.clients.put([client({ clientId: free })]));
      for (const id of [market.user, other.user]) await revoke(revocation('user', id, { notBefore: at(5), expiresAt: at(HOUR) }));
      for (const id of [market.client, other.client, free]) await revoke(revocation('client', id));
      await revoke(revocation('user', fresh('gone')));
      await revoke(revocation('token', fresh('jti')));
      await revoke(revocation('grant', fresh('grant')));
    });

    it('to whom they belong, with when they began and end', async () => {
      const page = await list(subtree(market.seller, market.buyer));
      expect(page).toEqual({
        items: [
          { kind: 'client', id: market.client, notBefore: at(0), expiresAt: at(HOUR) },
          { kind: 'user', id: market.user, notBefore: at(5), expiresAt: at(HOUR) },
        ],
        next: undefined,
        total: 2,
      });
    });

    it('to a root with what belongs to no organization, and to nobody else', async () => {
      expect(await named(list(subtree(market.seller)))).toEqual([`client ${market.client}`, `client ${free}`, `user ${market.user}`]);
      expect(await named(list(subtree(other.seller, other.buyer)))).toEqual([`client ${other.client}`, `user ${other.user}`]);
      expect(await list({ kind: 'nothing' })).toEqual({ items: [], next: undefined, total: 0 });
      const all = await named(list(EVERYTHING, { limit: 1000 }));
      expect(all).toEqual(expect.arrayContaining([`client ${free}`, `user ${market.user}`, `user ${other.user}`]));
      expect(all.some((name) => name.includes('gone'))).toBe(false);
    });

    it('of the kinds that are asked for, as long as they hit something', async () => {
      const tenancy = subtree(market.seller);
      expect(await named(list(tenancy, { kinds: ['user'] }))).toEqual([`user ${market.user}`]);
      expect(await list(tenancy, { kinds: [] })).toEqual({ items: [], next: undefined, total: 0 });
      expect(await named(list(tenancy, { now: at(HOUR) }))).toEqual([]);
      expect(await named(list(tenancy, { now: at(HOUR - 1) }))).toHaveLength(3);
    });

    it('page by page', async () => {
      const tenancy = subtree(market.seller);
      const first = await list(tenancy, { limit: 2 });
      expect(first).toMatchObject({ items: [{ id: market.client }, { id: free }], next: { value: 'client', key: free }, total: 3 });
      const second = await list(tenancy, { limit: 2, after: first.next, total: false });
      expect(second).toMatchObject({ items: [{ id: market.user }], next: undefined, total: undefined });
    });
  });

  it('refuses an id that is none', async () => {
    await expectRefusal(revoke(revocation('token', '')), 'invalid_input', 'The key of a revocation is empty.');
  });
});

describeEachStore('single-use ids', (suite) => {
  it('are used once until they expire', async () => {
    const id = fresh('jti');
    expect(await suite.store.replays.useOnce(id, at(HOUR))).toBe(true);
    expect(await suite.store.replays.useOnce(id, at(HOUR))).toBe(false);
    suite.clock.set(at(HOUR).getTime() - 1);
    expect(await suite.store.replays.useOnce(id, at(DAY))).toBe(false);
    suite.clock.set(at(HOUR));
    expect(await suite.store.replays.useOnce(id, at(DAY))).toBe(true);
    expect(await suite.store.replays.useOnce(id, at(DAY))).toBe(false);
  });

  it('are given to one of thirty at once, new or taken over', async () => {
    const id = fresh('jti');
    for (const now of [at(DAY), at(3 * DAY)]) {
      suite.clock.set(now);
      const outcomes = await Promise.all(Array.from({ length: 30 }, () => suite.store.replays.useOnce(id, new Date(now.getTime() + 1000))));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    }
  });
});
