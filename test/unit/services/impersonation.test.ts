import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../src/domain/client.ts';
import { DomainError } from '../../../src/domain/errors.ts';
import type { Claims, Store } from '../../../src/domain/ports.ts';
import type { ImpersonationRequest } from '../../../src/services/impersonation.ts';
import { assignment, AUDIENCE, client, profile, to, user } from '../../support/market.ts';
import { openSigner, openWorld } from './fixtures.ts';
import { listAuditEvents } from '../../support/audit.ts';

/** Carla supports Acme: she may act as its people through the client desk, as far as the profile helping goes. */
async function openDesk(given: Partial<Client> = {}, wrap?: (store: Store) => Store) {
  const world = await openWorld(wrap);
  await world.change(async (tx) => {
    await tx.users.put([user('carla', 'acme')]);
    await tx.setPassword('carla', 'new:pw', new Date(0));
    await tx.securityProfiles.put([profile('support', ['Impersonation']), profile('helping', ['Shopper', 'OrderReader'])]);
    await tx.clients.put([client('desk', given)]);
    await tx.assignments.put([assignment('support', to.user('carla'))]);
    await tx.impersonationRules.put([
      { id: 'carla-acme', impersonator: to.user('carla'), target: to.organization('acme'), securityProfile: 'helping', client: 'desk' },
    ]);
  });
  const signIn = async (dpopThumbprint?: string) => {
    const request = await world.request({ scope: 'Impersonation', resource: undefined, dpopThumbprint });
    return (await world.tokens.password(request, { ...world.credentials, username: 'carla' })).accessToken;
  };
  const act = async (asked: Partial<ImpersonationRequest> = {}, dpopThumbprint?: string) => {
    const subjectToken = asked.subjectToken ?? (await signIn());
    const request = await world.request({ scope: 'Shopper', dpopThumbprint }, 'desk');
    return world.tokens.impersonate(request, { subjectToken, requestedSubject: 'alice', ...asked });
  };
  return { ...world, signIn, act };
}

const claimsOf = async (token: string): Promise<Claims> => (await openSigner.verify(token))!;

describe('acting as somebody else', () => {
  it('is written down before the token is known to anybody', async () => {
    const { act, store, issued } = await openDesk();
    const token = await act({ requestId: 'r-1' });
    expect(token).toMatchObject({
      scope: 'Shopper',
      expiresIn: 600,
      tokenType: 'Bearer',
      issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
    });
    expect(token.refreshToken).toBeUndefined();
    const claims = await claimsOf(token.accessToken);
    expect(claims).toMatchObject({ sub: 'alice', act: { sub: 'carla' }, client_id: 'desk', aud: AUDIENCE.seller, roles: ['Shopper'] });
    expect(issued.at(-1)).toMatchObject({ subject: 'alice', actor: 'carla', clientId: 'desk', jti: claims['jti'] });
    expect(await listAuditEvents(store, { limit: 10, type: 'impersonation_started' })).toMatchObject([
      {
        actor: { kind: 'user', id: 'carla' },
        target: { kind: 'user', id: 'alice' },
        requestId: 'r-1',
        after: { rules: ['carla-acme'], jti: claims['jti'] },
      },
    ]);
  });

  it('does not happen when it cannot be written down', async () => {
    let down = false;
    const { act, store, issued } = await openDesk({}, (real) => ({
      ...real,
      transaction: (work, options) => (down ? Promise.reject(new DomainError('unavailable', 'The store is down.')) : real.transaction(work, options)),
    }));
    down = true;
    await expect(act()).rejects.toMatchObject({ code: 'unavailable' });
    expect(issued.filter(({ actor }) => actor !== undefined)).toEqual([]);
    expect(await listAuditEvents(store, { limit: 10, type: 'impersonation_started' })).toEqual([]);
  });

  it('decides on what the store says, never on what was known before', async () => {
    const { act, signIn, store } = await openDesk();
    const subjectToken = await signIn();
    await act({ subjectToken });
    // A change by another node, of which this one was not told.
    await store.transaction((tx) => tx.impersonationRules.remove(['carla-acme']));
    await expect(act({ subjectToken })).rejects.toMatchObject({ code: 'invalid_grant', errorCode: 'Impersonation.ConfigError' });
  });

  it('takes a token that is bound to a key together with its proof only, and binds what it gives', async () => {
    const { act, signIn } = await openDesk();
    const subjectToken = await signIn('key-of-carla');
    const reason = 'subject_token is not accepted: it is bound to another key';
    await expect(act({ subjectToken })).rejects.toMatchObject({ code: 'invalid_request', message: reason });
    await expect(act({ subjectToken }, 'key-of-mallory')).rejects.toMatchObject({ code: 'invalid_request', message: reason });
    const token = await act({ subjectToken }, 'key-of-carla');
    expect(token.tokenType).toBe('DPoP');
    expect(await claimsOf(token.accessToken)).toMatchObject({ cnf: { jkt: 'key-of-carla' } });
    expect(await claimsOf((await act({}, 'another-key')).accessToken)).toMatchObject({ cnf: { jkt: 'another-key' } });
  });

  it.each([
    [{ accessTokenLifetimeSeconds: 60 }, 60],
    [{ accessTokenLifetimeSeconds: 3600 }, 600],
  ])('through a client with %j lives %d s', async (given, seconds) => {
    const { act } = await openDesk(given);
    expect((await act()).expiresIn).toBe(seconds);
  });

  it('says what a request that is no request for a token says', async () => {
    const { tokens, request, signIn, issued } = await openDesk();
    const asked = { subjectToken: await signIn(), requestedSubject: 'alice' };
    const before = issued.length;
    await expect(tokens.impersonate(await request({ scope: ' Shopper' }, 'desk'), asked)).rejects.toMatchObject({ code: 'invalid_scope' });
    await expect(tokens.impersonate(await request({ resource: 'https://nobody.example.com' }, 'desk'), asked)).rejects.toMatchObject({
      code: 'invalid_target',
    });
    expect(issued.length).toBe(before);
  });
});
