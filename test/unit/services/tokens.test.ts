import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import type { Store } from '../../../src/domain/ports.ts';
import { digest } from '../../../src/services/client-authentication.ts';
import { GRANT_SEPARATOR } from '../../../src/services/token-trace.ts';
import type { IssuedToken } from '../../../src/services/token-request.ts';
import { assignment, AUDIENCE, client, profile, to, user } from '../../support/market.ts';
import { claimsOf } from '../../support/token-client.ts';
import { openWorld, START } from './fixtures.ts';
import { listAuditEvents } from '../../support/audit.ts';

const claims = ({ accessToken }: IssuedToken) => claimsOf(accessToken);

describe('the password grant', () => {
  it('keeps a grant with what was asked for, and only the digest of the refresh token', async () => {
    const { tokens, request, credentials, store } = await openWorld();
    const issued = await tokens.password(await request({ scope: 'Shopper Bogus OrderReader' }), credentials);
    expect(issued).toMatchObject({ scope: 'Shopper', tokenType: 'Bearer', expiresIn: 600 });
    const found = await store.grants.findRefreshToken(digest(issued.refreshToken!));
    expect(found!.grant).toMatchObject({
      userId: 'alice',
      clientId: 'shop',
      audience: AUDIENCE.seller,
      requestedScope: ['Shopper', 'Bogus', 'OrderReader'],
    });
    expect(found!.grant.expiresAt.getTime()).toBe(START + 86_400_000);
    expect(claims(issued)['jti']).toBe(`${found!.grant.id}${GRANT_SEPARATOR}${String(claims(issued)['jti']).split(GRANT_SEPARATOR)[1]}`);
    expect(await store.grants.findRefreshToken(issued.refreshToken!)).toBeUndefined();
  });

  it.each([
    ['cannot refresh', { grantTypes: ['password'] as const }],
    ['has refresh tokens of no length', { refreshTokenLifetimeSeconds: 0 }],
  ])('gives no refresh token through a client that %s', async (_what, given) => {
    const { tokens, request, credentials, change } = await openWorld();
    await change((tx) => tx.clients.put([client('shop', given)]));
    const issued = await tokens.password(await request(), credentials);
    expect(issued.refreshToken).toBeUndefined();
    expect(claims(issued)['jti']).not.toContain(GRANT_SEPARATOR);
  });

  it('gives nothing but PasswordReset, and nothing to refresh, for a password that is too old', async () => {
    const { tokens, request, credentials, change, clock } = await openWorld();
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('aging', ['PasswordReset'], { passwordPolicy: { maximumAgeDays: 1 } })]);
      await tx.assignments.put([assignment('aging', to.user('alice'))]);
    });
    clock.advance(86_400_000);
    const issued = await tokens.password(await request({ scope: 'Shopper PasswordReset' }), credentials);
    expect(issued).toMatchObject({ scope: 'PasswordReset', refreshToken: undefined });
  });

  it('refuses a scope that is none before it looks at the password', async () => {
    const { tokens, request, credentials, verified } = await openWorld();
    await expect(tokens.password(await request({ scope: 'a  b' }), credentials)).rejects.toMatchObject({ code: 'invalid_scope' });
    await expect(tokens.password(await request({ resource: 'https://unknown.example.com' }), credentials)).rejects.toMatchObject({
      code: 'invalid_target',
    });
    expect(verified).toEqual([]);
  });
});

describe('what is reported as issued', () => {
  it('has left; a token that could not be kept has not', async () => {
    const failing =
      (method: 'create' | 'rotate') =>
      (store: Store): Store => ({
        ...store,
        grants: { ...store.grants, [method]: () => Promise.reject(new DomainError('unavailable', 'down')) },
      });
    const { tokens, request, credentials, issued } = await openWorld(failing('create'));
    await expect(tokens.password(await request(), credentials)).rejects.toMatchObject({ code: 'unavailable' });
    expect(issued).toEqual([]);
    const world = await openWorld(failing('rotate'));
    const first = await world.tokens.password(await world.request(), world.credentials);
    await expect(world.tokens.refresh(await world.request(), first.refreshToken!)).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.issued.map(({ grantType }) => grantType)).toEqual(['password']);
  });

  it('says what was asked for, given and dropped, and why', async () => {
    const { tokens, request, issued } = await openWorld();
    await tokens.clientCredentials(await request({ scope: 'OrderReader Shopper Bogus' }));
    expect(issued).toEqual([
      {
        grantType: 'client_credentials',
        jti: expect.any(String),
        clientId: 'shop',
        subject: 'shop',
        audience: AUDIENCE.seller,
        catalogue: expect.anything(),
        held: expect.objectContaining({ client: 'shop' }),
        negotiation: expect.objectContaining({
          granted: ['Shopper'],
          dropped: [
            { name: 'OrderReader', verdict: 'unheld' },
            { name: 'Bogus', verdict: 'unknown' },
          ],
        }),
      },
    ]);
  });
});

describe('refreshing', () => {
  it('leaves the token usable when the request was refused for a reason that can be mended', async () => {
    const { tokens, request, credentials, change } = await openWorld();
    const { refreshToken } = await tokens.password(await request(), credentials);
    await expect(tokens.refresh(await request({ scope: 'a  b' }), refreshToken!)).rejects.toMatchObject({ code: 'invalid_scope' });
    await expect(tokens.refresh(await request({ resource: 'https://other.example.com' }), refreshToken!)).rejects.toMatchObject({
      code: 'invalid_target',
    });
    await expect(tokens.refresh(await request({}, 'other'), refreshToken!)).rejects.toMatchObject({ code: 'invalid_grant' });
    await change((tx) => tx.users.put([user('alice', 'acme', { active: false })]));
    await expect(tokens.refresh(await request(), refreshToken!)).rejects.toMatchObject({
      code: 'invalid_grant',
      message: 'the user or its organization is disabled',
    });
    await change((tx) => tx.users.put([user('alice', 'acme')]));
    expect((await tokens.refresh(await request(), refreshToken!)).scope).toBe('Shopper');
  });

  it('notices the second use, ends the family and writes it down', async () => {
    const { tokens, request, credentials, store, introspection } = await openWorld();
    const first = await tokens.password(await request(), credentials);
    const second = await tokens.refresh(await request(), first.refreshToken!);
    await expect(tokens.refresh(await request(), first.refreshToken!)).rejects.toMatchObject({
      code: 'invalid_grant',
      message: expect.stringContaining('used before'),
    });
    await expect(tokens.refresh(await request(), second.refreshToken!)).rejects.toMatchObject({
      code: 'invalid_grant',
      message: 'the grant was revoked or has expired',
    });
    for (const { accessToken } of [first, second]) expect(await introspection.introspect(accessToken, 'shop')).toEqual({ active: false });
    const [event] = await listAuditEvents(store, { limit: 1, type: 'refresh_token_reuse_detected' });
    expect(event).toMatchObject({ actor: { kind: 'client', id: 'shop' }, target: { kind: 'user', id: 'alice' } });
  });

  it('ends with the grant, however often it was done', async () => {
    const { tokens, request, credentials, clock } = await openWorld();
    let { refreshToken } = await tokens.password(await request(), credentials);
    for (let hour = 1; hour < 24; hour += 1) {
      clock.advance(3_600_000);
      ({ refreshToken } = await tokens.refresh(await request(), refreshToken!));
    }
    clock.advance(3_600_000);
    await expect(tokens.refresh(await request(), refreshToken!)).rejects.toMatchObject({ code: 'invalid_grant' });
  });
});

describe('the life of a token', () => {
  it.each([
    [90_400, 90],
    [1000, 1],
    [400, 1],
    [3_600_000, 600],
  ])('with a lease that ends in %d ms is %d s', async (left, seconds) => {
    const { tokens, request, change } = await openWorld();
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('leased', ['OrderReader'])]);
      await tx.assignments.put([assignment('leased', to.client('shop'), { validUntil: new Date(START + left) })]);
    });
    const issued = await tokens.clientCredentials(await request({ scope: 'OrderReader Shopper' }));
    expect(issued.expiresIn).toBe(seconds);
    expect(claims(issued)).toMatchObject({ iat: START / 1000, exp: START / 1000 + seconds });
  });
});
