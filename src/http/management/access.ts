/** Who holds which roles, why, and what a token would carry: the answers of the function that issues tokens. */
import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import type { Store } from '../../domain/ports.ts';
import type { Verdict } from '../../domain/scope.ts';
import type { ExplainDocuments } from '../../services/explain-documents.ts';
import type { Question } from '../../services/explain.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type Route } from '../api/route.ts';
import { invalidInput } from '../api/validation.ts';
import { assertClient, assertUser } from './demands.ts';
import { instant } from './representations.ts';

export interface AccessRouteOptions {
  readonly store: Pick<Store, 'directory'>;
  readonly explainDocuments: ExplainDocuments;
}

/** Roles with which people are told who holds what. */
export const EXPLAINING = ['SecurityProfileReader', 'SecurityProfileAdmin', 'UserReader', 'UserAdmin'] as const;

const VERDICTS = [
  'granted',
  'unknown',
  'unheld',
  'not_yet_valid',
  'expired',
  'barred_for_organization_type',
  'above_client_maximum',
  'outside_resource_server',
] as const satisfies readonly Verdict[];

const text = z.string();
const verdict = z.enum(VERDICTS);
const named = z.strictObject({ id: text, name: text });

const subject = z
  .strictObject({
    kind: z.enum(['user', 'client']),
    id: text,
    username: text.nullable(),
    organization: text.nullable(),
    organization_type: text.nullable(),
  })
  .meta({ id: 'AccessSubject' });

const path = z
  .strictObject({
    state: z.enum(['in_force', 'not_yet_valid', 'other_client', 'expired']),
    assignment: text,
    security_profile: named,
    party: z.strictObject({
      kind: z.enum(['user', 'user_group', 'organization', 'client']),
      id: text,
      name: text.describe('The id where the party lies outside of what may be seen.'),
      organization: text.nullable().describe('Name of the organization of a user group.'),
    }),
    organizations: z.array(text).describe('From the organization that it was assigned to down to the own one; empty when it comes another way.'),
    include_descendants: z.boolean(),
    client: text.nullable().describe('Counts only in tokens for this client.'),
    from: instant.nullable(),
    until: instant.nullable(),
    assigned_by: text.nullable().describe('Not told of parties outside, like the reason.'),
    assigned_at: instant,
    reason: text.nullable(),
  })
  .meta({ id: 'AccessPath' });

const contextUser = subject.nullable().describe("Whose roles count when it is not the subject: the client's context user.");
const objection = text.nullable().describe('Why there would be no token at all.');

const explanation = z
  .strictObject({
    at: instant,
    role: text,
    subject,
    context_user: contextUser,
    client: text.nullable(),
    audience: text.nullable(),
    verdict,
    objection,
    paths: z.array(path).describe('Those in force first.'),
    remedies: z
      .array(
        z.strictObject({
          security_profile: named,
          assignment: z.record(z.string(), z.string()).describe('As it would be sent to `POST /assignments`.'),
          verdict: verdict.describe('What would be decided then; anything but `granted` is the rule that would still block.'),
        }),
      )
      .describe('Profiles that have the role; at most 100.'),
    did_you_mean: text.nullable(),
  })
  .meta({ id: 'Explanation' });

const preview = z
  .strictObject({
    at: instant,
    subject,
    context_user: contextUser,
    client: text,
    audience: text,
    objection,
    names: z.array(z.strictObject({ name: text, verdict })),
    scope: text,
    roles: z.array(text),
    roles_until: instant.nullable().describe('When the first of the granted roles ends, which ends the token.'),
    claims: z.record(z.string(), z.unknown()),
    bytes: z.int().describe('Of the signed token.'),
  })
  .meta({ id: 'TokenPreview' });

export const effectiveRoles = z
  .strictObject({
    at: instant,
    subject,
    client: text.nullable(),
    roles: z.array(
      z.strictObject({
        role: text,
        barred: z.boolean().describe("Held, but in no token: the organization's type is barred from it."),
        until: instant.nullable(),
        assignments: z.array(text).describe('That bring it; each is one of the paths.'),
      }),
    ),
    paths: z.array(path).describe('Each once, however many roles come by it.'),
  })
  .meta({ id: 'EffectiveRoles' });

/** When: another time than now. */
export const at = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .pipe(z.date())
  .optional()
  .describe('Instant that it is asked for; left out: now.');
const id = z.string().min(1).max(500);
const client_id = id.optional().describe('Client that the token is for. Without `user` it asks for itself, as with client_credentials.');
const user = id.optional().describe('Id of the user that the token is for.');
const audience = id.optional().describe('Resource server that the token is for; left out: this API.');

interface Asked {
  readonly user?: string | undefined;
  readonly client_id?: string | undefined;
  readonly audience?: string | undefined;
  readonly at?: Date | undefined;
}

export function accessRoutes(options: AccessRouteOptions): readonly Route[] {
  const { explainDocuments } = options;
  const { directory } = options.store;
  return [
    route({
      method: 'GET',
      path: '/explain',
      resource: 'access',
      roles: EXPLAINING,
      summary: 'Explain why somebody has a role, or has it not',
      description:
        'By every path: role, security profile, assignment, party. Where it is missing: which assignment would give it, and what would still block it.',
      query: z.object({ user, client_id, role: id, audience, at }),
      answers: { 200: explanation },
      refuses: ['not_found'],
      handle: async ({ query, administrator }) => {
        const question = await questionOf(query, administrator, options);
        return { status: 200, body: await explainDocuments.why(question, query.role, viewer(administrator)) };
      },
    }),
    route({
      method: 'GET',
      path: '/preview',
      resource: 'access',
      roles: EXPLAINING,
      summary: 'Show what a token would carry, without issuing one',
      query: z.object({
        user,
        client_id: id.describe(client_id.description!),
        scope: text.optional().describe('Left out: as a request without scope.'),
        audience,
        at,
      }),
      answers: { 200: preview },
      refuses: ['not_found'],
      handle: async ({ query, administrator }) => {
        const question = { ...(await questionOf(query, administrator, options)), client: query.client_id };
        return { status: 200, body: await explainDocuments.preview(question, query.scope, viewer(administrator)) };
      },
    }),
    route({
      method: 'GET',
      path: '/users/{id}/effective-roles',
      resource: 'users',
      roles: ['UserReader', 'UserAdmin'],
      summary: 'List the roles that a user holds, with their paths',
      query: z.object({ client_id: id.optional().describe('In tokens for this client; left out: what holds for every client.'), at }),
      answers: { 200: effectiveRoles },
      handle: async ({ params, query, administrator }) => {
        const { tenancy } = administrator;
        await assertUser(directory, params.id, administrator);
        if (query.client_id !== undefined) await assertClient(directory, query.client_id, { tenancy, inherited: true });
        const question = { user: params.id, client: query.client_id, at: query.at };
        return { status: 200, body: await explainDocuments.effectiveRoles(question, viewer(administrator)) };
      },
    }),
  ];
}

const viewer = ({ tenancy }: Administrator) => ({ kind: 'administrator', tenancy }) as const;

/** A question about what the administrator may see: a client from above is one to sign in through, not one to look into. */
async function questionOf(asked: Asked, administrator: Administrator, options: AccessRouteOptions): Promise<Question> {
  const { tenancy } = administrator;
  const { directory } = options.store;
  const { user: userId, client_id: client } = asked;
  if (userId === undefined && client === undefined) {
    throw invalidInput([{ parameter: 'user', message: 'is missing: name a user, a client_id, or both.' }]);
  }
  assertMayTouch(administrator, userId === undefined ? 'clients' : 'users');
  if (userId !== undefined) await assertUser(directory, userId, administrator);
  if (client !== undefined) await assertClient(directory, client, { tenancy, inherited: userId !== undefined });
  return { user: userId, client, audience: asked.audience, at: asked.at };
}
