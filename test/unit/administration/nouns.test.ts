import { describe, expect, it } from '@jest/globals';
import type { Administrator } from '../../../src/administration/administrator.ts';
import { completed, keyed, readable, withKey } from '../../../src/administration/nouns.ts';
import { EVERYTHING, type Tenancy } from '../../../src/domain/tenancy.ts';

const random = { id: () => 'generated', secret: () => 'secret' };
const below: Tenancy = { kind: 'subtree', organization: 'B1', path: ['S', 'B1'] };
const root: Tenancy = { kind: 'subtree', organization: 'S', path: ['S'] };
const by = (tenancy: Tenancy): Administrator => ({
  actor: { kind: 'user', id: 'ann' },
  onBehalfOf: undefined,
  clientId: 'console',
  roles: new Set(),
  acting: { kind: 'user', id: 'ann', active: true, authorizedOrganizations: [], memberships: [], reaches: [] },
  tenancy,
  barred: new Map(),
  requestId: 'r',
});

describe('an id', () => {
  it('is generated where it is left out, and never instead of one that is given', () => {
    expect(withKey('users', { username: 'ann' }, random)).toEqual({ id: 'generated', username: 'ann' });
    expect(withKey('clients', {}, random)).toEqual({ client_id: 'generated' });
    expect(withKey('users', { id: 'ann' }, random)).toEqual({ id: 'ann' });
    expect(withKey('users', { id: '' }, random)).toEqual({ id: '' });
  });

  it('is not generated where people choose a name, nor for assignments', () => {
    for (const noun of ['roles', 'permission_types', 'organization_types', 'resource_servers', 'assignments'] as const)
      expect(withKey(noun, {}, random)).toEqual({});
  });

  it('is that of the path, and no other', () => {
    expect(keyed('users', 'ann', { email: 'a@b' })).toEqual({ id: 'ann', email: 'a@b' });
    expect(keyed('users', 'ann', { id: 'ann' })).toEqual({ id: 'ann' });
    expect(() => keyed('users', 'ann', { id: 'bob' })).toThrow('id cannot be changed: it is "ann".');
    expect(() => keyed('users', 'ann', { id: null })).toThrow('id cannot be changed: it is "ann".');
    expect(keyed('assignments', 'x', { security_profile: 'p' })).toEqual({ security_profile: 'p' });
  });
});

describe('whose an object is when nobody says so', () => {
  it('is the own organization below a root', () => {
    expect(completed('security_profiles', { id: 'p' }, { administrator: by(below) })).toEqual({ id: 'p', organization: 'B1' });
    expect(completed('clients', { client_id: 'c' }, { administrator: by(below) })).toEqual({ client_id: 'c', organization: 'B1' });
  });

  it('is nobody at a root', () => {
    for (const tenancy of [root, EVERYTHING])
      expect(completed('security_profiles', { id: 'p' }, { administrator: by(tenancy) })).toEqual({ id: 'p' });
  });

  it('stays what it was', () => {
    expect(completed('clients', { client_id: 'c' }, { administrator: by(below), current: { organization: 'B1-site' } })).toEqual({
      client_id: 'c',
      organization: 'B1-site',
    });
  });

  it('is what is said, also nobody', () => {
    expect(completed('clients', { client_id: 'c', organization: null }, { administrator: by(below) })).toEqual({
      client_id: 'c',
      organization: null,
    });
  });

  it('is not asked of what belongs to no organization', () => {
    expect(completed('roles', { name: 'R' }, { administrator: by(below) })).toEqual({ name: 'R' });
  });
});

describe('a clone', () => {
  it('stays the clone of what it was made of', () => {
    const current = { origin: { security_profile: 'p', version: 1 } };
    expect(completed('security_profiles', { id: 'c' }, { administrator: by(root), current })).toEqual({ id: 'c', ...current });
  });
});

describe('what may be read', () => {
  it('comes from above for definitions and profiles, and only from within for the rest', () => {
    const inherited = (['organization_types', 'roles', 'permission_types', 'security_profiles', 'resource_servers'] as const).map(
      (noun) => readable(noun, by(below)).inherited,
    );
    expect(inherited).toEqual([true, true, true, true, true]);
    const own = (['organizations', 'user_groups', 'users', 'clients', 'assignments', 'impersonation_rules'] as const).map(
      (noun) => readable(noun, by(below)).inherited,
    );
    expect(own).toEqual([false, false, false, false, false, false]);
  });
});
