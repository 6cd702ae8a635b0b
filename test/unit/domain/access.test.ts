import { describe, expect, it } from '@jest/globals';
import {
  heldUntil,
  barredFrom,
  effectiveRoles,
  holdings,
  isEffective,
  pathsTo,
  reachState,
  type Holdings,
  type Subject,
} from '../../../src/domain/access.ts';
import { alice, aliceHolds, catalogueOf, HOUR, market, NOW, profile, reach, role } from './fixtures.ts';

const at = (name: string): number => market.indexOf(name)!;
const heldNames = (held: Holdings): string[] => market.roles.filter((_, position) => heldUntil(held, position) > 0);

describe('reachState', () => {
  const week = reach('shopper', { from: NOW, until: NOW + HOUR });

  it.each([
    ['one millisecond before its start', NOW - 1, 'not_yet_valid'],
    ['at its start', NOW, 'in_force'],
    ['one millisecond before its end', NOW + HOUR - 1, 'in_force'],
    ['at its end', NOW + HOUR, 'expired'],
    ['long after', NOW + 99 * HOUR, 'expired'],
  ])('%s it is in state %3$s', (_, instant, state) => {
    expect(reachState(week, undefined, instant)).toBe(state);
  });

  it('is in force always when open at both ends', () => {
    for (const instant of [0, NOW, Number.MAX_SAFE_INTEGER]) expect(reachState(reach('shopper'), 'storefront', instant)).toBe('in_force');
  });

  it('never waits for a window that ends before it begins', () => {
    const never = reach('shopper', { from: NOW + 2 * HOUR, until: NOW + HOUR });
    for (const instant of [NOW, NOW + HOUR, NOW + 1.5 * HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR])
      expect(reachState(never, undefined, instant)).toBe('expired');
    expect(reachState(reach('shopper', { from: NOW + HOUR, until: NOW + HOUR }), undefined, NOW)).toBe('expired');
  });

  it('counts through its client only, and says so first', () => {
    const limited = reach('shopper', { client: 'storefront', from: NOW });
    expect(reachState(limited, 'storefront', NOW)).toBe('in_force');
    expect(reachState(limited, 'storefront', NOW - 1)).toBe('not_yet_valid');
    for (const client of ['Storefront', 'nightly', '', undefined]) {
      expect(reachState(limited, client, NOW)).toBe('other_client');
      expect(reachState(limited, client, NOW - 1)).toBe('other_client');
    }
  });
});

describe('what a subject holds', () => {
  it('is nothing when nothing reaches it', () => {
    const held = aliceHolds();
    expect(heldNames(held)).toEqual([]);
    expect(held).toMatchObject({ client: undefined, at: NOW, dormant: [], goodUntil: Infinity });
    expect(held.subject.id).toBe('alice');
    expect(held.until).toHaveLength(held.roles.length);
  });

  it('is the union over her organization, her group and herself', () => {
    const held = aliceHolds(
      reach('shopper', { party: { kind: 'organization', id: 'acme' } }),
      reach('approval', { party: { kind: 'user_group', id: 'approvers' } }),
      reach('invoices'),
    );
    expect(heldNames(held)).toEqual(['InvoiceReader', 'OrderApprover', 'OrderReader', 'Shopper']);
  });

  it('survives the loss of one of two paths', () => {
    const both = aliceHolds(reach('shopper'), reach('approval'));
    const one = aliceHolds(reach('approval'));
    expect(heldNames(both)).toContain('OrderReader');
    expect(heldNames(one)).toContain('OrderReader');
    expect(heldNames(one)).not.toContain('Shopper');
  });

  it('lasts as long as the longest of its paths, in any order', () => {
    const short = reach('shopper', { until: NOW + HOUR });
    const long = reach('approval', { until: NOW + 3 * HOUR });
    for (const held of [aliceHolds(short, long), aliceHolds(long, short)]) {
      expect(heldUntil(held, at('OrderReader'))).toBe(NOW + 3 * HOUR);
      expect(heldUntil(held, at('Shopper'))).toBe(NOW + HOUR);
      expect(heldUntil(held, at('OrderAdmin'))).toBe(0);
    }
    expect(heldUntil(aliceHolds(short, reach('approval')), at('OrderReader'))).toBe(Infinity);
  });

  it('counts an assignment from its start, included, to its end, excluded', () => {
    const subject = alice(reach('shopper', { from: NOW, until: NOW + HOUR }));
    expect(heldNames(holdings(market, subject, undefined, NOW - 1))).toEqual([]);
    expect(heldNames(holdings(market, subject, undefined, NOW))).toEqual(['OrderReader', 'Shopper']);
    expect(heldNames(holdings(market, subject, undefined, NOW + HOUR - 1))).toEqual(['OrderReader', 'Shopper']);
    expect(heldNames(holdings(market, subject, undefined, NOW + HOUR))).toEqual([]);
  });

  it('counts an assignment that is limited to a client in tokens for that client only', () => {
    const subject = alice(reach('shopper', { client: 'storefront' }), reach('invoices'));
    expect(heldNames(holdings(market, subject, 'storefront', NOW))).toEqual(['InvoiceReader', 'OrderReader', 'Shopper']);
    expect(heldNames(holdings(market, subject, 'nightly', NOW))).toEqual(['InvoiceReader']);
    expect(heldNames(holdings(market, subject, undefined, NOW))).toEqual(['InvoiceReader']);
    expect(holdings(market, subject, 'storefront', NOW).client).toBe('storefront');
  });

  it('gets nothing from an assignment whose profile nobody knows', () => {
    const held = aliceHolds(reach('gone'), reach('__proto__'), reach('invoices'));
    expect(heldNames(held)).toEqual(['InvoiceReader']);
  });

  it('keeps for explanation what is not in force, but not what is meant for another client', () => {
    const later = reach('shopper', { from: NOW + 1 });
    const over = reach('invoices', { until: NOW });
    const held = aliceHolds(
      later,
      reach('approval'),
      over,
      reach('orders', { client: 'storefront', until: NOW }),
      reach('orders', { client: 'storefront' }),
    );
    expect(held.dormant).toEqual([later, over]);
  });
});

describe('until when holdings are good', () => {
  it('is for ever when every window is open, or over', () => {
    expect(aliceHolds(reach('shopper'), reach('invoices', { until: NOW })).goodUntil).toBe(Infinity);
    expect(aliceHolds(reach('shopper', { from: NOW + 2, until: NOW + 1 })).goodUntil).toBe(Infinity);
  });

  it('is the first end of an assignment in force', () => {
    expect(
      aliceHolds(reach('shopper', { until: NOW + 3 }), reach('invoices', { until: NOW + 2 }), reach('orders', { until: NOW + 4 })).goodUntil,
    ).toBe(NOW + 2);
  });

  it('is the first start of an assignment to come', () => {
    expect(aliceHolds(reach('shopper', { from: NOW + 3 }), reach('invoices', { from: NOW + 2 }), reach('orders', { from: NOW + 4 })).goodUntil).toBe(
      NOW + 2,
    );
    expect(aliceHolds(reach('shopper', { until: NOW + 3 }), reach('invoices', { from: NOW + 2, until: NOW + 9 })).goodUntil).toBe(NOW + 2);
  });

  it('is not moved by an assignment for another client', () => {
    expect(
      aliceHolds(reach('shopper', { client: 'storefront', until: NOW + 1 }), reach('shopper', { client: 'storefront', from: NOW + 1 })).goodUntil,
    ).toBe(Infinity);
  });

  it('is moved by an assignment whose profile nobody knows: it may be defined meanwhile', () => {
    expect(aliceHolds(reach('gone', { until: NOW + 5 })).goodUntil).toBe(NOW + 5);
  });
});

describe('effective roles', () => {
  const everything = [reach('shopper'), reach('orders')];

  it('are what is held less what the type of the organization is barred from', () => {
    const held = aliceHolds(...everything);
    expect(heldNames(held)).toContain('OrderAdmin');
    expect(effectiveRoles(market, held)).toEqual(['OrderReader', 'Shopper']);
    expect(isEffective(market, held, at('OrderAdmin'))).toBe(false);
    expect(isEffective(market, held, at('Shopper'))).toBe(true);
    expect(isEffective(market, held, at('InvoiceReader'))).toBe(false);
    expect([...barredFrom(market, held.subject)]).toEqual([at('OrderAdmin')]);
  });

  it('are all that is held for somebody of another type, or without an organization', () => {
    const seller: Subject = { ...alice(...everything), organization: { id: 'market', type: 'seller', path: ['market'] } };
    const { organization: _, ...nightly } = { ...alice(...everything), kind: 'client' as const };
    for (const subject of [seller, nightly]) {
      expect(effectiveRoles(market, holdings(market, subject, undefined, NOW))).toEqual(['OrderAdmin', 'OrderReader', 'Shopper']);
      expect([...barredFrom(market, subject)]).toEqual([]);
    }
  });

  it('are sorted by code unit, whatever the order of assignments', () => {
    const catalogue = catalogueOf({
      roles: ['b', 'a', 'B', 'a:b', 'a.b'].map(role),
      securityProfiles: [profile('late', { roles: ['b', 'a:b', 'B'] }), profile('early', { roles: ['a.b', 'a'] })],
    });
    const held = holdings(catalogue, { ...alice(reach('late'), reach('early')), organization: undefined }, undefined, NOW);
    expect(effectiveRoles(catalogue, held)).toEqual(['B', 'a', 'a.b', 'a:b', 'b']);
  });
});

describe('the paths to a role', () => {
  it('are all assignments whose profile has it, each with what it is worth now', () => {
    const direct = reach('shopper');
    const group = reach('approval', { party: { kind: 'user_group', id: 'approvers' }, from: NOW + HOUR });
    const organization = reach('orders', { party: { kind: 'organization', id: 'acme' }, until: NOW });
    const storefront = reach('shopper', { client: 'storefront' });
    const subject = alice(direct, reach('invoices'), group, organization, storefront, reach('gone'));
    expect(pathsTo(market, subject, 'nightly', NOW, at('OrderReader'))).toEqual([
      { reach: direct, profileName: 'Profile shopper', state: 'in_force' },
      { reach: group, profileName: 'Profile approval', state: 'not_yet_valid' },
      { reach: organization, profileName: 'Profile orders', state: 'expired' },
      { reach: storefront, profileName: 'Profile shopper', state: 'other_client' },
    ]);
    expect(pathsTo(market, subject, 'storefront', NOW, at('Shopper')).map(({ state }) => state)).toEqual(['in_force', 'in_force']);
    expect(pathsTo(market, subject, undefined, NOW, at('FullAccess'))).toEqual([]);
  });
});

describe('holding very many roles', () => {
  const many = Array.from({ length: 1200 }, (_, index) => `Many${String(index).padStart(4, '0')}`);
  const catalogue = catalogueOf({
    roles: many.map(role),
    securityProfiles: [profile('late', { roles: many.slice(300, 1100).toReversed() }), profile('early', { roles: many.slice(0, 900) })],
  });
  const held = () =>
    holdings(
      catalogue,
      alice(reach('late', { until: NOW + 2 * HOUR }), reach('early', { until: NOW + HOUR }), reach('late', { until: NOW + 1 })),
      undefined,
      NOW,
    );

  it('is the same union: ascending, each role once, until the longest of its paths', () => {
    const { roles, until } = held();
    expect([...roles].map((position) => catalogue.roles[position])).toEqual(many.slice(0, 1100));
    expect([...until].every((end, index) => end === NOW + (index < 300 ? HOUR : 2 * HOUR))).toBe(true);
    expect(heldUntil(held(), catalogue.indexOf('Many1100')!)).toBe(0);
    expect(heldUntil(held(), catalogue.indexOf('Many1099')!)).toBe(NOW + 2 * HOUR);
  });

  it('leaves nothing behind for who comes next', () => {
    const before = held();
    expect([...holdings(catalogue, alice(), undefined, NOW).roles]).toEqual([]);
    const after = held();
    expect([after.roles, after.until]).toEqual([before.roles, before.until]);
  });
});
