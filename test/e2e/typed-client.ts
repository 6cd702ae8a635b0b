/** @module A client of the management API as others would generate it: types from the OpenAPI document, calls by openapi-fetch. */
import { expect } from '@jest/globals';
import createClient, { type Client, type Middleware } from 'openapi-fetch';
import type { OpenApiDocument } from '../../src/http/api/openapi.ts';
import { DeclaredAnswers } from '../support/declared-answers.ts';
import type { TestServer } from '../support/server.ts';
import type { paths } from '../../src/console/api/management-api.d.ts';

export type ManagementClient = Client<paths>;

/** Makes clients whose every answer is held against the document that the server itself publishes. */
export async function typedClients({ url }: TestServer): Promise<(token: string | undefined) => ManagementClient> {
  const declared = new DeclaredAnswers((await (await fetch(`${url}/api/openapi.json`)).json()) as OpenApiDocument);
  const asDeclared: Middleware = {
    onResponse: async ({ request, schemaPath, response }) => {
      const { status, headers } = response;
      const text = await response.clone().text();
      expect(declared.problems(`${request.method} ${schemaPath}`, { status, headers, text })).toEqual([]);
      return undefined;
    },
  };
  return (token) => {
    const client = createClient<paths>({ baseUrl: url, ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }) });
    client.use(asDeclared);
    return client;
  };
}

/** What was answered, or a failed test that says what came instead. */
export function answered<T>({ data, error, response }: { readonly data?: T; readonly error?: unknown; readonly response: Response }): T {
  if (!response.ok) throw new Error(`${response.status} ${response.url}: ${JSON.stringify(error)}`);
  return data as T;
}

/** The object of a write that was meant. */
export function made<T extends object>(answer: { readonly data?: T; readonly error?: unknown; readonly response: Response }): Exclude<T, Rehearsed> {
  const data = answered(answer);
  if ('dry_run' in data) throw new Error('It was only rehearsed.');
  return data as Exclude<T, Rehearsed>;
}

/** What a rehearsed write would do. */
export function rehearsed<T extends object>(answer: {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}): Extract<T, Rehearsed> {
  const data = answered(answer);
  if (!('dry_run' in data)) throw new Error('It was meant.');
  return data as Extract<T, Rehearsed>;
}

interface Rehearsed {
  readonly dry_run: true;
}
