/** What can be done with security profiles besides: cloning them, who holds them, how a clone and its origin moved apart. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { readable } from '../../administration/nouns.ts';
import { fieldsOf } from '../../administration/representation.ts';
import { DomainError } from '../../domain/errors.ts';
import { resolvedRoles } from '../../domain/catalogue.ts';
import type { SecurityProfile } from '../../domain/security-profile.ts';
import { cloneOf, driftOf, merged, type ContentsChange, type Drift } from '../../domain/lineage.ts';
import type { Random, Store } from '../../domain/ports.ts';
import type { DefinitionsCache } from '../../services/definitions.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { route, type Route } from '../api/route.ts';
import { profileContents } from './bodies.ts';
import { created, writing, written } from './nouns.ts';
import { blastRadius, REPRESENTATIONS } from './representations.ts';

export interface ProfileRouteOptions {
  readonly administration: Administration;
  readonly store: Pick<Store, 'directory' | 'access' | 'pages'>;
  readonly definitions: DefinitionsCache;
  readonly random: Random;
  readonly cursors: Cursors;
}

const READERS = ['SecurityProfileReader', 'SecurityProfileAdmin'] as const;
const WRITERS = ['SecurityProfileAdmin'] as const;

const names = z.array(z.string());
const exchange = z.strictObject({ gained: names, lost: names });
const side = z.enum(['gained', 'lost', 'kept']);
const contentsChange = z
  .strictObject({
    roles: exchange.describe('Roles named directly.'),
    permissions: z.array(z.strictObject({ type: z.string(), entry: side, gained: names, lost: names })),
    full_access: side,
    resolved: exchange.describe('What roles and permissions come to.'),
  })
  .meta({ id: 'ProfileChange' });
const drift = z
  .strictObject({
    security_profile: z.string(),
    origin: z.strictObject({
      security_profile: z.string(),
      version: z.int(),
      current_version: z.int().optional().describe('Missing: it does not exist any more.'),
    }),
    origin_changes: contentsChange.optional().describe('What the origin gained and lost since; `merge` takes it over.'),
    local_changes: contentsChange.describe('What was changed in the clone.'),
  })
  .meta({ id: 'Drift' });
const holder = z
  .strictObject({
    user: z.string(),
    username: z.string(),
    organization: z.string(),
    active: z.boolean(),
    assignments: names.describe('Through which it comes, in force or not.'),
  })
  .meta({ id: 'Holder' });
const choice = z.strictObject({
  roles: names.optional(),
  permissions: names.optional().describe('Types, or patterns of types.'),
  full_access: z.boolean().optional(),
});

export function profileRoutes(options: ProfileRouteOptions): readonly Route[] {
  const { administration, store, definitions, random, cursors } = options;
  return [
    resolveRoute(options),
    route({
      method: 'POST',
      path: '/security-profiles/{id}/clone',
      resource: 'security_profiles',
      roles: WRITERS,
      summary: 'Clone a security profile',
      description: 'The clone remembers what it was made of. It gives what the profile gives, so that takes all of its roles.',
      body: z.strictObject({
        id: z.string().optional().describe('Left out: generated.'),
        name: z.string().optional().describe('Left out: that of the profile.'),
        organization: z.string().optional().describe('Owner.'),
      }),
      versioned: true,
      answers: { 200: blastRadius, 201: REPRESENTATIONS.security_profiles },
      handle: async (request) => {
        const { params, body, administrator } = request;
        const profile = await administration.find('security_profiles', params.id, { administrator, needs: WRITERS });
        const clone = cloneOf(profile, { id: body.id ?? random.id(), name: body.name ?? profile.name, organization: body.organization });
        const result = await administration.create('security_profiles', fieldsOf('security_profiles', clone), writing(request, WRITERS).call);
        return created('security_profiles', '/security-profiles', result);
      },
    }),
    route({
      method: 'GET',
      path: '/security-profiles/{id}/holders',
      resource: 'security_profiles',
      roles: READERS,
      summary: 'List who holds a security profile',
      description: 'Users whom an assignment of it reaches: directly, by a group, or by an organization.',
      query: z.object(PAGE_PARAMETERS),
      answers: { 200: pageOf(holder) },
      handle: async ({ params, query, administrator }) => {
        await administration.find('security_profiles', params.id, { administrator, needs: READERS });
        const visibility = readable('users', administrator);
        const context = ['holders', params.id, tenancyKey(visibility.tenancy)];
        const after = query.cursor === undefined ? undefined : cursors.open(context, query.cursor);
        const page = await store.pages.directory.listHolders(params.id, { visibility, after, limit: query.limit, total: query.total });
        const items = page.items.map(({ user: { id, username, organization, active }, assignments }) => ({
          user: id,
          username,
          organization,
          active,
          assignments,
        }));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'GET',
      path: '/security-profiles/{id}/drift',
      resource: 'security_profiles',
      roles: READERS,
      summary: 'Compare a clone with its origin',
      answers: { 200: drift },
      handle: async ({ params, administrator }) => {
        const clone = await administration.find('security_profiles', params.id, { administrator, needs: READERS });
        const originId = clone.origin?.securityProfile ?? '';
        const origin = (await store.directory.find('security_profiles', [originId], readable('security_profiles', administrator))).get(originId);
        const { permissionTypes } = (await definitions.current(store.access)).definitions;
        return { status: 200, body: shown(clone, origin, driftOf(clone, origin, permissionTypes)) };
      },
    }),
    route({
      method: 'POST',
      path: '/security-profiles/{id}/merge',
      resource: 'security_profiles',
      roles: WRITERS,
      summary: 'Take over what the origin of a clone gained and lost',
      description: 'What was changed in the clone stays.',
      body: z.strictObject({ take: z.union([z.literal('all'), choice]).describe('Everything, or these differences.') }),
      versioned: true,
      answers: { 200: z.union([REPRESENTATIONS.security_profiles, blastRadius]) },
      handle: async (request) => {
        const { params, body } = request;
        const take =
          body.take === 'all' ? ('all' as const) : { roles: body.take.roles, permissions: body.take.permissions, fullAccess: body.take.full_access };
        const visibility = readable('security_profiles', request.administrator);
        const result = await administration.change('security_profiles', params.id, writing(request, WRITERS).call, async (_, clone, tx) => {
          const originId = clone.origin?.securityProfile ?? '';
          const origin = (await tx.directory.find('security_profiles', [originId], visibility)).get(originId);
          return fieldsOf('security_profiles', merged(clone, assertOrigin(clone, origin), take));
        });
        return written(200, result);
      },
    }),
  ];
}

/** For whoever writes a profile: what wildcards come to is decided by the catalogue, and here alone. */
function resolveRoute({ store, definitions }: ProfileRouteOptions): Route {
  return route({
    method: 'POST',
    path: '/security-profiles/resolve',
    resource: 'security_profiles',
    roles: READERS,
    summary: 'Resolve what a security profile would give',
    description: 'Of a draft, with the roles and permission types that there are now. Nothing is looked up but those, and nothing is changed.',
    body: profileContents,
    answers: {
      200: z.strictObject({ roles: names.describe('Sorted. A role that nobody defined is not among them.') }).meta({ id: 'ResolvedProfile' }),
    },
    handle: async ({ body: { roles = [], permissions = [], full_access: fullAccess = false } }) => {
      const { catalogue, definitions: defined } = await definitions.current(store.access);
      return { status: 200, body: { roles: resolvedRoles({ roles, permissions, fullAccess }, catalogue, defined) } };
    },
  });
}

function assertOrigin(clone: SecurityProfile, origin: SecurityProfile | undefined): SecurityProfile {
  if (origin !== undefined) return origin;
  const why = clone.origin === undefined ? 'is no clone' : 'has lost its origin';
  throw new DomainError('invalid_input', `The security profile ${JSON.stringify(clone.id)} ${why}: there is nothing to compare it with.`);
}

function shown(clone: SecurityProfile, origin: SecurityProfile | undefined, found: Drift | undefined): z.input<typeof drift> {
  if (found === undefined || clone.origin === undefined) assertOrigin(clone, undefined);
  return {
    security_profile: clone.id,
    origin: { security_profile: clone.origin!.securityProfile, version: clone.origin!.version, current_version: origin?.version },
    origin_changes: found!.origin && changeShown(found!.origin),
    local_changes: changeShown(found!.local),
  };
}

const changeShown = ({ fullAccess: full_access, roles, permissions, resolved }: ContentsChange): z.input<typeof contentsChange> => ({
  roles: { gained: [...roles.gained], lost: [...roles.lost] },
  permissions: permissions.map(({ gained, lost, ...same }) => ({ ...same, gained: [...gained], lost: [...lost] })),
  full_access,
  resolved: { gained: [...resolved.gained], lost: [...resolved.lost] },
});
