import { describe, expect, it } from '@jest/globals';
import { assertRoleName, BUILT_IN_ROLES, foldName, isBuiltInRole, OIDC_SCOPES, ROLE_CATEGORIES, ROLE_NAME } from '../../../src/domain/role.ts';
import { refusal } from './refusal.ts';

describe('assertRoleName', () => {
  it.each([
    'OrderReader',
    'data/Role:update',
    'a',
    '7',
    'a.b_c:d/e-f',
    'x'.repeat(100),
    'constructor',
    'toString',
    'hasOwnProperty',
    'openid:read',
    'FullAccess',
  ])('accepts %p', (name) => {
    expect(() => assertRoleName(name)).not.toThrow();
  });

  it.each([
    ['nothing', ''],
    ['a space, which would make two roles of one in a scope string', 'Order Admin'],
    ['a leading space', ' OrderAdmin'],
    ['a trailing line feed', 'OrderAdmin\n'],
    ['a quotation mark', 'a"b'],
    ['a backslash', 'a\\b'],
    ['an accent', 'é'],
    ['a Cyrillic look-alike', 'ОrderAdmin'],
    ['full-width letters', 'ＯrderAdmin'],
    ['a direction override', 'Order\u202EAdmin'],
    ['a wildcard', 'Order*'],
    ['a first underscore', '__proto__'],
    ['a first slash', '/Order'],
    ['101 characters', 'x'.repeat(101)],
    ['NUL', 'a\0'],
  ])('refuses %s', (_, name) => {
    const error = refusal(() => assertRoleName(name, '/roles/0/name'));
    expect(error).toMatchObject({ code: 'invalid_input', pointer: '/roles/0/name' });
    expect(error.message).toContain('cannot be a role name: 1 to 100 of');
  });

  it('quotes no more than the start of a long name', () => {
    const { message } = refusal(() => assertRoleName(`${'x'.repeat(120)}SECRET`));
    expect(message).toContain('x'.repeat(120));
    expect(message).not.toContain('SECRET');
  });

  it.each([...OIDC_SCOPES, 'OpenID', 'Offline_Access', 'EMAIL'])('refuses %p, a scope of OpenID Connect in any case', (name) => {
    expect(refusal(() => assertRoleName(name, '/x'))).toMatchObject({
      code: 'invalid_input',
      pointer: '/x',
      message: `"${name}" is a scope of OpenID Connect and cannot be a role name.`,
    });
  });

  it.each([
    ['fullaccess', 'FullAccess'],
    ['FULLACCESS', 'FullAccess'],
    ['userADMIN', 'UserAdmin'],
  ])('refuses %p, which a person takes for the built-in %s', (name, builtIn) => {
    expect(refusal(() => assertRoleName(name, '/x'))).toMatchObject({
      code: 'invalid_input',
      pointer: '/x',
      message: `"${name}" is too close to the built-in role ${builtIn}.`,
    });
  });

  it('lets a workspace restate every built-in role under its exact name', () => {
    for (const { name } of BUILT_IN_ROLES) expect(() => assertRoleName(name)).not.toThrow();
  });
});

describe('built-in roles', () => {
  it('are well-formed, distinct also to a hasty eye, of a known category, and described in a sentence', () => {
    expect(new Set(BUILT_IN_ROLES.map(({ name }) => foldName(name))).size).toBe(BUILT_IN_ROLES.length);
    for (const { name, category, description } of BUILT_IN_ROLES) {
      expect(name).toMatch(ROLE_NAME);
      expect(ROLE_CATEGORIES).toContain(category);
      expect(description).toMatch(/^[A-Z].+\.$/);
    }
  });

  it('hold what the management API needs', () => {
    const names = BUILT_IN_ROLES.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['FullAccess', 'SecurityProfileAdmin', 'UserReader', 'ApiClientAdmin', 'Impersonation', 'PasswordReset', 'MeAdmin']),
    );
  });

  it('are recognized byte by byte', () => {
    expect(isBuiltInRole('FullAccess')).toBe(true);
    expect(isBuiltInRole('fullaccess')).toBe(false);
    expect(isBuiltInRole('ＦullAccess')).toBe(false);
    expect(isBuiltInRole('FullAccess ')).toBe(false);
    expect(isBuiltInRole('OrderAdmin')).toBe(false);
    expect(isBuiltInRole('constructor')).toBe(false);
  });
});

describe('foldName', () => {
  it('makes equal what a person could confuse', () => {
    expect(foldName('ＦULLaccess')).toBe('fullaccess');
    expect(foldName('\u212Aelvin')).toBe('kelvin');
    expect(foldName('OrderAdmin')).not.toBe(foldName('OrderReader'));
  });
});
