/** Whom one works with: the people of the own organization, and anybody by name with hardly more than that. */
import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import { absent } from '../../administration/nouns.ts';
import type { Store } from '../../domain/ports.ts';
import { EVERYTHING, type Tenancy } from '../../domain/tenancy.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type Route } from '../api/route.ts';

export interface PeopleRouteOptions {
  readonly store: Pick<Store, 'directory' | 'pages'>;
  readonly cursors: Cursors;
}

const coWorker = z.strictObject({ id: z.string(), username: z.string(), email: z.string().optional() }).meta({ id: 'CoWorker' });
const person = z.strictObject({ id: z.string(), username: z.string(), organization: z.string() }).meta({ id: 'Person' });

const LONGEST_SEARCH = 200;
/** Whoever looks for somebody knows a part of the name; nobody is to be told all names there are. */
const SHORTEST_SEARCH = 3;

const { limit, cursor } = PAGE_PARAMETERS;

export function peopleRoutes(options: PeopleRouteOptions): readonly Route[] {
  const { store, cursors } = options;
  return [
    route({
      method: 'GET',
      path: '/me/co-workers',
      resource: 'me',
      summary: 'List the people of the own organization',
      description: 'Not those of organizations below, and nobody who is disabled.',
      roles: ['MeAdmin', 'UserReader', 'UserAdmin'],
      query: z.object({
        ...PAGE_PARAMETERS,
        search: z.string().min(1).max(LONGEST_SEARCH).optional().describe('Part of id, username, email; letter case does not matter.'),
      }),
      answers: { 200: pageOf(coWorker) },
      handle: async ({ query, administrator }) => {
        assertMayTouch(administrator, 'users');
        const { id: organization } = organizationOf(administrator);
        const { search, limit: most, total } = query;
        const context = ['co-workers', organization, search ?? ''];
        const after = query.cursor === undefined ? undefined : cursors.open(context, query.cursor);
        const page = await store.pages.directory.list('users', {
          visibility: { tenancy: EVERYTHING, inherited: false },
          filters: { organization, active: true },
          sort: 'id',
          descending: false,
          search,
          after,
          limit: most,
          total,
        });
        const items = page.items.map(({ id, username, email }) => ({ id, username, email }));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'GET',
      path: '/me/people',
      resource: 'me',
      summary: 'Find people by name, wherever they work',
      description:
        'In the whole tree that the own organization belongs to, so that people who work together across organizations find each other. ' +
        'Nothing but id, user name and organization is told, and how many there are is not; everything else of whoever lies outside of ' +
        'what may be administered stays as if it were not there.',
      roles: ['UserReader', 'UserAdmin'],
      query: z.object({
        limit,
        cursor,
        search: z.string().min(SHORTEST_SEARCH).max(LONGEST_SEARCH).describe('Part of id or username; letter case does not matter.'),
      }),
      answers: { 200: pageOf(person) },
      handle: async ({ query, administrator }) => {
        assertMayTouch(administrator, 'users');
        const { search } = query;
        const tenancy = wholeTreeOf(administrator);
        const context = ['people', search, tenancyKey(tenancy)];
        const page = await store.pages.directory.list('users', {
          visibility: { tenancy, inherited: false },
          filters: { active: true },
          sort: 'username',
          descending: false,
          search,
          searchIn: ['id', 'username'],
          after: query.cursor === undefined ? undefined : cursors.open(context, query.cursor),
          limit: query.limit,
          total: false,
        });
        const items = page.items.map(({ id, username, organization }) => ({ id, username, organization }));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next) } };
      },
    }),
  ];
}

/** Clients may belong to none. */
function organizationOf({ acting }: Administrator): NonNullable<Administrator['acting']['organization']> {
  if (acting.organization === undefined) throw absent();
  return acting.organization;
}

function wholeTreeOf(administrator: Administrator): Tenancy {
  const [root] = organizationOf(administrator).path;
  if (root === undefined || administrator.tenancy.kind === 'everything') return EVERYTHING;
  return { kind: 'subtree', organization: root, path: [root] };
}
