import { describe, expect, it } from '@jest/globals';
import { holdings, type Reach } from '../../../src/domain/access.ts';
import {
  explain,
  judge,
  MAXIMUM_SCOPE_NAMES,
  negotiate,
  omittedNames,
  parseScope,
  type ScopeLimits,
  type Verdict,
} from '../../../src/domain/scope.ts';
import { alice, aliceHolds, HOUR, market, NOW, reach } from './fixtures.ts';

const only = (...names: string[]): ReadonlySet<string> => new Set(names);

describe('parseScope', () => {
  it.each([
    ['OrderReader', ['OrderReader']],
    ['OrderReader OrderAdmin', ['OrderReader', 'OrderAdmin']],
    ['b a B b', ['b', 'a', 'B']],
    ["! # [ ] ~ data/*:read a'b", ['!', '#', '[', ']', '~', 'data/*:read', "a'b"]],
    ['__proto__ constructor', ['__proto__', 'constructor']],
  ])('splits %p into names, each once, in order', (scope, names) => {
    expect(parseScope(scope)).toEqual(names);
  });

  it.each([
    ['nothing', ''],
    ['a lone space', ' '],
    ['a leading space', ' OrderAdmin'],
    ['a trailing space', 'OrderAdmin '],
    ['two spaces', 'OrderAdmin  Shopper'],
    ['a tab', 'OrderAdmin\tShopper'],
    ['a line feed between', 'OrderAdmin\nShopper'],
    ['a final line feed', 'OrderAdmin\n'],
    ['NUL', 'OrderAdmin\0'],
    ['DEL', 'OrderAdmin\x7F'],
    ['a quotation mark', 'Order"Admin'],
    ['a backslash', 'Order\\Admin'],
    ['a Cyrillic letter', 'ОrderAdmin'],
    ['a direction override', 'OrderAdmin\u202E'],
    ['full width', 'ＯrderAdmin'],
    ['a no-break space', 'OrderAdmin\u00A0Shopper'],
    ['a bad second name', 'OrderAdmin Sho"pper'],
    ['a bad first name', '"OrderAdmin Shopper'],
  ])('knows no scope with %s', (_, scope) => {
    expect(parseScope(scope)).toBeUndefined();
  });

  it('takes 1,000 names and no more, repeated ones counted', () => {
    const names = Array.from({ length: MAXIMUM_SCOPE_NAMES }, (_, index) => `n${index}`);
    expect(MAXIMUM_SCOPE_NAMES).toBe(1000);
    expect(parseScope(names.join(' '))).toEqual(names);
    expect(parseScope([...names, 'one-more'].join(' '))).toBeUndefined();
    expect(parseScope(Array(1000).fill('OrderAdmin').join(' '))).toEqual(['OrderAdmin']);
    expect(parseScope(Array(28_000).fill('a').join(' '))).toBeUndefined();
  });
});

describe('the verdict on one name', () => {
  const orders = reach('orders', { until: NOW + HOUR });
  const cases: [Verdict, string, string, readonly Reach[], ScopeLimits][] = [
    ['granted', 'it is held and nothing limits it', 'Shopper', [reach('shopper')], {}],
    [
      'granted',
      'every limit lets it through',
      'Shopper',
      [reach('shopper')],
      { maximumRoles: only('Shopper'), resourceServerRoles: only('Shopper') },
    ],
    ['unknown', 'nobody knows it', 'Bogus', [reach('shopper')], {}],
    ['unknown', 'only a role in other case exists', 'shopper', [reach('shopper')], {}],
    ['unknown', 'it is a wildcard', 'Order*', [reach('shopper')], {}],
    ['unheld', 'no assignment has it', 'InvoiceReader', [reach('shopper')], {}],
    ['unheld', 'a role in other case is held', 'orderadmin', [orders], {}],
    ['unheld', 'its one assignment is meant for another client', 'Shopper', [reach('shopper', { client: 'nightly' })], {}],
    ['unheld', 'it was held through another client once', 'Shopper', [reach('shopper', { client: 'nightly', until: NOW })], {}],
    [
      'unheld',
      'assignments to come, or over, give other roles',
      'InvoiceReader',
      [reach('shopper', { from: NOW + 1 }), reach('shopper', { until: NOW })],
      {},
    ],
    ['unheld', 'its dormant profile does not exist', 'Shopper', [reach('gone', { until: NOW })], {}],
    ['not_yet_valid', 'it begins in a millisecond', 'Shopper', [reach('shopper', { from: NOW + 1 })], {}],
    ['expired', 'it ends now', 'Shopper', [reach('shopper', { until: NOW })], {}],
    ['expired', 'a membership ends before the assignment begins', 'Shopper', [reach('shopper', { from: NOW + 2, until: NOW + 1 })], {}],
    ['not_yet_valid', 'it ended and will begin again', 'Shopper', [reach('shopper', { until: NOW }), reach('shopper', { from: NOW + 1 })], {}],
    ['not_yet_valid', 'it will begin, and ended elsewhere', 'Shopper', [reach('shopper', { from: NOW + 1 }), reach('shopper', { until: NOW })], {}],
    ['granted', 'one path is over and another in force', 'OrderReader', [reach('approval', { until: NOW }), reach('shopper')], {}],
    ['barred_for_organization_type', 'buyers never get it', 'OrderAdmin', [orders], {}],
    ['above_client_maximum', 'the client may not carry it', 'Shopper', [reach('shopper')], { maximumRoles: only('OrderReader') }],
    ['above_client_maximum', 'the client may carry nothing', 'Shopper', [reach('shopper')], { maximumRoles: only() }],
    ['outside_resource_server', 'the API does not know it', 'Shopper', [reach('shopper')], { resourceServerRoles: only('OrderReader') }],
  ];

  it.each(cases)('is %s when %s', (verdict, _, name, reaches, limits) => {
    const held = holdings(market, alice(...reaches), 'storefront', NOW);
    expect(judge(market, held, limits, name)).toBe(verdict);
    const { granted, dropped } = negotiate(market, held, limits, [name]);
    expect(granted).toEqual(verdict === 'granted' ? [name] : []);
    expect(dropped).toEqual(verdict === 'granted' ? [] : [{ name, verdict }]);
  });

  it('names the reason to mend first', () => {
    const narrow: ScopeLimits = { maximumRoles: only(), resourceServerRoles: only() };
    expect(judge(market, aliceHolds(orders), narrow, 'Bogus')).toBe('unknown');
    expect(judge(market, aliceHolds(), narrow, 'OrderAdmin')).toBe('unheld');
    expect(judge(market, aliceHolds(reach('orders', { until: NOW })), narrow, 'OrderAdmin')).toBe('expired');
    expect(judge(market, aliceHolds(reach('orders', { from: NOW + 1 })), narrow, 'OrderAdmin')).toBe('not_yet_valid');
    expect(judge(market, aliceHolds(orders), narrow, 'OrderAdmin')).toBe('barred_for_organization_type');
    expect(judge(market, aliceHolds(orders), narrow, 'OrderReader')).toBe('above_client_maximum');
    expect(judge(market, aliceHolds(orders), { resourceServerRoles: only() }, 'OrderReader')).toBe('outside_resource_server');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'length', '0'])(
    'is unknown for %p, and nothing is polluted',
    (name) => {
      const limits: ScopeLimits = { maximumRoles: only(name), resourceServerRoles: only(name) };
      const { granted, dropped } = negotiate(market, aliceHolds(reach('shopper'), reach(name)), limits, [name]);
      expect(granted).toEqual([]);
      expect(dropped).toEqual([{ name, verdict: 'unknown' }]);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );
});

describe('negotiate', () => {
  const everything = [
    reach('shopper'),
    reach('approval', { until: NOW + 2 * HOUR }),
    reach('invoices', { until: NOW + HOUR }),
    reach('orders', { until: NOW + 1 }),
  ];

  it('drops silently what is not granted, and gives the rest sorted by code unit', () => {
    const requested = ['Shopper', 'Bogus', 'OrderReader', 'OrderAdmin', 'InvoiceReader', 'FullAccess'];
    const negotiation = negotiate(market, aliceHolds(...everything), { maximumRoles: only('Shopper', 'OrderReader', 'OrderAdmin') }, requested);
    expect(negotiation.requested).toEqual(requested);
    expect(negotiation.granted).toEqual(['OrderReader', 'Shopper']);
    expect(negotiation.dropped).toEqual([
      { name: 'Bogus', verdict: 'unknown' },
      { name: 'OrderAdmin', verdict: 'barred_for_organization_type' },
      { name: 'InvoiceReader', verdict: 'above_client_maximum' },
      { name: 'FullAccess', verdict: 'unheld' },
    ]);
  });

  it('is a success without roles when nothing is asked for, or nothing held', () => {
    expect(negotiate(market, aliceHolds(...everything), {}, [])).toEqual({ requested: [], granted: [], dropped: [], until: Infinity });
    expect(negotiate(market, aliceHolds(), {}, ['Shopper'])).toEqual({
      requested: ['Shopper'],
      granted: [],
      dropped: [{ name: 'Shopper', verdict: 'unheld' }],
      until: Infinity,
    });
  });

  it('ends with the first of the granted roles, not with those that were dropped or not asked for', () => {
    const held = aliceHolds(...everything);
    expect(negotiate(market, held, {}, ['Shopper']).until).toBe(Infinity);
    expect(negotiate(market, held, {}, ['Shopper', 'OrderApprover']).until).toBe(NOW + 2 * HOUR);
    expect(negotiate(market, held, {}, ['InvoiceReader', 'OrderApprover', 'Shopper']).until).toBe(NOW + HOUR);
    expect(negotiate(market, held, {}, ['Shopper', 'OrderAdmin']).until).toBe(Infinity);
    expect(negotiate(market, held, {}, ['OrderReader']).until).toBe(Infinity);
  });

  it('puts ten and more roles in code-unit order of their names', () => {
    const names = market.roles.toReversed();
    const all = holdings(
      market,
      { ...alice(reach('shopper'), reach('approval'), reach('invoices'), reach('orders')), organization: undefined },
      undefined,
      NOW,
    );
    expect(negotiate(market, all, {}, names).granted).toEqual(['InvoiceReader', 'OrderAdmin', 'OrderApprover', 'OrderReader', 'Shopper']);
  });
});

const heldByAlice = () => aliceHolds(reach('shopper'), reach('orders'), reach('invoices', { until: NOW }));

describe('a request without scope', () => {
  it('stands for nothing with none', () => {
    expect(omittedNames(market, heldByAlice(), 'none')).toEqual([]);
  });

  it('stands for every effective role with all', () => {
    expect(omittedNames(market, heldByAlice(), 'all')).toEqual(['OrderReader', 'Shopper']);
  });

  it('stands for a list as if it had been asked for, each name once, held or not', () => {
    expect(omittedNames(market, heldByAlice(), ['Shopper', 'InvoiceReader', 'Bogus', 'Shopper'])).toEqual(['Shopper', 'InvoiceReader', 'Bogus']);
    expect(omittedNames(market, heldByAlice(), [])).toEqual([]);
    expect(negotiate(market, heldByAlice(), {}, omittedNames(market, heldByAlice(), ['Shopper', 'Shopper', 'Bogus'])).granted).toEqual(['Shopper']);
  });
});

describe('explain', () => {
  it('gives one verdict for each name, in order, with every path', () => {
    const direct = reach('shopper');
    const expired = reach('approval', { party: { kind: 'user_group', id: 'approvers' }, until: NOW });
    const elsewhere = reach('orders', { client: 'nightly' });
    const later = reach('invoices', { from: NOW + 1 });
    const held = holdings(market, alice(direct, expired, elsewhere, later), 'storefront', NOW);
    expect(
      explain(market, held, { maximumRoles: only('Shopper') }, [
        'OrderReader',
        'Bogus',
        'Shopper',
        'OrderApprover',
        'OrderAdmin',
        'InvoiceReader',
        'FullAccess',
      ]),
    ).toEqual([
      {
        name: 'OrderReader',
        verdict: 'above_client_maximum',
        paths: [
          { reach: direct, profileName: 'Profile shopper', state: 'in_force' },
          { reach: expired, profileName: 'Profile approval', state: 'expired' },
          { reach: elsewhere, profileName: 'Profile orders', state: 'other_client' },
        ],
      },
      { name: 'Bogus', verdict: 'unknown', paths: [] },
      { name: 'Shopper', verdict: 'granted', paths: [{ reach: direct, profileName: 'Profile shopper', state: 'in_force' }] },
      { name: 'OrderApprover', verdict: 'expired', paths: [{ reach: expired, profileName: 'Profile approval', state: 'expired' }] },
      { name: 'OrderAdmin', verdict: 'unheld', paths: [{ reach: elsewhere, profileName: 'Profile orders', state: 'other_client' }] },
      { name: 'InvoiceReader', verdict: 'not_yet_valid', paths: [{ reach: later, profileName: 'Profile invoices', state: 'not_yet_valid' }] },
      { name: 'FullAccess', verdict: 'unheld', paths: [] },
    ]);
  });
});
