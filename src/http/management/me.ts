import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import { etagOf } from '../api/etag.ts';
import { route, type Route } from '../api/route.ts';

const me = z
  .object({
    subject: z.object({ kind: z.enum(['user', 'client']), id: z.string() }).describe('Whom the token is for.'),
    username: z.string().optional().describe('Of the user whose roles count: the subject, or the context user of a client.'),
    client_id: z.string().describe('Client through which the token was issued.'),
    impersonator: z.string().optional().describe('Id of the user who really acts, when the token impersonates the subject.'),
    organization: z
      .object({ id: z.string(), type: z.string(), path: z.array(z.string()).describe('Ids from the root to the organization, itself last.') })
      .optional()
      .describe('Of whoever the roles come from.'),
    roles: z.array(z.string()).describe('Roles that the token carries and that are still held.'),
    tenancy: z
      .object({ kind: z.enum(['everything', 'subtree', 'nothing']), organization: z.string().optional() })
      .describe('The part of the organization tree that may be administered: an organization and all below it, everything or nothing.'),
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
      },
    ],
  });

/** What concerns whoever asks. */
export function meRoutes(): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/me',
      resource: 'me',
      summary: 'Say who asks',
      description: 'Whom the token stands for and what it is still good for.',
      roles: 'any_token',
      answers: { 200: me },
      handle: async ({ administrator }) => {
        const body = presented(administrator);
        return { status: 200, body, etag: etagOf(body) };
      },
    }),
  ];
}

function presented({ actor, onBehalfOf, clientId, roles, acting, tenancy }: Administrator): z.input<typeof me> {
  const subject = onBehalfOf ?? actor;
  return {
    subject: { kind: subject.kind === 'client' ? 'client' : 'user', id: subject.id },
    username: acting.username,
    client_id: clientId,
    impersonator: onBehalfOf === undefined ? undefined : actor.id,
    organization: acting.organization && { id: acting.organization.id, type: acting.organization.type, path: [...acting.organization.path] },
    roles: [...roles],
    tenancy: tenancy.kind === 'subtree' ? { kind: 'subtree', organization: tenancy.organization } : { kind: tenancy.kind },
  };
}
