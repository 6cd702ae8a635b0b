import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenApiDocument } from '../../../src/http/api/openapi.ts';
import { startThreatened, type Threatened } from '../threats/endpoint.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
}

/** T-68, T-72, T-74, T-90 for every operation that there is: whatever is sent, it is refused in words, and nothing is a fault. */
let server: Threatened;
let operations: readonly Operation[];
let headers: Record<string, string>;

beforeAll(async () => {
  server = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as OpenApiDocument;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
  const { body } = await server.signIn('root', { scope: 'FullAccess' });
  headers = { authorization: `Bearer ${String(body['access_token'])}`, 'content-type': 'application/json' };
});
afterAll(() => server.close());

const withIds = (path: string, id: string): string => path.replaceAll(/\{\w+\}/g, id);

async function expectRefused(method: string, target: string, body?: string): Promise<void> {
  const response = await fetch(server.url + target, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const asked = `${method} ${target.slice(0, 100)} ${body?.slice(0, 60) ?? ''}`;
  expect(`${asked} → ${response.status} ${text.slice(0, 200)}`).toMatch(/ → 4\d\d /);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\bselect\b.*\bfrom\b|\$argon2/i);
}

/** A few at a time: more than that might wait for the database longer than a request may. */
async function ofEach(asked: readonly Operation[], work: (operation: Operation) => Promise<void>): Promise<void> {
  for (let start = 0; start < asked.length; start += 10) await Promise.all(asked.slice(start, start + 10).map(work));
}

afterAll(() => {
  const polluted = {} as Record<string, unknown>;
  expect([polluted['polluted'], polluted['isAdmin']]).toEqual([undefined, undefined]);
});

describe('every operation that takes a body', () => {
  const MASS = { ID: 'x', OrgID: 'B2', Type: 'seller', PasswordHash: '$argon2id$x', Roles: ['FullAccess'], IsAdmin: true, CreatedAt: '2026-01-01' };
  test.each<[string, string]>([
    ['members that were never offered', JSON.stringify(MASS)],
    ['a prototype', '{"__proto__":{"polluted":true,"isAdmin":true}}'],
    ['a constructor', '{"constructor":{"prototype":{"polluted":true}}}'],
    ['a member twice', '{"id":"a","id":"b"}'],
    ['great depth', `${'{"id":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['a list', '[{"id":"x"}]'],
    ['null', 'null'],
    ['operators for values', '{"id":{"$ne":1},"username":{"$gt":""},"name":["a"],"organization":{"toString":1}}'],
    ['NUL', '{"id":"a\\u0000b","name":"\\u0000"}'],
    ['half a character', '{"id":"\\ud800","name":"\\ud800"}'],
    ['a number without bounds', '{"id":1e999}'],
    ['half of it', '{"id":'],
  ])('refuses %s', async (_name, body) => {
    const writes = operations.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method));
    // What needs no body does not look at one; that it exists is then the only question.
    await ofEach(writes, ({ method, path }) => expectRefused(method, `${withIds(path, 'nobody-of-this-name')}?dry_run=true`, body));
  });
});

describe('every operation', () => {
  test.each([
    '__proto__=x',
    '__proto__[polluted]=1',
    'constructor.prototype.polluted=1',
    'limit[$gt]=1',
    "id=1'%20OR%201=1--",
    '%00=1',
    '%=1',
    'dry_run=maybe',
  ])('refuses the query %s', async (query) => {
    await ofEach(operations, ({ method, path }) => expectRefused(method, `${withIds(path, 'x')}?${query}`, method === 'GET' ? undefined : '{}'));
  });

  test.each([
    '%00',
    'a%00b',
    '%ED%A0%80',
    '%ff',
    '%',
    '%0d%0aX:1',
    "x'%20OR%20'1'='1",
    '$where',
    '__proto__',
    'constructor',
    '..%2f..%2fetc',
    'x'.repeat(900),
    '%F0%9F%98%80',
  ])('on the id %s finds nothing', async (id) => {
    const keyed = operations.filter(({ method, path }) => path.includes('{') && ['GET', 'DELETE'].includes(method));
    await ofEach(keyed, ({ method, path }) => expectRefused(method, withIds(path, id)));
  });
});
