import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lintOpenApi } from '../support/openapi-lint.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { expectGolden, readableJson } from './golden.ts';

let server: TestServer;
let document: unknown;

beforeAll(async () => {
  server = await startServer();
  document = await (await fetch(`${server.url}/api/openapi.json`)).json();
});
afterAll(() => server.close());

describe('the OpenAPI document of the management API', () => {
  it('is the reviewed one; after a change `UPDATE_GOLDEN=1` writes it and `npm run docs:client` the types of its client', () => {
    expectGolden('openapi.json', `${readableJson(document)}\n`);
  });

  it('lints clean', async () => {
    expect(await lintOpenApi(document)).toEqual([]);
  });
});
