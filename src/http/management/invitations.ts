/** Mails that let somebody in: invitations to become a user, and links to set a password. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { CONFIRMATION } from '../../administration/full-access.ts';
import type { InvitationAdministration, InvitationCall, Invited } from '../../administration/invitations.ts';
import { ASSIGNING_ROLE } from '../../administration/inviter.ts';
import { absent } from '../../administration/nouns.ts';
import { INVITATION_STATUSES, invitationStatus, type Invitation } from '../../domain/invitation.ts';
import type { Clock, Store } from '../../domain/ports.ts';
import type { InvitationService } from '../../services/invitations.ts';
import type { PasswordResets } from '../../services/password-resets.ts';
import type { Cursors } from '../api/cursor.ts';
import { assertMatch, etagOf } from '../api/etag.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type ApiAnswer, type ApiRequest, type Route } from '../api/route.ts';
import { assertHoldsOneOf, nothingDone } from './demands.ts';
import { blastRadius, instant } from './representations.ts';

export interface InvitationRouteOptions {
  readonly store: Pick<Store, 'invitations'>;
  readonly administration: Administration;
  readonly invitations: InvitationService;
  readonly inviting: InvitationAdministration;
  readonly resets: PasswordResets;
  readonly cursors: Cursors;
  readonly clock: Clock;
}

const READERS = ['UserReader', 'UserAdmin'] as const;
const WRITERS = ['UserAdmin'] as const;
const ASSIGNERS = [ASSIGNING_ROLE] as const;

const id = z.string().min(1).max(500);
const ids = z.array(z.string());

const invitation = z
  .strictObject({
    id: z.string(),
    status: z.enum(INVITATION_STATUSES),
    email: z.string(),
    organization: z.string(),
    username: z.string().optional().describe('Missing: the invited person chooses.'),
    user_groups: ids,
    security_profiles: ids,
    valid_until: instant.optional().describe('End of the memberships and assignments that come of it.'),
    invited_by: z
      .strictObject({ kind: z.enum(['user', 'client', 'operator', 'system']), id: z.string() })
      .describe('Whose ceiling counts when it is accepted.'),
    created_at: instant,
    expires_at: instant.describe('End of the link.'),
    accepted_at: instant.optional(),
    accepted_as: z.string().optional().describe('Id of the user that came of it.'),
    revoked_at: instant.optional(),
  })
  .meta({ id: 'Invitation' });

const moment = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .pipe(z.date());
const confirm = z.literal(CONFIRMATION).optional().describe('Says yes to giving full access for good, or for long.');

const creation = z
  .strictObject({
    email: z.string().max(500),
    organization: id,
    username: z.string().max(500).optional().describe('Left out: the invited person chooses.'),
    user_groups: z.array(id).default([]),
    security_profiles: z.array(id).default([]).describe(`To be assigned. Naming one takes ${ASSIGNING_ROLE} as well.`),
    valid_until: moment.optional().describe('End of the memberships and assignments that come of it; left out: for good.'),
    expires_at: moment.optional().describe('End of the link; left out: in 7 days, at most in 30.'),
    confirm,
  })
  .meta({ id: 'InvitationCreation' });

export function invitationRoutes(options: InvitationRouteOptions): readonly Route[] {
  return [...readingRoutes(options), ...writingRoutes(options), passwordResetRoute(options)];
}

function readingRoutes({ store, invitations, cursors, clock }: InvitationRouteOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/invitations',
      resource: 'invitations',
      roles: READERS,
      summary: 'List invitations',
      description: 'Newest first. They are kept for 90 days after their link expired.',
      query: z.object({ ...PAGE_PARAMETERS, organization: id.optional(), email: id.optional(), status: z.enum(INVITATION_STATUSES).optional() }),
      answers: { 200: pageOf(invitation) },
      handle: async ({ query, administrator: { tenancy } }) => {
        const { organization, email, status, limit, total, cursor } = query;
        const context = ['invitations', organization ?? null, email ?? null, status ?? null, tenancyKey(tenancy)];
        const after = cursor === undefined ? undefined : cursors.open(context, cursor);
        const page = await invitations.list({ visibility: { tenancy, inherited: false }, organization, email, status, after, limit, total });
        const items = page.items.map((item) => shown(item, clock.now()));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'GET',
      path: '/invitations/{id}',
      resource: 'invitations',
      roles: READERS,
      summary: 'Read an invitation',
      versioned: true,
      answers: { 200: invitation },
      handle: async ({ params, administrator }) => {
        const body = shown(await find(store, params.id, administrator), clock.now());
        return { status: 200, body, etag: etagOf(body) };
      },
    }),
  ];
}

function writingRoutes(options: InvitationRouteOptions): readonly Route[] {
  const { store, inviting, clock } = options;
  return [
    route({
      method: 'POST',
      path: '/invitations',
      resource: 'invitations',
      roles: WRITERS,
      summary: 'Invite somebody to become a user',
      description: 'By mail, with a link that works once. What comes of it is judged by what may be handed out, now and again when it is accepted.',
      body: creation,
      versioned: true,
      answers: { 200: blastRadius, 201: invitation },
      handle: async (request) => {
        const { body, administrator } = request;
        const { user_groups: userGroups, security_profiles: securityProfiles, valid_until: validUntil, expires_at: expiresAt } = body;
        assertMayInvite(administrator, securityProfiles);
        const { email, organization, username } = body;
        const wanted = { email, organization, username, userGroups, securityProfiles, validUntil, expiresAt };
        return issued(201, await inviting.create(wanted, callOf(request, clock)), clock.now());
      },
    }),
    route({
      method: 'POST',
      path: '/invitations/{id}/resend',
      resource: 'invitations',
      roles: WRITERS,
      summary: 'Send an invitation again',
      description:
        'With another link and as much time again; the link before is good no more. From then on it is the invitation of who sent it last.',
      body: z.strictObject({ confirm }),
      versioned: true,
      answers: { 200: z.union([invitation, blastRadius]) },
      handle: async (request) => {
        const { params, administrator } = request;
        const { securityProfiles } = await find(store, params.id, administrator);
        assertMayInvite(administrator, securityProfiles);
        return issued(200, await inviting.resend(params.id, callOf(request, clock)), clock.now());
      },
    }),
    route({
      method: 'DELETE',
      path: '/invitations/{id}',
      resource: 'invitations',
      roles: WRITERS,
      summary: 'Take an invitation back',
      description: 'Its link is good no more. It can still be read.',
      versioned: true,
      answers: { 200: nothingDone, 204: undefined },
      handle: async (request) => {
        await inviting.revoke(request.params.id, callOf({ ...request, body: {} }, clock));
        return request.dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 };
      },
    }),
  ];
}

function passwordResetRoute({ administration, resets }: InvitationRouteOptions): Route {
  return route({
    method: 'POST',
    path: '/users/{id}/password-reset-mail',
    resource: 'users',
    roles: WRITERS,
    summary: 'Send a user a link to set a password',
    description: 'To the mail address of the user; good for an hour. Nobody else gets to see it.',
    answers: { 200: nothingDone, 204: undefined },
    handle: async ({ params, administrator, dryRun }) => {
      const user = await administration.find('users', params.id, { administrator, needs: WRITERS });
      await resets.sendTo(user, callerOf(administrator), { dryRun });
      return dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 };
    },
  });
}

async function find(store: Pick<Store, 'invitations'>, key: string, { tenancy }: Administrator): Promise<Invitation> {
  const found = await store.invitations.find(key, { tenancy, inherited: false });
  if (found === undefined) throw absent();
  return found;
}

/** Who may not make users, or assign profiles, does not do so by way of an invitation. */
function assertMayInvite(administrator: Administrator, securityProfiles: readonly string[]): void {
  assertMayTouch(administrator, 'users');
  if (securityProfiles.length === 0) return;
  assertHoldsOneOf(administrator, ASSIGNERS);
  assertMayTouch(administrator, 'assignments');
}

function callOf(
  {
    administrator,
    dryRun,
    ifMatch,
    body,
  }: Pick<ApiRequest<unknown, unknown, { readonly confirm?: string | undefined }>, 'administrator' | 'dryRun' | 'ifMatch' | 'body'>,
  clock: Clock,
): InvitationCall {
  const precondition = (current: Invitation): void => assertMatch(ifMatch, etagOf(shown(current, clock.now())));
  return { administrator, dryRun, confirmed: body.confirm === CONFIRMATION, precondition };
}

function issued(status: 200 | 201, { invitation: made, blastRadius: radius }: Invited, now: number): ApiAnswer {
  const body = shown(made, now);
  if (radius !== undefined) return { status: 200, body: { dry_run: true, object: body, ...radius } };
  return { status, body, etag: etagOf(body), location: status === 201 ? `/invitations/${encodeURIComponent(made.id)}` : undefined };
}

/** Without what is not set, so that the same invitation always has the same entity tag. */
function shown(given: Invitation, now: number): z.input<typeof invitation> {
  const { username, validUntil, acceptedAt, acceptedAs, revokedAt } = given;
  return {
    id: given.id,
    status: invitationStatus(given, now),
    email: given.email,
    organization: given.organization,
    ...(username === undefined ? {} : { username }),
    user_groups: [...given.userGroups],
    security_profiles: [...given.securityProfiles],
    ...(validUntil === undefined ? {} : { valid_until: validUntil.toISOString() }),
    invited_by: { ...given.invitedBy },
    created_at: given.createdAt.toISOString(),
    expires_at: given.expiresAt.toISOString(),
    ...(acceptedAt === undefined ? {} : { accepted_at: acceptedAt.toISOString() }),
    ...(acceptedAs === undefined ? {} : { accepted_as: acceptedAs }),
    ...(revokedAt === undefined ? {} : { revoked_at: revokedAt.toISOString() }),
  };
}
