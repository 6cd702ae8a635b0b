import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { RESOURCES } from '../../../src/domain/organization.ts';
import { exportWorkspace } from '../../../src/workspace/export.ts';
import { harness } from './harness.ts';

type Entry = Record<string, unknown>;
type Workspace = Record<string, unknown> & { users: Entry[]; assignments: Entry[] };

const ROLES = ['A', 'B', 'C', 'FullAccess', 't/x:read', 't/x:update', 't/y:read'];
const ORGANIZATIONS = ['root', 'left', 'right', '007'];
const USERS = ['u1', 'u2', 'u3'];
const GROUPS = ['g1', 'g2'];
const PROFILES = ['p1', 'p2', 'p3'];
const CLIENTS = ['c1', 'c2'];

const some = (list: readonly string[]) => fc.uniqueArray(fc.constantFrom(...list), { maxLength: list.length });
const any = (list: readonly string[]) => fc.constantFrom(...list);
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !/[\0\p{Cs}]/u.test(value));
const name = text.filter((value) => /^[^\p{Cc}\p{Cs}]+$/u.test(value));
const instant = fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
const optional = { requiredKeys: [] as [] };

const party = fc.oneof(
  any(USERS).map((user) => ({ user })),
  any(GROUPS).map((user_group) => ({ user_group })),
  fc.record({ organization: any(ORGANIZATIONS), include_descendants: fc.boolean() }),
  any(CLIENTS).map((client_id) => ({ client_id })),
);

const permissions = fc.uniqueArray(fc.record({ type: any(['t/x', 't/y', 't/*', '*']), operations: some(['read']) }), {
  selector: ({ type }) => type,
});

/** What a clone was made of may be gone, and may have had what nobody knows any more. */
const origin = fc.record(
  {
    security_profile: any([...PROFILES, 'gone']),
    version: fc.integer({ min: 1, max: 9 }),
    roles: some([...ROLES, 'Gone']),
    permissions,
    full_access: fc.boolean(),
  },
  { requiredKeys: ['security_profile', 'version'] },
);

/** Every object of a small world, with random contents; each part may be missing. */
const workspaces: fc.Arbitrary<Workspace> = fc.record({
  rolemint: fc.constant(1),
  organization_types: fc.record({ barred_roles: some(ROLES), barred_resources: fc.option(some(RESOURCES)) }, optional).map((top) => [
    { name: 'top', ...top },
    { name: 'node', parents: ['top', 'node'] },
  ]),
  roles: fc.constant([{ name: 'A', category: 'reader' }, { name: 'B', description: 'b' }, { name: 'C' }]),
  permission_types: fc.constant([
    { type: 't/x', operations: ['read', 'update'] },
    { type: 't/y', operations: ['read'] },
  ]),
  organizations: fc
    .tuple(any(['root', 'left']), any(['root', 'right']), fc.record({ active: fc.boolean(), name }, optional))
    .map(([right, seven, more]) => [
      { id: 'root', type: 'top' },
      { id: 'left', type: 'node', parent: 'root' },
      { id: 'right', type: 'node', parent: right, ...more },
      { id: '007', type: 'node', parent: seven },
    ]),
  user_groups: fc.tuple(any(ORGANIZATIONS), any(ORGANIZATIONS)).map((homes) => GROUPS.map((id, index) => ({ id, organization: homes[index] }))),
  users: fc
    .tuple(
      ...USERS.map((id) =>
        fc
          .record(
            {
              organization: any(ORGANIZATIONS),
              active: fc.boolean(),
              user_groups: fc.uniqueArray(fc.oneof(any(GROUPS), fc.record({ user_group: any(GROUPS), reason: text })), {
                selector: (one) => (typeof one === 'string' ? one : one.user_group),
              }),
              authorized_organizations: some(ORGANIZATIONS),
              email: fc.constantFrom('a@example.com', null),
              password: fc.constant('Some-password-1'),
            },
            { requiredKeys: ['organization'] },
          )
          .map((user) => ({ id, ...user })),
      ),
    )
    .map((list): Entry[] => list),
  security_profiles: fc.tuple(
    ...PROFILES.map((id) =>
      fc
        .record(
          {
            name,
            description: text,
            organization: any(ORGANIZATIONS),
            roles: some(ROLES),
            permissions,
            full_access: fc.boolean(),
            password_policy: fc.record({ minimum_length: fc.integer({ min: 1, max: 64 }), digit_required: fc.boolean() }, optional),
            managed: fc.boolean(),
            origin: fc.option(origin),
          },
          optional,
        )
        // A clone is never managed.
        .map(({ managed, origin: from, ...profile }) => ({ id, ...profile, ...(id === 'p3' ? { origin: from } : { managed }) })),
    ),
  ),
  clients: fc.tuple(
    ...CLIENTS.map((client_id) =>
      fc
        .record(
          {
            client_name: name,
            organization: any(ORGANIZATIONS),
            active: fc.boolean(),
            context_user: any(USERS),
            maximum_roles: some(ROLES),
            minimum_roles: some(ROLES),
            omitted_scope: fc.oneof(fc.constantFrom('none', 'all'), some(ROLES)),
            allowed_organizations: fc.record({ types: some(['top', 'node']), ids: some(ORGANIZATIONS) }, optional),
            access_token_lifetime_seconds: fc.integer({ min: 1, max: 3600 }),
            dpop_bound_access_tokens: fc.boolean(),
          },
          optional,
        )
        .map((client) => ({ client_id, grant_types: ['password', 'client_credentials'], client_secret: `${client_id}-secret`, ...client })),
    ),
  ),
  resource_servers: fc
    .record({ roles: some(ROLES), clients: some(CLIENTS), signing_alg: any(['ES256', 'EdDSA']) }, optional)
    .map((server) => [{ audience: 'https://api.example/', ...server }]),
  assignments: fc.uniqueArray(
    fc
      .tuple(
        fc.record(
          { security_profile: any(PROFILES), client: any(CLIENTS), valid_from: instant, reason: text },
          { requiredKeys: ['security_profile'] },
        ),
        party,
      )
      .map(([assignment, whom]): Entry => ({ ...assignment, ...whom })),
    {
      maxLength: 8,
      selector: ({ security_profile, client, valid_from, ...whom }) =>
        JSON.stringify([
          security_profile,
          client,
          valid_from,
          Object.entries(whom).filter(([field]) => !['reason', 'include_descendants'].includes(field)),
        ]),
    },
  ),
  impersonation_rules: fc
    .record({ max_lifetime_seconds: fc.integer({ min: 1, max: 900 }) }, optional)
    .map((rule) => [
      { id: 'r', impersonator: { user_group: 'g1' }, target: { organization: 'left' }, security_profile: 'p1', client: 'c1', ...rule },
    ]),
});

const print = (workspace: object): string => stringify(workspace, { compat: 'yaml-1.1' });
const RUNS = { numRuns: 12 };

describe('for every workspace', () => {
  it('apply → export → apply changes nothing, in the same store and in a new one', async () => {
    await fc.assert(
      fc.asyncProperty(workspaces, async (workspace) => {
        const market = harness();
        await market.apply(print(workspace));
        const exported = await exportWorkspace(market.store);
        expect((await market.apply(exported, { prune: true })).rows).toEqual([]);
        expect((await market.apply(print(workspace), { prune: true })).rows).toEqual([]);
        // Secrets are not exported; the clients of a new store get theirs from another file.
        const copy = harness();
        const secrets = print({ clients: CLIENTS.map((client_id) => ({ client_id, client_secret: `${client_id}-secret` })) });
        const withSecrets = exported.replaceAll(/^( {2}- client_id: (\w+))$/gm, '$1\n    client_secret: $2-secret');
        await copy.apply(withSecrets);
        expect(await exportWorkspace(copy.store)).toBe(exported);
        expect((await copy.apply(`rolemint: 1\n${secrets}`)).rows).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a plan from any other workspace says exactly what apply then does', async () => {
    await fc.assert(
      fc.asyncProperty(workspaces, workspaces, fc.boolean(), async (before, after, prune) => {
        const market = harness();
        await market.apply(print(before));
        const kept = { ...after, assignments: after.assignments.slice(1) };
        const { version } = await market.store.access.readChanges(0);
        const plan = await market.plan(print(kept), { prune });
        expect((await market.store.access.readChanges(0)).version).toBe(version);
        expect(await market.apply(print(kept), { prune })).toEqual(plan);
        expect((await market.plan(print(kept), { prune })).rows).toEqual([]);
      }),
      RUNS,
    );
  });

  it('the order of sections, entries and files makes no difference', async () => {
    await fc.assert(
      fc.asyncProperty(workspaces, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 }), async (workspace, files) => {
        const whole = harness();
        await whole.apply(print(workspace));
        const parts: Record<string, Record<string, unknown>> = { '2.yaml': {}, '0.yaml': {}, '1.yaml': {} };
        Object.entries(workspace)
          .reverse()
          .forEach(([section, value], index) => {
            parts[`${files[index]}.yaml`]![section] = Array.isArray(value) ? value.toReversed() : value;
          });
        const split = harness();
        await split.apply(Object.fromEntries(Object.entries(parts).map(([file, part]) => [file, print(part)])));
        expect(await exportWorkspace(split.store)).toBe(await exportWorkspace(whole.store));
      }),
      RUNS,
    );
  });
});
