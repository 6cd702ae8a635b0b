/** What happened, by whom, and what it changed. */
import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import { absent } from '../../administration/nouns.ts';
import { recordedAuditDocument } from '../../domain/audit-chain.ts';
import type { AuditFilters, AuditQuery, RecordedAuditEvent } from '../../domain/audit-event.ts';
import type { Page, Position } from '../../domain/directory.ts';
import type { Store } from '../../domain/ports.ts';
import { isRootTenancy, type Tenancy } from '../../domain/tenancy.ts';
import { verifyAuditChain, type Verification } from '../../services/audit.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { route, type Route } from '../api/route.ts';
import { instant } from './representations.ts';

export interface AuditRouteOptions {
  readonly store: Pick<Store, 'audit' | 'directory' | 'pages'>;
  readonly cursors: Cursors;
}

const READERS = ['AuditReader'] as const;

const actor = z.strictObject({ kind: z.enum(['user', 'client', 'operator', 'system']), id: z.string() });

const auditEvent = z
  .strictObject({
    id: z.string().describe('1, 2, 3 … in the order in which they were kept, over the whole deployment.'),
    type: z.string().describe('What happened, in the past tense.'),
    at: instant,
    actor,
    on_behalf_of: actor.optional().describe('The user whom the actor impersonated.'),
    client_id: z.string().optional().describe('Client through which the actor came.'),
    target: z.strictObject({ kind: z.string(), id: z.string() }).describe('What it happened to.'),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
    request_id: z.string().optional(),
    organization: z.string().optional().describe('Of the target, when it happened.'),
    hash: z.string().describe('Over this event and the hash of the one before it.'),
  })
  .meta({ id: 'AuditEvent' });

const verification = z
  .strictObject({
    unbroken: z.boolean(),
    events: z.int().describe('That fit, from the first one on.'),
    hash: z.string().describe('Of the last event that fits. Noted elsewhere, it tells of a chain that was made anew as a whole.'),
    fault: z
      .strictObject({
        kind: z.enum(['changed', 'missing', 'cut', 'added', 'replaced', 'head']),
        event: z.int().describe('Number of the first event that does not fit.'),
      })
      .nullable(),
  })
  .meta({ id: 'AuditVerification' });

const text = z.string().min(1).max(500).optional();
const moment = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .pipe(z.date())
  .optional();

const filters = {
  type: text,
  actor: text.describe('Id of who did it.'),
  on_behalf_of: text.describe('Id of the user who was impersonated.'),
  target_kind: text,
  target_id: text,
  request_id: text,
  organization: text.describe('Of this organization and those below it; of a root also what belongs to no organization.'),
  from: moment.describe('At this instant or later.'),
  until: moment.describe('Before this instant.'),
};

type Asked = z.output<z.ZodObject<typeof filters>>;

/** Events that an export has in memory at once. */
const EXPORT_PAGE = 500;

export function auditRoutes(options: AuditRouteOptions): readonly Route[] {
  const { store, cursors } = options;
  return [
    route({
      method: 'GET',
      path: '/audit-events',
      resource: 'audit_events',
      roles: READERS,
      summary: 'List audit events',
      description: 'Newest first: those of the organizations that are administered, and for a root those of no organization.',
      query: z.object({ ...PAGE_PARAMETERS, ...filters }),
      answers: { 200: pageOf(auditEvent) },
      handle: async ({ query, administrator }) => {
        const { limit, cursor, total, ...asked } = query;
        const wanted = await wantedBy(asked, administrator, options);
        const context = ['audit_events', Object.entries(asked), tenancyKey(administrator.tenancy)];
        const after = cursor === undefined ? undefined : cursors.open(context, cursor);
        const page = await store.pages.audit.list({ ...wanted, descending: true, after, limit, total });
        const items = page.items.map(recordedAuditDocument);
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'GET',
      path: '/audit-events/export',
      resource: 'audit_events',
      roles: READERS,
      summary: 'Export audit events',
      description: 'Oldest first, one JSON object a line. Events that are kept while it runs are not in it.',
      query: z.object(filters),
      answers: { 200: { lines: auditEvent } },
      handle: async ({ query, administrator }) => {
        const wanted = await wantedBy(query, administrator, options);
        const last = (await store.audit.readHead())?.events ?? 0;
        const read = (after: Position | undefined) => store.audit.list({ ...wanted, descending: false, after, limit: EXPORT_PAGE, total: false });
        // What can be refused is refused before the first line is sent.
        return { status: 200, lines: documents(await read(undefined), read, last) };
      },
    }),
    verificationRoute(options),
    route({
      method: 'GET',
      path: '/audit-events/{id}',
      resource: 'audit_events',
      roles: READERS,
      summary: 'Read an audit event',
      answers: { 200: auditEvent },
      handle: async ({ params, administrator }) => {
        const found = await store.audit.find(params.id, administrator.tenancy);
        if (found === undefined) throw absent();
        return { status: 200, body: recordedAuditDocument(found) };
      },
    }),
  ];
}

/** The chain is one, over the whole deployment, and costs what it is long: it is gone along once, however many ask. */
function verificationRoute({ store }: AuditRouteOptions): Route {
  let running: Promise<Verification> | undefined;
  return route({
    method: 'GET',
    path: '/audit-events/verification',
    resource: 'audit_events',
    roles: READERS,
    summary: 'Verify the chain of audit events',
    description: 'Whether anything was changed, taken out or put in afterwards. For administrators of an organization at the top.',
    answers: { 200: verification },
    refuses: ['not_found'],
    handle: async ({ administrator }) => {
      if (!isRootTenancy(administrator.tenancy)) throw absent();
      running ??= verifyAuditChain(store.audit).finally(() => (running = undefined));
      const { events, hash, fault } = await running;
      return { status: 200, body: { unbroken: fault === undefined, events, hash, fault: fault ?? null } };
    },
  });
}

/** Within what may be seen; an organization that lies outside has no events, like one that does not exist. */
async function wantedBy(asked: Asked, { tenancy }: Administrator, { store }: AuditRouteOptions): Promise<Pick<AuditQuery, 'tenancy' | 'filters'>> {
  const { type, actor: who, on_behalf_of: onBehalfOf, target_kind: targetKind, target_id: targetId, request_id: requestId, from, until } = asked;
  const given: AuditFilters = { type, actor: who, onBehalfOf, targetKind, targetId, requestId, from, until };
  if (asked.organization === undefined) return { tenancy, filters: given };
  const found = (await store.directory.find('organizations', [asked.organization], { tenancy, inherited: false })).get(asked.organization);
  const narrowed: Tenancy = found === undefined ? { kind: 'nothing' } : { kind: 'subtree', organization: found.id, path: found.path };
  return { tenancy: narrowed, filters: given };
}

type Read = (after: Position | undefined) => Promise<Page<RecordedAuditEvent>>;

/** @param last number of the last event to be told */
async function* documents(first: Page<RecordedAuditEvent>, read: Read, last: number): AsyncGenerator {
  let page = first;
  for (;;) {
    for (const event of page.items) {
      // Listed by time: one that was kept meanwhile may stand before others that are to be told.
      if (Number(event.id) <= last) yield recordedAuditDocument(event);
    }
    if (page.next === undefined) return;
    page = await read(page.next);
  }
}
