import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, organization, PASSWORD, profile, to, user } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { turnableClock } from '../threats/endpoint.ts';

const DAY = 86_400_000;
const clock = turnableClock(Date.UTC(2026, 5, 15, 12));
const inDays = (days: number): Date => new Date(clock.now() + days * DAY);

let server: TestServer;
let reader: ApiClient;
let b1admin: ApiClient;

beforeAll(async () => {
  server = await startServer({ clock });
  const passwordHash = await server.app.hasher.hash(PASSWORD);
  await openAdministered(server.app, async (tx) => {
    await tx.organizationTypes.put([{ name: 'groupless', parents: ['seller'], barredRoles: [], barredResources: ['user_groups'] }]);
    await tx.organizations.put([organization('N', 'groupless', { parent: 'S' })]);
    await tx.users.put([
      user('groupless', 'N'),
      user('profiles', 'S'),
      user('groups', 'S'),
      user('guest', 'B1', { memberships: [{ userGroup: 'ops', validFrom: inDays(-1), validUntil: inDays(4), reason: 'holiday' }] }),
      user('past', 'B1', { memberships: [{ userGroup: 'ops', validUntil: inDays(-1) }] }),
    ]);
    for (const id of ['groupless', 'profiles', 'groups']) await tx.setPassword(id, passwordHash, new Date(clock.now()));
    await tx.securityProfiles.put([profile('profiles', ['SecurityProfileReader']), profile('groups', ['UserGroupReader'])]);
    await tx.assignments.put([
      assignment('full', to.user('groupless')),
      assignment('profiles', to.user('profiles')),
      assignment('groups', to.user('groups')),
      assignment('a', to.user('b2u'), { id: 'later', validUntil: inDays(20), client: 'pw', reason: 'trial' }),
      assignment('full', to.user('b1u'), { id: 'soon', validUntil: inDays(1), assignedBy: 'root' }),
      assignment('a', to.organization('N'), { id: 'none', validUntil: inDays(2) }),
      assignment('a', to.user('b1u'), { id: 'past', validFrom: inDays(-9), validUntil: inDays(-1) }),
      assignment('ab', to.group('ops'), { id: 'far', validUntil: inDays(300) }),
    ]);
  });
  [reader, b1admin] = (await Promise.all(['reader', 'b1admin'].map((name) => signedIn(server, name)))) as [ApiClient, ApiClient];
});
afterAll(() => server.close());

interface Item {
  readonly kind: string;
  readonly assignment?: { readonly id: string };
  readonly membership?: { readonly user: string };
}
const named = (items: readonly Item[]): (string | undefined)[] => items.map(({ assignment: one, membership }) => one?.id ?? membership?.user);
const list = async (as: ApiClient, query = ''): Promise<(string | undefined)[]> => {
  const { status, body } = await as.get(`/leases${query}`);
  expect(status).toBe(200);
  return named(body.items);
};

describe('leases', () => {
  it('are what ends within thirty days, the soonest first', async () => {
    const { status, body } = await reader.get('/leases?total=true');
    expect(status).toBe(200);
    expect(named(body.items)).toEqual(['soon', 'none', 'guest', 'later']);
    expect(body.total).toBe(4);
    expect(body.items[0]).toEqual({
      kind: 'assignment',
      ends_at: inDays(1).toISOString(),
      assignment: {
        id: 'soon',
        security_profile: 'full',
        user: 'b1u',
        include_descendants: false,
        valid_until: '2026-06-16T12:00:00Z',
        assigned_by: 'root',
        assigned_at: new Date(0).toISOString(),
        gives_full_access: true,
      },
    });
    expect(body.items[2]).toEqual({
      kind: 'membership',
      ends_at: inDays(4).toISOString(),
      membership: {
        user: 'guest',
        user_group: 'ops',
        valid_from: inDays(-1).toISOString(),
        valid_until: inDays(4).toISOString(),
        reason: 'holiday',
      },
    });
  });

  it('are those of a kind, and before an instant, when asked for', async () => {
    expect(await list(reader, '?kind=membership')).toEqual(['guest']);
    expect(await list(reader, `?kind=assignment&before=${inDays(3).toISOString()}`)).toEqual(['soon', 'none']);
    expect(await list(reader, `?before=${inDays(400).toISOString()}`)).toEqual(['soon', 'none', 'guest', 'later', 'far']);
    expect(await list(reader, `?before=${inDays(-5).toISOString()}`)).toEqual([]);
    for (const query of ['?before=soon', '?kind=profile', '?after=x', '?limit=0'])
      expect((await reader.get(`/leases${query}`)).body.code).toBe('invalid_input');
  });

  it('come page by page while time goes on', async () => {
    const seen: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await reader.get(`/leases?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      seen.push(...named(body.items));
      cursor = body.next_cursor;
      if (cursor !== undefined) expect((await b1admin.get(`/leases?limit=1&cursor=${cursor}`)).status).toBe(400);
      clock.advance(1);
    } while (cursor !== undefined);
    expect(seen).toEqual(['soon', 'none', 'guest', 'later']);
  });
});

describe('leases of others', () => {
  it('are not there for who administers another part of the tree', async () => {
    const { body } = await b1admin.get('/leases?total=true');
    expect([named(body.items), body.total]).toEqual([['soon', 'guest'], 2]);
    expect(await list(await signedIn(server, 'b2admin'))).toEqual(['later']);
  });
});

describe('a kind of lease', () => {
  it('is shown to who holds the role for it alone', async () => {
    const [profiles, groups, norole] = (await Promise.all(['profiles', 'groups', 'norole'].map((name) => signedIn(server, name)))) as [
      ApiClient,
      ApiClient,
      ApiClient,
    ];
    expect(await list(profiles)).toEqual(['soon', 'none', 'later']);
    expect(await list(groups)).toEqual(['guest']);
    expect((await profiles.get('/leases?kind=membership')).body).toMatchObject({
      code: 'insufficient_roles',
      sufficient_roles: ['UserGroupReader', 'UserGroupAdmin', 'FullAccess'],
    });
    expect((await groups.get('/leases?kind=assignment')).body).toMatchObject({ code: 'insufficient_roles' });
    expect((await norole.get('/leases')).body).toMatchObject({
      code: 'insufficient_roles',
      sufficient_roles: ['SecurityProfileReader', 'SecurityProfileAdmin', 'UserGroupReader', 'UserGroupAdmin', 'FullAccess'],
    });
    expect((await fetch(`${server.url}/api/v1/leases`)).status).toBe(401);
  });

  it('is shown to nobody whose type is barred from it, FullAccess or not', async () => {
    const groupless = await signedIn(server, 'groupless');
    expect(await list(groupless)).toEqual(['none']);
    expect((await groupless.get('/leases?kind=membership')).body).toMatchObject({ status: 403, code: 'forbidden' });
  });
});
