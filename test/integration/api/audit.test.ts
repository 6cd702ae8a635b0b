import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordedAuditDocument } from '../../../src/domain/audit-chain.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, profile, to } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';

interface Event {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly organization?: string;
}

let server: TestServer;
let root: ApiClient;
let reader: ApiClient;
let b1: ApiClient;
let b2: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    await tx.securityProfiles.put([profile('users-only', ['UserReader'])]);
    await tx.assignments.put([assignment('users-only', to.user('norole'))]);
  });
  [root, reader, b1, b2] = (await Promise.all(['root', 'reader', 'b1admin', 'b2admin'].map((name) => signedIn(server, name)))) as [
    ApiClient,
    ApiClient,
    ApiClient,
    ApiClient,
  ];
  // What happens: in B1 and below, in B2, and to what belongs to no organization.
  await b1.post('/users', { id: 'hired', username: 'hired', organization: 'B1' }, { 'x-request-id': 'hiring-1' });
  await b1.patch('/users/hired', { username: 'hired.again' });
  await b1.post('/users', { id: 'onsite', username: 'onsite', organization: 'B1-site' });
  await b2.post('/users', { id: 'elsewhere', username: 'elsewhere', organization: 'B2' });
  await root.post('/roles', { name: 'C', category: 'custom' });
});
afterAll(() => server.close());

const list = async (as: ApiClient, query = ''): Promise<Event[]> => {
  const { status, body } = await as.get(`/audit-events${query}`);
  expect(status).toBe(200);
  return body.items as Event[];
};
const targets = async (as: ApiClient, query = ''): Promise<string[]> => (await list(as, query)).map(({ target }) => target.id);
const everything = async () => {
  const { items } = await server.app.store.audit.list({ tenancy: EVERYTHING, filters: {}, descending: true, limit: 10_000, total: false });
  return items.map((event) => JSON.parse(JSON.stringify(recordedAuditDocument(event))) as Event);
};

describe('audit events', () => {
  it('are told newest first, with who did it, before and after', async () => {
    expect(await list(root, '?limit=100')).toEqual(await everything());
    expect(await list(reader, '?limit=100')).toEqual(await everything());
    const [changed] = await list(root, '?type=user_updated');
    expect(changed).toEqual({
      id: expect.stringMatching(/^\d+$/),
      type: 'user_updated',
      at: expect.any(String),
      actor: { kind: 'user', id: 'b1admin' },
      client_id: 'console',
      target: { kind: 'user', id: 'hired' },
      before: { username: 'hired' },
      after: { username: 'hired.again' },
      request_id: expect.any(String),
      organization: 'B1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('can be narrowed by everything that stands in them', async () => {
    expect(await targets(root, '?actor=b2admin')).toEqual(['elsewhere']);
    expect(await targets(root, '?target_kind=user&target_id=hired')).toEqual(['hired', 'hired']);
    expect(await targets(root, '?request_id=hiring-1')).toEqual(['hired']);
    expect(await targets(root, '?type=role_created')).toEqual(['C']);
    expect(await targets(root, '?on_behalf_of=hired')).toEqual([]);
    const all = await everything();
    const { at } = all[2]!;
    const from = await list(root, `?from=${encodeURIComponent(at)}&limit=100`);
    expect(from).toEqual(all.filter((event) => event.at >= at));
    expect(await list(root, `?until=${encodeURIComponent(at)}&limit=100`)).toEqual(all.filter((event) => event.at < at));
  });

  it('can be narrowed to an organization and those below it, as far as it may be seen', async () => {
    expect(await targets(root, '?organization=B1&type=user_created')).toEqual(['onsite', 'hired']);
    expect(await targets(root, '?organization=B1-site')).toEqual(['onsite']);
    expect(await targets(b1, '?organization=B1-site')).toEqual(['onsite']);
    for (const organization of ['B2', 'S', 'absent'])
      expect((await b1.get(`/audit-events?organization=${organization}&total=true`)).body).toEqual({ items: [], total: 0 });
  });

  it('come page by page, by a cursor that is good for the same question of the same administrator only', async () => {
    const all = await everything();
    const seen: Event[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await root.get(`/audit-events?limit=2&total=true${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      expect(body.total).toBe(all.length);
      seen.push(...(body.items as Event[]));
      cursor = body.next_cursor as string | undefined;
      if (cursor === undefined) break;
      expect((await root.get(`/audit-events?limit=2&type=user_created&cursor=${cursor}`)).status).toBe(400);
      expect((await b1.get(`/audit-events?limit=2&cursor=${cursor}`)).status).toBe(400);
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
  });

  it('can be read one by one', async () => {
    const [event] = await list(b1, '?target_id=onsite');
    expect((await b1.get(`/audit-events/${event!.id}`)).body).toEqual(event);
  });
});

describe('tenancy', () => {
  it('shows of events what happened in the own organization and those below', async () => {
    expect(await targets(b1)).toEqual(['onsite', 'hired', 'hired']);
    expect(await targets(b2)).toEqual(['elsewhere']);
    expect((await b1.get('/audit-events?total=true')).body.total).toBe(3);
    expect(await targets(b1, '?actor=b2admin')).toEqual([]);
    expect(await targets(b1, '?type=role_created')).toEqual([]);
  });

  it('answers for an event of somebody else as for none', async () => {
    const [foreign] = await list(b2);
    for (const id of [foreign!.id, (await list(root, '?type=role_created'))[0]!.id]) {
      const [one, none] = [await b1.get(`/audit-events/${id}`), await b1.get('/audit-events/999999')];
      expect([one.status, one.body.title, one.body.code]).toEqual([404, none.body.title, none.body.code]);
    }
    for (const id of ['0', '-1', '1.0', 'x', '1%20']) expect((await root.get(`/audit-events/${id}`)).status).toBe(404);
  });
});

describe('the export', () => {
  const lines = (text: string): Event[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event);

  it('is the same events, oldest first, one a line', async () => {
    const { status, headers, text } = await root.get('/audit-events/export');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    expect(text.endsWith('\n')).toBe(true);
    expect(lines(text)).toEqual((await everything()).toReversed());
  });

  it('is narrowed by tenancy and filters alike', async () => {
    expect(lines((await b1.get('/audit-events/export')).text).map(({ target }) => target.id)).toEqual(['hired', 'hired', 'onsite']);
    expect(lines((await b1.get('/audit-events/export?organization=B1-site')).text).map(({ target }) => target.id)).toEqual(['onsite']);
    expect((await b1.get('/audit-events/export?organization=B2')).text).toBe('');
    expect((await root.get('/audit-events/export?limit=1')).body).toMatchObject({ code: 'invalid_input', problems: [{ parameter: 'limit' }] });
  });

  it('goes on over many pages, and leaves out what is kept meanwhile', async () => {
    const { store, clock } = server.app;
    await store.transaction(async (tx) => {
      for (let count = 0; count < 1200; count += 1) {
        const target = { kind: 'user', id: 'b2u' };
        await tx.audit({ type: 'something_happened', at: new Date(clock.now()), actor: { kind: 'system', id: 'test' }, target });
      }
    });
    const told = lines((await root.get('/audit-events/export')).text);
    expect(told).toEqual((await everything()).toReversed());
    expect(lines((await b2.get('/audit-events/export')).text)).toHaveLength(1201);
  });
});

describe('the verification', () => {
  it('goes along the whole chain for whoever administers a tree from its top, and changes nothing', async () => {
    const head = (await server.app.store.audit.readHead())!;
    for (const as of [root, reader]) {
      const { status, body } = await as.get('/audit-events/verification');
      expect(status).toBe(200);
      expect(body).toEqual({ unbroken: true, events: head.events, hash: head.hash, fault: null });
    }
    expect(await server.app.store.audit.readHead()).toEqual(head);
  });

  it('tells the end of the chain, which moves on with each event', async () => {
    const before = (await root.get('/audit-events/verification')).body;
    await root.post('/roles', { name: 'D', category: 'custom' });
    const after = (await root.get('/audit-events/verification')).body;
    expect(after).toMatchObject({ unbroken: true, events: before.events + 1 });
    expect(after.hash).not.toBe(before.hash);
  });

  it('is the same for all who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => root.get('/audit-events/verification')));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('is not there for whoever administers a part: the chain is everybody’s', async () => {
    for (const as of [b1, b2]) expect((await as.get('/audit-events/verification')).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('who may not', () => {
  it.each(['/audit-events', '/audit-events/1', '/audit-events/export', '/audit-events/verification'])('read %s', async (path) => {
    const norole = await signedIn(server, 'norole');
    const { status, body } = await norole.get(path);
    expect([status, body.code, body.sufficient_roles]).toEqual([403, 'insufficient_roles', ['AuditReader', 'FullAccess']]);
    expect((await fetch(`${server.url}/api/v1${path}`)).status).toBe(401);
  });

  it('ask for what is no event', async () => {
    for (const query of ['?from=yesterday', '?actor=', '?type=a&type=b', '?before=x', '?limit=101']) {
      const { status, body } = await root.get(`/audit-events${query}`);
      expect([status, body.code]).toEqual([400, 'invalid_input']);
    }
  });
});
