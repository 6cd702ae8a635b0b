/** Many objects at once, in the words of a workspace file, and what moves with everything below it. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { CONFIRMATION } from '../../administration/full-access.ts';
import { absent } from '../../administration/nouns.ts';
import type { NounName } from '../../domain/directory.ts';
import type { Store } from '../../domain/ports.ts';
import { FULL_ACCESS } from '../../domain/role.ts';
import { exportWorkspace } from '../../workspace/export.ts';
import { flag } from '../api/query.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type Route } from '../api/route.ts';
import { EXPLAINING } from './access.ts';
import { entryOf, expectation } from './bodies.ts';
import { assertClient, assertHoldsOneOf, isWholeDeployment } from './demands.ts';
import { NOUNS, writing, written } from './nouns.ts';
import { blastRadius, REPRESENTATIONS } from './representations.ts';

export interface WorkspaceRouteOptions {
  readonly administration: Administration;
  readonly store: Store;
}

/** A whole deployment is read and judged, or written, in one answer. */
const PATIENCE = 55_000;

const [first, ...others] = new Set(NOUNS.flatMap(({ writers }) => writers));
/** Roles that write some section. */
const WRITERS = [first!, ...others] as const;

const settings = { rolemint: z.literal(1), workspace: z.string().optional(), impersonation_role: z.string().optional() };
const sectionsOf = (entry: (noun: NounName) => z.ZodType) =>
  Object.fromEntries(NOUNS.map(({ noun }) => [noun, z.array(entry(noun)).optional()])) as Record<NounName, z.ZodOptional<z.ZodArray<z.ZodType>>>;

const sentWorkspace = z
  .strictObject({
    ...settings,
    ...sectionsOf(entryOf),
    expectations: z.array(expectation).optional(),
    confirm: z.literal(CONFIRMATION).optional().describe('Says yes to giving full access for good, or for long.'),
  })
  .meta({ id: 'WorkspaceApplication', description: 'A workspace file as JSON.' });

const exported = z
  .strictObject({ ...settings, ...sectionsOf((noun) => REPRESENTATIONS[noun].partial()) })
  .meta({ id: 'Workspace', description: 'A workspace file as JSON; what has its default is left out.' });

export function workspaceRoutes(options: WorkspaceRouteOptions): readonly Route[] {
  const { administration, store } = options;
  const { directory } = store;
  return [
    route({
      method: 'GET',
      path: '/workspace',
      resource: 'access',
      roles: [FULL_ACCESS],
      summary: 'Export the whole deployment as a workspace file',
      description: 'Without secrets and passwords. For those who administer all of it.',
      patience: PATIENCE,
      answers: { 200: exported },
      refuses: ['not_found'],
      handle: async ({ administrator }) => {
        if (!(await isWholeDeployment(directory, administrator.tenancy))) throw absent();
        for (const { noun } of NOUNS) assertMayTouch(administrator, noun);
        return { status: 200, body: JSON.parse(await exportWorkspace(store, { format: 'json' })) as unknown };
      },
    }),
    route({
      method: 'POST',
      path: '/workspace',
      resource: 'access',
      roles: WRITERS,
      summary: 'Apply a workspace file',
      description:
        'Everything or nothing, within what may be handed out. Each section takes the role that writes its objects one by one; ' +
        'expectations take one that is told who holds what.',
      query: z.object({
        prune: flag.default(false).describe('Remove what is not named, in the sections that are, as far as it may be changed.'),
      }),
      body: sentWorkspace,
      patience: PATIENCE,
      answers: { 200: blastRadius, 204: undefined },
      refuses: ['not_found'],
      handle: async (request) => {
        const { body, query, administrator } = request;
        const present = NOUNS.filter(({ noun }) => body[noun] !== undefined);
        const needs = [...present.map(({ writers }) => writers), ...(body.expectations === undefined ? [] : [EXPLAINING])];
        for (const roles of needs) assertHoldsOneOf(administrator, roles);
        for (const { noun } of present) assertMayTouch(administrator, noun);
        const { tenancy } = administrator;
        for (const client of clientsAskedFor(body)) await assertClient(directory, client, { tenancy, inherited: false });
        const { value, call } = writing(request, WRITERS);
        return written(204, await administration.apply(value, { ...call, alsoNeeds: needs }, { prune: query.prune }));
      },
    }),
    route({
      method: 'POST',
      path: '/organizations/{id}/move',
      resource: 'organizations',
      roles: ['OrganizationAdmin'],
      summary: 'Move an organization with everything below it',
      body: z.strictObject({ parent: z.string().nullable().describe('`null`: it becomes a root.') }),
      patience: PATIENCE,
      versioned: true,
      answers: { 200: z.union([REPRESENTATIONS.organizations, blastRadius]) },
      handle: async (request) => {
        const { value, call } = writing(request, ['OrganizationAdmin']);
        return written(200, await administration.change('organizations', request.params.id, call, (current) => ({ ...current, ...value })));
      },
    }),
  ];
}

/** Stored clients that expectations ask about for themselves: what one from above holds is nobody's business below. */
function clientsAskedFor({ clients = [], expectations = [] }: z.output<typeof sentWorkspace>): string[] {
  const declared = new Set(clients.map((entry) => (entry as { readonly client_id: string }).client_id));
  return expectations.flatMap(({ client_id: id }) => (typeof id === 'string' && !declared.has(id) ? [id] : []));
}
