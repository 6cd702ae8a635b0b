import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { assignment, client, PASSWORD, profile, to } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { post, timelessClaimsOf } from '../../support/token-client.ts';

const without = ({ body }: ApiAnswer): unknown => ({ ...body, request_id: undefined });

let server: TestServer;
let deleg: ApiClient;
let reader: ApiClient;
let b1admin: ApiClient;
let b1full: ApiClient;
let norole: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app, async (tx) => {
    await tx.securityProfiles.put([profile('supplies', ['OrderReader', 'A'])]);
    await tx.clients.put([
      client('b1-shop', { organization: 'B1', grantTypes: ['password'], tokenEndpointAuthMethod: 'none' }),
      client('b1-job', { organization: 'B1', grantTypes: ['client_credentials'], contextUser: 'b1u' }),
      client('s-job', { organization: 'S', grantTypes: ['client_credentials'], contextUser: 'root' }),
    ]);
    await tx.assignments.put([
      assignment('supplies', to.organization('S'), { id: 'from-above', includeDescendants: true, assignedBy: 'root', reason: 'between us sellers' }),
      assignment('a', to.group('ops'), { id: 'by-group', assignedBy: 'deleg', reason: 'stands in', validUntil: new Date('2999-01-01T00:00:00Z') }),
    ]);
  });
  [deleg, reader, b1admin, b1full, norole] = (await Promise.all(
    ['deleg', 'reader', 'b1admin', 'b1full', 'norole'].map((name) => signedIn(server, name)),
  )) as [ApiClient, ApiClient, ApiClient, ApiClient, ApiClient];
});

afterAll(() => server.close());

describe('GET /explain', () => {
  it('tells every path with the people and the organizations on it', async () => {
    const { status, body } = await reader.get('/explain?user=b1u&client_id=console&role=A');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      role: 'A',
      verdict: 'granted',
      objection: null,
      client: 'console',
      subject: { kind: 'user', id: 'b1u', organization: 'B1', organization_type: 'buyer' },
      context_user: null,
    });
    expect(body.paths.map(({ assignment: id }: { assignment: string }) => id)).toEqual(expect.arrayContaining(['from-above', 'by-group']));
    expect(body.paths.find(({ assignment: id }: { assignment: string }) => id === 'from-above')).toEqual({
      state: 'in_force',
      assignment: 'from-above',
      security_profile: { id: 'supplies', name: 'supplies' },
      party: { kind: 'organization', id: 'S', name: 'S', organization: null },
      organizations: ['S', 'B1'],
      include_descendants: true,
      client: null,
      from: null,
      until: null,
      assigned_by: 'root',
      assigned_at: '1970-01-01T00:00:00.000Z',
      reason: 'between us sellers',
    });
    expect(body.paths.find(({ assignment: id }: { assignment: string }) => id === 'by-group')).toMatchObject({
      party: { kind: 'user_group', id: 'ops', name: 'Operations of B1', organization: 'B1' },
      organizations: [],
      until: '2999-01-01T00:00:00.000Z',
      assigned_by: 'deleg',
    });
  });

  it('tells of what comes from above only that it does', async () => {
    const { body } = await b1admin.get('/explain?user=b1u&client_id=console&role=A');
    const paths = Object.fromEntries(body.paths.map((path: { assignment: string }) => [path.assignment, path]));
    expect(paths['from-above']).toMatchObject({
      party: { kind: 'organization', id: 'S', name: 'S', organization: null },
      security_profile: { id: 'supplies' },
      assigned_by: null,
      reason: null,
    });
    expect(paths['by-group']).toMatchObject({ assigned_by: 'deleg', reason: 'stands in' });
  });

  it('tells which assignment would give what is missing, and what would still block it', async () => {
    const missing = await b1admin.get('/explain?user=s1u&role=MarketAdmin');
    expect(missing.body).toMatchObject({ verdict: 'unheld', paths: [] });
    expect(missing.body.remedies).toContainEqual({
      security_profile: { id: 'orders', name: 'orders' },
      assignment: { security_profile: 'orders', user: 's1u' },
      verdict: 'barred_for_organization_type',
    });
    const mendable = await b1admin.get('/explain?user=s1u&role=Shopper');
    expect(mendable.body.remedies).toContainEqual({
      security_profile: { id: 'b1-own', name: 'b1-own' },
      assignment: { security_profile: 'b1-own', user: 's1u' },
      verdict: 'granted',
    });
    expect(mendable.text).not.toContain('b2-own');
    expect((await reader.get('/explain?user=s1u&role=Shopper')).text).toContain('b2-own');
  });

  it('guesses what was meant', async () => {
    expect((await reader.get('/explain?user=b1u&role=OrderRaeder')).body).toMatchObject({ verdict: 'unknown', did_you_mean: 'OrderReader' });
  });

  it('answers for another instant', async () => {
    const { body } = await reader.get('/explain?user=b1u&role=A&at=3000-01-01T00:00:00%2B01:00');
    expect(body.at).toBe('2999-12-31T23:00:00.000Z');
    expect(body.paths.map(({ assignment: id, state }: { assignment: string; state: string }) => [id, state])).toContainEqual(['by-group', 'expired']);
  });

  it('answers for a client that asks for itself', async () => {
    const { body } = await reader.get('/explain?client_id=b1-job&role=OrderAdmin');
    expect(body).toMatchObject({ verdict: 'granted', subject: { kind: 'client', id: 'b1-job' }, context_user: { id: 'b1u', username: 'b1u' } });
  });

  it('answers the same for what is absent and for what lies outside', async () => {
    for (const [foreign, absent] of [
      ['user=b2u', 'user=nobody'],
      ['user=root', 'user=nobody'],
      ['user=b1u&client_id=rsB2', 'user=b1u&client_id=nothing'],
    ]) {
      const [one, other] = [await b1admin.get(`/explain?${foreign}&role=A`), await b1admin.get(`/explain?${absent}&role=A`)];
      expect(one.status).toBe(404);
      expect(without(one)).toEqual(without(other));
    }
    for (const path of ['/preview?user=b2u&client_id=console', '/users/b2u/effective-roles', '/users/b1u/effective-roles?client_id=nothing']) {
      expect(await b1admin.get(path)).toMatchObject({ status: 404, body: { title: 'There is nothing here.' } });
    }
  });

  it('looks into no client from above, and into none at all for who is barred from clients', async () => {
    expect((await b1admin.get('/explain?user=b1u&client_id=console&role=A')).status).toBe(200);
    const barred = await b1full.get('/explain?client_id=b1-job&role=A');
    expect(barred).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect((await b1full.get('/explain?client_id=s-job&role=A')).body).toMatchObject({ code: 'forbidden' });
  });

  it('says what is missing in the question', async () => {
    expect(await reader.get('/explain?role=A')).toMatchObject({ status: 400, body: { code: 'invalid_input', problems: [{ parameter: 'user' }] } });
    expect(await reader.get('/explain?user=b1u')).toMatchObject({ status: 400, body: { problems: [{ parameter: 'role' }] } });
    expect(await reader.get('/explain?user=b1u&role=A&at=tomorrow')).toMatchObject({ status: 400, body: { problems: [{ parameter: 'at' }] } });
    expect(await reader.get('/explain?user=b1u&role=A&audience=https://nowhere.example')).toMatchObject({ status: 404 });
  });

  it('takes a role for profiles or users', async () => {
    const refused = await norole.get('/explain?user=b1u&role=A');
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_roles' } });
    expect(refused.body.sufficient_roles).toEqual(['SecurityProfileReader', 'SecurityProfileAdmin', 'UserReader', 'UserAdmin', 'FullAccess']);
  });
});

describe('GET /preview', () => {
  it('shows the token that would be issued', async () => {
    const scope = 'Shopper MarketAdmin Bogus A';
    const { status, body } = await reader.get(`/preview?user=b1u&client_id=console&scope=${encodeURIComponent(scope)}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ client: 'console', scope: 'A Shopper', roles: ['A', 'Shopper'], roles_until: null, objection: null });
    expect(body.names).toEqual([
      { name: 'Shopper', verdict: 'granted' },
      { name: 'MarketAdmin', verdict: 'barred_for_organization_type' },
      { name: 'Bogus', verdict: 'unknown' },
      { name: 'A', verdict: 'granted' },
    ]);
    const issued = await post(`${server.url}/oauth/token`, {
      grant_type: 'password',
      client_id: 'console',
      username: 'b1u',
      password: PASSWORD,
      scope,
    });
    expect(body.claims).toMatchObject(timelessClaimsOf(issued.body['access_token']));
    expect(body.bytes).toBe(String(issued.body['access_token']).length);
  });

  it('says why there would be none', async () => {
    const { body } = await reader.get('/preview?user=b1u&client_id=b2only');
    expect(body.objection).toBe('the organization may not use this client');
  });

  it('refuses what is no scope, and a question without a client', async () => {
    expect(await reader.get('/preview?user=b1u&client_id=console&scope=a%20%20b')).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect(await reader.get('/preview?user=b1u')).toMatchObject({ status: 400, body: { problems: [{ parameter: 'client_id' }] } });
  });
});

describe('GET /users/{id}/effective-roles', () => {
  it('lists what is held with its paths, and marks what is barred', async () => {
    const { status, body } = await b1admin.get('/users/b1u/effective-roles');
    expect(status).toBe(200);
    expect(body.roles.map(({ role, barred }: { role: string; barred: boolean }) => [role, barred])).toEqual([
      ['A', false],
      ['MarketAdmin', true],
      ['OrderAdmin', false],
      ['OrderReader', false],
      ['Shopper', false],
    ]);
    const [a] = body.roles;
    expect(a).toMatchObject({ until: null });
    expect(new Set(a.assignments)).toEqual(new Set(['by-group', 'from-above']));
    const known = new Set(body.paths.map(({ assignment: id }: { assignment: string }) => id));
    expect(body.roles.every(({ assignments }: { assignments: string[] }) => assignments.every((id) => known.has(id)))).toBe(true);
    expect(known.size).toBe(body.paths.length);
  });

  it('counts what holds for one client only in its tokens', async () => {
    const names = async (query: string): Promise<string[]> =>
      ((await deleg.get(`/users/b1u/effective-roles${query}`)).body.roles as { role: string }[]).map(({ role }) => role);
    expect(await names('')).not.toContain('B');
    expect(await names('?client_id=pw')).toContain('B');
  });

  it('answers the same for what is absent and for what lies outside', async () => {
    const [foreign, absent] = [await b1admin.get('/users/b2u/effective-roles'), await b1admin.get('/users/nobody/effective-roles')];
    expect(foreign.status).toBe(404);
    expect(without(foreign)).toEqual(without(absent));
  });
});

describe('somebody who asks about the own user', () => {
  it('is told of the own groups and organization, and of no profile that is not assigned', async () => {
    const { explainDocuments } = server.app.services;
    const own = await explainDocuments.why({ user: 'b1u', client: 'console' }, 'A', { kind: 'self' });
    expect(own.paths.find(({ assignment: id }) => id === 'by-group')).toMatchObject({
      party: { name: 'Operations of B1', organization: 'B1' },
      reason: 'stands in',
    });
    expect(own.paths.find(({ assignment: id }) => id === 'from-above')).toMatchObject({ party: { id: 'S' }, assigned_by: null, reason: null });
    expect(own.remedies).toEqual([]);
    const missing = await explainDocuments.why({ user: 'b1u', client: 'console' }, 'Shoper', { kind: 'self' });
    expect(missing).toMatchObject({ verdict: 'unknown', did_you_mean: null });
    const { roles } = await explainDocuments.effectiveRoles({ user: 'b1u' }, { kind: 'self' });
    expect(roles.map(({ role }) => role)).toContain('OrderAdmin');
  });
});
