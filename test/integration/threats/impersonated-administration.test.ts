import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenApiDocument } from '../../../src/http/api/openapi.ts';
import { API_PREFIX } from '../../../src/http/api/route.ts';
import { requestsOf, type Requests } from '../../golden/requests.ts';
import { openWorld, type World } from '../../golden/world.ts';
import { recordedAuditEvents } from '../../support/audit.ts';
import { user } from '../../support/market.ts';

/** T-59: who acts as somebody else looks around in the management API, and changes nothing; not even what is the other's own. */
let world: World;
let requests: Requests;
let operations: readonly { readonly name: string; readonly method: string }[];

beforeAll(async () => {
  world = await openWorld();
  requests = requestsOf(world.made);
  const document = (await (await fetch(`${world.server.url}/api/openapi.json`)).json()) as OpenApiDocument;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ name: `${method.toUpperCase()} ${path.slice(API_PREFIX.length)}`, method: method.toUpperCase() })),
  );
}, 60_000);
afterAll(() => world.server.close());

const events = () => recordedAuditEvents(world.server.app.store, { limit: 1000 });
const everything = async () => (await world.api.root.get('/workspace')).text;

/** Every operation, each with a request that is right otherwise. */
async function answers(wanted: (method: string) => boolean, more = ''): Promise<readonly string[]> {
  const asked: string[] = [];
  for (const { name, method } of operations.filter((operation) => wanted(operation.method))) {
    const { path, body } = requests[name]!;
    const target = more === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${more}`;
    const { status, body: answer } = await world.api.impersonation.call(method, target, body === undefined ? {} : { body });
    asked.push(`${name} ${status} ${answer?.code ?? ''}`.trim());
  }
  return asked;
}

const isWrite = (method: string) => method !== 'GET';

describe('a token that impersonates an administrator', () => {
  it.each(['', 'dry_run=true'])('changes nothing, by no operation that there is, and leaves no trace (%j)', async (more) => {
    const [before, told] = [await everything(), (await events()).length];
    const asked = await answers(isWrite, more);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((answer) => !answer.endsWith(' 403 forbidden'))).toEqual([]);
    expect(await everything()).toBe(before);
    expect((await events()).length).toBe(told);
  });

  it('is refused before what it sends is read, for what exists and what does not', async () => {
    for (const [method, path, body] of [
      ['PUT', '/users/nobody', { nonsense: true }],
      ['DELETE', '/users/nobody', undefined],
      ['PATCH', '/me', { email: 'thief@example.com', current_password: 'x' }],
      ['PUT', '/me/password', { current_password: 'x', new_password: 'y' }],
    ] as const) {
      const answer = await world.api.impersonation.call(method, path, { body });
      expect([answer.status, answer.body.title]).toEqual([
        403,
        'Nothing is changed with a token that impersonates somebody. Use a token of your own.',
      ]);
    }
  });

  it('says who really acts', async () => {
    const { status, body } = await world.api.impersonation.get('/me');
    expect([status, body.subject, body.impersonator]).toEqual([200, { kind: 'user', id: 'b1admin' }, 'support']);
  });

  it('reads within what the rule gives and what belongs to the other, and no more', async () => {
    const read = await world.api.impersonation.get('/users?limit=100');
    expect(read.status).toBe(200);
    expect(new Set(read.body.items.map(({ organization }: { organization: string }) => organization))).toEqual(new Set(['B1', 'B1-site']));
    expect((await world.api.impersonation.get('/users/b2u')).status).toBe(404);
    expect((await world.api.impersonation.get('/clients')).status).toBe(403);
  });

  const PEOPLE = { 'who acts': user('support', 'S'), 'the other': user('b1admin', 'B1') } as const;
  it.each(Object.keys(PEOPLE) as (keyof typeof PEOPLE)[])('is good for nothing at all once %s is disabled', async (who) => {
    const set = (active: boolean) => world.server.app.store.transaction((tx) => tx.users.put([{ ...PEOPLE[who], active }]));
    await set(false);
    const asked = await answers(() => true);
    expect(asked).toHaveLength(operations.length);
    expect(asked.filter((answer) => !answer.endsWith(' 401 unauthenticated'))).toEqual([]);
    await set(true);
    expect((await world.api.impersonation.get('/me')).status).toBe(200);
  });

  it('is good for nothing at all once the role to impersonate is lost', async () => {
    const supporting = (await world.api.root.get('/assignments?user=support')).body.items as { id: string; security_profile: string }[];
    const { id } = supporting.find((item) => item.security_profile === 'supporting')!;
    expect((await world.api.root.delete(`/assignments/${id}`)).status).toBe(204);
    const asked = await answers(() => true);
    expect(asked.filter((answer) => !answer.endsWith(' 401 unauthenticated'))).toEqual([]);
  });
});
