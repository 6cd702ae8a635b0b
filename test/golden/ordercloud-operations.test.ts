import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callExample, startExampleApi, startSystem, tokenFor, type ExampleApi } from '../support/example-api.ts';
import { DATA, type TestServer } from '../support/server.ts';
import { claimsOf } from '../support/token-client.ts';
import { expectGolden } from './golden.ts';

/** As the table of the system's documents has it, read without anything of the example. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly anyOf: readonly string[];
}

const TABLE = JSON.parse(readFileSync(path.join(DATA, 'ordercloud-operations.json'), 'utf8')) as readonly Operation[];

/** Twelve people, and the client through which each gets all that it holds. */
const PEOPLE = {
  admin01: 'seller-app',
  Default_Admin: 'seller-app',
  csr01: 'seller-app',
  returns01: 'seller-app',
  buyer01: 'buyer-app',
  buyer02: 'buyer-app',
  'anonymous-shopper': 'storefront',
  shopper01: 'buyer-app',
  approver01: 'buyer-app',
  'sup-orders': 'seller-app',
  'sup-reports': 'seller-app',
  'sup-other': 'seller-app',
} as const;

interface Person {
  readonly name: string;
  readonly token: string;
  readonly roles: readonly string[];
  readonly type: string;
}

/** What the table does not say: two sides of an order, fields with a role of their own, the seller's own, a custom role. */
const BESIDE: readonly (readonly [operation: string, field?: string])[] = [
  ['GET /v1/orders/outgoing/x'],
  ['GET /v1/orders/incoming/x'],
  ['PATCH /v1/orders/outgoing/x', 'Comments'],
  ['PATCH /v1/orders/incoming/x', 'Comments'],
  ['PATCH /v1/orders/outgoing/x', 'ShippingCost'],
  ['PATCH /v1/orders/incoming/x', 'ShippingCost'],
  ['PATCH /v1/orders/incoming/x', 'TaxCost'],
  ['POST /v1/orders/outgoing/x/lineitems', 'UnitPrice'],
  ['GET /v1/apiclients'],
  ['POST /v1/apiclients'],
  ['DELETE /v1/webhooks/x'],
  ['POST /app/recurring-orders'],
];

let server: TestServer;
let api: ExampleApi;
let people: readonly Person[];
/** Which operation answered a request, where one did. */
const answered = new Set<string>();
/** Operation and what each person was answered. */
let table: readonly (readonly [Operation, readonly number[]])[];

beforeAll(async () => {
  server = await startSystem('ordercloud');
  api = await startExampleApi('ordercloud', server.url);
  people = await Promise.all(Object.entries(PEOPLE).map(([name, client]) => signIn(name, client)));
  const rows: (readonly [Operation, readonly number[]])[] = [];
  for (const operation of TABLE) rows.push([operation, await answers(requestOf(operation))]);
  table = rows;
}, 60_000);
afterAll(async () => {
  await api.close();
  await server.close();
});

/** Who shops places orders, so these are the outgoing ones. */
const requestOf = ({ method, path: template }: Operation): string =>
  `${method} /v1${template.replace('{direction}', 'outgoing').replaceAll(/\{\w+\}/g, 'x')}`;

async function signIn(user: string, client: string): Promise<Person> {
  const token = await tokenFor(server, 'ordercloud', { client, user });
  const { roles, org_type: type } = claimsOf(token) as { readonly roles: readonly string[]; readonly org_type: string };
  return { name: user, token, roles, type };
}

/** An operation answers with its name: none is taken for another. */
async function answers(operation: string, field?: string): Promise<readonly number[]> {
  const all = await Promise.all(
    people.map(({ token }) => callExample(api, operation, { token, ...(field === undefined ? {} : { body: { [field]: 1 } }) })),
  );
  for (const { status, body } of all) if (status === 200) answered.add(`${operation} as ${String(body['operation'])}`);
  return all.map(({ status }) => status);
}

const WIDTH = 90;

function line(first: string, statuses: readonly number[]): string {
  const cells = statuses.map((status) => ({ 200: 'yes', 403: '-' })[status] ?? String(status));
  return `${first.padEnd(WIDTH)}${cells.map((cell) => cell.padEnd(5)).join('')}`.trimEnd();
}

async function text(): Promise<string> {
  const legend = people.map(
    ({ name, type, roles }, index) => `${String(index + 1).padStart(4)}  ${name} (${type}): ${roles.join(' ') || 'no roles'}`,
  );
  const heading = `${''.padEnd(WIDTH)}${people.map((_, index) => String(index + 1).padEnd(5)).join('')}`.trimEnd();
  const beside: string[] = [];
  for (const [operation, field] of BESIDE) {
    beside.push(line(field === undefined ? operation : `${operation} {${field}}`, await answers(operation, field)));
  }
  return [
    'Who may call which operation of OrderCloud, with all the roles that they hold. Orders are outgoing ones.',
    '',
    ...legend,
    '',
    heading,
    ...table.map(([{ method, path: template }, statuses]) => line(`${method.padEnd(7)}${template}`, statuses)),
    '',
    "What the table does not say: incoming orders, fields that need a role of their own in addition, what is the seller's, a custom role.",
    '',
    heading,
    ...beside,
    '',
  ].join('\n');
}

describe('the operations of OrderCloud', () => {
  it('are 290, and twelve people call them', () => {
    expect(table.length).toBe(290);
    expect(people.length).toBe(12);
  });

  it('are allowed exactly when the table names a role that the token has, or none at all', () => {
    const wrong = table.flatMap(([{ method, path: template, anyOf }, statuses]) =>
      people.flatMap(({ name, roles }, index) => {
        let expected = anyOf.length === 0 ? 200 : 403;
        for (const role of roles) for (const sufficient of anyOf) if (role === sufficient) expected = 200;
        return statuses[index] === expected ? [] : [`${method} ${template} by ${name}: ${statuses[index]}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('are not taken for one another', () => {
    const expected = TABLE.map((operation) => `${requestOf(operation)} as ${operation.method} /v1${operation.path}`);
    expect(expected.filter((one) => !answered.has(one))).toEqual([]);
  });

  it('answer nobody without a token', async () => {
    const open: string[] = [];
    for (const operation of TABLE) {
      const { status } = await callExample(api, requestOf(operation), {});
      if (status !== 401) open.push(`${requestOf(operation)}: ${status}`);
    }
    expect(open).toEqual([]);
  });

  it('are answered as it was reviewed; after a change `UPDATE_GOLDEN=1` writes it', async () => {
    expectGolden('ordercloud-operations.txt', await text());
  });
});
