import { describe, expect, it } from '@jest/globals';
import { byCodeUnit, compileCatalogue, withProfiles, type Catalogue, type Definitions } from '../../../src/domain/catalogue.ts';
import { BUILT_IN_ROLES } from '../../../src/domain/role.ts';
import { catalogueOf, profile, role } from './fixtures.ts';

const builtIn = BUILT_IN_ROLES.map(({ name }) => name);
const rolesOf = (catalogue: Catalogue, id: string) => [...(catalogue.profile(id)?.roles ?? [])].map((position) => catalogue.roles[position]);

describe('the roles of a catalogue', () => {
  it('are the built-in ones where nothing is defined', () => {
    expect(catalogueOf({}).roles).toEqual([...builtIn].toSorted(byCodeUnit));
  });

  it('are built-in ones, custom ones and every type:operation pair, each once, sorted by code unit', () => {
    const { roles } = catalogueOf({
      roles: ['zebra', 'Zebra', 'a', 'FullAccess', 'data/Role:read'].map(role),
      permissionTypes: [{ type: 'data/Role', operations: ['read', 'update'] }],
    });
    expect(roles).toEqual([...new Set([...builtIn, 'zebra', 'Zebra', 'a', 'data/Role:read', 'data/Role:update'])].toSorted());
    expect(roles.indexOf('Zebra')).toBeLessThan(roles.indexOf('a'));
    expect(roles.indexOf('a')).toBeLessThan(roles.indexOf('zebra'));
  });

  it('are found by their exact bytes only', () => {
    const catalogue = catalogueOf({ roles: ['OrderAdmin', 'constructor'].map(role) });
    expect(catalogue.roles[catalogue.indexOf('OrderAdmin')!]).toBe('OrderAdmin');
    expect(catalogue.roles[catalogue.indexOf('constructor')!]).toBe('constructor');
    for (const name of [
      'orderadmin',
      'OrderAdmin ',
      ' OrderAdmin',
      'ОrderAdmin',
      'OrderAdmın',
      'Order*',
      '*',
      '',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'valueOf',
    ]) {
      expect(catalogue.indexOf(name)).toBeUndefined();
    }
  });
});

describe('a resolved profile', () => {
  const catalogue = catalogueOf({
    roles: ['Shopper', 'OrderReader'].map(role),
    permissionTypes: [
      { type: 'data/User', operations: ['read', 'update'] },
      { type: 'data/Role', operations: ['read', 'update'] },
    ],
    securityProfiles: [
      profile('plain', { roles: ['Shopper', 'OrderReader', 'Shopper', 'UserReader'] }),
      profile('mixed', {
        roles: ['data/Role:update', 'Shopper'],
        permissions: [
          { type: 'data/*', operations: ['read', 'update'] },
          { type: 'data/Role', operations: ['read'] },
        ],
      }),
      profile('unknown', { roles: ['Bogus', 'shopper', '__proto__', 'data/*', 'data/User:purge'] }),
      profile('voss', { fullAccess: true, permissions: [{ type: 'data/*', operations: [] }] }),
      profile('ordercloud', { roles: ['FullAccess'] }),
      profile('empty'),
    ],
  });

  it('has its plain roles once, ascending by position', () => {
    expect(rolesOf(catalogue, 'plain')).toEqual(['OrderReader', 'Shopper', 'UserReader']);
    expect(catalogue.profile('plain')?.profile.name).toBe('Profile plain');
  });

  it('resolves type permissions for themselves, before the union with its plain roles', () => {
    expect(rolesOf(catalogue, 'mixed')).toEqual(['Shopper', 'data/Role:read', 'data/Role:update', 'data/User:read', 'data/User:update']);
  });

  it('leaves out names that nobody knows', () => {
    expect(rolesOf(catalogue, 'unknown')).toEqual([]);
  });

  it('is every role of the catalogue with full_access, whatever its permissions say', () => {
    expect(rolesOf(catalogue, 'voss')).toEqual(catalogue.roles);
  });

  it('is one literal role with the role named FullAccess', () => {
    expect(rolesOf(catalogue, 'ordercloud')).toEqual(['FullAccess']);
  });

  it('may be empty, and does not exist under another id', () => {
    expect(rolesOf(catalogue, 'empty')).toEqual([]);
    for (const id of ['Empty', 'empty ', '', '__proto__', 'constructor']) expect(catalogue.profile(id)).toBeUndefined();
  });

  it('stays in position order with more than ten roles', () => {
    const names = Array.from({ length: 200 }, (_, index) => `role-${index}`);
    const big = catalogueOf({ roles: names.map(role), securityProfiles: [profile('big', { roles: names.toReversed() })] });
    const positions = [...big.profile('big')!.roles];
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions).toHaveLength(200);
  });
});

describe('what a type of organization is barred from', () => {
  const catalogue = catalogueOf({
    roles: ['OrderAdmin', 'Shopper'].map(role),
    organizationTypes: [
      { name: 'buyer', parents: [], barredRoles: ['OrderAdmin', 'FullAccess', 'Bogus'] },
      { name: 'seller', parents: [], barredRoles: [] },
    ],
  });

  it('are the known ones of its barred roles', () => {
    expect([...catalogue.barred('buyer')].map((position) => catalogue.roles[position]!).toSorted(byCodeUnit)).toEqual(['FullAccess', 'OrderAdmin']);
    expect([...catalogue.barred('seller')]).toEqual([]);
  });

  it('is nothing for a type that nobody defined', () => {
    for (const type of ['Buyer', '', '__proto__', 'constructor']) expect([...catalogue.barred(type)]).toEqual([]);
  });
});

describe('a catalogue that follows another one', () => {
  const definitions: Definitions = {
    roles: ['OrderAdmin', 'Shopper'].map(role),
    permissionTypes: [{ type: 'data/User', operations: ['read', 'update'] }],
    organizationTypes: [{ name: 'buyer', parents: [], barredRoles: ['OrderAdmin'] }],
    securityProfiles: [
      profile('plain', { roles: ['Shopper', 'Later'] }),
      profile('mixed', { roles: ['OrderAdmin'], permissions: [{ type: 'data/*', operations: ['read'] }] }),
      profile('voss', { fullAccess: true }),
      profile('gone', { roles: ['Shopper'] }),
    ],
  };
  const known = { definitions, catalogue: compileCatalogue(definitions) };

  const CHANGES: readonly (readonly [string, Partial<Definitions>])[] = [
    ['nothing', {}],
    ['a profile', { securityProfiles: [...definitions.securityProfiles.slice(1), profile('plain', { roles: ['OrderAdmin'] })] }],
    [
      'a profile that comes to be everything',
      { securityProfiles: [profile('plain', { fullAccess: true }), profile('voss', { roles: ['Shopper'] })] },
    ],
    ['which profiles there are', { securityProfiles: [...definitions.securityProfiles.slice(0, 3), profile('new', { roles: ['Shopper'] })] }],
    ['the roles', { roles: ['Shopper', 'Later', 'Also'].map(role) }],
    ['a permission type', { permissionTypes: [{ type: 'data/Role', operations: ['read'] }] }],
    ['what a type of organization is barred from', { organizationTypes: [{ name: 'buyer', parents: [], barredRoles: ['Shopper'] }] }],
  ];

  it.each(CHANGES)('says what one from scratch says after a change of %s', (_, change) => {
    const changed = { ...definitions, ...change };
    const [next, scratch] = [compileCatalogue(changed, known), compileCatalogue(changed)];
    expect(next.roles).toEqual(scratch.roles);
    expect([...next.profiles()]).toEqual([...scratch.profiles()]);
    for (const name of [...scratch.roles, 'OrderAdmin', 'Later', 'data/User:read']) expect(next.indexOf(name)).toBe(scratch.indexOf(name));
    expect(next.barred('buyer')).toEqual(scratch.barred('buyer'));
    expect(next.profile('gone')).toEqual(scratch.profile('gone'));
  });

  it('does not compile a profile again that is the same', () => {
    const next = compileCatalogue({ ...definitions, securityProfiles: [...definitions.securityProfiles, profile('new')] }, known);
    expect(next.profile('mixed')).toBe(known.catalogue.profile('mixed'));
  });
});

describe('definitions of which some profiles were read anew', () => {
  const definitions: Definitions = {
    roles: [],
    permissionTypes: [],
    organizationTypes: [],
    securityProfiles: ['a', 'c', 'e'].map((id) => profile(id)),
  };
  const [a, , e] = definitions.securityProfiles;

  it('have them in their places, and not those that are gone', () => {
    const [b, c] = [profile('b', { roles: ['B'] }), profile('c', { roles: ['C'] })];
    const read = new Map([b, c].map((found) => [found.id, found]));
    expect(withProfiles(definitions, new Set(['b', 'c', 'e', 'f']), read).securityProfiles).toEqual([a, b, c]);
    expect(withProfiles(definitions, new Set(['c']), new Map([['c', c]])).securityProfiles).toEqual([a, c, e]);
  });

  it('keep everything else as the same objects', () => {
    const next = withProfiles(definitions, new Set(['c']), new Map());
    expect(next.securityProfiles[0]).toBe(a);
    expect(next.roles).toBe(definitions.roles);
    expect(next.permissionTypes).toBe(definitions.permissionTypes);
  });
});

describe('byCodeUnit', () => {
  it('orders as tokens do: by UTF-16 unit, not by language', () => {
    expect(['b', 'a', 'B', 'a:b', 'a.b', 'a', '0'].toSorted(byCodeUnit)).toEqual(['0', 'B', 'a', 'a', 'a.b', 'a:b', 'b']);
    expect(byCodeUnit('a', 'b')).toBe(-1);
    expect(byCodeUnit('b', 'a')).toBe(1);
    expect(byCodeUnit('a', 'a')).toBe(0);
  });
});
