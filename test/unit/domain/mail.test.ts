import { describe, expect, it } from '@jest/globals';
import { assertMailAddress, comparableMailAddress, isMailAddress } from '../../../src/domain/mail.ts';
import { invitationStatus, type Invitation } from '../../../src/domain/invitation.ts';

describe('a mail address', () => {
  it.each(['ann@example.com', 'a+b%c=d@sub.example.com', 'änn@exämple.com', "o'neil@example.com", 'a@b'])('can be %s', (address) => {
    expect(isMailAddress(address)).toBe(true);
  });

  it.each([
    '',
    'ann',
    '@example.com',
    'ann@',
    'a@b@c',
    'ann@example.com, eve@example.com',
    'Ann <ann@example.com>',
    'ann@example.com\r\nBcc: eve@example.com',
    'ann @example.com',
    '"a b"@example.com',
    'ann@example.com;eve@example.com',
    'a\u202ENn@example.com',
    `${'x'.repeat(65)}@example.com`,
    `ann@${'x'.repeat(251)}`,
  ])('cannot be %j', (address) => {
    expect(isMailAddress(address)).toBe(false);
    expect(() => assertMailAddress(address, '/email')).toThrow(expect.objectContaining({ code: 'invalid_input', pointer: '/email' }));
  });

  it('is compared without the case of ASCII letters, and nothing else is folded', () => {
    expect(comparableMailAddress('Ann@EXAMPLE.com')).toBe('ann@example.com');
    // Two addresses that lower-casing by Unicode would make one: U+212A is the Kelvin sign.
    expect(comparableMailAddress('mi\u212Ae@example.com')).not.toBe('mike@example.com');
  });
});

describe('the status of an invitation', () => {
  const invitation: Invitation = {
    id: 'i',
    email: 'a@b',
    organization: 'o',
    userGroups: [],
    securityProfiles: [],
    invitedBy: { kind: 'user', id: 'u' },
    createdAt: new Date(0),
    expiresAt: new Date(1000),
  };

  it('follows from what happened, and from the clock', () => {
    expect(invitationStatus(invitation, 999)).toBe('pending');
    expect(invitationStatus(invitation, 1000)).toBe('expired');
    expect(invitationStatus({ ...invitation, revokedAt: new Date(1) }, 2000)).toBe('revoked');
    expect(invitationStatus({ ...invitation, acceptedAt: new Date(1), acceptedAs: 'x' }, 2000)).toBe('accepted');
  });
});
