import { describe, expect, it } from '@jest/globals';
import { barredResourcesOf, isBarredFrom, RESOURCES, type OrganizationType } from '../../../src/domain/organization.ts';
import { catalogueOf } from './fixtures.ts';

const root: OrganizationType = { name: 'seller', parents: [], barredRoles: [] };
const below: OrganizationType = { name: 'buyer', parents: ['seller'], barredRoles: [] };
const CLIENT_ROLES = ['ApiClientReader', 'ApiClientAdmin'];

describe('the resources that a type is barred from', () => {
  it('are none for a root type that says nothing', () => {
    expect(barredResourcesOf(root)).toEqual([]);
    for (const resource of RESOURCES) expect(isBarredFrom(root, resource, CLIENT_ROLES)).toBe(false);
  });

  it('are clients, keys and resource servers for a type below another that says nothing', () => {
    expect(barredResourcesOf(below)).toEqual(['clients', 'keys', 'resource_servers']);
    expect(RESOURCES.filter((resource) => isBarredFrom(below, resource, CLIENT_ROLES))).toEqual(['clients', 'resource_servers', 'keys']);
  });

  it('are exactly those that it names, also when these are none', () => {
    expect(barredResourcesOf({ ...root, barredResources: ['users'] })).toEqual(['users']);
    expect(isBarredFrom({ ...root, barredResources: ['users'] }, 'users', [])).toBe(true);
    expect(isBarredFrom({ ...root, barredResources: ['users'] }, 'user_groups', [])).toBe(false);
    expect(RESOURCES.filter((resource) => isBarredFrom({ ...below, barredResources: [] }, resource, CLIENT_ROLES))).toEqual([]);
    expect(isBarredFrom({ ...below, barredResources: ['audit_events'] }, 'clients', CLIENT_ROLES)).toBe(false);
  });
});

describe('a resource whose roles are barred', () => {
  const open: OrganizationType = { ...below, barredResources: [] };

  it('is barred when all of them are', () => {
    expect(isBarredFrom({ ...open, barredRoles: ['Shopper', ...CLIENT_ROLES] }, 'clients', CLIENT_ROLES)).toBe(true);
    expect(isBarredFrom({ ...root, barredRoles: CLIENT_ROLES }, 'clients', CLIENT_ROLES)).toBe(true);
  });

  it('is open when one of them is not, compared byte by byte', () => {
    expect(isBarredFrom({ ...open, barredRoles: ['ApiClientAdmin'] }, 'clients', CLIENT_ROLES)).toBe(false);
    expect(isBarredFrom({ ...open, barredRoles: ['ApiClientAdmin', 'apiclientreader'] }, 'clients', CLIENT_ROLES)).toBe(false);
  });

  it('is not barred for having no roles of its own', () => {
    expect(isBarredFrom({ ...open, barredRoles: CLIENT_ROLES }, 'clients', [])).toBe(false);
  });
});

describe('the catalogue', () => {
  const catalogue = catalogueOf({ organizationTypes: [root, below, { ...below, name: 'partner', barredResources: ['revocations'] }] });

  it('answers what a type is barred from', () => {
    const barred = (type: string) => barredResourcesOf(catalogue.organizationType(type)!);
    expect(barred('seller')).toEqual([]);
    expect(barred('buyer')).toEqual(['clients', 'keys', 'resource_servers']);
    expect(barred('partner')).toEqual(['revocations']);
    expect(catalogue.organizationType('partner')).toEqual({ ...below, name: 'partner', barredResources: ['revocations'] });
  });

  it('knows nothing of a type that nobody defined', () => {
    for (const type of ['Buyer', '', '__proto__', 'constructor']) expect(catalogue.organizationType(type)).toBeUndefined();
  });
});
