/** The OpenAPI 3.1 document of the management API, made of the same declarations that requests are checked by. */
import { z } from 'zod';
import { MEANING, STATUS, type ProblemCode } from '../errors.ts';
import { mediaTypesOf } from './body.ts';
import { queryOf } from './query.ts';
import { API_PREFIX, paramNames, type AnswerSchema, type Route, type RouteResource } from './route.ts';
import { SchemaBook, type JsonSchema } from './schema-book.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }>
>;

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly content?: Content;
}

export interface Reference {
  readonly $ref: string;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly 'x-roles': readonly string[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: Readonly<Record<string, unknown>> & { readonly title: string; readonly description: string; readonly version: string };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

const ABOUT: Readonly<Record<RouteResource, string>> = {
  organization_types: 'Kinds of organizations: under which others they hang, and what their people can never do.',
  organizations: 'The tree of organizations.',
  user_groups: 'Groups of users, and who is in them.',
  users: 'People who sign in.',
  clients: 'Programs that ask for tokens, their secrets and limits.',
  roles: 'The words that APIs check.',
  permission_types: 'Types of things and the operations on them; each pair is a role.',
  security_profiles: 'Named sets of roles, the unit of assignment.',
  assignments: 'Which profile is given to whom, through which client, from when until when.',
  impersonation_rules: 'Who may act as whom, and with which roles.',
  resource_servers: 'The APIs that tokens are for.',
  invitations: 'Links by which new people set their password.',
  audit_events: 'What happened, who did it and on whose behalf.',
  keys: 'The keys that tokens are signed with.',
  revocations: 'Tokens and sign-ins that are good no more.',
  access: 'Why somebody holds a role or does not, and what a token would carry.',
  me: 'Whoever asks: the own profile, password, groups, roles and sign-ins.',
};

const INTRODUCTION = [
  'Administration of Rolemint at run time. Requests carry an access token of this server whose audience is the issuer: `Authorization: Bearer …`. Each operation names the roles of which one must be in the token and still be held; `FullAccess` suffices everywhere.',
  'An administrator acts on the own organization and those below. Whatever lies outside is answered as if it did not exist. Nobody hands out more than they hold: a change that would is refused with `above_ceiling` and writes nothing.',
  'Bodies are JSON in UTF-8 with names in snake_case; unknown members and parameters are refused, and all problems are told at once. `PATCH` takes a JSON merge patch (RFC 7396).',
  'Lists come in pages: `limit`, then `next_cursor` as `cursor` of the next request. `ETag` of what was read, sent as `If-Match`, refuses a change of what has changed meanwhile. `dry_run=true` on a write changes nothing and tells what would change.',
  'Refusals are problem details (RFC 9457) with a stable `code` and the `request_id` of the log.',
].join('\n\n');

/** RFC 9457, as `errors.ts` writes it. */
const problem = z
  .object({
    type: z.string().describe('`urn:rolemint:error:` and the code.'),
    title: z.string().describe('What is wrong and what is allowed, for people.'),
    status: z.int(),
    code: z.enum(Object.keys(STATUS) as [ProblemCode, ...ProblemCode[]]),
    request_id: z.string().describe('Stands in the log, too.'),
    pointer: z.string().optional().describe('Where in the body, as a JSON pointer (RFC 6901).'),
    problems: z
      .array(z.object({ pointer: z.string().optional(), parameter: z.string().optional(), message: z.string() }))
      .optional()
      .describe('Everything that is wrong: in the body by `pointer`, in the query by `parameter`.'),
    sufficient_roles: z.array(z.string()).optional().describe('Roles of which one would do.'),
    token_roles: z.array(z.string()).optional().describe('Roles that the token carries and that are still held.'),
    roles: z.array(z.string()).optional().describe('Roles that the caller cannot hand out.'),
    used_by: z.array(z.looseObject({})).optional().describe('What still needs it.'),
  })
  .loose()
  .meta({ id: 'Problem' });

const IF_MATCH = { name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } } as const;
const HEADER_PARAMETERS: Readonly<Record<string, Parameter>> = {
  IfMatch: { ...IF_MATCH, description: '`ETag` of what was read; the change is refused when it is another one by now.' },
  IfNoneMatch: { ...IF_MATCH, name: 'If-None-Match', description: '`ETag` of what is known already; 304 when it still is the same.' },
};

const parameter = (name: string): Reference => ({ $ref: `#/components/parameters/${name}` });

/** Of what the routes promise, not of the server that keeps the promise. */
const VERSION = '1.0.0';

/** Says everything that the routes say. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const book = new SchemaBook();
  const problemSchema = book.add(problem, 'output');
  const paths: Record<string, Record<string, Operation>> = {};
  const codes = new Set<ProblemCode>();
  for (const route of routes) {
    for (const code of refusalsOf(route)) codes.add(code);
    (paths[API_PREFIX + route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, book);
  }
  const used = JSON.stringify(paths);
  const tags = new Set(routes.map(({ resource }) => resource));
  return book.finished({
    openapi: '3.1.1',
    info: {
      title: 'Rolemint management API',
      version: VERSION,
      description: INTRODUCTION,
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The server that this document comes from.' }],
    tags: [...tags].sort().map((name) => ({ name, description: ABOUT[name] })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token whose audience is the issuer.' },
      },
      parameters: Object.fromEntries(Object.entries(HEADER_PARAMETERS).filter(([name]) => used.includes(`parameters/${name}"`))),
      responses: Object.fromEntries([...statusesOf(codes)].map(([status, its]) => [responseName(status), refusal(its, problemSchema)])),
      schemas: book.components(),
    },
  });
}

function operationOf(route: Route, book: SchemaBook): Operation {
  const { method, path, resource, summary, description, roles, body, answers } = route;
  const parameters = parametersOf(route, book);
  const responses = Object.entries(answers).map(([status, schema]) => [status, answerOf(Number(status), schema, { route, book })] as const);
  const refusals = [...statusesOf(refusalsOf(route)).keys()].map(
    (status) => [status, { $ref: `#/components/responses/${responseName(status)}` }] as const,
  );
  return {
    operationId: operationId(method, path),
    tags: [resource],
    summary,
    ...(description === undefined ? {} : { description }),
    'x-roles': roles === 'any_token' ? [] : [...new Set([...roles, 'FullAccess'])],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(mediaTypesOf(method), book.add(body, 'input')) } }),
    responses: Object.fromEntries([...responses, ...(route.versioned && method === 'GET' ? [['304', UNCHANGED] as const] : []), ...refusals]),
  };
}

/** Made of method and path, so that it is stable and easy to find: `getUsersById`. */
export function operationId(method: string, path: string): string {
  const words = path.split('/').flatMap((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    return name === undefined ? segment.split(/[-_]/) : ['by', ...name.split('_')];
  });
  return method.toLowerCase() + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(route: Route, book: SchemaBook): (Parameter | Reference)[] {
  const inPath = paramNames(route.path).map((name): Parameter => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } }));
  const inQuery = Object.entries(queryOf(route).shape as Readonly<Record<string, z.ZodType>>).map(([name, schema]): Parameter => {
    const { description, ...rest } = book.add(schema, 'output');
    return {
      name,
      in: 'query',
      required: !schema.safeParse(undefined).success,
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
    };
  });
  return [...inPath, ...inQuery, ...conditionsOf(route)];
}

function conditionsOf(route: Route): Reference[] {
  if (heedsIfMatch(route)) return [parameter('IfMatch')];
  return route.versioned && route.method === 'GET' ? [parameter('IfNoneMatch')] : [];
}

/** What is made has no version before. */
function heedsIfMatch({ method, versioned, answers }: Route): boolean {
  return versioned === true && method !== 'GET' && !Object.hasOwn(answers, 201);
}

const ETAG = { description: 'Version of what is shown, for `If-Match`.', schema: { type: 'string' } };
const UNCHANGED: Response = { description: 'It still is the version that `If-None-Match` names.', headers: { ETag: ETAG } };

const SUCCESS: Readonly<Record<number, string>> = { 200: 'It is so.', 201: 'It was made.', 202: 'It will be done.', 204: 'It is done.' };

function answerOf(status: number, schema: AnswerSchema, { route, book }: { route: Route; book: SchemaBook }): Response {
  const headers: Record<string, { description: string; schema: JsonSchema }> = {};
  if (status === 201) headers['Location'] = { description: 'Path of what was made.', schema: { type: 'string' } };
  if (schema !== undefined && route.versioned) headers['ETag'] = ETAG;
  return {
    description: isRehearsal(status, route) ? 'With `dry_run=true`: nothing was changed, this is what would be.' : (SUCCESS[status] ?? 'The answer.'),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(schema === undefined ? {} : { content: answerContent(schema, book) }),
  };
}

/** A write that answers otherwise when it is done has 200 for what would be. */
function isRehearsal(status: number, { method, answers }: Route): boolean {
  return status === 200 && method !== 'GET' && [201, 202, 204].some((done) => Object.hasOwn(answers, done));
}

function answerContent(schema: z.ZodType | { readonly lines: z.ZodType }, book: SchemaBook): Content {
  return 'lines' in schema
    ? contentOf(['application/x-ndjson'], book.add(schema.lines, 'output'))
    : contentOf(['application/json'], book.add(schema, 'output'));
}

function contentOf(types: readonly string[], schema: JsonSchema): Content {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

/** Codes with which a request to a route can be refused. */
export function refusalsOf(route: Route): readonly ProblemCode[] {
  const { method, path, body, roles, refuses = [] } = route;
  const writes = method !== 'GET';
  const able: readonly (readonly [boolean, readonly ProblemCode[]])[] = [
    [true, ['invalid_input', 'unauthenticated']],
    [writes || roles !== 'any_token', ['insufficient_roles', 'forbidden']],
    [writes, ['above_ceiling', 'already_exists', 'in_use']],
    [path.includes('{'), ['not_found']],
    [heedsIfMatch(route), ['stale_version']],
    [body !== undefined, ['too_large', 'unsupported_media_type']],
    [true, ['too_many_attempts', 'unavailable', 'internal']],
  ];
  return [...able.flatMap(([can, codes]) => (can ? codes : [])), ...refuses];
}

function statusesOf(codes: Iterable<ProblemCode>): ReadonlyMap<string, readonly ProblemCode[]> {
  const found = new Map<string, ProblemCode[]>();
  for (const code of codes) found.set(String(STATUS[code]), [...(found.get(String(STATUS[code])) ?? []), code]);
  return new Map([...found].sort(([a], [b]) => Number(a) - Number(b)));
}

const responseName = (status: string): string => `Problem${status}`;

function refusal(codes: readonly ProblemCode[], schema: JsonSchema): Response {
  const examples = codes.map((code) => [code, { value: exampleOf(code) }] as const);
  const retry = codes.some((code) => code === 'too_many_attempts' || code === 'unavailable');
  const headers = {
    ...(retry ? { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } : {}),
    ...(codes.includes('unauthenticated') ? { 'WWW-Authenticate': { description: 'RFC 6750.', schema: { type: 'string' } } } : {}),
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${MEANING[code]}`).join(' '),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { 'application/problem+json': { schema, examples: Object.fromEntries(examples) } },
  };
}

const MORE: Partial<Readonly<Record<ProblemCode, Readonly<Record<string, unknown>>>>> = {
  invalid_input: {
    title: '/name: is missing.',
    pointer: '/name',
    problems: [{ pointer: '/name', message: 'is missing.' }],
  },
  insufficient_roles: { sufficient_roles: ['UserAdmin', 'FullAccess'], token_roles: ['UserReader'] },
  above_ceiling: { roles: ['SigningKeyAdmin'] },
};

function exampleOf(code: ProblemCode): object {
  const base = { type: `urn:rolemint:error:${code}`, title: MEANING[code].replaceAll('`', ''), status: STATUS[code], code, request_id: 'Yx3v9A-1k' };
  return { ...base, ...MORE[code] };
}
