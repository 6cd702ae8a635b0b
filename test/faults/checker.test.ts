import { describe, expect, it } from '@jest/globals';
import { check, type Facts, type Promises } from './checker.ts';
import type { Event } from './history.ts';

const FACTS: Facts = { audit: new Map(), chainFault: undefined, grants: new Set(['g']) };
const PROMISES: Promises = { deadline: 100, staleness: 10 };

const event = (op: string, t0: number, t1: number, given: Partial<Event> = {}): Event => ({ op, t0, t1, outcome: 'ok', status: 200, ...given });
const judge = (events: readonly Event[], facts: Partial<Facts> = {}, promises: Partial<Promises> = {}): string[] =>
  check(events, { ...FACTS, ...facts }, { ...PROMISES, ...promises });

const holding = { subject: 's', role: 'A' };
const token = (t0: number, t1: number, roles: readonly string[], given: Partial<Event['issued'] & object> = {}): Event =>
  event('token', t0, t1, { issued: { subject: 's', roles, asked: ['A', 'B'], kid: 'k', ...given } });
const unknown = { outcome: 'unknown', status: 503, retryAfter: true } as const;
const refused = { outcome: 'refused', status: 400 } as const;

describe('the checker of histories', () => {
  describe('catches', () => {
    it.each<[string, readonly Event[], RegExp]>([
      ['a thing that was redeemed twice', [event('a', 0, 5, { redeems: 'x' }), event('b', 1, 9, { redeems: 'x' })], /^x was redeemed 2 times/],
      [
        'a use after an acknowledged revocation',
        [event('revoke', 0, 5, { revokes: 'x' }), event('use', 16, 20, { uses: 'x' })],
        /^x was revoked and is used: use \(200, 16–20 ms\)/,
      ],
      ['a role that was never given', [token(0, 5, ['A'])], /^s does not hold A/],
      [
        'a role that was taken away longer ago than promised',
        [event('assign', 0, 5, { assigns: holding }), event('unassign', 10, 15, { unassigns: holding }), token(26, 30, ['A'])],
        /^s does not hold A/,
      ],
      ['a role that was given only later', [token(0, 5, ['A']), event('assign', 6, 9, { assigns: holding })], /^s does not hold A/],
      ['a role that is held and missing', [event('assign', 0, 5, { assigns: holding }), token(16, 20, [])], /^s holds A, and it is missing/],
      ['a role that nobody asked for', [token(0, 5, ['C'])], /^C was not asked for/],
      ['a token that no key verifies', [token(0, 5, [], { kid: undefined })], /^no published key verifies/],
      [
        'a key that was not published before',
        [event('keys', 0, 5, { published: ['j'] }), token(6, 9, []), event('keys', 8, 9, { published: ['j', 'k'] })],
        /^key k was not published before/,
      ],
      ['a token of a grant that was lost', [token(0, 5, [], { grant: 'gone' })], /^the grant gone of a token is not kept/],
      ['a change that was not audited', [event('change', 0, 5, { audited: 'n' })], /^n is 0 times in the audit trail/],
      ['a change that was audited twice', [event('change', 0, 5, { audited: 'twice' })], /^twice is 2 times/],
      ['a refused change that was audited', [event('change', 0, 5, { ...refused, audited: 'once' })], /^once is 1 times/],
      ['an unknown change that was made twice', [event('change', 0, 5, { ...unknown, audited: 'twice' })], /^twice is 2 times/],
      ['an answer after the deadline', [event('slow', 0, 101)], /^it took 101 ms/],
      ['no answer', [event('lost', 0, 5, { outcome: 'unknown', status: undefined, fault: 'ECONNRESET' })], /^no answer \(ECONNRESET\)/],
      ['another fault than 503', [event('bad', 0, 5, { outcome: 'unknown', status: 500 })], /^a fault of the server: bad \(500/],
      ['503 that does not say when to come back', [event('bare', 0, 5, { outcome: 'unknown', status: 503 })], /^503 without Retry-After/],
    ])('%s', (_name, events, sentence) => {
      const audit = new Map([
        ['once', 1],
        ['twice', 2],
      ]);
      const wrong = judge(events, { audit });
      expect(wrong).toHaveLength(1);
      expect(wrong[0]).toMatch(sentence);
    });

    it('a broken audit chain', () => {
      expect(judge([], { chainFault: 'changed at 7' })).toEqual(['the audit chain is broken: changed at 7']);
    });
  });

  describe('lets pass', () => {
    it.each<[string, readonly Event[]]>([
      ['one of several that redeem', [event('a', 0, 5, { redeems: 'x' }), event('b', 1, 9, { ...refused, redeems: 'x' })]],
      ['what may have been redeemed before', [event('a', 0, 5, { ...unknown, redeems: 'x' }), event('b', 6, 9, { redeems: 'x' })]],
      ['a use while it is revoked, and within the promise', [event('revoke', 0, 5, { revokes: 'x' }), event('use', 15, 16, { uses: 'x' })]],
      [
        'a use after a revocation that was not acknowledged',
        [event('revoke', 0, 5, { ...unknown, revokes: 'x' }), event('use', 50, 51, { uses: 'x' })],
      ],
      ['a refused use', [event('revoke', 0, 5, { revokes: 'x' }), event('use', 50, 51, { ...refused, uses: 'x' })]],
      [
        'a role with or without while it changes',
        [event('assign', 0, 5, { assigns: holding }), event('unassign', 30, 35, { unassigns: holding }), token(31, 33, ['A']), token(31, 33, [])],
      ],
      [
        'either, after a change that is not known',
        [event('assign', 0, 5, { ...unknown, assigns: holding }), token(50, 51, ['A']), token(50, 51, [])],
      ],
      [
        'neither surprise after a change that followed',
        [
          event('assign', 0, 5, { ...unknown, assigns: holding }),
          event('unassign', 6, 9, { unassigns: holding }),
          event('assign', 30, 35, { assigns: holding }),
          token(46, 50, ['A']),
        ],
      ],
      ['a key that was published', [event('keys', 0, 5, { published: ['j', 'k'] }), token(6, 9, [], { grant: 'g' })]],
      ['a change that was audited', [event('change', 0, 5, { audited: 'once' })]],
      ['an unknown change, audited or not', [event('a', 0, 5, { ...unknown, audited: 'once' }), event('b', 0, 5, { ...unknown, audited: 'none' })]],
    ])('%s', (_name, events) => {
      expect(judge(events, { audit: new Map([['once', 1]]) })).toEqual([]);
    });

    it('no answer from a node that died', () => {
      expect(judge([event('lost', 0, 5, { outcome: 'unknown', status: undefined })], {}, { nodesDie: true })).toEqual([]);
    });
  });
});
