import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DomainError } from '../../../../src/domain/errors.ts';
import { assertMatch, etagOf, parseIfMatch } from '../../../../src/http/api/etag.ts';
import { route } from '../../../../src/http/api/route.ts';
import { send, startApi, type Harness } from './harness.ts';

let api: Harness;
let broken: DomainError | Error = new DomainError('internal', '');
const shown = { id: 'x', name: 'X' };

async function* lines(failing: boolean) {
  yield { line: 1 };
  if (failing) throw new Error('the store went away');
  yield { line: 2 };
}

const common = { resource: 'users', summary: 'Do', roles: ['UserAdmin'] } as const;
const routes = [
  route({
    ...common,
    method: 'GET',
    path: '/users/{id}',
    answers: { 200: z.unknown() },
    handle: async () => ({ status: 200, body: shown, etag: etagOf(shown) }),
  }),
  route({
    ...common,
    method: 'PUT',
    path: '/users/{id}',
    answers: { 200: z.unknown() },
    handle: async ({ ifMatch, dryRun }) => {
      assertMatch(ifMatch, etagOf(shown));
      return { status: 200, body: { dry_run: dryRun } };
    },
  }),
  route({
    ...common,
    method: 'POST',
    path: '/users',
    answers: { 201: z.unknown() },
    handle: async () => ({ status: 201, body: shown, location: '/users/x%2Fy' }),
  }),
  route({ ...common, method: 'DELETE', path: '/users/{id}', answers: { 204: undefined }, handle: async () => ({ status: 204 }) }),
  route({
    ...common,
    method: 'GET',
    path: '/lines',
    answers: { 200: { lines: z.unknown() } },
    handle: async () => ({ status: 200, lines: lines(false) }),
  }),
  route({
    ...common,
    method: 'GET',
    path: '/broken-lines',
    answers: { 200: { lines: z.unknown() } },
    handle: async () => ({ status: 200, lines: lines(true) }),
  }),
  route({ ...common, method: 'GET', path: '/undeclared', answers: { 200: z.unknown() }, handle: async () => ({ status: 202 }) }),
  route({ ...common, method: 'GET', path: '/broken', answers: { 200: z.unknown() }, handle: () => Promise.reject(broken) }),
];

beforeAll(async () => {
  api = await startApi(routes, { admin: { roles: ['UserAdmin'] } });
});
afterAll(() => api.close());

const call = (method: string, path: string, headers: Record<string, string> = {}) =>
  send(api.url, `/api/v1${path}`, { method, headers: { authorization: 'Bearer admin', ...headers } });

describe('an answer', () => {
  it('is JSON, with a version, and is kept by no cache', async () => {
    const { status, headers, body } = await call('GET', '/users/x');
    expect({ status, body }).toEqual({ status: 200, body: shown });
    expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', etag: etagOf(shown) });
  });

  it('is left out for who has it already', async () => {
    const { status, text, headers } = await call('GET', '/users/x', { 'if-none-match': `"other", W/${etagOf(shown)}` });
    expect({ status, text, etag: headers['etag'] }).toEqual({ status: 304, text: '', etag: etagOf(shown) });
    expect((await call('GET', '/users/x', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('to HEAD has the headers alone', async () => {
    const { status, text, headers } = await call('HEAD', '/users/x');
    expect({ status, text, length: headers['content-length'] }).toEqual({ status: 200, text: '', length: String(JSON.stringify(shown).length) });
  });

  it('says where to find what was made, and needs no body', async () => {
    expect((await call('POST', '/users')).headers['location']).toBe('/api/v1/users/x%2Fy');
    const { status, text } = await call('DELETE', '/users/x');
    expect({ status, text }).toEqual({ status: 204, text: '' });
  });

  it('comes line by line', async () => {
    const { headers, text } = await call('GET', '/lines');
    expect(headers['content-type']).toMatch(/^application\/x-ndjson/);
    expect(text).toBe('{"line":1}\n{"line":2}\n');
  });

  it('that breaks off while it comes ends the connection: nobody takes a part for the whole', async () => {
    await expect(call('GET', '/broken-lines')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(api.faults.map((fault) => (fault as Error).message)).toContain('the store went away');
  });

  it('that the route does not declare is a fault', async () => {
    const { status, body } = await call('GET', '/undeclared');
    expect({ status, code: body['code'] }).toEqual({ status: 500, code: 'internal' });
  });
});

describe('a refusal', () => {
  it('carries what the rules want to be told', async () => {
    broken = new DomainError('above_ceiling', 'Too much.', { details: { roles: ['FullAccess'], status: 200, code: 'fine' } });
    const { status, body } = await call('GET', '/broken');
    expect(status).toBe(403);
    expect(body).toEqual({
      type: 'urn:rolemint:error:above_ceiling',
      title: 'Too much.',
      status: 403,
      code: 'above_ceiling',
      roles: ['FullAccess'],
      request_id: expect.stringMatching(/^request-/),
    });
  });

  it('says when to come back', async () => {
    broken = new DomainError('unavailable', 'Later.', { retryAfterSeconds: 3 });
    const { status, headers } = await call('GET', '/broken');
    expect({ status, after: headers['retry-after'] }).toEqual({ status: 503, after: '3' });
  });

  it('never shows a fault', async () => {
    broken = new Error('password=hunter2');
    const { status, text } = await call('GET', '/broken');
    expect(status).toBe(500);
    expect(text).not.toMatch(/hunter2|answers\.test/);
  });
});

describe('a version', () => {
  it('is the same for the same content in any order of members, and another for other content', () => {
    expect(etagOf({ a: 1, b: { c: [1, 2], d: 3 } })).toBe(etagOf({ b: { d: 3, c: [1, 2] }, a: 1 }));
    expect(etagOf({ a: [1, 2] })).not.toBe(etagOf({ a: [2, 1] }));
    expect(etagOf({ a: '1' })).not.toBe(etagOf({ a: 1 }));
    expect(etagOf({})).toMatch(/^"[\w-]{43}"$/);
  });

  it.each([
    ['the one that it has', etagOf(shown), 200],
    ['one of several', `"a", ${etagOf(shown)}`, 200],
    ['any at all', '*', 200],
    ['another', '"a"', 412],
    ['a weak one', `W/${etagOf(shown)}`, 412],
    ['no entity tag', 'a', 400],
    ['an open quote', '"a', 400],
  ])('in If-Match: %s', async (_name, ifMatch, status) => {
    const answered = await call('PUT', '/users/x', { 'if-match': ifMatch });
    expect(answered.status).toBe(status);
    if (status === 412) expect(answered.body).toMatchObject({ code: 'stale_version', title: 'It was changed since it was read. Read it again.' });
  });

  it('of what does not exist matches nothing, not even *', () => {
    expect(() => assertMatch('*', undefined)).toThrow('It was changed');
    expect(() => assertMatch(undefined, undefined)).not.toThrow();
    expect(parseIfMatch(undefined)).toBeUndefined();
  });
});

describe('dry_run', () => {
  it('comes to every write by itself, and to no reading', async () => {
    expect((await call('PUT', '/users/x?dry_run=true')).body).toEqual({ dry_run: true });
    expect((await call('PUT', '/users/x?dry_run=false')).body).toEqual({ dry_run: false });
    expect((await call('PUT', '/users/x')).body).toEqual({ dry_run: false });
    expect((await call('GET', '/users/x?dry_run=true')).status).toBe(400);
  });

  it.each(['1', 'TRUE', '', 'yes'])('is not %j: nobody is left to guess whether something was written', async (value) => {
    const { status, body } = await call('PUT', `/users/x?dry_run=${value}`);
    expect({ status, problems: body['problems'] }).toMatchObject({ status: 400, problems: [{ parameter: 'dry_run' }] });
  });
});
