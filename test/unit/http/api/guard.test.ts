import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { route } from '../../../../src/http/api/route.ts';
import { send, startApi, type Answer, type Harness, type Sending } from './harness.ts';

let api: Harness;
let handled = 0;

const answer = { 200: z.object({}) };
const handle = async () => {
  handled += 1;
  return { status: 200, body: {} };
};
const routes = [
  route({ method: 'GET', path: '/users/{id}', resource: 'users', summary: 'Read', roles: ['UserReader', 'UserAdmin'], answers: answer, handle }),
  route({ method: 'POST', path: '/users', resource: 'users', summary: 'Make', roles: ['UserAdmin'], answers: answer, handle }),
  route({ method: 'GET', path: '/clients', resource: 'clients', summary: 'List', roles: ['ApiClientReader'], answers: answer, handle }),
  route({ method: 'GET', path: '/roles', resource: 'roles', summary: 'List', roles: ['RoleReader', 'RoleAdmin'], answers: answer, handle }),
  route({ method: 'GET', path: '/me', resource: 'me', summary: 'Ask', roles: 'any_token', answers: answer, handle }),
];
const buyer = { organization: { id: 'B', type: 'buyer', path: ['S', 'B'] } };

beforeAll(async () => {
  api = await startApi(routes, {
    reader: { roles: ['UserReader'] },
    admin: { roles: ['UserAdmin'] },
    none: { roles: [] },
    lost: { roles: ['UserReader'], held: [] },
    root: { roles: ['FullAccess'] },
    dead: { roles: ['FullAccess'], dead: true },
    buyer: { roles: ['FullAccess', 'ApiClientReader', 'RoleReader'], subject: buyer },
    nightly: { roles: ['FullAccess'], subject: { kind: 'client', id: 'nightly' }, acting: buyer },
    theirs: { roles: ['FullAccess'], subject: { kind: 'client', id: 'theirs', ...buyer }, acting: {} },
    impersonating: { roles: ['FullAccess'], claims: { act: { sub: 'bob' } } },
  });
});
afterAll(() => api.close());

const call = (path: string, token: string | undefined, sending: Sending = {}): Promise<Answer> =>
  send(api.url, `/api/v1${path}`, { ...sending, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

async function refused(answered: Promise<Answer>, expected: { readonly status: number; readonly code: string }): Promise<Answer> {
  const before = handled;
  const got = await answered;
  expect({ status: got.status, code: got.body['code'] }).toEqual(expected);
  expect(got.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(got.headers['cache-control']).toBe('no-store');
  expect(handled).toBe(before);
  return got;
}

describe('401', () => {
  it('tells a stranger the scheme and nothing else', async () => {
    const { headers, body } = await refused(call('/users/x', undefined), { status: 401, code: 'unauthenticated' });
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(body['title']).toBe('An access token is needed.');
  });

  it.each([
    ['an unknown token', 'Bearer nonsense'],
    ['a dead one', 'Bearer dead'],
    ['two tokens in one header', 'Bearer reader, Bearer reader'],
  ])('for %s, in the same words', async (_name, authorization) => {
    const { headers } = await refused(send(api.url, '/api/v1/users/x', { headers: { authorization } }), { status: 401, code: 'unauthenticated' });
    expect(headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="/);
  });

  it('for two Authorization headers, though the first would do', async () => {
    const headers = ['authorization', 'Bearer reader', 'authorization', 'Bearer reader', 'host', 'x'];
    const { body } = await refused(send(api.url, '/api/v1/users/x', { headers }), { status: 401, code: 'unauthenticated' });
    expect(body['title']).toMatch(/one access token/);
  });

  it.each(['Basic cmVhZGVyOng=', 'DPoP reader', 'reader', 'Bearer'])('for the header %s', async (authorization) => {
    await refused(send(api.url, '/api/v1/users/x', { headers: { authorization } }), { status: 401, code: 'unauthenticated' });
  });

  it('for a token in the query, a cookie or the body: these are not looked at', async () => {
    await refused(send(api.url, '/api/v1/users/x?access_token=reader'), { status: 401, code: 'unauthenticated' });
    await refused(send(api.url, '/api/v1/users/x', { headers: { cookie: 'access_token=reader' } }), { status: 401, code: 'unauthenticated' });
    const body = { method: 'POST', body: 'access_token=admin', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    await refused(send(api.url, '/api/v1/users', body), { status: 401, code: 'unauthenticated' });
  });

  it('takes the scheme in any letter case', async () => {
    expect((await send(api.url, '/api/v1/users/x', { headers: { authorization: 'bearer reader' } })).status).toBe(200);
  });
});

describe('403', () => {
  it('names the roles that would do, FullAccess among them, and those that are there', async () => {
    const { headers, body } = await refused(call('/users', 'reader', { method: 'POST' }), { status: 403, code: 'insufficient_roles' });
    expect(headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope", .*scope="UserAdmin FullAccess"$/);
    expect(body).toMatchObject({ sufficient_roles: ['UserAdmin', 'FullAccess'], token_roles: ['UserReader'] });
  });

  it('when the role is in the token and no longer held', async () => {
    const { body } = await refused(call('/users/x', 'lost'), { status: 403, code: 'insufficient_roles' });
    expect(body['token_roles']).toEqual([]);
  });

  it.each(['buyer', 'nightly', 'theirs'])('for %s: an organization type is stronger than any role', async (token) => {
    const { body, headers } = await refused(call('/clients', token), { status: 403, code: 'forbidden' });
    expect(body['title']).toBe('Nobody of an organization of the type buyer has access to clients, whatever roles are held.');
    expect(headers['www-authenticate']).toBeUndefined();
  });

  it('where the type is barred from every role of the resource, for FullAccess too', async () => {
    await refused(call('/roles', 'buyer'), { status: 403, code: 'forbidden' });
    expect((await call('/users/x', 'buyer')).status).toBe(200);
  });

  it('for every change with a token that impersonates somebody; reading goes on', async () => {
    const { body } = await refused(call('/users', 'impersonating', { method: 'POST' }), { status: 403, code: 'forbidden' });
    expect(body['title']).toMatch(/impersonates/);
    expect((await call('/users/x', 'impersonating')).status).toBe(200);
  });

  it('is told to the log with the reason that the caller does not get', async () => {
    const before = api.refusals.length;
    await call('/users/x', 'nonsense');
    await call('/users', 'reader', { method: 'POST' });
    expect(api.refusals.slice(before)).toEqual([
      { code: 'invalid_token', reason: 'unknown' },
      { code: 'insufficient_scope', reason: 'The token does not carry the roles that this call needs.' },
    ]);
  });
});

describe('200', () => {
  it.each([
    ['one of the roles', '/users/x', 'reader'],
    ['another one of them', '/users/x', 'admin'],
    ['FullAccess', '/users/x', 'root'],
    ['no role where none is needed', '/me', 'none'],
  ])('with %s', async (_name, path, token) => {
    expect((await call(path, token)).status).toBe(200);
  });
});

describe('paths', () => {
  it('that nobody serves are 404 for everybody, methods that a path does not have 405 with those that it has', async () => {
    await refused(call('/nothing', undefined), { status: 404, code: 'not_found' });
    const { headers, body } = await refused(call('/users', undefined, { method: 'DELETE' }), { status: 405, code: 'method_not_allowed' });
    expect(headers['allow']).toBe('POST');
    expect(body['title']).toBe('DELETE is not possible here.');
    expect((await call('/users/x', undefined, { method: 'OPTIONS' })).headers['allow']).toBe('GET, HEAD');
  });

  it.each(['/users/', '/users/x/', '/USERS/x', '//users/x', '/%75sers/x', '/users/x;a', ''])('%j is not evened out into another', async (path) => {
    const { status } = await send(api.url, `/api/v1${path}`, { headers: { authorization: 'Bearer reader' } });
    // The semicolon is part of an id like any other character.
    expect(status).toBe(path === '/users/x;a' ? 200 : 404);
  });

  it.each(['%00', 'a%00b', '%', '%ZZ', '%ff', '%C0%80', '%ED%A0%80', '%0a', 'x'.repeat(1001), '%EF%BF%BD'])(
    'with the id %j name nothing',
    async (id) => {
      const { body } = await refused(call(`/users/${id}`, 'reader'), { status: 404, code: 'not_found' });
      expect(body['title']).toBe('There is nothing here.');
    },
  );

  it('with ids of 64 KB are refused before they get here', async () => {
    expect((await call(`/users/${'x'.repeat(65_536)}`, 'reader').catch(() => ({ status: 431 }))).status).toBe(431);
  });
});
