import { describe, expect, it } from '@jest/globals';
import { looksLikeJwt, traceOf } from '../../../src/services/token-trace.ts';
import { AUDIENCE, client, user } from '../../support/market.ts';
import { openWorld, START } from './fixtures.ts';

const INACTIVE = { active: false };

describe('what a token is', () => {
  it.each([
    ['a.b.c', true],
    ['.', true],
    ['secret', false],
    ['', false],
  ])('%j is a JWT: %s', (token, expected) => expect(looksLikeJwt(token)).toBe(expected));

  it('is traced by its id, its grant, its user, its client and the instant of its making', () => {
    const uuid = '019767b1-2c00-7000-8000-000000000001';
    expect(traceOf({ jti: `g-1~${uuid}`, sub: 'alice', client_id: 'shop' })).toEqual({
      jti: `g-1~${uuid}`,
      grantId: 'g-1',
      userId: 'alice',
      clientId: 'shop',
      issuedAt: new Date(0x019767b12c00),
    });
    expect(traceOf({ jti: uuid, sub: 'shop', client_id: 'shop' })).toMatchObject({ grantId: undefined, userId: undefined });
  });
});

describe('introspecting an access token', () => {
  it('answers its client and the clients that serve its API with everything, all others with nothing', async () => {
    const { tokens, introspection, request, credentials } = await openWorld();
    const { accessToken } = await tokens.password(await request(), credentials);
    for (const caller of ['shop', 'api']) {
      expect(await introspection.introspect(accessToken, caller)).toMatchObject({
        active: true,
        sub: 'alice',
        client_id: 'shop',
        aud: AUDIENCE.seller,
        roles: ['Shopper'],
        scope: 'Shopper',
        token_type: 'Bearer',
      });
    }
    for (const caller of ['other', '', 'alice']) expect(await introspection.introspect(accessToken, caller)).toEqual(INACTIVE);
  });

  it('gives the roles that were minted and are still held, never more', async () => {
    const { tokens, introspection, request, credentials, change } = await openWorld();
    const { accessToken } = await tokens.password(await request({ scope: 'Shopper' }), credentials);
    await change(async (tx) =>
      tx.securityProfiles.put([{ ...(await tx.securityProfiles.findMany(['shopping'])).get('shopping')!, roles: ['OrderReader', 'Shopper'] }]),
    );
    expect(await introspection.introspect(accessToken, 'api')).toMatchObject({ roles: ['Shopper'] });
    await change(async (tx) =>
      tx.securityProfiles.put([{ ...(await tx.securityProfiles.findMany(['shopping'])).get('shopping')!, roles: ['OrderReader'] }]),
    );
    expect(await introspection.introspect(accessToken, 'api')).toMatchObject({ active: true, roles: [], scope: '' });
  });

  it('is inactive once the user, the client or the context user is gone or disabled', async () => {
    const { tokens, introspection, request, credentials, change } = await openWorld();
    const ofUser = (await tokens.password(await request(), credentials)).accessToken;
    const ofClient = (await tokens.clientCredentials(await request())).accessToken;
    await change((tx) => tx.users.put([user('alice', 'acme', { active: false })]));
    expect(await introspection.introspect(ofUser, 'api')).toEqual(INACTIVE);
    expect(await introspection.introspect(ofClient, 'api')).toMatchObject({ active: true });
    await change((tx) => tx.clients.put([client('shop', { contextUser: 'alice' })]));
    expect(await introspection.introspect(ofClient, 'api')).toEqual(INACTIVE);
    await change(async (tx) => {
      await tx.users.put([user('alice', 'acme')]);
      await tx.clients.put([client('shop', { active: false })]);
    });
    for (const token of [ofUser, ofClient]) expect(await introspection.introspect(token, 'api')).toEqual(INACTIVE);
  });
});

describe('introspecting a refresh token', () => {
  it('answers its client alone, until it is used up', async () => {
    const { tokens, introspection, request, credentials } = await openWorld();
    const { refreshToken } = await tokens.password(await request(), credentials);
    expect(await introspection.introspect(refreshToken!, 'shop')).toEqual({
      active: true,
      client_id: 'shop',
      sub: 'alice',
      username: 'alice',
      aud: AUDIENCE.seller,
      scope: 'Shopper',
      roles: ['Shopper'],
      iat: START / 1000,
      exp: START / 1000 + 86_400,
    });
    for (const caller of ['api', 'other']) expect(await introspection.introspect(refreshToken!, caller)).toEqual(INACTIVE);
    await tokens.refresh(await request(), refreshToken!);
    expect(await introspection.introspect(refreshToken!, 'shop')).toEqual(INACTIVE);
  });

  it('is inactive when its grant has ended', async () => {
    const { tokens, introspection, request, credentials, clock } = await openWorld();
    const { refreshToken } = await tokens.password(await request(), credentials);
    clock.advance(86_400_000);
    expect(await introspection.introspect(refreshToken!, 'shop')).toEqual(INACTIVE);
  });
});
