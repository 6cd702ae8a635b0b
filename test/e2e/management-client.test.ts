import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openAdministered, signedIn } from '../support/administered.ts';
import { PASSWORD } from '../support/market.ts';
import { openOutbox, tokenIn, type Outbox } from '../support/outbox.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { describeKinds, openTestStore, testClock, type StoreKind, type TestClock } from '../support/stores.ts';
import { sendForm } from '../support/page-form.ts';
import { claimsOf, post, type Form } from '../support/token-client.ts';
import { answered, made, rehearsed, typedClients, type ManagementClient } from './typed-client.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

describeKinds('a generated client administers an organization from its beginning', ['memory', 'postgres'], story);

/** Each test goes on where the one before it ended. */
function story(kind: StoreKind): void {
  let server: TestServer;
  let clock: TestClock;
  let clientOf: (token: string | undefined) => ManagementClient;
  let root: ManagementClient;
  let outbox: Outbox;
  let secret: string;

  beforeAll(async () => {
    clock = testClock();
    outbox = await openOutbox();
    server = await startServer({ store: await openTestStore({ kind, clock }), clock, env: { ROLEMINT_OUTBOX_DIR: outbox.folder } });
    await openAdministered(server.app);
    clientOf = await typedClients(server);
    root = await of('root');
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await outbox.remove();
  });

  const of = async (username: string): Promise<ManagementClient> => clientOf((await signedIn(server, username)).token);
  const token = (form: Form) => post(`${server.url}/oauth/token`, { client_id: 'acme-shop', client_secret: secret, ...form });
  const asDana = (scope: string) => token({ grant_type: 'password', username: 'dana', password: PASSWORD, scope });

  test('makes the organization, a group, a user, a profile, and assigns the one to the other', async () => {
    const organization = made(await root.POST('/api/v1/organizations', { body: { id: 'acme', name: 'Acme', type: 'buyer', parent: 'S' } }));
    expect(organization.path).toEqual(['S', 'acme']);
    const group = made(await root.POST('/api/v1/user-groups', { body: { id: 'acme-purchasing', name: 'Purchasing', organization: 'acme' } }));
    const dana = made(
      await root.POST('/api/v1/users', { body: { id: 'dana', username: 'dana', organization: 'acme', email: 'dana@acme.example.com' } }),
    );
    expect(dana.user_groups).toEqual([]);
    await root.PUT('/api/v1/user-groups/{id}/members/{user_id}', { params: { path: { id: group.id, user_id: dana.id } }, body: {} });
    const profile = made(
      await root.POST('/api/v1/security-profiles', { body: { id: 'acme-buying', name: 'Buying', organization: 'acme', roles: ['Shopper'] } }),
    );
    expect(profile).toMatchObject({ version: 1, gives_full_access: false });
    const assignment = made(await root.POST('/api/v1/assignments', { body: { security_profile: profile.id, user_group: group.id } }));
    expect(assignment).toMatchObject({ user_group: 'acme-purchasing', assigned_by: 'root' });
    const password = await root.PUT('/api/v1/users/{id}/password', { params: { path: { id: dana.id } }, body: { password: PASSWORD } });
    expect(password.response.status).toBe(204);
  });

  test('makes a client, through which the user gets what was assigned', async () => {
    const created = made(
      await root.POST('/api/v1/clients', {
        body: {
          client_id: 'acme-shop',
          client_name: 'Shop',
          organization: 'acme',
          grant_types: ['password'],
          token_endpoint_auth_method: 'client_secret_post',
        },
      }),
    );
    secret = created.client_secret!;
    const shown = made(await root.GET('/api/v1/clients/{id}', { params: { path: { id: 'acme-shop' } } }));
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect((await asDana('Shopper OrderAdmin')).body).toMatchObject({ scope: 'Shopper' });
  });

  test('is told why, and what a token would carry, as it then does', async () => {
    const query = { user: 'dana', client_id: 'acme-shop' };
    const why = answered(await root.GET('/api/v1/explain', { params: { query: { ...query, role: 'Shopper' } } }));
    expect(why.verdict).toBe('granted');
    expect(why.paths.map(({ security_profile: { id }, party }) => [id, party.kind, party.id])).toEqual([
      ['acme-buying', 'user_group', 'acme-purchasing'],
    ]);
    const missing = answered(await root.GET('/api/v1/explain', { params: { query: { ...query, role: 'OrderReader' } } }));
    expect(missing.remedies.map(({ security_profile: { id } }) => id)).toContain('shopping');
    const preview = answered(await root.GET('/api/v1/preview', { params: { query: { ...query, scope: 'Shopper OrderAdmin' } } }));
    expect(preview.names).toEqual([
      { name: 'Shopper', verdict: 'granted' },
      { name: 'OrderAdmin', verdict: 'unheld' },
    ]);
    const issued = (await asDana('Shopper OrderAdmin')).body;
    expect(preview.scope).toBe(issued['scope']);
    expect(preview.bytes).toBe(String(issued['access_token']).length);
  });

  test('rehearses a change before it is made', async () => {
    const params = { path: { id: 'acme-buying' } };
    const body = { roles: ['OrderReader'] };
    const would = rehearsed(await root.PATCH('/api/v1/security-profiles/{id}', { params: { ...params, query: { dry_run: true } }, body }));
    expect(would.subjects).toMatchObject({ total: 1, first: [{ kind: 'user', id: 'dana', gained: ['OrderReader'], lost: ['Shopper'] }] });
    expect(would.by_organization).toContainEqual({ organization: 'acme', role: 'Shopper', gained: 0, lost: 1 });
    const now = made(await root.GET('/api/v1/security-profiles/{id}', { params }));
    expect(now).toMatchObject({ roles: ['Shopper'], version: 1 });
  });

  test('gives something for a time, and no token outlives it', async () => {
    const until = new Date(clock.now() + 2 * MINUTE).toISOString().replace('.000', '');
    const lease = made(
      await root.POST('/api/v1/assignments', { body: { security_profile: 'shopping', user: 'dana', valid_until: until, reason: 'inventory' } }),
    );
    expect(lease).toMatchObject({ valid_until: until, reason: 'inventory' });
    const { body } = await asDana('Shopper OrderReader');
    expect(body['scope']).toBe('OrderReader Shopper');
    expect(claimsOf(body['access_token'])['exp']).toBe(Date.parse(until) / 1000);
    clock.advance(3 * MINUTE);
    expect((await asDana('Shopper OrderReader')).body['scope']).toBe('Shopper');
  });

  test('clones a profile, sees how the two move apart, and takes over what it chooses', async () => {
    const origin = { params: { path: { id: 'acme-buying' } } };
    const clone = made(await root.POST('/api/v1/security-profiles/{id}/clone', { ...origin, body: { name: 'Buying, ours', organization: 'acme' } }));
    expect(clone.origin).toMatchObject({ security_profile: 'acme-buying', version: 1 });
    const own = { params: { path: { id: clone.id } } };
    made(await root.PATCH('/api/v1/security-profiles/{id}', { ...own, body: { roles: ['Shopper', 'A'] } }));
    made(await root.PATCH('/api/v1/security-profiles/{id}', { ...origin, body: { roles: ['Shopper', 'OrderReader', 'OrderAdmin'] } }));
    const drift = answered(await root.GET('/api/v1/security-profiles/{id}/drift', own));
    expect(drift).toMatchObject({
      origin: { version: 1, current_version: 2 },
      origin_changes: { roles: { gained: ['OrderAdmin', 'OrderReader'], lost: [] } },
      local_changes: { roles: { gained: ['A'], lost: [] } },
    });
    const merged = made(await root.POST('/api/v1/security-profiles/{id}/merge', { ...own, body: { take: { roles: ['OrderReader'] } } }));
    expect(merged.roles.toSorted()).toEqual(['A', 'OrderReader', 'Shopper']);
  });

  test('does not write over what somebody else changed meanwhile', async () => {
    const path = { id: 'dana' };
    const read = await root.GET('/api/v1/users/{id}', { params: { path } });
    const etag = read.response.headers.get('etag')!;
    const known = await root.GET('/api/v1/users/{id}', { params: { path, header: { 'If-None-Match': etag } } });
    expect(known.response.status).toBe(304);
    const change = (email: string) => root.PATCH('/api/v1/users/{id}', { params: { path, header: { 'If-Match': etag } }, body: { email } });
    made(await change('d@acme.example.com'));
    const late = await change('other@acme.example.com');
    expect(late.response.status).toBe(412);
    expect(late.error).toMatchObject({ code: 'stale_version', title: 'It was changed since it was read. Read it again.' });
    expect(made(await root.GET('/api/v1/users/{id}', { params: { path } })).email).toBe('d@acme.example.com');
  });

  test('does not delete what is in use', async () => {
    const params = { path: { id: 'acme-purchasing' } };
    const refused = await root.DELETE('/api/v1/user-groups/{id}', { params });
    expect(refused.response.status).toBe(409);
    expect(refused.error).toMatchObject({ code: 'in_use', used_by: expect.arrayContaining([expect.objectContaining({ kind: 'user', id: 'dana' })]) });
    expect((await root.GET('/api/v1/user-groups/{id}', { params })).response.status).toBe(200);
  });

  test('reads a list page by page', async () => {
    const whole = answered(await root.GET('/api/v1/users', { params: { query: { sort: '-username', limit: 100, total: true } } }));
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { sort: '-username' as const, limit: 4, ...(cursor === undefined ? {} : { cursor }) };
      const page = answered(await root.GET('/api/v1/users', { params: { query } }));
      expect(page.items.length).toBeLessThanOrEqual(4);
      names.push(...page.items.map(({ username }) => username));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(names).toEqual(whole.items.map(({ username }) => username));
    expect(names).toHaveLength(whole.total!);
    const foreign = await root.GET('/api/v1/user-groups', { params: { query: { cursor: 'of-another-list' } } });
    expect(foreign.response.status).toBe(400);
    expect(foreign.error).toMatchObject({ code: 'invalid_input' });
  });

  test('is refused what it does not hold, and what it may not see', async () => {
    const b1admin = await of('b1admin');
    const above = await b1admin.POST('/api/v1/security-profiles', { body: { name: 'More', organization: 'B1', roles: ['OrderAdmin', 'Shopper'] } });
    expect(above.response.status).toBe(403);
    expect(above.error).toMatchObject({ code: 'above_ceiling', roles: ['OrderAdmin'] });
    const outside = await b1admin.GET('/api/v1/users/{id}', { params: { path: { id: 'dana' } } });
    expect(outside.response.status).toBe(404);
    expect((await clientOf(undefined).GET('/api/v1/me')).response.status).toBe(401);
  });

  test('sees what ends soon', async () => {
    const until = new Date(clock.now() + DAY).toISOString().replace('.000', '');
    made(await root.POST('/api/v1/assignments', { body: { security_profile: 'ab', user: 'dana', valid_until: until } }));
    const membership = { params: { path: { id: 'acme-purchasing', user_id: 'dana' } }, body: { valid_until: until, reason: 'until the audit' } };
    made(await root.PUT('/api/v1/user-groups/{id}/members/{user_id}', membership));
    const { items } = answered(await root.GET('/api/v1/leases', { params: { query: { total: true } } }));
    const told = items.map((lease) => (lease.kind === 'assignment' ? lease.assignment.user : lease.membership.user_group));
    expect(new Set(told)).toEqual(new Set(['acme-purchasing', 'dana']));
    expect(told).toHaveLength(2);
    expect(items.map(({ ends_at }) => Date.parse(ends_at))).toEqual([Date.parse(until), Date.parse(until)]);
  });

  test('invites somebody, who comes', async () => {
    const body = { email: 'eli@acme.example.com', organization: 'acme', username: 'eli', user_groups: ['acme-purchasing'] };
    const would = await root.POST('/api/v1/invitations', { params: { query: { dry_run: true } }, body });
    expect(rehearsed(would).subjects.total).toBe(1);
    const { id, status } = made(await root.POST('/api/v1/invitations', { body }));
    expect(status).toBe('pending');
    const [mail] = await outbox.take(1);
    const form = { token: tokenIn(mail!), username: 'eli', password: PASSWORD, repeated: PASSWORD };
    expect((await sendForm(`${server.url}/sign-in/invitation`, form)).status).toBe(200);
    const accepted = made(await root.GET('/api/v1/invitations/{id}', { params: { path: { id } } }));
    expect(accepted).toMatchObject({ status: 'accepted', invited_by: { kind: 'user', id: 'root' } });
    const { body: issued } = await token({ grant_type: 'password', username: 'eli', password: PASSWORD, scope: 'Shopper' });
    expect(issued['scope']).toBe('Shopper');
    const eli = clientOf(issued['access_token'] as string);
    expect(answered(await eli.GET('/api/v1/me')).user?.user_groups).toEqual([{ user_group: 'acme-purchasing', reason: `invitation ${id}` }]);
    expect((await eli.GET('/api/v1/users')).response.status).toBe(403);
  });

  test('reads in the audit what it did', async () => {
    const query = { actor: 'root', target_kind: 'security_profile', target_id: 'acme-buying' };
    const { items } = answered(await root.GET('/api/v1/audit-events', { params: { query } }));
    expect(items.map(({ type }) => type)).toEqual(['security_profile_updated', 'security_profile_created']);
    const [newest] = items;
    expect(answered(await root.GET('/api/v1/audit-events/{id}', { params: { path: { id: newest!.id } } }))).toEqual(newest);
    const exported = await root.GET('/api/v1/audit-events/export', { params: { query }, parseAs: 'text' });
    const lines = answered(exported).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { readonly id: string }).id)).toEqual(items.map(({ id }) => id).toReversed());
  });
}
