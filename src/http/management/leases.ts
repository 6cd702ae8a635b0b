/** What people have for a time, by when it ends. */
import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import { represent } from '../../administration/representation.ts';
import type { Catalogue } from '../../domain/catalogue.ts';
import { LEASE_KINDS, type Lease } from '../../domain/directory.ts';
import type { Clock, Store } from '../../domain/ports.ts';
import type { AccessService } from '../../services/access.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type Route } from '../api/route.ts';
import { assertHoldsOneOf, holdsOneOf } from './demands.ts';
import { instant, REPRESENTATIONS } from './representations.ts';

export interface LeaseRouteOptions {
  readonly store: Pick<Store, 'pages'>;
  readonly access: AccessService;
  readonly cursors: Cursors;
  readonly clock: Clock;
}

/** What it takes to be shown each kind. */
const DEMANDS = {
  assignment: { resource: 'assignments', readers: ['SecurityProfileReader', 'SecurityProfileAdmin'] },
  membership: { resource: 'user_groups', readers: ['UserGroupReader', 'UserGroupAdmin'] },
} as const;

const USUAL_SPAN_MS = 30 * 86_400_000;

const assignmentLease = z.strictObject({ kind: z.literal('assignment'), ends_at: instant, assignment: REPRESENTATIONS.assignments });
const membershipLease = z.strictObject({
  kind: z.literal('membership'),
  ends_at: instant,
  membership: z.strictObject({
    user: z.string(),
    user_group: z.string(),
    valid_from: instant.optional(),
    valid_until: instant,
    reason: z.string().optional(),
  }),
});
const lease = z.union([assignmentLease, membershipLease]).meta({ id: 'Lease' });

const before = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .pipe(z.date())
  .optional()
  .describe('Before this instant; left out: within 30 days.');

export function leaseRoutes(options: LeaseRouteOptions): readonly Route[] {
  const { store, access, cursors, clock } = options;
  return [
    route({
      method: 'GET',
      path: '/leases',
      resource: 'access',
      roles: [...DEMANDS.assignment.readers, ...DEMANDS.membership.readers],
      summary: 'List what ends soon',
      description:
        'Assignments and memberships in user groups that end from now on, the soonest first. Assignments take a role for security profiles, ' +
        'memberships one for user groups.',
      query: z.object({ ...PAGE_PARAMETERS, before, kind: z.enum(LEASE_KINDS).optional() }),
      answers: { 200: pageOf(lease) },
      handle: async ({ query, administrator }) => {
        const { tenancy } = administrator;
        const kinds = readableKinds(query.kind, administrator);
        const context = ['leases', kinds, query.before?.toISOString() ?? null, tenancyKey(tenancy)];
        const from = new Date(clock.now());
        const page = await store.pages.directory.listLeases({
          visibility: { tenancy, inherited: false },
          kinds,
          from,
          until: query.before ?? new Date(from.getTime() + USUAL_SPAN_MS),
          after: query.cursor === undefined ? undefined : cursors.open(context, query.cursor),
          limit: query.limit,
          total: query.total,
        });
        await access.refresh(0);
        const { catalogue } = await access.workspace();
        const items = page.items.map((item) => shown(item, catalogue));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
  ];
}

/** Asked for or not, nobody is shown a kind without a role for it. */
function readableKinds(asked: Lease['kind'] | undefined, administrator: Administrator): readonly Lease['kind'][] {
  if (asked !== undefined) {
    assertHoldsOneOf(administrator, DEMANDS[asked].readers);
    assertMayTouch(administrator, DEMANDS[asked].resource);
    return [asked];
  }
  return LEASE_KINDS.filter((kind) => holdsOneOf(administrator, DEMANDS[kind].readers) && !administrator.barred.has(DEMANDS[kind].resource));
}

function shown(given: Lease, catalogue: Catalogue): unknown {
  const { kind, endsAt: ends_at } = given;
  if (kind === 'assignment') return { kind, ends_at, assignment: represent('assignments', given.assignment, catalogue) };
  const { userGroup: user_group, validFrom: valid_from, validUntil: valid_until, reason } = given.membership;
  return { kind, ends_at, membership: { user: given.user, user_group, valid_from, valid_until, reason } };
}
