import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { callExample, startExampleApi, startSystem, tokenFor, type ExampleApi } from '../support/example-api.ts';
import type { TestServer } from '../support/server.ts';
import { claimsOf } from '../support/token-client.ts';
import { expectGolden } from './golden.ts';

interface PermissionType {
  readonly type: string;
  readonly operations: readonly string[];
}

const WORKSPACE = path.resolve(import.meta.dirname, '../../examples/voss/workspace.yaml');
const { permission_types: TYPES } = parse(readFileSync(WORKSPACE, 'utf8')) as { readonly permission_types: readonly PermissionType[] };

/** Nodes by the letter that stands for them below, and the path to each. */
const NODES = {
  s: 'sys',
  P: 'sys/PRV',
  R: 'sys/PRV/RES',
  V: 'sys/PRV/RES/VS-Corp',
  B: 'sys/PRV/RES/VS-Corp/Boston',
  C: 'sys/PRV/RES/VS-Corp/Chicago',
  G: 'sys/PRV/RES/GenCorp',
} as const;

/** What those below may read, by the documents. */
const VISIBLE_BELOW = ['data/Role', 'data/AccessProfile', 'data/MenuLayout'];
const READING = ['read', 'export'];

const PEOPLE = ['hcsadmin', 'prvadmin', 'custadmin', 'custop', 'cloner', 'gencadmin', 'bosadmin', 'multi', 'multi selfservice', 'chiuser'];

interface Person {
  readonly name: string;
  readonly token: string;
  readonly roles: readonly string[];
  readonly path: string;
}

let server: TestServer;
let api: ExampleApi;
let people: readonly Person[];

beforeAll(async () => {
  server = await startSystem('voss');
  api = await startExampleApi('voss', server.url);
  people = await Promise.all(PEOPLE.map(signIn));
}, 60_000);
afterAll(async () => {
  await api.close();
  await server.close();
});

async function signIn(name: string): Promise<Person> {
  const [user, client = 'admin-portal'] = name.split(' ') as [string, string?];
  const scope = TYPES.flatMap(({ type, operations }) => operations.map((operation) => `${type}:${operation}`)).join(' ');
  const token = await tokenFor(server, 'voss', { client, user, scope });
  const claims = claimsOf(token) as { readonly roles: readonly string[]; readonly org_path: readonly string[] };
  return { name, token, roles: claims.roles, path: claims.org_path.join('/') };
}

function requestOf(type: string, operation: string, node: string): string {
  const methods: Readonly<Record<string, string>> = { read: 'GET', update: 'PUT', delete: 'DELETE' };
  if (operation === 'create') return `POST /api/${type}?node=${node}`;
  if (operation in methods) return `${methods[operation]} /api/${type}/at-${node}`;
  return `${operation === 'export' ? 'GET' : 'POST'} /api/${type}/at-${node}/${operation}`;
}

/** By the documents, read without anything of the example: both are text, so a path is within another when it begins with it. */
function expected({ roles, path: own }: Person, type: string, operation: string, at: string): number {
  if (!roles.includes(`${type}:${operation}`)) return 403;
  const below = `${at}/`.startsWith(`${own}/`);
  const above = `${own}/`.startsWith(`${at}/`);
  return below || (above && VISIBLE_BELOW.includes(type) && READING.includes(operation)) ? 200 : 403;
}

/** The letters of the nodes at which a person may do it; what is not as expected stands out. */
async function cell(person: Person, type: string, operation: string): Promise<string> {
  const letters = await Promise.all(
    Object.entries(NODES).map(async ([letter, at]) => {
      const { status } = await callExample(api, requestOf(type, operation, at.split('/').at(-1)!), { token: person.token });
      if (status !== expected(person, type, operation, at)) return `(${letter}: ${status})`;
      return status === 200 ? letter : '.';
    }),
  );
  return letters.join('').replace(/^\.+$/, '-');
}

const line = (first: string, cells: readonly string[]): string => `${first.padEnd(48)}${cells.map((text) => text.padEnd(10)).join('')}`.trimEnd();

/** Of some types all operations, of the others reading and changing. */
const SHOWN = TYPES.flatMap(({ type, operations }) =>
  operations
    .filter((operation) => ['data/User', 'data/MenuLayout', 'relation/Subscriber'].includes(type) || ['read', 'update'].includes(operation))
    .map((operation) => [type, operation] as const),
);

describe('the hierarchy of VOSS', () => {
  it('keeps everybody to the own node and below, by the reviewed text; after a change `UPDATE_GOLDEN=1` writes it', async () => {
    const lines = [
      'At which nodes of VOSS who may do what: s(ystem) above P(rovider) above R(eseller) above the customers V and G; B and C are sites of V.',
      'Where a model is visible below, those below read what is above them, and do not change it.',
      '',
      line(
        '',
        people.map(({ name }) => name.split(' ')[0]!),
      ),
      line(
        '',
        people.map(({ name }) => name.split(' ')[1] ?? ''),
      ),
      line(
        '',
        people.map((person) => person.path.split('/').at(-1)!),
      ),
    ];
    for (const [type, operation] of SHOWN) {
      lines.push(line(`${type}:${operation}`, await Promise.all(people.map((person) => cell(person, type, operation)))));
    }
    expect(lines.filter((one) => /: \d{3}\)/.test(one))).toEqual([]);
    expectGolden('voss-hierarchy.txt', `${lines.map((one) => one.trimEnd()).join('\n')}\n`);
  }, 60_000);

  it('lists what is in reach, and no more', async () => {
    const list = async (type: string, name: string): Promise<unknown> =>
      (await callExample(api, `GET /api/${type}`, { token: people.find((person) => person.name === name)!.token })).body['list'];
    expect(await list('data/User', 'custadmin')).toEqual(['at-VS-Corp', 'at-Boston', 'at-Chicago']);
    expect(await list('data/MenuLayout', 'custadmin')).toEqual(['at-sys', 'at-PRV', 'at-RES', 'at-VS-Corp', 'at-Boston', 'at-Chicago']);
  });

  it('has no place for what is not there', async () => {
    const { token } = people[0]!;
    expect((await callExample(api, 'GET /api/data/User/at-Nowhere', { token })).status).toBe(403);
    expect((await callExample(api, 'POST /api/data/User?node=Nowhere', { token })).status).toBe(403);
    expect((await fetch(`${api.url}/api/data/Nothing`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(404);
  });
});

describe('the clone rule of VOSS', () => {
  const create = (token: string, permissions: unknown) => callExample(api, 'POST /api/data/AccessProfile', { token, body: { permissions } });
  const scope = 'data/AccessProfile:create data/User:read data/User:update';

  it('lets nobody make an access profile with more than the token carries', async () => {
    const token = await tokenFor(server, 'voss', { client: 'admin-portal', user: 'hcsadmin', scope });
    expect((await create(token, { 'data/User': ['read', 'update'] })).status).toBe(200);
    const { status, body } = await create(token, { 'data/User': ['read', 'delete'] });
    expect({ status, error: body['error'] }).toEqual({ status: 403, error: 'insufficient_scope' });
    expect(body['sufficient_roles']).toEqual(['data/AccessProfile:create', 'data/User:read', 'data/User:delete']);
  });

  it('takes a wildcard for a name that nobody has', async () => {
    expect((await create(people[0]!.token, { 'data/*': ['read'] })).status).toBe(403);
  });

  it.each([['text'], [{ 'data/User': 7 }], [{ 'data/User': ['read more'] }], [null]])('refuses %p as permissions', async (permissions) => {
    const { status } = await fetch(`${api.url}/api/data/AccessProfile`, {
      method: 'POST',
      headers: { authorization: `Bearer ${people[0]!.token}` },
      body: JSON.stringify({ permissions }),
    });
    expect(status).toBe(400);
  });
});
