import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenApiDocument, Operation } from '../../../src/http/api/openapi.ts';
import { lintOpenApi } from '../../support/openapi-lint.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
let document: OpenApiDocument;
let page: string;

beforeAll(async () => {
  server = await startServer();
  document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as OpenApiDocument;
  page = await (await fetch(`${server.url}/api/docs`)).text();
});
afterAll(() => server.close());

interface Found {
  readonly name: string;
  readonly operation: Operation;
}

const operations = (): Found[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );

describe('the description of the management API', () => {
  test('has nothing that the recommended rules object to', async () => {
    expect(await lintOpenApi(document)).toEqual([]);
  });

  test('is a page with every operation on it', () => {
    expect(operations().length).toBeGreaterThan(0);
    const missing = operations().filter(
      ({ name, operation }) => !page.includes(`id="${operation.operationId}"`) || !page.includes(`<code>${name}</code>`),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('takes no member that it does not name: T-68', () => {
    const open = operations().filter(({ operation }) =>
      Object.values(operation.requestBody?.content ?? {}).some(({ schema }) => openObjects(schema, new Set()).length > 0),
    );
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  test('names for every operation but those about oneself a role of the catalogue', async () => {
    const known = new Set((await server.app.services.access.workspace()).catalogue.roles);
    const odd = operations().filter(
      ({ operation }) =>
        operation['x-roles'].some((role) => !known.has(role)) || (operation['x-roles'].length === 0 && !operation.tags.includes('me')),
    );
    expect(odd.map(({ name }) => name)).toEqual([]);
  });

  test('is honest about paths: without a token every one is 401, and any other method 405', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
        const { status, headers } = await fetch(server.url + path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
        if (method in methods) expect(`${method} ${path} ${status}`).toBe(`${method} ${path} 401`);
        else
          expect(`${method} ${path} ${status} ${headers.get('allow')?.toLowerCase().split(', ').includes(method)}`).toBe(
            `${method} ${path} 405 false`,
          );
      }
    }
  });
});

type Schema = Readonly<Record<string, unknown>>;

/** Places in a schema, references followed, where an object may have any members. Keys of RFC 7517 may, by that RFC. */
function openObjects(schema: Schema, seen: Set<string>): Schema[] {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    if (seen.has(reference)) return [];
    seen.add(reference);
    return openObjects(document.components.schemas[reference.split('/').at(-1)!]!, seen);
  }
  const children = [
    ...Object.values((schema['properties'] ?? {}) as Record<string, Schema>),
    ...((schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'] ?? []) as Schema[]),
    ...(schema['items'] === undefined ? [] : [schema['items'] as Schema]),
  ];
  const open = schema['type'] === 'object' && schema['additionalProperties'] !== false && !isKey(schema) ? [schema] : [];
  return [...open, ...children.flatMap((child) => openObjects(child, seen))];
}

const isKey = ({ properties = {} }: Schema): boolean => Object.hasOwn(properties as object, 'kty');
