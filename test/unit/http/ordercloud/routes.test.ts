import path from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { orderCloudCalls } from '../../../../scripts/ordercloud-calls.ts';
import { API_ROLES } from '../../../../src/http/ordercloud/role-names.ts';
import { orderCloudRoutes } from '../../../../src/http/ordercloud/routes.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly anyOf: readonly string[];
}

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const TABLE = JSON.parse(readFileSync(path.join(ROOT, 'test/data/ordercloud-operations.json'), 'utf8')) as readonly Operation[];
const ROUTES = orderCloudRoutes({} as Parameters<typeof orderCloudRoutes>[0]);

/** The path with every parameter alike, in lower case: OrderCloud does not tell case apart. */
const plain = (template: string): string => template.replaceAll(/\{\w+\}/g, '{}').toLowerCase();
const keyOf = ({ method, path: template }: { readonly method: string; readonly path: string }): string => `${method} ${plain(template)}`;

/** Roles that came after the table, for operations that the table has. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  'GET /securityprofiles': ['SecurityProfileReader', 'SecurityProfileAdmin'],
  'GET /securityprofiles/{}': ['SecurityProfileReader', 'SecurityProfileAdmin'],
  'GET /securityprofiles/assignments': ['SecurityProfileReader', 'SecurityProfileAdmin'],
  'POST /securityprofiles/assignments': ['SecurityProfileAdmin'],
  'DELETE /securityprofiles/{}/assignments': ['SecurityProfileAdmin'],
};

describe('the roles of a call', () => {
  const listed = TABLE.flatMap((operation) => {
    const route = ROUTES.find((one) => keyOf(one) === keyOf(operation));
    return route === undefined ? [] : [[keyOf(operation), operation, route] as const];
  });

  it('stand in the table of operations for most calls', () => {
    expect(listed.length).toBeGreaterThan(70);
  });

  it.each(listed)('are those of the table: %s', (key, { anyOf }, route) => {
    const roles = route.open === true || route.roles === 'any_token' ? [] : ['FullAccess', ...route.roles];
    const expected = anyOf.length === 0 ? [] : [...anyOf, ...(LATER[key] ?? [])];
    expect(roles.toSorted()).toEqual(expected.toSorted());
  });
});

describe('the calls', () => {
  it('are calls of the SDK; one that it dropped stands in the table', () => {
    const { declared, answered } = orderCloudCalls();
    const known = new Set([...declared].flatMap(([resource, calls]) => calls.map((call) => `${resource}.${call}`)));
    expect([...answered].filter((call) => !known.has(call))).toEqual(['SupplierUsers.GetAccessToken']);
  });

  it('stand where the SDK looks for them', () => {
    const source = readFileSync(path.join(ROOT, 'node_modules/ordercloud-javascript-sdk/dist/index.js'), 'utf8');
    const sent = new Set(
      [...source.matchAll(/http\.(get|post|put|patch|delete)\(("[^_]*?), __assign/g)].map(([, method, expression]) => {
        const template = [...expression!.matchAll(/"([^"]*)"|concat\((\w+)/g)].map(([, text, id]) => text ?? (id === undefined ? '' : '{}')).join('');
        return `${method!.toUpperCase()} ${template}`;
      }),
    );
    const exact = ({ method, path: template }: { readonly method: string; readonly path: string }) =>
      `${method} ${template.replaceAll(/\{\w+\}/g, '{}')}`;
    expect(ROUTES.filter((route) => route.call !== 'SupplierUsers.GetAccessToken' && !sent.has(exact(route))).map(exact)).toEqual([]);
  });
});

describe('the names of roles', () => {
  it("are those of the SDK's type", () => {
    const type = readFileSync(path.join(ROOT, 'node_modules/ordercloud-javascript-sdk/dist/models/ApiRole.d.ts'), 'utf8');
    expect([...API_ROLES].toSorted()).toEqual([...type.matchAll(/'(\w+)'/g)].map(([, name]) => name!).toSorted());
  });
});
