import { describe, expect, it } from '@jest/globals';
import { admitsOrganization, CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES, mayActFor } from '../../../src/domain/client.ts';

const acme = { id: 'acme', type: 'buyer' };

describe('admitsOrganization', () => {
  it.each([
    ['anyone when nothing is set', {}, true],
    ['anyone when both are set to undefined', { types: undefined, ids: undefined }, true],
    ['an organization of an allowed type', { types: ['seller', 'buyer'] }, true],
    ['an organization with an allowed id', { ids: ['acme'] }, true],
    ['an organization whose type is allowed though its id is not listed', { types: ['buyer'], ids: ['other'] }, true],
    ['an organization whose id is listed though its type is not allowed', { types: ['seller'], ids: ['acme'] }, true],
    ['nobody of another type', { types: ['seller'] }, false],
    ['nobody with another id', { ids: ['other'] }, false],
    ['nobody when neither fits', { types: ['seller'], ids: ['other'] }, false],
    ['nobody when the list of types is empty', { types: [] }, false],
    ['nobody when the list of ids is empty', { ids: [] }, false],
    ['nobody by another case', { types: ['Buyer'], ids: ['ACME'] }, false],
    ['nobody whose id stands among the types', { types: ['acme'], ids: ['buyer'] }, false],
  ])('lets in %s', (_, allowed, admitted) => {
    expect(admitsOrganization(allowed, acme)).toBe(admitted);
  });
});

describe('mayActFor', () => {
  const anonymous = { tokenEndpointAuthMethod: 'none', isAnonymousBuyer: true, contextUser: 'somebody' } as const;

  it('lets a client that proves who it is act for anybody', () => {
    expect(mayActFor({ tokenEndpointAuthMethod: 'client_secret_basic' }, { type: 'seller' })).toBe(true);
    expect(mayActFor({ tokenEndpointAuthMethod: 'private_key_jwt' }, undefined)).toBe(true);
  });

  it('lets one that anybody can be act for a buyer alone, and only as its context user', () => {
    expect(mayActFor(anonymous, { type: 'buyer' })).toBe(true);
    for (const type of ['seller', 'supplier', 'Buyer']) expect(mayActFor(anonymous, { type })).toBe(false);
    expect(mayActFor(anonymous, undefined)).toBe(false);
    expect(mayActFor({ ...anonymous, contextUser: undefined }, { type: 'buyer' })).toBe(false);
    expect(mayActFor({ ...anonymous, isAnonymousBuyer: undefined }, { type: 'buyer' })).toBe(false);
  });
});

describe('what a client can be', () => {
  it('has no grant type and no authentication method that OAuth 2.1 dropped for being unsafe', () => {
    expect(GRANT_TYPES).not.toContain('implicit');
    expect(CLIENT_AUTHENTICATION_METHODS).toEqual(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']);
  });
});
