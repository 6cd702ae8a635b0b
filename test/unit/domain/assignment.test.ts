import { describe, expect, it } from '@jest/globals';
import { assertAssignment } from '../../../src/domain/assignment.ts';
import type { PartyKind } from '../../../src/domain/party.ts';
import { refusal } from './refusal.ts';

const monday = new Date('2026-06-15T00:00:00Z');
const friday = new Date('2026-06-19T00:00:00Z');
const to = (kind: PartyKind) => ({ party: { kind, id: 'acme' }, includeDescendants: false });

describe('assertAssignment', () => {
  it.each<PartyKind>(['user', 'user_group', 'organization', 'client'])('accepts a plain one to a %s', (kind) => {
    expect(() => assertAssignment(to(kind))).not.toThrow();
  });

  it('accepts an organization with everything below it', () => {
    expect(() => assertAssignment({ ...to('organization'), includeDescendants: true })).not.toThrow();
  });

  it.each<PartyKind>(['user', 'user_group', 'client'])('refuses include_descendants with a %s', (kind) => {
    expect(refusal(() => assertAssignment({ ...to(kind), includeDescendants: true }, '/assignments/2'))).toMatchObject({
      code: 'invalid_input',
      message: 'include_descendants goes with an organization only.',
      pointer: '/assignments/2',
    });
  });

  it.each([
    ['open at both ends', {}],
    ['with a start only', { validFrom: friday }],
    ['with an end only', { validUntil: monday }],
    ['with an end later than its start', { validFrom: monday, validUntil: friday }],
    ['of one millisecond', { validFrom: monday, validUntil: new Date(monday.getTime() + 1) }],
  ])('accepts a window %s', (_, window) => {
    expect(() => assertAssignment({ ...to('user'), ...window })).not.toThrow();
  });

  it.each([
    ['ends before it starts', { validFrom: friday, validUntil: monday }],
    ['ends as it starts', { validFrom: monday, validUntil: new Date(monday) }],
  ])('refuses a window that %s', (_, window) => {
    expect(refusal(() => assertAssignment({ ...to('user'), ...window }, '/assignments/2'))).toMatchObject({
      code: 'invalid_input',
      message: 'valid_until must be later than valid_from.',
      pointer: '/assignments/2',
    });
  });
});
