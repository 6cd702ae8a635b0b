/** @module The same six requests for every noun: list, create, read, replace, patch, delete. Each noun is a line of a table. */
import { z } from 'zod';
import type { Administration, WriteCall, Written } from '../../administration/administration.ts';
import { readable } from '../../administration/nouns.ts';
import type { Json } from '../../administration/entries.ts';
import { mergePatch } from '../../administration/merge-patch.ts';
import type { NounName } from '../../domain/directory.ts';
import { KEY_FIELDS } from '../../workspace/union.ts';
import type { Cursors } from '../api/cursor.ts';
import { assertMatch, etagOf } from '../api/etag.ts';
import { listParameters, nounList, pageOf, type NounQuery } from '../api/list.ts';
import { route, type ApiAnswer, type ApiRequest, type Route } from '../api/route.ts';
import { creationOf, patchOf, replacementOf } from './bodies.ts';
import { blastRadius, REPRESENTATIONS } from './representations.ts';

export interface NounOptions {
  readonly administration: Administration;
  readonly cursors: Cursors;
}

type Roles = readonly [string, ...string[]];

export interface NounRow {
  readonly noun: NounName;
  /** Below `/api/v1`. */
  readonly path: string;
  readonly singular: string;
  readonly readers: Roles;
  readonly writers: Roles;
}

/** Which roles suffice for which noun; FullAccess does for all. */
export const NOUNS: readonly NounRow[] = [
  row('organization_types', 'an organization type', ['OrganizationReader', 'OrganizationAdmin'], ['OrganizationAdmin']),
  row('organizations', 'an organization', ['OrganizationReader', 'OrganizationAdmin'], ['OrganizationAdmin']),
  row('user_groups', 'a user group', ['UserGroupReader', 'UserGroupAdmin'], ['UserGroupAdmin']),
  row('users', 'a user', ['UserReader', 'UserAdmin'], ['UserAdmin']),
  row('clients', 'a client', ['ApiClientReader', 'ApiClientAdmin'], ['ApiClientAdmin']),
  row('roles', 'a role', ['RoleReader', 'RoleAdmin'], ['RoleAdmin']),
  row('permission_types', 'a permission type', ['RoleReader', 'RoleAdmin'], ['RoleAdmin']),
  row('security_profiles', 'a security profile', ['SecurityProfileReader', 'SecurityProfileAdmin'], ['SecurityProfileAdmin']),
  row('assignments', 'an assignment', ['SecurityProfileReader', 'SecurityProfileAdmin'], ['SecurityProfileAdmin']),
  row('impersonation_rules', 'an impersonation rule', ['ImpersonationRuleAdmin'], ['ImpersonationRuleAdmin']),
  row('resource_servers', 'a resource server', ['ApiClientReader', 'ApiClientAdmin'], ['ApiClientAdmin']),
];

function row(noun: NounName, singular: string, readers: Roles, writers: Roles): NounRow {
  return { noun, path: `/${noun.replaceAll('_', '-')}`, singular, readers, writers };
}

/** @param created adds to what a POST answers, in the transaction that creates */
export function nounRoutes(line: NounRow, options: NounOptions): Route[] {
  const { noun, path, singular, readers, writers } = line;
  const { administration, cursors } = options;
  const representation = REPRESENTATIONS[noun];
  const common = { resource: noun } as const;
  const keyed = `${path}/{id}` as const;
  const answers = { 200: z.union([representation, blastRadius]) };
  return [
    route({
      ...common,
      method: 'GET',
      path,
      roles: readers,
      summary: `List ${plural(noun)}`,
      query: listParameters(noun),
      answers: { 200: pageOf(representation) },
      handle: async ({ administrator, query }) => {
        const list = nounList(noun, query as NounQuery, { cursors, visibility: readable(noun, administrator) });
        const page = await administration.list(noun, list.query, { administrator, needs: readers });
        return { status: 200, body: { items: page.items, next_cursor: list.next(page), total: page.total } };
      },
    }),
    ...(noun === 'clients' ? [] : [creation(line, options)]),
    route({
      ...common,
      method: 'GET',
      path: keyed,
      roles: readers,
      summary: `Read ${singular}`,
      versioned: true,
      answers: { 200: representation },
      handle: async ({ administrator, params }) => {
        const object = await administration.get(noun, params.id, { administrator, needs: readers });
        return { status: 200, body: object, etag: etagOf(object) };
      },
    }),
    route({
      ...common,
      method: 'PUT',
      path: keyed,
      roles: writers,
      summary: `Replace ${singular}`,
      description: 'What is left out gets its default.',
      body: replacementOf(noun),
      versioned: true,
      answers,
      handle: async (request) => {
        const { value, call } = writing(request, writers);
        return written(200, await administration.change(noun, request.params.id, call, () => value));
      },
    }),
    route({
      ...common,
      method: 'PATCH',
      path: keyed,
      roles: writers,
      summary: `Change ${singular}`,
      body: patchOf(noun),
      versioned: true,
      answers,
      handle: async (request) => {
        const { value, call } = writing(request, writers);
        return written(200, await administration.change(noun, request.params.id, call, (current) => mergePatch(current, value) as Json));
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path: keyed,
      roles: writers,
      summary: `Delete ${singular}`,
      description: 'What is still needed is not deleted; the refusal says by what.',
      versioned: true,
      answers: { 200: blastRadius, 204: undefined },
      handle: async (request) => written(204, await administration.remove(noun, request.params.id, writing(request, writers).call)),
    }),
  ];
}

function creation({ noun, path, singular, writers }: NounRow, { administration }: NounOptions): Route {
  return route({
    method: 'POST',
    path,
    resource: noun,
    roles: writers,
    summary: `Create ${singular}`,
    ...(noun === 'assignments' ? { description: 'Its id follows from profile, party, client and start.' } : {}),
    body: creationOf(noun),
    versioned: true,
    answers: { 200: blastRadius, 201: REPRESENTATIONS[noun] },
    handle: async (request) => {
      const { value, call } = writing(request, writers);
      return created(noun, path, await administration.create(noun, value, call));
    },
  });
}

const plural = (noun: NounName): string => noun.replaceAll('_', ' ');

/** What a write is made with; `confirm` is a word about the request, not a field of the object. */
export function writing(
  { administrator, body, ifMatch, dryRun }: ApiRequest,
  needs: readonly string[],
): { readonly value: Json; readonly call: WriteCall } {
  const { confirm, ...value } = asJson(body);
  const precondition = ifMatch === undefined ? undefined : (current: Json) => assertMatch(ifMatch, etagOf(current));
  return { value, call: { administrator, needs, dryRun, precondition, confirmed: confirm === 'full_access' } };
}

/** A validated body as it travels: instants as text, nothing that was left out. */
export function asJson(body: unknown): Json {
  return body === undefined ? {} : (JSON.parse(JSON.stringify(body)) as Json);
}

/** The answer of a write: the object, or what would change. */
export function written(status: 200 | 204, { object, blastRadius: radius }: Written<unknown>): ApiAnswer {
  if (radius !== undefined) return { status: 200, body: { dry_run: true, object, ...radius } };
  return object === undefined ? { status } : { status, body: object, etag: etagOf(object) };
}

/** The answer of a POST. @param more members that stand in this answer only */
export function created(noun: NounName, path: string, result: Written<unknown>, more: Json = {}): ApiAnswer {
  const { object } = result;
  if (result.blastRadius !== undefined || object === undefined) return written(200, result);
  const key = String(object[noun === 'assignments' ? 'id' : KEY_FIELDS[noun]]);
  return { status: 201, body: { ...object, ...more }, etag: etagOf(object), location: `${path}/${encodeURIComponent(key)}` };
}
