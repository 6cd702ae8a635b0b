import { describe, expect, it } from '@jest/globals';
import { assertTypePattern, expandPermissions, permissionRole, type PermissionType } from '../../../src/domain/security-profile.ts';
import { refusal } from './refusal.ts';

const types: readonly PermissionType[] = [
  { type: 'data/User', operations: ['create', 'read', 'update'] },
  { type: 'data/Role', operations: ['create', 'read', 'update'] },
  { type: 'data/RoleTemplate', operations: ['read', 'update'] },
  { type: 'view/Dashboard', operations: ['read', 'export'] },
  { type: 'database', operations: ['read'] },
];

describe('expandPermissions', () => {
  it('gives nothing for no entries', () => {
    expect(expandPermissions([], types)).toEqual([]);
  });

  it('gives the operations of one type, and of no other whose name merely starts like it', () => {
    expect(expandPermissions([{ type: 'data/Role', operations: ['read', 'update'] }], types)).toEqual(['data/Role:read', 'data/Role:update']);
  });

  it('gives the operations of every type that starts with what stands before the wildcard', () => {
    expect(expandPermissions([{ type: 'data/*', operations: ['read'] }], types)).toEqual([
      'data/User:read',
      'data/Role:read',
      'data/RoleTemplate:read',
    ]);
  });

  it('takes the wildcard as a plain prefix: it may end within a word, and matches the prefix itself', () => {
    expect(expandPermissions([{ type: 'data*', operations: ['read'] }], types)).toContain('database:read');
    expect(expandPermissions([{ type: 'data/Role*', operations: ['read'] }], types)).toEqual(['data/Role:read', 'data/RoleTemplate:read']);
    expect(expandPermissions([{ type: 'database*', operations: ['read'] }], types)).toEqual(['database:read']);
    expect(expandPermissions([{ type: 'ata/*', operations: ['read'] }], types)).toEqual([]);
  });

  it('takes a lone wildcard for every type', () => {
    expect(expandPermissions([{ type: '*', operations: ['export'] }], types)).toEqual(['view/Dashboard:export']);
  });

  it('lets an exact entry replace a wider one: data/* read, update and data/Role read give no data/Role:update', () => {
    const roles = expandPermissions(
      [
        { type: 'data/*', operations: ['read', 'update'] },
        { type: 'data/Role', operations: ['read'] },
      ],
      types,
    );
    expect(roles).toEqual(['data/User:read', 'data/User:update', 'data/Role:read', 'data/RoleTemplate:read', 'data/RoleTemplate:update']);
  });

  it('lets the longer wildcard replace the shorter one, whichever is written first', () => {
    const narrow = { type: 'data/Role*', operations: ['read'] };
    const wide = { type: 'data/*', operations: ['update'] };
    const widest = { type: '*', operations: ['export'] };
    const expected = ['data/User:update', 'data/Role:read', 'data/RoleTemplate:read', 'view/Dashboard:export'];
    expect(expandPermissions([narrow, wide, widest], types)).toEqual(expected);
    expect(expandPermissions([widest, wide, narrow], types)).toEqual(expected);
  });

  it('lets an exact name beat a wildcard that is as long', () => {
    const exact = { type: 'database', operations: [] };
    expect(expandPermissions([{ type: 'database*', operations: ['read'] }, exact], types)).toEqual([]);
    expect(expandPermissions([exact, { type: 'databas*', operations: ['read'] }], types)).toEqual([]);
  });

  it('takes away with an entry without operations what a wider one would give', () => {
    const roles = expandPermissions(
      [
        { type: '*', operations: ['read'] },
        { type: 'data/*', operations: [] },
      ],
      types,
    );
    expect(roles).toEqual(['view/Dashboard:read', 'database:read']);
    expect(
      expandPermissions(
        [
          { type: 'data/*', operations: ['read'] },
          { type: 'data/Role', operations: [] },
        ],
        types,
      ),
    ).toEqual(['data/User:read', 'data/RoleTemplate:read']);
  });

  it('counts entries with the same pattern as one, whatever their order', () => {
    const read = { type: 'data/*', operations: ['read'] };
    const update = { type: 'data/*', operations: ['update'] };
    const none = { type: 'data/*', operations: [] };
    const both = ['data/User:read', 'data/User:update', 'data/Role:read', 'data/Role:update', 'data/RoleTemplate:read', 'data/RoleTemplate:update'];
    expect(expandPermissions([read, update, none], types)).toEqual(both);
    expect(expandPermissions([none, update, read], types)).toEqual(both);
    expect(
      expandPermissions(
        [
          { type: 'database', operations: [] },
          { type: 'database', operations: ['read'] },
        ],
        types,
      ),
    ).toEqual(['database:read']);
    expect(
      expandPermissions(
        [
          { type: 'database', operations: ['read'] },
          { type: 'database', operations: [] },
        ],
        types,
      ),
    ).toEqual(['database:read']);
  });

  it('gives nothing that the catalogue does not know: no other operation, no other type, no wildcard among operations', () => {
    expect(expandPermissions([{ type: 'data/User', operations: ['purge', '*', 'READ', 'toString'] }], types)).toEqual([]);
    expect(
      expandPermissions(
        [
          { type: 'data/Nothing', operations: ['read'] },
          { type: 'none/*', operations: ['read'] },
          { type: 'constructor', operations: ['read'] },
        ],
        types,
      ),
    ).toEqual([]);
    expect(expandPermissions([{ type: 'Data/*', operations: ['read'] }], types)).toEqual([]);
  });
});

describe('permissionRole', () => {
  it('names the pair', () => {
    expect(permissionRole('data/Role', 'update')).toBe('data/Role:update');
  });
});

describe('assertTypePattern', () => {
  it.each(['*', 'data/*', 'data*', 'data/Role', 'd', 'x'.repeat(100), `${'x'.repeat(99)}*`, 'address', 'profile*', 'FullAccess*'])(
    'accepts %p',
    (pattern) => {
      expect(() => assertTypePattern(pattern)).not.toThrow();
    },
  );

  it.each(['**', '*a', 'a*b', 'data/**', '*/Role', 'x'.repeat(101), `${'x'.repeat(100)}*`])(
    'refuses %p for its length or its wildcards',
    (pattern) => {
      const error = refusal(() => assertTypePattern(pattern, '/permissions/0/type'));
      expect(error).toMatchObject({ code: 'invalid_input', pointer: '/permissions/0/type' });
      expect(error.message).toBe(`"${pattern.slice(0, 120)}" cannot be a type: at most one *, at the end, 100 characters in all.`);
    },
  );

  it.each(['', ' ', ' *', '/data', '__proto__', 'da ta', 'd\u0430ta/*'])('refuses %p for its characters', (pattern) => {
    const error = refusal(() => assertTypePattern(pattern, '/permissions/0/type'));
    expect(error).toMatchObject({ code: 'invalid_input', pointer: '/permissions/0/type' });
    expect(error.message).toContain(`${JSON.stringify(pattern)} cannot be a type: A-Z a-z 0-9`);
  });

  it('quotes no more than the start of a long pattern', () => {
    expect(refusal(() => assertTypePattern(`${'x'.repeat(120)}SECRET`)).message).not.toContain('SECRET');
  });
});
