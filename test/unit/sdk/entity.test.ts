import { describe, expect, it } from '@jest/globals';
import { allOf, anyOf, assertAccess, requireRoles, type Check } from '../../../src/sdk/checks.ts';
import { entity, organizationTypes } from '../../../src/sdk/entity.ts';
import { testAccess } from '../../../src/sdk/testing.ts';
import { refusal } from './refusal.ts';

const at = (...path: string[]) => testAccess({ organization: { id: path.at(-1)!, type: 'site', path } });

describe('a company', () => {
  const check = entity.company('BUYCO');
  it('is the own one, or one that the user is authorized for', () => {
    expect(check.allows(testAccess({ organization: { id: 'BUYCO' } }))).toBe(true);
    expect(check.allows(testAccess({ organization: { id: 'OTHER', ids: ['OTHER', 'BUYCO'] } }))).toBe(true);
  });

  it.each([[[]], [['BUYCO2']], [['buyco']], [['BUYC']]])('is not among %j', (ids) => {
    expect(check.allows(testAccess({ organization: { id: 'OTHER', ids }, roles: ['FullAccess'] }))).toBe(false);
  });
});

describe('a user', () => {
  it('is the subject, and never a client', () => {
    expect(entity.user('bob').allows(testAccess({ subject: 'bob' }))).toBe(true);
    expect(entity.user('bob').allows(testAccess({ subject: 'bob', clientId: 'bob' }))).toBe(false);
    expect(entity.user('bob').allows(testAccess({ subject: 'Bob' }))).toBe(false);
    expect(entity.user('bob').allows(testAccess({ subject: 'alice', actor: 'bob' }))).toBe(false);
  });
});

describe('the platform', () => {
  it('leaves it to the roles', () => {
    const check = allOf('company:create', entity.platform);
    expect(check.allows(testAccess({ roles: ['company:create'] }))).toBe(true);
    expect(check.allows(testAccess())).toBe(false);
  });
});

describe('a node of the tree', () => {
  const customer = at('sys', 'PRV', 'CUST');
  it.each<[string, Check, boolean]>([
    ['the own one', entity.at(['sys', 'PRV', 'CUST'], { write: true }), true],
    ['one below', entity.at(['sys', 'PRV', 'CUST', 'Boston'], { write: true }), true],
    ['one above', entity.at(['sys', 'PRV']), false],
    ['one above that is visible below', entity.at(['sys', 'PRV'], { visibleBelow: true }), true],
    ['the root that is visible below', entity.at(['sys'], { visibleBelow: true }), true],
    ['one above that is visible below, to be changed', entity.at(['sys', 'PRV'], { visibleBelow: true, write: true }), false],
    ['a sister', entity.at(['sys', 'PRV', 'OTHER'], { visibleBelow: true }), false],
    ['one in another branch of the same name', entity.at(['sys', 'PRV2', 'CUST']), false],
    ['one below a sister', entity.at(['sys', 'PRV', 'OTHER', 'CUST']), false],
  ])('is %s', (_what, check, allowed) => {
    expect(check.allows(customer)).toBe(allowed);
  });

  it('is nobody’s without an organization, or with a path that does not lead to it', () => {
    for (const organization of [undefined, { id: 'sys', type: 'x', path: [] }, { id: 'CUST', type: 'x', path: ['sys'] }]) {
      expect(entity.at(['sys', 'PRV'], { visibleBelow: true }).allows(testAccess(organization === undefined ? {} : { organization }))).toBe(false);
    }
  });

  it('must be named', () => {
    expect(() => entity.at([])).toThrow(/path must name the nodes/);
  });
});

describe('the type of an organization', () => {
  const buyer = testAccess({ roles: ['FullAccess'], organization: { id: 'acme', type: 'buyer', path: ['acme'] } });
  it('counts whatever roles there are', () => {
    expect(allOf(anyOf('FullAccess', 'ApiClientAdmin'), organizationTypes('seller')).allows(buyer)).toBe(false);
    expect(organizationTypes('seller', 'buyer').allows(buyer)).toBe(true);
    expect(organizationTypes('seller').allows(testAccess())).toBe(false);
    expect(() => organizationTypes()).toThrow(/at least one type/);
  });
});

describe('a refusal', () => {
  const check = allOf(requireRoles('order:read'), entity.company('OTHER'));
  it('says when the roles would do, and it is the place that is wrong', () => {
    const error = refusal(() => assertAccess(testAccess({ roles: ['order:read'], organization: { id: 'BUYCO' } }), check));
    expect(error).toMatchObject({ code: 'insufficient_scope', status: 403 });
    expect(error.message).toMatch(/^The roles of the token would do, but not here/);
    expect(error.body).toMatchObject({ sufficient_roles: ['order:read'], token_roles: ['order:read'] });
  });

  it('speaks of roles when they are lacking, wherever the caller is', () => {
    for (const id of ['BUYCO', 'OTHER']) {
      const error = refusal(() => assertAccess(testAccess({ roles: ['order:write'], organization: { id } }), check));
      expect(error.message).toBe('The token does not carry the roles that this call needs.');
    }
  });

  it('for the place alone names no scope', () => {
    const error = refusal(() => assertAccess(testAccess(), entity.company('OTHER')));
    expect(error.headers['www-authenticate']).not.toContain('scope=');
  });
});
