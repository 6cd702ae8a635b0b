import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenApiDocument, Operation } from '../../../src/http/api/openapi.ts';
import { API_PREFIX } from '../../../src/http/api/route.ts';
import { requestsOf, type Requests } from '../../golden/requests.ts';
import { openWorld, type World } from '../../golden/world.ts';
import type { ApiAnswer, ApiClient } from '../../support/administered.ts';

/** T-61 and T-70: whatever belongs to B1 does not exist for who administers B2, beside it, with every role but FullAccess. */
let world: World;
let document: OpenApiDocument;
let requests: Requests;
let stranger: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  requests = requestsOf(world.made);
  document = (await (await fetch(`${world.server.url}/api/openapi.json`)).json()) as OpenApiDocument;
  stranger = world.api.otherAdmin;
  // Not even what buyers are barred from by default hides what lies outside.
  await world.server.app.store.transaction((tx) =>
    tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'], barredResources: [] }]),
  );
}, 60_000);
afterAll(() => world.server.close());

/** What can be told apart by whoever gets it; the request id is different each time. */
const said = ({ status, headers, text }: ApiAnswer): unknown => [
  status,
  headers.get('content-type'),
  headers.get('www-authenticate'),
  text.replace(/"request_id":"[^"]*"/, ''),
];

/** {@link said} without what was named. */
const normal = (answer: ApiAnswer, named: string): string => JSON.stringify(said(answer)).replaceAll(named, 'ID');

interface Found {
  readonly name: string;
  readonly method: string;
  /** Below `/api/v1`. */
  readonly template: string;
  readonly operation: Operation;
}

const operations = (): Found[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const template = path.slice(API_PREFIX.length);
      return { name: `${method.toUpperCase()} ${template}`, method: method.toUpperCase(), template, operation };
    }),
  );

/** Definitions are read by everybody below. */
const SHARED = /^GET \/(?:organization-types|roles|permission-types|resource-servers)\//;
/** Of another noun than the one that is asked for, for every noun that ids are asked of. */
const OF_ANOTHER_NOUN = ['b1u', 'b1-own', 'b2u', 'B2'];
/** Own ones in the place of those before the last, so that the last one is what is looked for. */
const OWN: Readonly<Record<string, string>> = { 'user-groups': 'b2ops', users: 'b2u', clients: 'b2-job' };

function variants({ method, template }: Found, prepared: string): { readonly foreign: string; readonly others: readonly string[] }[] {
  const [path, query] = prepared.split('?') as [string, string?];
  const search = method === 'GET' ? (query === undefined ? '' : `?${query}`) : '?dry_run=true';
  const names = template.split('/');
  const values = path.split('/');
  const holes = names.flatMap((name, index) => (name.startsWith('{') ? [index] : []));
  const filled = (index: number, value: string, before: readonly string[]): string =>
    before.map((segment, position) => (position === index ? encodeURIComponent(value) : segment)).join('/') + search;
  return holes.map((hole) => {
    const around = values.map((value, index) => (holes.includes(index) && index < hole ? (OWN[names[index - 1]!] ?? value) : value));
    const others = ['absent-of-this-name', ...OF_ANOTHER_NOUN].filter((id) => KEPT[id]?.includes(names[hole - 1]!) !== true);
    return { foreign: around.join('/') + search, others: others.map((id) => filled(hole, id, around)) };
  });
}

/** Where these ids are those of something that the stranger administers. */
const KEPT: Readonly<Record<string, readonly string[]>> = { b2u: ['users', 'members'], B2: ['organizations'] };

describe('every operation on one object', () => {
  it('answers the same for what is foreign, of another noun and absent', async () => {
    const odd: string[] = [];
    for (const found of operations()) {
      const prepared = requests[found.name];
      if (!found.template.includes('{') || found.template.startsWith('/me/') || SHARED.test(found.name)) continue;
      if (prepared === undefined) {
        odd.push(`${found.name} has no prepared request`);
        continue;
      }
      const options = prepared.body === undefined ? {} : { body: prepared.body };
      for (const { foreign, others } of variants(found, prepared.path)) {
        const answer = await stranger.call(found.method, foreign, options);
        if (answer.status !== 404) odd.push(`${found.method} ${foreign}: ${answer.status} ${answer.text}`);
        for (const other of others) {
          const expected = await stranger.call(found.method, other, options);
          if (JSON.stringify(said(answer)) !== JSON.stringify(said(expected)))
            odd.push(`${found.method} ${foreign} is not like ${other}: ${expected.text}`);
        }
      }
    }
    expect(odd).toEqual([]);
  }, 60_000);
});

describe('every list', () => {
  /** Something of B1 by the parameter that would name it. */
  const FOREIGN: Readonly<Record<string, string>> = {
    user: 'b1-person',
    username: 'b1-person',
    email: 'person@b1.example.com',
    context_user: 'b1-person',
    user_group: 'b1-team',
    organization: 'B1',
    parent: 'B1',
    client: 'b1-job',
    client_id: 'b1-job',
    security_profile: 'b1-own',
    origin: 'b1-own',
    search: 'b1-',
    actor: 'b1admin',
    target: 'b1-person',
    target_id: 'b1-person',
    actor_id: 'b1admin',
  };

  /** People of all organizations are found with `me/people`, by who holds the role for it. */
  const OTHERS: readonly string[] = ['/audit-events/export', '/me/people'];
  const lists = () => operations().filter(({ method, template }) => method === 'GET' && !template.includes('{') && !OTHERS.includes(template));
  const parametersOf = ({ operation }: Found): string[] =>
    (operation.parameters ?? []).flatMap((parameter) => ('in' in parameter && parameter.in === 'query' ? [parameter.name] : []));

  it('shows nothing of others, and does not count it', async () => {
    const odd: string[] = [];
    for (const { template, ...found } of lists()) {
      const total = parametersOf({ template, ...found }).includes('total') ? '?total=true&limit=100' : '';
      const answer = await stranger.get(template + total);
      if (answer.status >= 300) continue;
      if (/"B1\b|b1-|b1u\b|b1admin|b1full/.test(answer.text))
        odd.push(`${template} shows ${/.{0,60}("B1\b|b1-|b1u\b|b1admin|b1full).{0,60}/.exec(answer.text)?.[0]}`);
      if (total !== '' && answer.body.total !== undefined && answer.body.next_cursor === undefined && answer.body.total !== answer.body.items.length)
        odd.push(`${template} counts ${answer.body.total} and shows ${answer.body.items.length}`);
    }
    expect(odd).toEqual([]);
  });

  it('says of filters by what is foreign what it says of absent ones', async () => {
    const odd: string[] = [];
    let compared = 0;
    for (const found of lists()) {
      const [, required = ''] = requests[found.name]?.path.split('?') ?? [];
      for (const name of parametersOf(found).filter((parameter) => parameter in FOREIGN)) {
        const asked = (value: string): string => {
          const query = new URLSearchParams(required);
          query.set(name, value);
          return `${found.template}?${query.toString()}`;
        };
        const [foreign, absent] = [await stranger.get(asked(FOREIGN[name]!)), await stranger.get(asked('absent-of-this-name'))];
        compared += 1;
        const same = normal(foreign, FOREIGN[name]!) === normal(absent, 'absent-of-this-name');
        if (foreign.status >= 500 || !same) odd.push(`${asked(FOREIGN[name]!)}: ${foreign.text} ≠ ${absent.text}`);
      }
    }
    expect(odd).toEqual([]);
    expect(compared).toBeGreaterThan(15);
  });

  it('takes no cursor of somebody else, nor one of another list', async () => {
    const own = (await world.api.admin.get('/users?limit=1')).body.next_cursor as string;
    expect((await world.api.admin.get(`/users?limit=1&cursor=${own}`)).status).toBe(200);
    for (const [api, path] of [
      [stranger, '/users?limit=1'],
      [world.api.adminAbove, '/users?limit=1'],
      [world.api.admin, '/users?limit=1&active=true'],
      [world.api.admin, '/users?limit=1&sort=-id'],
      [world.api.admin, '/organizations?limit=1'],
      [world.api.admin, '/user-groups/b1-team/members?limit=1'],
    ] as const) {
      const answer = await api.get(`${path}&cursor=${own}`);
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'invalid_input']);
    }
  });
});

describe('naming what is foreign', () => {
  const rule = { impersonator: { user: 'b2u' }, target: { user: 'b2u' }, security_profile: 'b2-own', client: 'console' };
  const CASES: readonly (readonly [string, string, (id: string) => object, string])[] = [
    ['a profile to assign', '/assignments', (id) => ({ security_profile: id, user: 'b2u' }), 'b1-own'],
    ['a user to assign to', '/assignments', (id) => ({ security_profile: 'b2-own', user: id }), 'b1u'],
    ['a group to assign to', '/assignments', (id) => ({ security_profile: 'b2-own', user_group: id }), 'b1-team'],
    ['an organization to assign to', '/assignments', (id) => ({ security_profile: 'b2-own', organization: id }), 'B1'],
    ['a client to assign to', '/assignments', (id) => ({ security_profile: 'b2-own', client_id: id }), 'b1-job'],
    ['a client to limit to', '/assignments', (id) => ({ security_profile: 'b2-own', user: 'b2u', client: id }), 'b1-job'],
    ['an organization of a user', '/users', (id) => ({ id: 'one', organization: id }), 'B1'],
    ['a group of a user', '/users', (id) => ({ id: 'one', organization: 'B2', user_groups: [id] }), 'b1-team'],
    ['an organization to act for', '/users', (id) => ({ id: 'one', organization: 'B2', authorized_organizations: [id] }), 'B1'],
    ['an organization of a group', '/user-groups', (id) => ({ id: 'one', organization: id }), 'B1'],
    ['an organization above', '/organizations', (id) => ({ id: 'one', type: 'site', parent: id }), 'B1'],
    ['an owner of a profile', '/security-profiles', (id) => ({ id: 'one', organization: id }), 'B1'],
    ['an owner of a client', '/clients', (id) => ({ client_id: 'one', grant_types: ['client_credentials'], organization: id }), 'B1'],
    ['a context user', '/clients', (id) => ({ client_id: 'one', grant_types: ['client_credentials'], context_user: id }), 'b1u'],
    [
      'an allowed organization',
      '/clients',
      (id) => ({ client_id: 'one', grant_types: ['client_credentials'], allowed_organizations: { ids: [id] } }),
      'B1',
    ],
    ['an impersonator', '/impersonation-rules', (id) => ({ ...rule, impersonator: { user: id } }), 'b1u'],
    ['an impersonated group', '/impersonation-rules', (id) => ({ ...rule, target: { user_group: id } }), 'b1-team'],
    ['a profile of a rule', '/impersonation-rules', (id) => ({ ...rule, security_profile: id }), 'b1-own'],
    ['an organization to invite to', '/invitations', (id) => ({ email: 'a@example.com', organization: id }), 'B1'],
    ['a group to invite to', '/invitations', (id) => ({ email: 'a@example.com', organization: 'B2', user_groups: [id] }), 'b1-team'],
    ['a profile to invite with', '/invitations', (id) => ({ email: 'a@example.com', organization: 'B2', security_profiles: [id] }), 'b1-own'],
    ['a user whose tokens to revoke', '/revocations', (id) => ({ user: id }), 'b1u'],
    ['a client whose tokens to revoke', '/revocations', (id) => ({ client_id: id }), 'b1-job'],
    ['a new place', '/organizations/B2/move', (id) => ({ parent: id }), 'B1'],
    ['a user in a workspace', '/workspace', (id) => ({ rolemint: 1, users: [{ id, organization: 'B2' }] }), 'b1u'],
    ['a group in a workspace', '/workspace', (id) => ({ rolemint: 1, users: [{ id: 'b2u', user_groups: [id] }] }), 'b1-team'],
    ['a user in an expectation', '/workspace', (id) => ({ rolemint: 1, expectations: [{ user: id, roles: [] }] }), 'b1u'],
  ];

  it.each(CASES)('tells nothing: %s', async (_, path, body, id) => {
    const foreign = await stranger.post(`${path}?dry_run=true`, body(id));
    expect([foreign.status, foreign.text]).toEqual([expect.any(Number), expect.not.stringMatching(/person@b1|Team of B1/)]);
    expect(foreign.status).toBeGreaterThanOrEqual(400);
    if (path === '/workspace' && 'users' in body(id) && JSON.stringify(body(id)).includes('"id":"b1u"')) {
      // Ids are the whole deployment's: that one is taken can be told from that it is free, as with a POST. Nothing else can.
      expect(foreign.body).toMatchObject({ code: 'not_found' });
      return;
    }
    const absent = await stranger.post(`${path}?dry_run=true`, body('absent'));
    expect(normal(foreign, id)).toBe(normal(absent, 'absent'));
  });
});
