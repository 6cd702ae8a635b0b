import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { callExample, startExampleApi, startSystem, tokenFor, type ExampleApi } from '../support/example-api.ts';
import type { TestServer } from '../support/server.ts';
import { expectGolden } from './golden.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/tradecloud');

/** What a call is about, by the names in paths: one's own, and somebody else's. */
interface Subjects {
  readonly company: string;
  /** An order on the buying side of which the company is, or the selling side. */
  readonly order: readonly [buying: string, selling: string];
  readonly user: string;
}

interface Column {
  readonly heading: string;
  readonly user: string;
  readonly own: Subjects;
  readonly others: Subjects;
}

const others: Subjects = { company: 'OTHER', order: ['9', '9'], user: 'olaf' };

const COLUMNS: readonly Column[] = [
  { heading: 'user of a buyer', user: 'bob', own: { company: 'BUYCO', order: ['1', '1'], user: 'bob' }, others },
  { heading: 'user of a supplier', user: 'sam', own: { company: 'SUPCO', order: ['1', '1'], user: 'sam' }, others: { ...others, order: ['3', '3'] } },
  { heading: 'user of both', user: 'dual', own: { company: 'BOTHCO', order: ['2', '3'], user: 'dual' }, others: { ...others, order: ['1', '1'] } },
  { heading: 'admin of a buyer', user: 'alice', own: { company: 'BUYCO', order: ['1', '1'], user: 'alice' }, others },
  { heading: 'integration', user: 'erp', own: { company: 'BUYCO', order: ['1', '1'], user: 'erp' }, others },
  { heading: 'support', user: 'helpdesk', own: { company: 'TC', order: ['1', '1'], user: 'helpdesk' }, others },
  { heading: 'superuser', user: 'root', own: { company: 'TC', order: ['1', '1'], user: 'root' }, others },
];

/** Every operation that the example has. */
const OPERATIONS = [...readFileSync(path.join(EXAMPLE, 'matrix.js'), 'utf8').matchAll(/^ {2}row\('([^']+)'/gm)].map(([, operation]) => operation!);

const { roles } = parse(readFileSync(path.join(EXAMPLE, 'workspace.yaml'), 'utf8')) as { readonly roles: readonly { readonly name: string }[] };

let server: TestServer;
let api: ExampleApi;
let tokens: readonly string[];

beforeAll(async () => {
  server = await startSystem('tradecloud');
  api = await startExampleApi('tradecloud', server.url);
  const scope = roles.map(({ name }) => name).join(' ');
  tokens = await Promise.all(COLUMNS.map(({ user }) => tokenFor(server, 'tradecloud', { client: 'portal', user, scope })));
}, 60_000);
afterAll(async () => {
  await api.close();
  await server.close();
});

function about(operation: string, { company, order, user }: Subjects): string {
  const [buying, selling] = order;
  const named: Readonly<Record<string, string>> = { company, user, order: operation.includes('by-supplier') ? selling : buying };
  return operation.replaceAll(/:(\w+)/g, (_, name: string) => named[name] ?? 'x');
}

const CELLS: Readonly<Record<string, string>> = { '200 200': 'any', '200 403': 'own', '403 403': '-' };

async function cell(operation: string, { own, others: foreign }: Column, token: string): Promise<string> {
  const [first, second] = await Promise.all([own, foreign].map((subjects) => callExample(api, about(operation, subjects), { token })));
  const statuses = `${first!.status} ${second!.status}`;
  return CELLS[statuses] ?? statuses;
}

const line = (first: string, cells: readonly string[]): string => `${first.padEnd(68)}${cells.map((text) => text.padEnd(20)).join('')}`.trimEnd();

async function matrix(): Promise<string> {
  const lines = [
    'Who may do what at Tradecloud: only with the own data (own), with that of others as well (any), or not at all (-).',
    '',
    line(
      '',
      COLUMNS.map(({ heading }) => heading),
    ),
  ];
  for (const operation of OPERATIONS) {
    const [method, target] = operation.split(' ') as [string, string];
    lines.push(line(`${method.padEnd(5)}${target}`, await Promise.all(COLUMNS.map((column, index) => cell(operation, column, tokens[index]!)))));
  }
  return `${lines.join('\n')}\n`;
}

describe('the permission matrix of Tradecloud', () => {
  it('is all of it: every role of the workspace opens something', () => {
    const source = readFileSync(path.join(EXAMPLE, 'matrix.js'), 'utf8');
    expect(roles.map(({ name }) => name).filter((name) => !source.includes(`['${name}', `))).toEqual([]);
  });

  it('has nothing that is not in it', async () => {
    expect((await fetch(`${api.url}/company/BUYCO`, { method: 'DELETE', headers: { authorization: `Bearer ${tokens[0]}` } })).status).toBe(404);
  });

  it("refuses what is not there like what is somebody else's", async () => {
    const [token] = tokens as [string];
    expect(await callExample(api, 'GET /order/404', { token })).toEqual(await callExample(api, 'GET /order/9', { token }));
    expect(await callExample(api, 'GET /user/nobody/profile', { token })).toEqual(await callExample(api, 'GET /user/sam/profile', { token }));
  });

  it('shows a superuser the profiles of nobody, not even the own', async () => {
    const { status, body } = await callExample(api, 'GET /user/root/profile', { token: tokens.at(-1)! });
    expect({ status, roles: body['sufficient_roles'] }).toEqual({ status: 403, roles: ['profile-own:read', 'profile-company:read'] });
  });

  it('is the reviewed one; after a change `UPDATE_GOLDEN=1` writes it', async () => {
    expectGolden('tradecloud-matrix.txt', await matrix());
  });
});
