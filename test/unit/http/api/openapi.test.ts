import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { docsPage } from '../../../../src/http/api/docs-page.ts';
import { listParameters, pageOf } from '../../../../src/http/api/list.ts';
import { openApiDocument, operationId } from '../../../../src/http/api/openapi.ts';
import { route, type Route } from '../../../../src/http/api/route.ts';
import { lintOpenApi } from '../../../support/openapi-lint.ts';
import { send, startApi, type Harness } from './harness.ts';

const address = z.strictObject({ city: z.string().default('Bern') }).meta({ id: 'TestAddress' });
const user = z.object({ id: z.string().describe('Chosen, or `made`.'), address, since: z.date() }).meta({ id: 'TestUser' });
const draft = z.strictObject({
  name: z.string().min(1).max(100).describe('<b>For people</b>'),
  address: address.optional(),
  tags: z.array(z.strictObject({ key: z.string() })).optional(),
});
const handle = async () => ({ status: 204 });
const common = { resource: 'users', roles: ['UserAdmin'], handle } as const;

const ROUTES: readonly Route[] = [
  route({
    ...common,
    method: 'GET',
    path: '/users',
    roles: ['UserReader', 'UserAdmin'],
    summary: 'List users',
    query: listParameters('users'),
    answers: { 200: pageOf(user) },
  }),
  route({ ...common, method: 'POST', path: '/users', summary: 'Create a user', description: 'With `MeAdmin`.', body: draft, answers: { 201: user } }),
  route({
    ...common,
    method: 'PATCH',
    path: '/users/{id}',
    summary: 'Change a user',
    body: draft.partial(),
    versioned: true,
    answers: { 200: user },
  }),
  route({ ...common, method: 'GET', path: '/users/{id}', summary: 'Read a user', versioned: true, answers: { 200: user } }),
  route({
    ...common,
    method: 'PUT',
    path: '/user-groups/{id}/members/{user_id}',
    resource: 'user_groups',
    summary: 'Add a member',
    answers: { 204: undefined },
  }),
  route({
    ...common,
    method: 'GET',
    path: '/audit-events',
    resource: 'audit_events',
    summary: 'Export',
    answers: { 200: { lines: z.object({ type: z.string() }) } },
  }),
  route({
    ...common,
    method: 'GET',
    path: '/me',
    resource: 'me',
    roles: 'any_token',
    summary: 'Say who asks',
    answers: { 200: z.object({ id: z.string() }) },
    refuses: ['not_found'],
  }),
];

const document = openApiDocument(ROUTES);
const at = (path: string, method: string) => document.paths[`/api/v1${path}`]![method]!;

describe('the OpenAPI document', () => {
  it('has nothing that the recommended rules object to', async () => {
    expect(await lintOpenApi(document)).toEqual([]);
  });

  it('has every route, with its roles', () => {
    const found = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(found.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} /api/v1${path}`).toSorted());
    expect(at('/users', 'get')['x-roles']).toEqual(['UserReader', 'UserAdmin', 'FullAccess']);
    expect(at('/me', 'get')['x-roles']).toEqual([]);
  });

  it('names operations after method and path', () => {
    expect(operationId('PUT', '/user-groups/{id}/members/{user_id}')).toBe('putUserGroupsByIdMembersByUserId');
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((operation) => operation.operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('tells every way in which a request can be refused', () => {
    expect(Object.keys(at('/users/{id}', 'patch').responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '412',
      '413',
      '415',
      '429',
      '500',
      '503',
    ]);
    expect(Object.keys(at('/users', 'get').responses)).toEqual(['200', '400', '401', '403', '429', '500', '503']);
    expect(Object.keys(at('/me', 'get').responses)).toEqual(['200', '400', '401', '404', '429', '500', '503']);
    expect(document.components.responses['Problem401']).toMatchObject({
      headers: { 'WWW-Authenticate': {} },
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  });

  it('describes parameters by what they mean', () => {
    const parameters = Object.fromEntries(
      at('/users', 'get').parameters!.map((parameter) => ['name' in parameter ? parameter.name : parameter.$ref, parameter]),
    );
    expect(parameters['limit']).toMatchObject({ in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } });
    expect(parameters['active']).toMatchObject({ schema: { type: 'boolean' } });
    expect(parameters['sort']).toMatchObject({ schema: { enum: expect.arrayContaining(['id', '-id']) } });
    expect(parameters['dry_run']).toBeUndefined();
    expect(at('/users', 'post').parameters).toContainEqual(expect.objectContaining({ name: 'dry_run', schema: { type: 'boolean', default: false } }));
    expect(at('/user-groups/{id}/members/{user_id}', 'put').parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
      { name: 'user_id', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
      expect.objectContaining({ name: 'dry_run' }),
    ]);
  });

  it('tells of versions where there are some', () => {
    expect(at('/users/{id}', 'get').parameters).toContainEqual({ $ref: '#/components/parameters/IfNoneMatch' });
    expect(at('/users/{id}', 'get').responses).toMatchObject({ 200: { headers: { ETag: {} } }, 304: { headers: { ETag: {} } } });
    expect(at('/users/{id}', 'patch').parameters).toContainEqual({ $ref: '#/components/parameters/IfMatch' });
    for (const [path, method] of [
      ['/user-groups/{id}/members/{user_id}', 'put'],
      ['/me', 'get'],
    ] as const) {
      expect(JSON.stringify(at(path, method))).not.toMatch(/ETag|IfMatch|IfNoneMatch|"304"|"412"/);
    }
  });

  it('names schemas once, and twice where what is sent is not what is answered', () => {
    const { schemas } = document.components;
    expect(Object.keys(schemas)).toEqual(['Problem', 'TestAddress', 'TestAddressInput', 'TestUser', 'TestUserPage']);
    expect(schemas['TestAddress']).toMatchObject({ required: ['city'] });
    expect(schemas['TestAddressInput']!['required']).toBeUndefined();
    expect(schemas['TestUser']).toMatchObject({
      properties: { address: { $ref: '#/components/schemas/TestAddress' }, since: { type: 'string', format: 'date-time' } },
    });
    expect(at('/users', 'post').requestBody!.content['application/json']!.schema).toMatchObject({
      additionalProperties: false,
      properties: { address: { $ref: '#/components/schemas/TestAddressInput' } },
    });
    expect(JSON.stringify(document)).not.toMatch(/\$defs|"(input|output):|\$schema/);
  });

  it('says how patches and lines travel', () => {
    expect(Object.keys(at('/users/{id}', 'patch').requestBody!.content)).toEqual(['application/merge-patch+json', 'application/json']);
    expect(at('/audit-events', 'get').responses['200']).toMatchObject({ content: { 'application/x-ndjson': {} } });
  });
});

describe('the page for people', () => {
  const page = docsPage(document, '/api/openapi.json');

  it('has every operation, with its path, roles and answers', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(page).toContain(`id="${operation.operationId}"`);
        expect(page).toContain(`href="#${operation.operationId}"`);
        expect(page).toContain(`<code>${method.toUpperCase()} ${path}</code>`);
      }
    }
    expect(page).toContain('Roles, any one of which suffices: <code>UserReader</code>, <code>UserAdmin</code>, <code>FullAccess</code>.');
    expect(page).toContain('Any valid token will do.');
  });

  it('has every schema, and no link that leads nowhere', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/ (?:href="#|aria-labelledby=")([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
    for (const name of Object.keys(document.components.schemas)) expect(ids).toContain(`schema-${name}`);
  });

  it('shows members of objects within objects with their path', () => {
    expect(page).toContain('<code>tags[].key</code>');
    expect(page).toContain('<code>problems[].message</code>');
  });

  it('shows what is said in declarations as text, and code as code', () => {
    expect(page).toContain('&#60;b&#62;For people&#60;/b&#62;');
    expect(page).not.toContain('<b>');
    expect(page).toContain('Chosen, or <code>made</code>.');
  });

  it('has no script and loads nothing', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|javascript:|src=|\son\w+=/i);
  });

  it('is a document that a reader can find the way in', () => {
    expect(page).toMatch(/^<!doctype html>\s*<html lang="en">/);
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page).toContain('<nav aria-label="Operations">');
    expect(page).toContain('href="#content"');
    expect(page).not.toMatch(/<table>(?!\s*<caption>)/);
  });
});

describe('what the API says of itself', () => {
  let api: Harness;
  beforeAll(async () => {
    api = await startApi(ROUTES, {});
  });
  afterAll(() => api.close());

  it.each([
    ['/api/openapi.json', 'application/json; charset=utf-8'],
    ['/api/docs', 'text/html; charset=utf-8'],
  ])('%s is there for everybody and may be kept', async (path, type) => {
    const { status, headers } = await send(api.url, path);
    expect({ status, type: headers['content-type'], cache: headers['cache-control'] }).toEqual({ status: 200, type, cache: 'public, max-age=300' });
    const again = await send(api.url, path, { headers: { 'if-none-match': String(headers['etag']) } });
    expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
    expect((await send(api.url, path, { method: 'HEAD' })).status).toBe(200);
    const posted = await send(api.url, path, { method: 'POST' });
    expect({ status: posted.status, allow: posted.headers['allow'] }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  it('is the document, and a page that may do nothing but show itself', async () => {
    expect((await send(api.url, '/api/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(document)));
    const { headers } = await send(api.url, '/api/docs');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; frame-ancestors 'none'/);
  });

  it('allows exactly the style that the page has', async () => {
    const { headers, text } = await send(api.url, '/api/docs');
    const [, style] = /<style>([^<]*)<\/style>/.exec(text)!;
    expect(headers['content-security-policy']).toContain(`'sha256-${createHash('sha256').update(style!).digest('base64')}'`);
  });
});
