import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenApiDocument } from '../../../src/http/api/openapi.ts';
import { API_PREFIX } from '../../../src/http/api/route.ts';
import { requestsOf, type Requests } from '../../golden/requests.ts';
import { openWorld, type World } from '../../golden/world.ts';
import { asClient, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, client, PASSWORD, secret, secretOf, to, user } from '../../support/market.ts';

let world: World;
let requests: Requests;
let operations: readonly { readonly name: string; readonly method: string; readonly resource: string }[];

beforeAll(async () => {
  world = await openWorld();
  requests = requestsOf(world.made);
  const document = (await (await fetch(`${world.server.url}/api/openapi.json`)).json()) as OpenApiDocument;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path.slice(API_PREFIX.length)}`,
      method: method.toUpperCase(),
      resource: String(operation.tags[0]),
    })),
  );
  const { store, hasher, clock } = world.server.app;
  const hash = await hasher.hash(PASSWORD);
  await store.transaction(async (tx) => {
    await tx.userGroups.put([{ id: 'b1-chiefs', name: 'Chiefs', organization: 'B1' }]);
    await tx.users.put([user('by-group', 'B1', { memberships: [{ userGroup: 'b1-chiefs' }] })]);
    await tx.setPassword('by-group', hash, new Date(clock.now()));
    await tx.clients.put([
      client('buyers-own', { organization: 'B1', grantTypes: ['client_credentials'], omittedScope: 'all' }),
      client('for-a-buyer', { organization: 'S', grantTypes: ['client_credentials'], omittedScope: 'all', contextUser: 'b1full' }),
      client('of-a-buyer', { organization: 'B1', grantTypes: ['client_credentials'], omittedScope: 'all', contextUser: 'root' }),
    ]);
    for (const id of ['buyers-own', 'for-a-buyer', 'of-a-buyer']) await tx.addClientSecret(id, secret(secretOf(id)));
    await tx.assignments.put([assignment('full', to.group('b1-chiefs')), assignment('full', to.client('buyers-own'))]);
  });
}, 60_000);
afterAll(() => world.server.close());

const BARRED = ['clients', 'keys', 'resource_servers'];

interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** Nothing is changed with such a token, which is said first. */
  readonly reading?: boolean;
}

async function expectBarred(api: ApiClient, { headers = {}, reading = false }: Asking = {}): Promise<void> {
  const odd: string[] = [];
  let asked = 0;
  for (const { name, method } of operations.filter((operation) => BARRED.includes(operation.resource) && (!reading || operation.method === 'GET'))) {
    const { path, body } = requests[name]!;
    for (const target of [path, ...(name.includes('{') ? [path.replace(/^(\/[\w-]+\/)[^/?]+/, '$1absent')] : [])]) {
      const answer = await api.call(method, method === 'GET' ? target : `${target}?dry_run=true`, {
        headers,
        ...(body === undefined ? {} : { body }),
      });
      asked += 1;
      if (
        answer.status !== 403 ||
        answer.body.code !== 'forbidden' ||
        !String(answer.body.title).startsWith('Nobody of an organization of the type buyer has access to')
      )
        odd.push(`${name}: ${answer.status} ${answer.text}`);
    }
  }
  expect(odd).toEqual([]);
  expect(asked).toBeGreaterThan(reading ? 8 : 30);
}

/** T-66: what buyers are barred from they are barred from with FullAccess in the token, whichever way it got there. */
describe('clients, keys and resource servers for buyers with FullAccess', () => {
  it('are barred for a user', () => expectBarred(world.api.fullBuyer));

  it('are barred for a user who has it by a group', async () => expectBarred(await signedIn(world.server, 'by-group')));

  it.each(['buyers-own', 'for-a-buyer', 'of-a-buyer'])('are barred for a client: %s', async (id) => expectBarred(await asClient(world.server, id)));

  it('are barred for who acts as a buyer', () => expectBarred(world.api.impersonation, { reading: true }));

  it('are barred whatever a header or a parameter says of the type', async () => {
    await expectBarred(world.api.fullBuyer, { headers: { 'x-user-type': 'seller', usertype: 'admin' } });
    expect((await world.api.fullBuyer.get('/clients?userType=seller')).status).toBe(403);
  });

  it('are barred by what the store says now, not by what the token says', async () => {
    const { fullBuyer, root } = world.api;
    expect((await root.patch('/users/b1full', { organization: 'S' })).status).toBe(200);
    expect((await fullBuyer.get('/clients')).status).toBe(200);
    expect((await root.patch('/users/b1full', { organization: 'B1' })).status).toBe(200);
    expect((await fullBuyer.get('/clients')).status).toBe(403);
  });

  it('cannot be reached by a whole workspace either', async () => {
    const answer = await world.api.fullBuyer.post('/workspace', {
      rolemint: 1,
      clients: [{ client_id: 'b1-new', grant_types: ['client_credentials'] }],
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  });
});

/** T-68: what the server keeps cannot be sent, beside what is right otherwise. */
describe('members that are not offered', () => {
  const KEPT: readonly (readonly [string, object])[] = [
    ['POST /users', { password: PASSWORD }],
    ['POST /users', { password_hash: '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA' }],
    ['POST /users', { roles: ['FullAccess'] }],
    ['POST /users', { ID: 'x', OrgID: 'B2', IsAdmin: true, Type: 'seller' }],
    ['POST /organizations', { path: ['S'] }],
    ['POST /clients', { client_secret: 'chosen-by-the-caller' }],
    ['POST /clients', { secrets: [] }],
    ['POST /security-profiles', { version: 99 }],
    ['POST /security-profiles', { gives_full_access: false }],
    ['POST /security-profiles', { origin: { security_profile: 'everything', version: 1 } }],
    ['PATCH /security-profiles/{id}', { origin: { security_profile: 'everything', version: 1 } }],
    ['POST /assignments', { id: 'chosen' }],
    ['POST /assignments', { assigned_by: 'root' }],
    ['POST /assignments', { assigned_at: '2020-01-01T00:00:00Z' }],
    ['PATCH /users/{id}', { created_at: '2020-01-01T00:00:00Z' }],
    ['PATCH /clients/{id}', { client_secret: 'chosen-by-the-caller' }],
  ];

  it.each(KEPT)('are refused: %s %j', async (name, more) => {
    const { path, body } = requests[name]!;
    const [method] = name.split(' ') as [string];
    const answer = await world.api.root.call(method, path, { body: { ...(body as object), ...more } });
    expect(answer.body).toMatchObject({
      code: 'invalid_input',
      problems: expect.arrayContaining([{ pointer: `/${Object.keys(more)[0]}`, message: expect.any(String) }]),
    });
    expect(answer.status).toBe(400);
  });

  it('make no other object of one', async () => {
    for (const [path, body] of [
      ['/users/b1-person', { id: 'root' }],
      ['/clients/b1-job', { client_id: 'svc' }],
      ['/security-profiles/b1-own', { id: 'everything' }],
      [`/assignments/${world.made.assignment}`, { security_profile: 'everything' }],
      [`/assignments/${world.made.assignment}`, { user: 'root' }],
    ] as const) {
      const answer = await world.api.root.patch(path, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'invalid_input']);
    }
  });
});
