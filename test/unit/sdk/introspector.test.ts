import { beforeEach, describe, expect, it } from '@jest/globals';
import { createIntrospector, type IntrospectorOptions } from '../../../src/sdk/introspector.ts';
import type { Verifier } from '../../../src/sdk/verifier.ts';

const ISSUER = 'https://id.example.com';
const API = 'https://orders.example.com';
const START = Date.UTC(2026, 0, 1);

let time: number;
let asked: { url: string; authorization: string | null; body: string }[];
let answer: () => Response | Promise<Response>;
let verifier: Verifier;

const claims = (more: Record<string, unknown> = {}) => ({
  active: true,
  token_type: 'Bearer',
  iss: ISSUER,
  aud: API,
  sub: 'alice',
  client_id: 'shop',
  jti: 't-1',
  iat: START / 1000,
  exp: START / 1000 + 600,
  roles: ['OrderReader'],
  scope: 'OrderReader',
  ...more,
});

const open = (more: Partial<IntrospectorOptions> = {}): Verifier =>
  createIntrospector({
    issuer: ISSUER,
    audience: API,
    clientId: 'orders api',
    clientSecret: 'p:w+%/ä',
    now: () => new Date(time),
    fetch: async (url, init) => {
      asked.push({ url, authorization: new Headers(init.headers).get('authorization'), body: init.body as string });
      return answer();
    },
    ...more,
  });

beforeEach(() => {
  time = START;
  asked = [];
  answer = () => Response.json(claims());
  verifier = open();
});

const verify = (token = 'token') =>
  verifier.verify(token).then(
    ({ subject }) => subject,
    (error: { readonly code: string; readonly reason?: string }) => `${error.code} ${error.reason ?? ''}`.trim(),
  );

describe('an introspector', () => {
  it('asks the issuer, as the client that it is', async () => {
    expect(await verifier.verify('to.k+en')).toMatchObject({ subject: 'alice', roles: new Set(['OrderReader']) });
    const [{ url, authorization, body }] = asked as [(typeof asked)[number]];
    expect(url).toBe(`${ISSUER}/oauth/introspect`);
    expect(atob(authorization!.slice('Basic '.length))).toBe('orders+api:p%3Aw%2B%25%2F%C3%A4');
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ token: 'to.k+en', token_type_hint: 'access_token' });
  });

  it('takes the token out of a request', async () => {
    expect(await verifier.verify(new Request(API, { headers: { authorization: 'Bearer token' } }))).toMatchObject({ subject: 'alice' });
    await expect(verifier.verify(new Request(API))).rejects.toMatchObject({ code: 'missing_token' });
  });

  it.each<[string, object, string]>([
    ['is not active', { active: false }, 'invalid_token inactive'],
    ['is for another API', claims({ aud: 'https://invoices.example.com' }), 'invalid_token foreign'],
    ['is of another issuer', claims({ iss: 'https://evil.example.com' }), 'invalid_token foreign'],
    ['has ended', claims({ exp: START / 1000 - 60 }), 'invalid_token expired'],
    ['is a refresh token', { ...claims(), token_type: undefined }, 'invalid_token untrusted'],
    ['has no id', { ...claims(), jti: undefined }, 'invalid_token untrusted'],
    ['is bound to a key', claims({ token_type: 'DPoP', cnf: { jkt: 'x' } }), 'invalid_token bound'],
  ])('refuses what %s', async (_what, json, refusal) => {
    answer = () => Response.json(json);
    expect(await verify()).toBe(refusal);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ['is down', () => Promise.reject(new TypeError('fetch failed'))],
    ['does not know this client', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['is busy', () => new Response('', { status: 503 })],
    ['talks nonsense', () => Response.json({ active: 'yes' })],
    ['sends elsewhere', () => new Response(null, { status: 307, headers: { location: 'https://evil.example.com' } })],
  ])('calls no token bad when the server %s, and asks again', async (_what, bad) => {
    answer = bad;
    expect(await verify()).toBe('introspection_unavailable');
    answer = () => Response.json(claims());
    expect(await verify()).toBe('alice');
  });

  it('believes an answer for five seconds, good or bad, and asks once for many at the same time', async () => {
    expect(await Promise.all(Array.from({ length: 20 }, () => verify()))).toEqual(Array.from({ length: 20 }, () => 'alice'));
    expect(asked).toHaveLength(1);
    answer = () => Response.json({ active: false });
    time += 4999;
    expect(await verify()).toBe('alice');
    time += 1;
    expect(await verify()).toBe('invalid_token inactive');
    answer = () => Response.json(claims());
    expect(await verify()).toBe('invalid_token inactive');
    expect(asked).toHaveLength(2);
    expect(await verify('another')).toBe('alice');
  });

  it('believes no answer beyond the end of the token', async () => {
    verifier = open({ cacheSeconds: 3600, clockToleranceSeconds: 0 });
    expect(await verify()).toBe('alice');
    time += 600_000;
    expect(await verify()).toBe('invalid_token expired');
  });

  it('remembers no more than it is told to, and nothing at all when it is told so', async () => {
    verifier = open({ cacheSize: 2 });
    for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) await verify(token);
    expect(asked.map(({ body }) => new URLSearchParams(body).get('token'))).toEqual(['a', 'b', 'c', 'b']);
    asked = [];
    verifier = open({ cacheSeconds: 0 });
    for (const token of ['a', 'a']) await verify(token);
    expect(asked).toHaveLength(2);
  });
});
