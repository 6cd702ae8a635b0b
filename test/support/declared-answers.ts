/** @module Answers of the management API, held against what its OpenAPI document says of them. */
import { z } from 'zod';
import type { OpenApiDocument, Operation, Reference, Response } from '../../src/http/api/openapi.ts';
import type { JsonSchema } from '../../src/http/api/schema-book.ts';

export interface GivenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const COMPONENT = '#/components/schemas/';
const REFUSALS = '#/components/responses/';

/** Knows what a document declares; whatever an answer has beyond that is a problem. */
export class DeclaredAnswers {
  readonly #document: OpenApiDocument;
  readonly #schemas = new Map<JsonSchema, z.ZodType>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  /** `GET /api/v1/me` and so on, in the order of the document. */
  get endpoints(): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  }

  /** @param endpoint one of {@link endpoints} */
  operation(endpoint: string): Operation {
    const [method, path] = endpoint.split(' ') as [string, string];
    const found = this.#document.paths[path]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`The document has no ${endpoint}.`);
    return found;
  }

  /** Which of {@link endpoints} a request goes to, if any; words come before parameters. */
  endpointOf(method: string, url: string): string | undefined {
    const { pathname } = new URL(url, 'http://localhost');
    const paths = Object.keys(this.#document.paths).filter((path) => method.toLowerCase() in this.#document.paths[path]!);
    const fitting = paths.filter((path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname));
    const [first] = fitting.sort((a, b) => a.split('{').length - b.split('{').length);
    return first && `${method} ${first}`;
  }

  /** What is wrong with an answer; nothing when it is as declared. */
  problems(endpoint: string, { status, headers, text }: GivenAnswer): string[] {
    const declared = this.#response(endpoint, status);
    const prefix = `${endpoint} ${status}`;
    if (declared === undefined) return [`${prefix}: the status is not declared: ${text}`];
    if (headers.has('etag') && declared.headers?.['ETag'] === undefined) return [`${prefix}: has an ETag, and none is declared`];
    if (declared.content === undefined) return text === '' ? [] : [`${prefix}: has a body, and none is declared: ${text}`];
    const sent = headers.get('content-type')?.split(';')[0] ?? '';
    const content = declared.content[sent];
    if (content === undefined) return [`${prefix}: ${sent} is not declared, but ${Object.keys(declared.content).join(', ')}`];
    const schema = this.#schema(content.schema);
    const bodies = sent === 'application/x-ndjson' ? text.split('\n').filter((line) => line !== '') : [text];
    return bodies.flatMap((body) => {
      const { error } = schema.safeParse(JSON.parse(body));
      return error === undefined ? [] : [`${prefix}: ${z.prettifyError(error)}\n${body}`];
    });
  }

  #response(endpoint: string, status: number): Response | undefined {
    const response = this.operation(endpoint).responses[String(status)];
    if (response === undefined || !('$ref' in response)) return response;
    return this.#document.components.responses[(response satisfies Reference).$ref.slice(REFUSALS.length)];
  }

  #schema(schema: JsonSchema): z.ZodType {
    let known = this.#schemas.get(schema);
    if (known === undefined) {
      const needed = this.#referredBy(schema, new Set());
      const $defs = Object.fromEntries([...needed].map((name) => [name, this.#document.components.schemas[name]!]));
      known = z.fromJSONSchema(asJsonSchema({ ...schema, $defs }));
      this.#schemas.set(schema, known);
    }
    return known;
  }

  /** Names of the components that a schema refers to, directly or not. */
  #referredBy(schema: JsonSchema, found: Set<string>): ReadonlySet<string> {
    for (const [, name] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name!)) continue;
      this.#referredBy(this.#document.components.schemas[name!]!, found.add(name!));
    }
    return found;
  }
}

/** References of OpenAPI as those of JSON Schema. */
function asJsonSchema(schema: JsonSchema): z.core.JSONSchema.JSONSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll(`"${COMPONENT}`, '"#/$defs/')) as z.core.JSONSchema.JSONSchema;
}
