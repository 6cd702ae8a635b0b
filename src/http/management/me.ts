/** What concerns whoever asks: who that is, the own profile, password, groups, roles and sign-ins. */
import { z } from 'zod';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { fieldsOf } from '../../administration/representation.ts';
import { DomainError } from '../../domain/errors.ts';
import { RESOURCES } from '../../domain/organization.ts';
import type { User } from '../../domain/party.ts';
import { MAXIMUM_PASSWORD_LENGTH } from '../../domain/password-policy.ts';
import type { ExplainDocuments } from '../../services/explain-documents.ts';
import { entrySchemas } from '../../workspace/schema.ts';
import type { MeService, OwnGroup } from '../../services/me.ts';
import { assertMatch, etagOf } from '../api/etag.ts';
import { route, type ApiRequest, type Route } from '../api/route.ts';
import { at, effectiveRoles } from './access.ts';
import { nothingDone } from './demands.ts';
import { instant, REPRESENTATIONS } from './representations.ts';
import { endSession, listSessions, sessionsOfPerson, type SessionParts } from './sessions.ts';

export interface MeRouteOptions extends SessionParts {
  readonly me: MeService;
  readonly explainDocuments: ExplainDocuments;
}

const WRITERS = ['MeAdmin'] as const;
const PASSWORD_SETTERS = ['MeAdmin', 'PasswordReset'] as const;

const me = z
  .strictObject({
    subject: z.strictObject({ kind: z.enum(['user', 'client']), id: z.string() }).describe('Whom the token is for.'),
    username: z.string().optional().describe('Of the user whose roles count: the subject, or the context user of a client.'),
    client_id: z.string().describe('Client through which the token was issued.'),
    impersonator: z.string().optional().describe('Id of the user who really acts, when the token impersonates the subject.'),
    organization: z
      .strictObject({ id: z.string(), type: z.string(), path: z.array(z.string()).describe('Ids from the root to the organization, itself last.') })
      .optional()
      .describe('Of whoever the roles come from.'),
    roles: z.array(z.string()).describe('Roles that the token carries and that are still held.'),
    tenancy: z
      .strictObject({ kind: z.enum(['everything', 'subtree', 'nothing']), organization: z.string().optional() })
      .describe('The part of the organization tree that may be administered: an organization and all below it, everything or nothing.'),
    barred_resources: z.array(z.enum(RESOURCES)).describe('What the type of the own organization is barred from: refused, whatever roles are held.'),
    user: REPRESENTATIONS.users.optional().describe('The own profile; clients have none.'),
  })
  .meta({
    id: 'Me',
    examples: [
      {
        subject: { kind: 'user', id: 'alice' },
        username: 'alice',
        client_id: 'console',
        organization: { id: 'acme', type: 'buyer', path: ['market', 'acme'] },
        roles: ['UserReader'],
        tenancy: { kind: 'subtree', organization: 'acme' },
        barred_resources: ['clients', 'resource_servers', 'keys'],
        user: { id: 'alice', username: 'alice', organization: 'acme', active: true, user_groups: [], authorized_organizations: [] },
      },
    ],
  });

const ownGroup = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    organization: z.string(),
    valid_from: instant.optional(),
    valid_until: instant.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'OwnUserGroup' });

const ENTRY = entrySchemas({ insecurePlaintext: false, lookup: () => undefined }).users.shape;
const password = z.string().min(1).max(MAXIMUM_PASSWORD_LENGTH);
const done = { 200: nothingDone, 204: undefined };

const ownName = ENTRY.given_name.describe('`null`: none any more.');

const profilePatch = z
  .strictObject({
    given_name: ownName,
    family_name: ownName,
    phone_number: ownName,
    email: z.string().max(500).nullable().optional().describe('`null`: none any more.'),
    current_password: password.optional().describe('Needed with `email`, also to remove it. Guessing counts like signing in.'),
  })
  .refine(({ email, current_password: current }) => email === undefined || current !== undefined, {
    path: ['current_password'],
    error: 'is needed to change the mail address.',
  });

export function meRoutes(options: MeRouteOptions): readonly Route[] {
  return [...profileRoutes(options), passwordRoute(options), ...accessRoutes(options), ...sessionRoutes(options)];
}

function profileRoutes({ me: service }: MeRouteOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/me',
      resource: 'me',
      summary: 'Say who asks',
      description: 'Whom the token stands for and what it is still good for.',
      roles: 'any_token',
      versioned: true,
      answers: { 200: me },
      handle: async ({ administrator }) => {
        const user = isClient(administrator) ? undefined : await service.get(ownId(administrator));
        const body = presented(administrator, user);
        return { status: 200, body, etag: etagOf(body) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/me',
      resource: 'me',
      summary: 'Change the own profile',
      description:
        'Names and phone number; the mail address by whoever knows the current password: links to set one go there, and the address before is told. User name, organization and groups are for administrators.',
      roles: WRITERS,
      body: profilePatch,
      versioned: true,
      answers: { 200: z.union([me, nothingDone]) },
      handle: async ({ body, administrator, address, ifMatch, dryRun }) => {
        const id = ownId(administrator);
        const precondition = (user: User): void => assertMatch(ifMatch, etagOf(presented(administrator, user)));
        const { email, current_password: current = '', given_name: givenName, family_name: familyName, phone_number: phoneNumber } = body;
        const [names, caller] = [{ givenName, familyName, phoneNumber }, callerOf(administrator)];
        const user =
          email === undefined
            ? await service.rename(id, names, caller, { precondition, dryRun })
            : await service.update(id, { email, names, current, address }, caller, { precondition, dryRun });
        if (dryRun) return { status: 200, body: { dry_run: true } };
        const shown = presented(administrator, user);
        return { status: 200, body: shown, etag: etagOf(shown) };
      },
    }),
  ];
}

function passwordRoute({ me: service }: MeRouteOptions): Route {
  return route({
    method: 'PUT',
    path: '/me/password',
    resource: 'me',
    summary: 'Change the own password',
    description: 'Ends everything that was issued under the one before, this token included. Guessing at the current one counts like signing in.',
    roles: PASSWORD_SETTERS,
    body: z.strictObject({ current_password: password, new_password: password }),
    answers: done,
    handle: async ({ body, administrator, address, dryRun }) => {
      const change = { current: body.current_password, password: body.new_password, address, dryRun };
      await service.changePassword(ownId(administrator), change, callerOf(administrator)).catch((error: unknown) => {
        throw error instanceof DomainError && error.pointer === '/password' ? pointingAt('/new_password', error) : error;
      });
      return dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 };
    },
  });
}

function accessRoutes({ me: service, explainDocuments }: MeRouteOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/me/user-groups',
      resource: 'me',
      summary: 'List the own user groups',
      description: 'With when each membership begins and ends; also those that are not in force.',
      roles: 'any_token',
      answers: { 200: z.strictObject({ items: z.array(ownGroup) }) },
      refuses: ['forbidden'],
      handle: async ({ administrator }) => {
        return { status: 200, body: { items: (await service.groups(ownId(administrator))).map(groupShown) } };
      },
    }),
    route({
      method: 'GET',
      path: '/me/effective-roles',
      resource: 'me',
      summary: 'List the own roles, with their paths',
      description: 'Everything that is held, not only what this token carries. Of what was assigned farther up only the fact is told.',
      roles: 'any_token',
      query: z.object({
        client_id: z.string().min(1).max(500).optional().describe('In tokens for this client; left out: what holds for every client.'),
        at,
      }),
      answers: { 200: effectiveRoles },
      refuses: ['forbidden'],
      handle: async ({ query, administrator }) => {
        const question = { user: ownId(administrator), client: query.client_id, at: query.at };
        return { status: 200, body: await explainDocuments.effectiveRoles(question, { kind: 'self' }) };
      },
    }),
  ];
}

function sessionRoutes(parts: MeRouteOptions): readonly Route[] {
  const answered = ({ dryRun }: Pick<ApiRequest, 'dryRun'>) => (dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 });
  return [
    route({
      method: 'GET',
      path: '/me/sessions',
      resource: 'me',
      summary: 'List the own sign-ins',
      description: 'Those that can be refreshed, and those in browsers.',
      roles: 'any_token',
      answers: { 200: sessionsOfPerson },
      refuses: ['forbidden'],
      handle: async ({ administrator }) => {
        return { status: 200, body: await listSessions(parts, ownId(administrator)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/sessions/{id}',
      resource: 'me',
      summary: 'End one of the own sign-ins',
      description: 'Of either kind, with its refresh tokens and every access token that came of it.',
      roles: WRITERS,
      answers: done,
      handle: async (request) => {
        const { params, administrator, dryRun } = request;
        await endSession(parts, { user: ownId(administrator), id: params.id }, { caller: callerOf(administrator), dryRun });
        return answered(request);
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/sessions',
      resource: 'me',
      summary: 'End everything that was issued to oneself so far',
      description: 'With and without a session, browsers and this token included.',
      roles: WRITERS,
      answers: done,
      handle: async (request) => {
        const user = ownId(request.administrator);
        if (!request.dryRun) await parts.sessions.revokeAll(user, callerOf(request.administrator));
        return answered(request);
      },
    }),
  ];
}

const subjectOf = ({ actor, onBehalfOf }: Administrator) => onBehalfOf ?? actor;
const isClient = (administrator: Administrator): boolean => subjectOf(administrator).kind === 'client';

/** Id of the user whom the token is for. @throws `forbidden` for clients, whoever their context user is */
export function ownId(administrator: Administrator): string {
  if (isClient(administrator)) throw new DomainError('forbidden', 'This is for people: a client has no profile, password, groups or sign-ins.');
  return subjectOf(administrator).id;
}

const pointingAt = (pointer: string, { code, message, details, cause }: DomainError): DomainError =>
  new DomainError(code, message, { pointer, details, cause });

function groupShown({ group: { id, name, organization }, validFrom, validUntil, reason }: OwnGroup): z.input<typeof ownGroup> {
  return { id, name, organization, valid_from: validFrom?.toISOString(), valid_until: validUntil?.toISOString(), reason };
}

/** Without what is not set, so that the same person always has the same entity tag. */
function presented(administrator: Administrator, user: User | undefined): z.input<typeof me> {
  const { actor, onBehalfOf, clientId, roles, acting, tenancy, barred } = administrator;
  const { id } = subjectOf(administrator);
  const { username, organization } = acting;
  return {
    subject: { kind: isClient(administrator) ? 'client' : 'user', id },
    ...(username === undefined ? {} : { username }),
    client_id: clientId,
    ...(onBehalfOf === undefined ? {} : { impersonator: actor.id }),
    ...(organization === undefined ? {} : { organization: { id: organization.id, type: organization.type, path: [...organization.path] } }),
    roles: [...roles],
    tenancy: tenancy.kind === 'subtree' ? { kind: 'subtree', organization: tenancy.organization } : { kind: tenancy.kind },
    barred_resources: RESOURCES.filter((resource) => barred.has(resource)),
    ...(user === undefined ? {} : { user: fieldsOf('users', user) }),
  };
}
