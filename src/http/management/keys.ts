/** The keys that sign tokens. They are the whole deployment's, so whoever administers less than a tree knows nothing of them. */
import { z } from 'zod';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { absent } from '../../administration/nouns.ts';
import type { SigningKeyInfo } from '../../domain/ports.ts';
import { SIGNING_ALGORITHMS } from '../../domain/resource-server.ts';
import { isRootTenancy } from '../../domain/tenancy.ts';
import type { KeyService } from '../../services/keys.ts';
import { route, type Route } from '../api/route.ts';
import { nothingDone } from './demands.ts';
import { instant } from './representations.ts';

export interface KeyRouteOptions {
  readonly signingKeys: KeyService;
}

const WRITERS = ['SigningKeyAdmin'] as const;

const alg = z.enum(SIGNING_ALGORITHMS);
const key = z
  .strictObject({
    kid: z.string(),
    alg,
    status: z.enum(['next', 'current', 'retired']),
    created_at: instant,
    activated_at: instant.optional().describe('When it began, or will begin, to sign.'),
    removed_at: instant.optional().describe('When it leaves JWKS.'),
  })
  .meta({ id: 'SigningKey' });

const rotation = z
  .strictObject({
    outcome: z
      .enum(['rotated', 'scheduled', 'unchanged'])
      .describe('`scheduled`: the successor signs once it has been published for long enough. `unchanged`: a rotation was pending.'),
    alg,
    predecessor: z.string(),
    successor: z.string(),
    signs_from: instant,
  })
  .meta({ id: 'KeyRotation' });

const retirement = z
  .strictObject({ alg, retired: z.string(), replacement: z.string().optional().describe('Signs in its place, when it was signing.') })
  .meta({ id: 'KeyRetirement' });

export function keyRoutes({ signingKeys }: KeyRouteOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/keys',
      resource: 'keys',
      roles: WRITERS,
      summary: 'List the signing keys',
      description: 'Those that are published, without any key material.',
      answers: { 200: z.strictObject({ items: z.array(key) }) },
      refuses: ['not_found'],
      handle: async ({ administrator }) => {
        assertRoot(administrator);
        return { status: 200, body: { items: (await signingKeys.list()).map(shown) } };
      },
    }),
    route({
      method: 'POST',
      path: '/keys/rotate',
      resource: 'keys',
      roles: WRITERS,
      summary: 'Let the next key of an algorithm take over',
      description: 'At once when it was published for long enough, else as soon as it was.',
      body: z.strictObject({ alg: alg.default('ES256') }),
      answers: { 200: z.union([rotation, nothingDone]) },
      refuses: ['not_found'],
      handle: async ({ body, administrator, dryRun }) => {
        assertRoot(administrator);
        if (!(await signingKeys.list()).some((known) => known.alg === body.alg)) throw absent();
        if (dryRun) return { status: 200, body: { dry_run: true } };
        const { activatesAt: signs_from, ...rotated } = await signingKeys.rotate(body.alg, callerOf(administrator));
        return { status: 200, body: { ...rotated, signs_from } };
      },
    }),
    route({
      method: 'POST',
      path: '/keys/{kid}/retire',
      resource: 'keys',
      roles: WRITERS,
      summary: 'Take a key out of use at once',
      description: 'For one that may be in wrong hands: its tokens die with it.',
      answers: { 200: z.union([retirement, nothingDone]) },
      handle: async ({ params, administrator, dryRun }) => {
        assertRoot(administrator);
        if (!(await signingKeys.list()).some(({ kid }) => kid === params.kid)) throw absent();
        if (dryRun) return { status: 200, body: { dry_run: true } };
        return { status: 200, body: await signingKeys.retire(params.kid, callerOf(administrator)) };
      },
    }),
  ];
}

/** @throws `not_found` */
function assertRoot({ tenancy }: Administrator): void {
  if (!isRootTenancy(tenancy)) throw absent();
}

const shown = ({ kid, alg: algorithm, status, createdAt, activatedAt, removedAt }: SigningKeyInfo) => ({
  kid,
  alg: algorithm,
  status,
  created_at: createdAt,
  activated_at: activatedAt,
  removed_at: removedAt,
});
