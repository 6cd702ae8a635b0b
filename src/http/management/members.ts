/** Who is in a user group. A membership is a field of the user, in force for good or for a time. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { joining, leaving } from '../../administration/memberships.ts';
import { readable } from '../../administration/nouns.ts';
import type { Store } from '../../domain/ports.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { route, type Route } from '../api/route.ts';
import { asJson, writing, written } from './nouns.ts';
import { blastRadius, instant, REPRESENTATIONS } from './representations.ts';

export interface MemberRouteOptions {
  readonly administration: Administration;
  readonly store: Pick<Store, 'pages'>;
  readonly cursors: Cursors;
}

const READERS = ['UserGroupReader', 'UserGroupAdmin'] as const;
const WRITERS = ['UserGroupAdmin'] as const;

const window = { valid_from: instant.optional(), valid_until: instant.optional(), reason: z.string().max(2000).optional() };
const member = z
  .strictObject({ user: z.string(), username: z.string(), organization: z.string(), active: z.boolean(), ...window })
  .meta({ id: 'Member' });

export function memberRoutes({ administration, store, cursors }: MemberRouteOptions): readonly Route[] {
  const assertGroup = (id: string, request: Parameters<typeof writing>[0]) =>
    administration.find('user_groups', id, { administrator: request.administrator, needs: READERS });
  return [
    route({
      method: 'GET',
      path: '/user-groups/{id}/members',
      resource: 'user_groups',
      roles: READERS,
      summary: 'List the members of a user group',
      query: z.object(PAGE_PARAMETERS),
      answers: { 200: pageOf(member) },
      handle: async (request) => {
        const { params, query, administrator } = request;
        await assertGroup(params.id, request);
        const visibility = readable('users', administrator);
        const context = ['members', params.id, tenancyKey(visibility.tenancy)];
        const after = query.cursor === undefined ? undefined : cursors.open(context, query.cursor);
        const page = await store.pages.directory.listMembers(params.id, { visibility, after, limit: query.limit, total: query.total });
        const items = page.items.map(({ id, username, organization, active, memberships }) => {
          const { validFrom, validUntil, reason } = memberships.find(({ userGroup }) => userGroup === params.id) ?? {};
          return { user: id, username, organization, active, valid_from: validFrom, valid_until: validUntil, reason };
        });
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'PUT',
      path: '/user-groups/{id}/members/{user_id}',
      resource: 'user_groups',
      roles: WRITERS,
      summary: 'Put a user into a user group',
      description: 'Or change from when until when. Without members in the body: for good.',
      body: z.strictObject(window),
      versioned: true,
      answers: { 200: z.union([REPRESENTATIONS.users, blastRadius]) },
      handle: async (request) => {
        const { params, body } = request;
        await assertGroup(params.id, request);
        const { call } = writing({ ...request, body: {} }, WRITERS);
        return written(200, await administration.change('users', params.user_id, call, joining(params.id, asJson(body))));
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-groups/{id}/members/{user_id}',
      resource: 'user_groups',
      roles: WRITERS,
      summary: 'Take a user out of a user group',
      versioned: true,
      answers: { 200: blastRadius, 204: undefined },
      handle: async (request) => {
        const { params } = request;
        await assertGroup(params.id, request);
        const { call } = writing({ ...request, body: {} }, WRITERS);
        const { blastRadius: radius, extra } = await administration.change('users', params.user_id, call, leaving(params.id));
        return written(204, { object: undefined, blastRadius: radius, extra });
      },
    }),
  ];
}
