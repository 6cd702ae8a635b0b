/** Clients and their secrets. A generated secret is answered once, by the request that makes it. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { callerOf } from '../../administration/administrator.ts';
import { addClientSecret, endClientSecret } from '../../administration/client-secrets.ts';
import type { ClientService, FreshSecret } from '../../services/clients.ts';
import { route, type Route } from '../api/route.ts';
import { creationOf } from './bodies.ts';

import { created, writing } from './nouns.ts';
import { blastRadius, instant, REPRESENTATIONS } from './representations.ts';

export interface ClientRouteOptions {
  readonly administration: Administration;
  readonly clients: ClientService;
}

const READERS = ['ApiClientReader', 'ApiClientAdmin'] as const;
const WRITERS = ['ApiClientAdmin'] as const;
const LONGEST_LIFE_DAYS = 3650;

const secret = z
  .strictObject({
    id: z.string(),
    created_at: instant,
    expires_at: instant.optional(),
    generated: z.boolean().describe('Made by the server, 256 bits; else chosen by somebody, and hashed slowly.'),
  })
  .meta({ id: 'ClientSecret' });

const freshSecret = z
  .strictObject({ id: z.string(), client_secret: z.string().describe('Shown this once.'), expires_at: instant.optional() })
  .meta({ id: 'FreshClientSecret' });

export function clientRoutes({ administration, clients }: ClientRouteOptions): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/clients',
      resource: 'clients',
      roles: WRITERS,
      summary: 'Create a client',
      description: 'A client that authenticates by a secret gets one; `client_secret` stands in this answer only.',
      body: creationOf('clients'),
      versioned: true,
      answers: { 200: blastRadius, 201: REPRESENTATIONS.clients.extend({ client_secret: z.string().optional() }).meta({ id: 'CreatedClient' }) },
      handle: async (request) => {
        const { value, call } = writing(request, WRITERS);
        const caller = callerOf(request.administrator);
        const result = await administration.create('clients', value, call, (tx, id) => clients.firstSecretIn(tx, id, caller));
        return created('clients', '/clients', result, result.extra === undefined ? {} : { client_secret: result.extra.secret });
      },
    }),
    route({
      method: 'GET',
      path: '/clients/{id}/secrets',
      resource: 'clients',
      roles: READERS,
      summary: 'List the secrets of a client',
      description: 'When they were made and when they end; never the secrets themselves.',
      answers: { 200: z.strictObject({ items: z.array(secret) }) },
      handle: async ({ administrator, params }) => {
        await administration.get('clients', params.id, { administrator, needs: READERS });
        const { secrets } = await clients.get(params.id);
        const items = secrets.map(({ id, createdAt, expiresAt, algorithm }) => ({
          id,
          created_at: createdAt,
          expires_at: expiresAt,
          generated: algorithm === 'sha256',
        }));
        return { status: 200, body: { items } };
      },
    }),
    route({
      method: 'POST',
      path: '/clients/{id}/secrets',
      resource: 'clients',
      roles: WRITERS,
      summary: 'Make another secret for a client',
      description: 'It is good beside those that the client has, so that it can change over without an outage. Takes every role that the client has.',
      body: z.strictObject({
        expires_in_days: z.int().min(1).max(LONGEST_LIFE_DAYS).optional().describe('Left out: for good.'),
        others_expire_in_hours: z
          .int()
          .min(0)
          .max(24 * LONGEST_LIFE_DAYS)
          .optional()
          .describe('Left out: the others stay good as long as they are.'),
      }),
      answers: { 200: z.strictObject({ dry_run: z.literal(true) }), 201: freshSecret },
      handle: async ({ administrator, params, body, dryRun }) => {
        const options = {
          lifetimeMs: body.expires_in_days === undefined ? undefined : body.expires_in_days * 86_400_000,
          graceMs: body.others_expire_in_hours === undefined ? undefined : body.others_expire_in_hours * 3_600_000,
        };
        const fresh = await addClientSecret({ administration, clients }, params.id, { administrator, needs: WRITERS, dryRun }, options);
        if (dryRun) return { status: 200, body: { dry_run: true } };
        return { status: 201, body: shown(fresh), location: `/clients/${encodeURIComponent(params.id)}/secrets` };
      },
    }),
    route({
      method: 'DELETE',
      path: '/clients/{id}/secrets/{secret_id}',
      resource: 'clients',
      roles: WRITERS,
      summary: 'End a secret of a client at once',
      answers: { 200: z.strictObject({ dry_run: z.literal(true) }), 204: undefined },
      handle: async ({ administrator, params, dryRun }) => {
        await endClientSecret(
          { administration, clients },
          { clientId: params.id, secretId: params.secret_id },
          { administrator, needs: WRITERS, dryRun },
        );
        return dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 };
      },
    }),
  ];
}

const shown = ({ id, secret: client_secret, expiresAt }: FreshSecret) => ({ id, client_secret, expires_at: expiresAt });
