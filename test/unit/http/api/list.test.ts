import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { FILTERS, SORTS, type NounName, type Visibility } from '../../../../src/domain/directory.ts';
import { Cursors } from '../../../../src/http/api/cursor.ts';
import { listParameters, nounList, pageOf, type NounQuery } from '../../../../src/http/api/list.ts';
import { queryOf, readQuery } from '../../../../src/http/api/query.ts';

const cursors = new Cursors('a secret of all nodes');
const seller: Visibility = { tenancy: { kind: 'subtree', organization: 'S', path: ['S'] }, inherited: false };
const buyer: Visibility = { tenancy: { kind: 'subtree', organization: 'B', path: ['S', 'B'] }, inherited: false };

const read = (noun: NounName, search: string): NounQuery => readQuery(queryOf({ method: 'GET', query: listParameters(noun) }), search) as NounQuery;
const list = (noun: NounName, search: string, visibility = seller) => nounList(noun, read(noun, search), { cursors, visibility });

function refusal(work: () => unknown): { readonly code?: string; readonly message?: string; readonly details?: Record<string, unknown> } {
  try {
    work();
  } catch (error) {
    return error as { code: string };
  }
  throw new Error('It was accepted.');
}

const problems = (noun: NounName, search: string): unknown => {
  const { code, details } = refusal(() => list(noun, search));
  expect(code).toBe('invalid_input');
  return details?.['problems'];
};

describe('the parameters of a list', () => {
  it('have defaults', () => {
    expect(list('users', '').query).toEqual({
      visibility: seller,
      filters: {},
      search: undefined,
      sort: 'id',
      descending: false,
      after: undefined,
      limit: 20,
      total: false,
    });
  });

  it('become what the store is asked', () => {
    const { query } = list('users', 'limit=100&search=al%C3%AD+50%25_&sort=-username&total=true&organization=S&active=false');
    expect(query).toMatchObject({
      filters: { organization: 'S', active: false },
      search: 'alí 50%_',
      sort: 'username',
      descending: true,
      limit: 100,
      total: true,
    });
    expect(list('assignments', 'expires_before=2026-03-01T00:00:00%2B01:00').query.filters).toEqual({
      expires_before: new Date('2026-02-28T23:00:00Z'),
    });
  });

  it.each(Object.keys(FILTERS) as NounName[])('of %s are its filters and sorts, and no other', (noun) => {
    expect(Object.keys(listParameters(noun).shape)).toEqual(['limit', 'cursor', 'total', 'search', 'sort', ...Object.keys(FILTERS[noun])]);
    for (const sort of SORTS[noun]) expect(list(noun, `sort=-${sort}`).query).toMatchObject({ sort, descending: true });
  });

  it.each([
    ['limit=0', 'limit', 'must be 1 or more; found "0".'],
    ['limit=101', 'limit', 'must be 100 or less; found "101".'],
    ['limit=-1', 'limit', 'must be a whole number; found "-1".'],
    ['limit=1e2', 'limit', 'must be a whole number; found "1e2".'],
    ['limit=', 'limit', 'must be a whole number; found "".'],
    ['limit=9999999999999999', 'limit', 'must be a whole number; found "9999999999999999".'],
    ['total=1', 'total', 'must be one of true, false; found "1".'],
    ['active=TRUE', 'active', 'must be one of true, false; found "TRUE". Did you mean "true"?'],
    ['search=', 'search', 'must have 1 characters or more. Found "".'],
    ['organization=', 'organization', 'must have 1 characters or more. Found "".'],
    ['search=a%00b', 'search', 'has a control character.'],
    ['search=%ff', 'search', 'is not percent-encoded UTF-8.'],
    ['search=%', 'search', 'is not percent-encoded UTF-8.'],
    ['search=%ED%A0%80', 'search', 'is not percent-encoded UTF-8.'],
    ['limit=1&limit=2', 'limit', 'is given twice.'],
    ['limit=1&%6cimit=2', 'limit', 'is given twice.'],
  ])('are refused: %s', (search, parameter, message) => {
    expect(problems('users', search)).toEqual([{ parameter, message }]);
  });

  it.each([
    'sort=id;drop table users',
    'sort=(case when 1=1 then id else name end)',
    'sort=password_hash',
    'sort=id,name',
    'sort=--id',
    'sort=ID',
    'sort=constructor',
    'sort=__proto__',
  ])('T-72: %s is no sort', (search) => {
    expect(problems('users', search)).toEqual([{ parameter: 'sort', message: expect.stringMatching(/^must be one of id, -id, username/) }]);
  });

  it.each([
    ['sort[]=id', 'sort[]'],
    ['sort[$ne]=id', 'sort[$ne]'],
    ['filter[password_hash]=$2*', 'filter[password_hash]'],
    ['password_hash=x', 'password_hash'],
    ['where={"username":{"$ne":1}}', 'where'],
    ['__proto__=x', '__proto__'],
    ['__proto__[polluted]=1', '__proto__[polluted]'],
    ['constructor.prototype.polluted=1', 'constructor.prototype.polluted'],
    ['toString=1', 'toString'],
    ['Limit=1', 'Limit'],
    ['=1', ''],
  ])('T-72, T-90: %s is a parameter that nobody knows', (search, parameter) => {
    expect(problems('users', search)).toEqual([
      { parameter, message: expect.stringMatching(/^unknown parameter\. Allowed: limit, cursor, total, search/) },
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('T-72: take what looks like SQL or a pattern as the text that it is', () => {
    for (const text of ["%' OR 1=1--", '%', '_', '\\', "'; drop table users; --", '{"$ne":1}', '$$']) {
      expect(list('users', `search=${encodeURIComponent(text)}&organization=${encodeURIComponent(text)}`).query).toMatchObject({
        search: text,
        filters: { organization: text },
      });
    }
  });

  it('are bounded in number and length', () => {
    expect(problems('users', `search=${'x'.repeat(201)}`)).toEqual([
      { parameter: 'search', message: expect.stringMatching(/^must have 200 characters or less/) },
    ]);
    expect(problems('users', `organization=${'x'.repeat(5000)}`)).toEqual([{ parameter: 'organization', message: 'has more than 2000 characters.' }]);
    expect(problems('users', Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&'))).toHaveLength(20);
  });

  it('refuse or mean something, whatever is sent (law)', () => {
    const piece = fc.oneof(
      fc.constantFrom('limit', 'sort', 'search', 'active', '=', '&', '%', '[', ']', '+', 'true', '1', '%00', '%20', '__proto__'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          expect(list('users', pieces.join('')).query.limit).toBeGreaterThan(0);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('invalid_input');
        }
      }),
    );
  });
});

describe('a cursor', () => {
  const next = { value: 'Zoë "x"\u2028', key: 'z' };
  const cursor = list('users', 'sort=-username&organization=S').next({ next })!;
  const follow = (noun: NounName, search: string, visibility?: Visibility) =>
    list(noun, `${search}&cursor=${encodeURIComponent(cursor)}`, visibility).query.after;

  it('leads to where the page ended, with another size of pages too', () => {
    expect(follow('users', 'sort=-username&organization=S')).toEqual(next);
    expect(follow('users', 'organization=S&sort=-username&limit=3&total=true')).toEqual(next);
    expect(list('users', '').next({ next: undefined })).toBeUndefined();
  });

  it.each<[string, NounName, string, Visibility]>([
    ['another noun', 'clients', 'organization=S', seller],
    ['another sort', 'users', 'sort=username&organization=S', seller],
    ['another filter', 'users', 'sort=-username&organization=B', seller],
    ['one filter less', 'users', 'sort=-username', seller],
    ['a search', 'users', 'sort=-username&organization=S&search=a', seller],
    ['another tenancy', 'users', 'sort=-username&organization=S', buyer],
    ['the operators', 'users', 'sort=-username&organization=S', { tenancy: { kind: 'everything' }, inherited: false }],
    ['what is inherited', 'users', 'sort=-username&organization=S', { ...seller, inherited: true }],
  ])('is refused with %s', (_name, noun, search, visibility) => {
    expect(refusal(() => follow(noun, search, visibility))).toMatchObject({
      code: 'invalid_input',
      details: { problems: [{ parameter: 'cursor', message: expect.stringMatching(/^is not a cursor of this list/) }] },
    });
  });

  it('of another deployment, or changed in any character, is refused', () => {
    const context = ['users'];
    const sealed = cursors.seal(context, next);
    expect(refusal(() => new Cursors('another').open(context, sealed)).code).toBe('invalid_input');
    expect(new Cursors('a secret of all nodes').open(context, sealed)).toEqual(next);
    for (const [position, character] of sealed.split('').entries()) {
      const changed = sealed.slice(0, position) + (character === 'A' ? 'B' : 'A') + sealed.slice(position + 1);
      expect(refusal(() => cursors.open(context, changed)).code).toBe('invalid_input');
    }
  });

  it.each(['x', '.', `${'A'.repeat(10)}.${'A'.repeat(43)}`, 'null', '{"value":"a","key":"b"}', `${Buffer.from('["a","b"]').toString('base64url')}.`])(
    'that is made up is refused: %j',
    (made) => {
      expect(refusal(() => list('users', `cursor=${encodeURIComponent(made)}`)).code).toBe('invalid_input');
    },
  );
});

describe('a page', () => {
  it('has items, and where the next one starts', () => {
    const page = pageOf(z.object({ id: z.string() }).meta({ id: 'TestItem' }));
    expect(page.safeParse({ items: [{ id: 'a' }], next_cursor: 'c', total: 3 }).success).toBe(true);
    expect(page.safeParse({ items: [{ id: 'a' }] }).success).toBe(true);
    expect(page.meta()?.id).toBe('TestItemPage');
  });
});
