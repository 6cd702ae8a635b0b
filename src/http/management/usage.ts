/** What tokens were asked for and got, and what nobody needs. Figures are up to ten seconds old. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import type { Administrator } from '../../administration/administrator.ts';
import { readable } from '../../administration/nouns.ts';
import type { Position } from '../../domain/directory.ts';
import type { UsageKind } from '../../domain/usage.ts';
import type { Reviewed, Total, UnusedRole, UsageReview } from '../../services/usage-review.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, tenancyKey } from '../api/list.ts';
import { route, type Route } from '../api/route.ts';

export interface UsageRouteOptions {
  readonly administration: Administration;
  readonly usageReview: UsageReview;
  readonly cursors: Cursors;
}

const PROFILE_READERS = ['SecurityProfileReader', 'SecurityProfileAdmin'] as const;
const CLIENT_READERS = ['ApiClientReader', 'ApiClientAdmin'] as const;
/** Names asked for in vain that stand in the summary of a client. */
const MOST_IN_VAIN = 100;

const day = z.iso.date();
const count = z.int();

const reviewed = {
  days: count.describe('As asked for.'),
  from: day.describe('First day that is counted: counting may have begun later than asked for.'),
  to: day,
  counted_since: day.nullable().describe('First day of counting that is still kept; `null`: nothing was ever counted.'),
};

const name = z.string().nullable().describe('`null`: further names that nobody knows, counted together.');
const counts = {
  requested: count.describe('How often tokens asked for it.'),
  granted: count,
  dropped: count,
  last_used_on: day.nullable(),
  last_requested_on: day.nullable(),
};

const roleUsage = z
  .strictObject({ role: name, known: z.boolean().describe('Whether there is such a role today.'), ...counts })
  .meta({ id: 'RoleUsage' });
const profileUsage = z.strictObject({ security_profile: z.string(), ...counts }).meta({ id: 'SecurityProfileUsage' });
const clientUsage = z
  .strictObject({
    client_id: z.string(),
    tokens: count.describe('That were issued.'),
    requested: count.describe('Names in their requests.'),
    granted: count,
    dropped: count,
    last_used_on: day.nullable(),
  })
  .meta({ id: 'ClientUsage' });

const unusedRole = z
  .strictObject({
    role: z.string(),
    security_profiles: z.array(z.string()).describe('That give it; at most 20.'),
    security_profile_count: count,
    assigned: z.boolean().describe('Whether one of them is assigned to somebody within what is administered.'),
    last_used_on: day.nullable().describe('Last grant, as far back as counts are kept.'),
  })
  .meta({ id: 'UnusedRole' });

const clientReview = z
  .strictObject({
    ...reviewed,
    client_id: z.string(),
    tokens: count,
    least_scope: z
      .string()
      .nullable()
      .describe('The shortest scope with which everything would have been granted that was; `null`: more names than a request may have.'),
    least_scope_names: count,
    asked_in_vain: z
      .array(z.strictObject({ role: name, known: z.boolean(), requested: count, last_requested_on: day.nullable() }))
      .describe(`Names that were never granted; at most ${MOST_IN_VAIN}.`),
    asked_in_vain_total: count,
  })
  .meta({ id: 'ClientReview' });

const days = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1))
  .optional()
  .describe('Today and the days before it, in UTC; left out: 30.');
const query = z.object({ ...PAGE_PARAMETERS, days });
type Query = z.output<typeof query>;

function reviewOf(item: z.ZodType): z.ZodObject {
  const page = z.strictObject({ ...reviewed, items: z.array(item), next_cursor: z.string().optional(), total: count.optional() });
  return page.meta({ id: `${item.meta()!.id}Page` });
}

export function usageRoutes(options: UsageRouteOptions): readonly Route[] {
  const { administration } = options;
  return [
    totalsRoute('role', options, {
      path: '/usage/roles',
      summary: 'Count what tokens asked for, by role',
      description: 'Every name that stood in a request of a client within what is administered, also names that nobody knows.',
    }),
    totalsRoute('security_profile', options, {
      path: '/usage/profiles',
      summary: 'Count of what use security profiles were',
      description: 'Tokens that asked for one of its roles on behalf of somebody who had the profile; also those that were of no use.',
    }),
    totalsRoute('client', options, { path: '/usage/clients', summary: 'Count the tokens of clients', description: 'Also of those that got none.' }),
    unusedRolesRoute(options),
    clientRoute(options),
    route({
      method: 'GET',
      path: '/clients/{id}/usage/roles',
      resource: 'clients',
      roles: CLIENT_READERS,
      summary: 'Count what a client asked for, by role',
      query,
      answers: { 200: reviewOf(roleUsage.meta({ id: 'ClientRoleUsage' })) },
      handle: async ({ params, query: asked, administrator }) => {
        await administration.find('clients', params.id, { administrator, needs: CLIENT_READERS });
        return { status: 200, body: await totals({ by: 'role', asked, client: params.id }, administrator, options) };
      },
    }),
  ];
}

interface Words {
  readonly path: string;
  readonly summary: string;
  readonly description: string;
}

const TOTALS = {
  role: { resource: 'security_profiles', roles: PROFILE_READERS, item: roleUsage },
  security_profile: { resource: 'security_profiles', roles: PROFILE_READERS, item: profileUsage },
  client: { resource: 'clients', roles: CLIENT_READERS, item: clientUsage },
} as const;

function totalsRoute(by: UsageKind, options: UsageRouteOptions, words: Words): Route {
  const { resource, roles, item } = TOTALS[by];
  return route({
    ...words,
    method: 'GET',
    resource,
    roles,
    query,
    answers: { 200: reviewOf(item) },
    handle: async ({ query: asked, administrator }) => ({
      status: 200,
      body: await totals({ by, asked, client: undefined }, administrator, options),
    }),
  });
}

function unusedRolesRoute({ usageReview, cursors }: UsageRouteOptions): Route {
  return route({
    method: 'GET',
    path: '/usage/unused-roles',
    resource: 'security_profiles',
    roles: PROFILE_READERS,
    summary: 'List roles that are given and never used',
    description: 'By a security profile that does not give every role anyway, and in no token of these days.',
    query,
    answers: { 200: reviewOf(unusedRole) },
    handle: async ({ query: asked, administrator }) => {
      const visibility = readable('security_profiles', administrator);
      const context = ['unused-roles', asked.days ?? null, tenancyKey(visibility.tenancy)];
      const { items, next, total, ...span } = await usageReview.unusedRoles(pageAsked(asked, context, cursors), visibility);
      return { status: 200, body: { ...spanShown(span), items: items.map(unusedShown), next_cursor: next && cursors.seal(context, next), total } };
    },
  });
}

function clientRoute({ administration, usageReview }: UsageRouteOptions): Route {
  return route({
    method: 'GET',
    path: '/clients/{id}/usage',
    resource: 'clients',
    roles: CLIENT_READERS,
    summary: 'Review what a client asks for',
    description: 'What it could leave out of its requests, and the least scope that would have done.',
    query: z.object({ days }),
    answers: { 200: clientReview },
    handle: async ({ params, query: asked, administrator }) => {
      const { id: client } = params;
      await administration.find('clients', client, { administrator, needs: CLIENT_READERS });
      const visibility = readable('clients', administrator);
      const { tokens, names, scope, ...least } = await usageReview.leastScope({ client, days: asked.days }, visibility);
      const inVain = await usageReview.askedInVain({ client, days: asked.days, limit: MOST_IN_VAIN, total: true }, visibility);
      const body: z.input<typeof clientReview> = {
        ...spanShown(least),
        client_id: client,
        tokens,
        least_scope: scope,
        least_scope_names: names,
        asked_in_vain: inVain.items.map(({ name: role, known, requested, lastRequestedOn }) => ({
          role,
          known,
          requested,
          last_requested_on: lastRequestedOn ?? null,
        })),
        asked_in_vain_total: inVain.total ?? 0,
      };
      return { status: 200, body };
    },
  });
}

interface AskedTotals {
  readonly by: UsageKind;
  readonly asked: Query;
  readonly client: string | undefined;
}

async function totals({ by, asked, client }: AskedTotals, administrator: Administrator, { usageReview, cursors }: UsageRouteOptions) {
  const visibility = readable(by === 'client' || client !== undefined ? 'clients' : 'security_profiles', administrator);
  const context = ['usage', by, client ?? null, asked.days ?? null, tenancyKey(visibility.tenancy)];
  const { items, next, total, ...span } = await usageReview.totals({ by, client, ...pageAsked(asked, context, cursors) }, visibility);
  return { ...spanShown(span), items: items.map((item) => totalShown(by, item)), next_cursor: next && cursors.seal(context, next), total };
}

interface PageAsked extends Pick<Query, 'days' | 'limit' | 'total'> {
  readonly after: Position | undefined;
}

function pageAsked({ days: span, limit, total, cursor }: Query, context: readonly unknown[], cursors: Cursors): PageAsked {
  return { days: span, limit, total, after: cursor === undefined ? undefined : cursors.open(context, cursor) };
}

const spanShown = ({ days: span, from, to, countedSince }: Reviewed) => ({ days: span, from, to, counted_since: countedSince ?? null });

function totalShown(by: UsageKind, { name: named, known, tokens, requested, granted, dropped, lastUsedOn, lastRequestedOn }: Total) {
  const used = { requested, granted, dropped, last_used_on: lastUsedOn ?? null };
  if (by === 'client') return { client_id: named, tokens, ...used };
  const asked = { ...used, last_requested_on: lastRequestedOn ?? null };
  return by === 'role' ? { role: named, known, ...asked } : { security_profile: named, ...asked };
}

const unusedShown = ({ name: role, securityProfiles, securityProfileCount, assigned, lastUsedOn }: UnusedRole): z.input<typeof unusedRole> => ({
  role,
  security_profiles: [...securityProfiles],
  security_profile_count: securityProfileCount,
  assigned,
  last_used_on: lastUsedOn ?? null,
});
