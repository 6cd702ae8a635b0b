import { beforeAll, expect, it } from '@jest/globals';
import type { Revocation, TokenTrace } from '../../src/domain/ports.ts';
import { describeEachStore } from '../support/stores.ts';
import { at, auditEvent, DAY, expectRefusal, fresh, grant, HOUR, putMarket } from './samples.ts';

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

  it('writes its audit event, and no second one for a repetition that changes nothing', async () => {
    const given = revocation('token', fresh('jti'));
    const type = fresh('event');
    const events = async () => (await suite.store.listAuditEvents({ limit: 10, type })).length;
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
