import { beforeEach, describe, expect, it } from '@jest/globals';
import { followRevocations, type FollowRevocationsOptions, type Revocations } from '../../../src/sdk/revocations.ts';
import { feedHash } from '../../../src/services/revocation-feed.ts';

const ISSUER = 'https://id.example.com';
const START = Date.UTC(2026, 0, 1);
const seconds = (at: number) => (START + at * 1000) / 1000;
const hash = (kind: 'token' | 'grant' | 'user' | 'client', id: string) => feedHash(ISSUER, kind, id);

let time: number;
let asked: { since: string | null; tag: string | null }[];
let answer: () => Response | Promise<Response>;
let revocations: Revocations;

const open = (more: Partial<FollowRevocationsOptions> = {}): Revocations =>
  followRevocations({
    issuer: ISSUER,
    now: () => new Date(time),
    fetch: async (url, init) => {
      asked.push({ since: new URL(url).searchParams.get('since'), tag: new Headers(init.headers).get('if-none-match') });
      return answer();
    },
    ...more,
  });

const feed =
  (entries: readonly object[], more: object = {}) =>
  () =>
    Response.json({ issuer: ISSUER, complete: true, cursor: '7', entries, ...more }, { headers: { etag: '"tag"' } });

/** Of a token that alice was given after ten seconds. */
const CLAIMS = { sub: 'alice', client_id: 'shop', jti: 'g-1~t-1', iat: seconds(10), roles: ['A', 'B'], scope: 'A B openid' };

async function judged(more: object = {}): Promise<string> {
  return revocations.withoutLost({ ...CLAIMS, ...more }).then(
    ({ roles, scope }) => `${(roles as string[]).join(',')} | ${String(scope)}`,
    (error: { readonly code: string; readonly reason?: string }) => `${error.code} ${error.reason ?? ''}`.trim(),
  );
}
const GOOD = 'A,B | A B openid';
const TAKEN = 'invalid_token revoked';

beforeEach(() => {
  time = START + 60_000;
  asked = [];
  answer = feed([]);
  revocations = open();
});

const exp = seconds(3600);

describe('what was taken back', () => {
  it.each<[string, object, string]>([
    ['the token', { token: hash('token', 'g-1~t-1'), exp }, TAKEN],
    ['another token', { token: hash('token', 't-1'), exp }, GOOD],
    ['the sign-in', { grant: hash('grant', 'g-1'), exp }, TAKEN],
    ['another sign-in', { grant: hash('grant', 't-1'), exp }, GOOD],
    ['the user', { user: hash('user', 'alice'), not_before: seconds(10), exp }, TAKEN],
    ['the user, before', { user: hash('user', 'alice'), not_before: seconds(9.999), exp }, GOOD],
    ['a client with the id of the user', { client: hash('client', 'alice'), not_before: seconds(10), exp }, GOOD],
    ['a user with the id of the client', { user: hash('user', 'shop'), not_before: seconds(10), exp }, GOOD],
    ['the client', { client: hash('client', 'shop'), not_before: seconds(10), exp }, TAKEN],
    ['the client, before', { client: hash('client', 'shop'), not_before: seconds(9), exp }, GOOD],
    ['a role', { subject: hash('user', 'alice'), roles: ['A'], not_before: seconds(10), exp }, 'B | B openid'],
    ['a role, before', { subject: hash('user', 'alice'), roles: ['A'], not_before: seconds(9), exp }, GOOD],
    ['all roles', { subject: hash('user', 'alice'), roles: ['A', 'B', 'C'], not_before: seconds(20), exp }, ' | openid'],
    ['a role of somebody else', { subject: hash('user', 'bob'), roles: ['A'], not_before: seconds(20), exp }, GOOD],
    ['a role that the token has not', { subject: hash('user', 'alice'), roles: ['openid2'], not_before: seconds(20), exp }, GOOD],
    [
      'a role in this client',
      { subject: hash('user', 'alice'), roles: ['A'], through: hash('client', 'shop'), not_before: seconds(20), exp },
      'B | B openid',
    ],
    ['a role in another client', { subject: hash('user', 'alice'), roles: ['A'], through: hash('client', 'x'), not_before: seconds(20), exp }, GOOD],
    ['everything of the subject', { subject: hash('user', 'alice'), roles: ['*'], not_before: seconds(20), exp }, TAKEN],
    ['a role of who knows whom', { subject: '*', roles: ['A'], not_before: seconds(20), exp }, TAKEN],
    ['another role of who knows whom', { subject: '*', roles: ['C'], not_before: seconds(20), exp }, GOOD],
    ['a role of who knows whom, before', { subject: '*', roles: ['A'], not_before: seconds(9), exp }, GOOD],
    ['the client, for everybody', { subject: '*', roles: ['*'], through: hash('client', 'shop'), not_before: seconds(20), exp }, TAKEN],
    ['another client, for everybody', { subject: '*', roles: ['*'], through: hash('client', 'x'), not_before: seconds(20), exp }, GOOD],
  ])('%s', async (_what, entry, outcome) => {
    answer = feed([entry]);
    expect(await judged()).toBe(outcome);
  });

  it('hits a token of a client that has no user', async () => {
    const own = { sub: 'shop', jti: 't-2' };
    answer = feed([{ subject: hash('client', 'shop'), roles: ['A'], not_before: seconds(20), exp }]);
    expect(await judged(own)).toBe('B | B openid');
    expect(await judged()).toBe(GOOD);
  });

  it.each<[string, object]>([
    ['is ended', { user: hash('user', 'carla'), not_before: seconds(20), exp }],
    ['lost any role', { subject: hash('user', 'carla'), roles: ['Impersonation'], not_before: seconds(20), exp }],
  ])('hits what somebody does as alice who %s', async (_what, entry) => {
    answer = feed([entry]);
    expect(await judged({ act: { sub: 'carla' } })).toBe(TAKEN);
    expect(await judged({ act: { sub: 'dora' } })).toBe(GOOD);
    expect(await judged()).toBe(GOOD);
  });

  it('knows to the millisecond when a token was issued, by its id', async () => {
    const issued = START + 10_500;
    const head = issued.toString(16).padStart(12, '0');
    const jti = `g-1~${head.slice(0, 8)}-${head.slice(8)}-7000-8000-000000000000`;
    const at = (milliseconds: number) => feed([{ user: hash('user', 'alice'), not_before: (issued + milliseconds) / 1000, exp }]);
    answer = at(-1);
    expect(await judged({ jti })).toBe(GOOD);
    revocations = open();
    answer = at(0);
    expect(await judged({ jti })).toBe(TAKEN);
  });
});

describe('the feed', () => {
  it('is asked once for many tokens, and again when it is older than the interval', async () => {
    await Promise.all(Array.from({ length: 20 }, () => judged()));
    expect(asked).toEqual([{ since: null, tag: null }]);
    time += 2000;
    await judged();
    expect(asked).toHaveLength(1);
    time += 3000;
    answer = feed([{ token: hash('token', 'g-1~t-1'), exp }], { complete: false, cursor: '8' });
    expect(await Promise.all([judged(), judged()])).toEqual([TAKEN, TAKEN]);
    expect(asked).toEqual([
      { since: null, tag: null },
      { since: '7', tag: null },
    ]);
  });

  it('is answered with 304 as long as there is nothing new', async () => {
    await judged();
    answer = feed([], { complete: false, cursor: '7' });
    time += 5000;
    await judged();
    answer = () => new Response(null, { status: 304 });
    time += 5000;
    expect(await judged()).toBe(GOOD);
    expect(asked.at(-1)).toEqual({ since: '7', tag: '"tag"' });
    time += 5000;
    expect(await judged()).toBe(GOOD);
  });

  it('adds to what is known, or replaces it when it is complete', async () => {
    answer = feed([{ user: hash('user', 'alice'), not_before: seconds(20), exp }]);
    expect(await judged()).toBe(TAKEN);
    time += 5000;
    answer = feed([], { complete: false });
    expect(await judged()).toBe(TAKEN);
    time += 5000;
    answer = feed([]);
    expect(await judged()).toBe(GOOD);
  });

  it('is forgotten entry by entry, when there is nothing left to hit', async () => {
    answer = feed([{ user: hash('user', 'alice'), not_before: seconds(20), exp: seconds(100) }]);
    expect(await judged()).toBe(TAKEN);
    time = START + 101_000;
    answer = feed([], { complete: false });
    expect(await judged()).toBe(GOOD);
  });

  const down: [string, () => Response | Promise<Response>][] = [
    ['is down', () => Promise.reject(new TypeError('fetch failed'))],
    ['is not there', () => new Response('', { status: 404 })],
    ['is of another issuer', () => Response.json({ issuer: 'https://evil.example.com', complete: true, cursor: '1', entries: [] })],
    ['has an entry that nobody knows', feed([{ planet: 'x', exp }])],
    ['has an entry without an end', feed([{ token: 'x' }])],
    ['is a page', () => new Response('<html>')],
  ];

  it.each(down)('that %s refuses every token with 503 when it was never heard, and the setting is closed', async (_what, bad) => {
    answer = bad;
    await expect(revocations.withoutLost(CLAIMS)).rejects.toMatchObject({ code: 'revocations_unavailable', status: 503 });
    revocations = open({ fail: 'open' });
    expect(await judged()).toBe(GOOD);
  });

  it.each(down)('that %s is borne for a while, then not, and comes back', async (_what, bad) => {
    answer = feed([{ token: hash('token', 'other'), exp }]);
    expect(await judged()).toBe(GOOD);
    answer = bad;
    time += 14_000;
    expect(await judged()).toBe(GOOD);
    expect(await judged({ jti: 'other' })).toBe(TAKEN);
    time += 1001;
    expect(await judged()).toBe('revocations_unavailable');
    answer = feed([]);
    expect(await judged()).toBe('revocations_unavailable');
    time += 1000;
    expect(await judged()).toBe(GOOD);
  });

  it('that is down is good for what was heard last when the setting is open, and it is not asked by every token', async () => {
    revocations = open({ fail: 'open' });
    answer = feed([{ token: hash('token', 'other'), exp }]);
    await judged();
    answer = () => new Response('', { status: 503 });
    time += 3_000_000;
    for (let count = 0; count < 50; count += 1) expect(await judged({ jti: count % 2 === 0 ? 'other' : 'x' })).toBe(count % 2 === 0 ? TAKEN : GOOD);
    expect(asked).toHaveLength(2);
  });
});
