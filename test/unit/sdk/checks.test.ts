import { describe, expect, it } from '@jest/globals';
import { accessOf } from '../../../src/sdk/access.ts';
import { allOf, anyOf, assertAccess } from '../../../src/sdk/checks.ts';
import { refusal } from './refusal.ts';

const access = (...roles: string[]) => accessOf({ sub: 'alice', client_id: 'shop', jti: 't', exp: 1, roles, scope: roles.join(' ') });

describe('a check', () => {
  it('asks for a role by its exact name', () => {
    expect(() => assertAccess(access('OrderAdmin'), 'OrderAdmin')).not.toThrow();
    for (const held of ['Order', 'orderadmin', 'OrderAdmin2', 'OrderReader OrderAdmin', 'FullAccess', '*']) {
      expect(refusal(() => assertAccess(access(held), 'OrderAdmin')).status).toBe(403);
    }
  });

  it('is satisfied by any, or only by all', () => {
    const check = allOf(anyOf('FullAccess', 'OrderAdmin'), 'OverrideShipping');
    expect(check.roles).toEqual(['FullAccess', 'OrderAdmin', 'OverrideShipping']);
    expect(
      [['OrderAdmin'], ['OverrideShipping'], ['FullAccess'], [], ['OrderAdmin', 'OverrideShipping']].map((roles) => check.allows(access(...roles))),
    ).toEqual([false, false, false, false, true]);
  });

  it('is refused with the names that would help and those that the token has', () => {
    const error = refusal(() => assertAccess(access('Shopper'), anyOf('FullAccess', 'OrderAdmin', 'FullAccess')));
    expect(error).toMatchObject({ code: 'insufficient_scope', status: 403 });
    expect(error.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", error_description="The token does not carry the roles that this call needs.", scope="FullAccess OrderAdmin"',
    );
    expect(error.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'The token does not carry the roles that this call needs.',
      sufficient_roles: ['FullAccess', 'OrderAdmin'],
      token_roles: ['Shopper'],
    });
  });

  it('that asks for nothing is a mistake, and lets nobody in', () => {
    for (const make of [anyOf, allOf]) expect(() => make()).toThrow(/at least one requirement/);
  });

  it.each(['', 'OrderAdmin OrderReader', 'a"b', 'ä'])('cannot ask for %j', (name) => {
    expect(() => anyOf(name)).toThrow(/is not the name of one role/);
    expect(() => assertAccess(access('OrderAdmin'), name)).toThrow(/is not the name of one role/);
  });
});

describe('reading claims', () => {
  it('gives what the token says', () => {
    const claims = {
      sub: 'alice',
      client_id: 'shop',
      jti: 't-1',
      exp: 1_800_000_000,
      roles: ['Shopper'],
      scope: 'Shopper',
      org_id: 'acme',
      org_type: 'buyer',
      org_path: ['market', 'acme'],
      org_ids: ['acme', 'bolt'],
      username: 'Alice',
      act: { sub: 'carla' },
    };
    expect(accessOf(claims)).toEqual({
      subject: 'alice',
      clientId: 'shop',
      roles: new Set(['Shopper']),
      scope: 'Shopper',
      organization: { id: 'acme', type: 'buyer', path: ['market', 'acme'], ids: ['acme', 'bolt'] },
      username: 'Alice',
      actor: 'carla',
      tokenId: 't-1',
      expiresAt: new Date(1_800_000_000_000),
    });
  });

  it.each(['OrderAdmin', { 0: 'OrderAdmin', length: 1 }, [['OrderAdmin']], undefined, null])('finds no role in %j', (roles) => {
    expect(accessOf({ sub: 'a', roles, scope: 'OrderAdmin', act: null }).roles).toEqual(new Set());
  });
});
