/** Hostile requests to the API under OrderCloud's names: the threats of the management API once more. */
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { openOrderCloudWorld, type OrderCloudActor, type OrderCloudWorld } from '../../golden/ordercloud-world.ts';

let world: OrderCloudWorld;
beforeAll(async () => {
  world = await openOrderCloudWorld();
}, 60_000);
afterAll(() => world.server.close());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function call(actor: OrderCloudActor, method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
  const token = world.tokens[actor];
  const response = await fetch(`${world.server.url}/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const id = (actor: OrderCloudActor, name: string): string => world.idOf(actor)(name);
const codesOf = ({ text }: Answer): string[] => (JSON.parse(text) as { Errors: { ErrorCode: string }[] }).Errors.map(({ ErrorCode }) => ErrorCode);
const everything = async (): Promise<number> => (await world.server.app.store.audit.readHead())!.events;

describe('T-61 what lies outside', () => {
  const own = () => `/buyers/${id('buyer', 'b1')}`;

  test.each<[string, () => string, (text: string) => string]>([
    ['a buyer', () => `/buyers/${id('buyer', 'b2')}`, (text) => text],
    ['a buyer of another marketplace', () => `/buyers/${id('full', 'b1')}`, (text) => text],
    ['a supplier as a buyer', () => `/buyers/${id('buyer', 's1')}`, (text) => text],
    ['users of another buyer', () => `/buyers/${id('buyer', 'b2')}/users`, (text) => text],
    ['a user of the seller below the own buyer', () => `${own()}/users/${id('buyer', 'au')}`, (text) => text],
    ['a group of a supplier below the own buyer', () => `${own()}/usergroups/${id('buyer', 'sg')}`, (text) => text],
    ['members of a group, below the own buyer', () => `${own()}/users?userGroupID=${id('buyer', 'sg')}`, (text) => text],
  ])('%s is answered like what is not there', async (_, path) => {
    const foreign = path();
    const absent = foreign.replaceAll(/(b1|b2|s1|au|sg)\.(full|buyer)(?=$|\/users$)/g, 'no.$2');
    const [found, missing] = [await call('buyer', 'GET', foreign), await call('buyer', 'GET', absent)];
    expect([found.status, codesOf(found)]).toEqual([404, ['NotFound']]);
    expect(missing.status).toBe(404);
    const named = (text: string): string => text.replaceAll(/"ObjectID":"[^"]*"/g, '"ObjectID":""');
    expect(named(found.text)).toBe(named(missing.text));
  });

  test('nothing of it is counted', async () => {
    const mine = JSON.parse((await call('otherBuyer', 'GET', '/buyers')).text) as { Meta: { TotalCount: number } };
    expect(mine.Meta.TotalCount).toBe(1);
    const across = JSON.parse((await call('otherBuyer', 'GET', '/buyerusers')).text) as { Items: { ID: string }[] };
    expect(across.Items.map((item) => item.ID)).toEqual([id('otherBuyer', 'me')]);
    const assignments = JSON.parse((await call('otherBuyer', 'GET', `/securityprofiles/assignments?buyerID=${id('otherBuyer', 'b1')}`)).text) as {
      Meta: object;
    };
    expect(assignments.Meta).toMatchObject({ TotalCount: 0 });
  });

  test('a user is not moved, and a group not joined, across it', async () => {
    const before = await everything();
    const [b1, b2, bu] = ['b1', 'b2', 'bu'].map((name) => id('buyer', name));
    expect((await call('buyer', 'POST', `/buyers/${b1}/users/${bu}/moveto/${b2}`)).status).toBe(404);
    const join = JSON.stringify({ UserGroupID: id('buyer', 'bg'), UserID: id('buyer', 'au') });
    expect((await call('buyer', 'POST', `/buyers/${b1}/usergroups/assignments`, join)).status).toBe(404);
    expect(await everything()).toBe(before);
  });
});

describe('T-62 handing out more than one holds', () => {
  test.each<[string, string, string, object]>([
    ['a profile with a role that is not held', 'POST', '/securityprofiles', { Name: 'x', Roles: ['OrderAdmin'] }],
    ['a profile with a custom role that nobody had', 'POST', '/securityprofiles', { Name: 'x', CustomRoles: ['Invented'] }],
    ['a profile with FullAccess', 'POST', '/securityprofiles', { Name: 'x', Roles: ['FullAccess'] }],
    ['a client without a limit', 'POST', '/apiclients', { AppName: 'x', AccessTokenDuration: 10, AllowSeller: true }],
  ])('%s is refused', async (_, method, path, body) => {
    const before = await everything();
    const answer = await call('admin', method, path, JSON.stringify(body));
    expect([answer.status, codesOf(answer)]).toEqual([403, ['AboveCeiling']]);
    expect(await everything()).toBe(before);
  });

  test('nobody sets the password of somebody stronger', async () => {
    const path = `/adminusers/${id('full', 'me')}`;
    expect((await call('admin', 'PATCH', path, JSON.stringify({ Password: 'Another-Horse-8-Staple' }))).status).toBe(404);
  });

  test('an assignment of all ids null is for the seller, and for who may give it there', async () => {
    const body = JSON.stringify({ SecurityProfileID: id('buyer', 'p1') });
    expect((await call('buyer', 'POST', '/securityprofiles/assignments', body)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('T-66 buyers and clients', () => {
  test.each([
    ['GET', '/apiclients'],
    ['POST', '/apiclients'],
    ['GET', '/apiclients/assignments'],
  ])('%s %s is refused, FullAccess or not, whatever is sent along', async (method, path) => {
    const body = method === 'POST' ? JSON.stringify({ AppName: 'x', AccessTokenDuration: 10 }) : undefined;
    const answer = await call('fullBuyer', method, path, body, { 'x-user-type': 'seller' });
    expect([answer.status, codesOf(answer)]).toEqual([403, ['Forbidden']]);
  });

  test('webhooks are not there', async () => {
    expect((await call('fullBuyer', 'GET', '/webhooks')).status).toBe(404);
  });
});

describe('T-68 members that nobody knows', () => {
  it.each<[string, string]>([
    ['a slip', '{"ID":"x","Name":"x","Activ":true}'],
    ['a member of ours', '{"Name":"x","organization":"b2"}'],
    ['a type', '{"Name":"x","Type":"seller"}'],
    ['a prototype', '{"Name":"x","__proto__":{"Active":true}}'],
    ['a constructor', '{"Name":"x","constructor":{}}'],
    ['a name twice', '{"Name":"x","Name":"y"}'],
    ['a NUL', '{"Name":"x\\u0000"}'],
    ['half a surrogate pair', '{"Name":"x\\ud800"}'],
    ['another type', '{"Name":{"$ne":1}}'],
    ['an id of another kind', '{"ID":"../x","Name":"x"}'],
    ['no JSON', '{"Name":'],
    ['a list', '[]'],
    ['depth', `{"Name":"x","xp":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('%s is refused', async (_, body) => {
    const before = await everything();
    const answer = await call('full', 'POST', '/buyers', body);
    expect(answer.status).toBe(400);
    expect(codesOf(answer).every((code) => code === 'InvalidRequest')).toBe(true);
    expect(await everything()).toBe(before);
  });

  it('a large body is not read, and a compressed one not unpacked', async () => {
    expect((await call('full', 'POST', '/buyers', JSON.stringify({ Name: 'x'.repeat(300_000) }))).status).toBe(413);
    expect((await call('full', 'POST', '/buyers', '{}', { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('what is read only is taken and not heeded', async () => {
    const path = `/buyers/${id('full', 'b1')}/users/${id('full', 'bu')}`;
    const body = JSON.stringify({ CompanyID: id('full', 'b2'), AvailableRoles: ['FullAccess'], FailedLoginAttempts: 0, FirstName: 'F' });
    expect(JSON.parse((await call('full', 'PATCH', path, body)).text)).toMatchObject({
      CompanyID: id('full', 'b1'),
      AvailableRoles: ['Shopper'],
      FirstName: 'F',
    });
  });
});

describe('T-72 and T-73 lists', () => {
  const users = () => `/buyers/${id('full', 'b1')}/users`;

  it.each<[string, string]>([
    ['a sort that is SQL', 'sortBy=ID;drop table users'],
    ['a sort by what is secret', 'sortBy=PasswordHash'],
    ['a search in what is secret', 'search=a&searchOn=password_hash'],
    ['a filter of what is secret', 'password_hash=$argon2*'],
    ['a filter of ours', 'given_name=x'],
    ['a filter of a prototype', '__proto__=x'],
    ['an operator in a name', 'ID[$ne]=x'],
    ['a page beyond all', 'page=99999999999999'],
    ['a page of none', 'page=0'],
    ['a large page', 'pageSize=1000000'],
    ['a page twice', 'page=1&page=2'],
    ['a filter with many stars', `LastName=${'*a'.repeat(12)}`],
    ['too many filters', Array.from({ length: 30 }, (_, index) => `ID=!${index}`).join('&')],
    ['bytes that are no UTF-8', 'ID=%ff'],
    ['a NUL', 'ID=%00'],
    ['what is no percent sign', 'ID=%zz'],
  ])('refuse %s', async (_, query) => {
    const answer = await call('full', 'GET', `${users()}?${query.replaceAll(' ', '%20')}`);
    expect(answer.status).toBe(400);
  });

  it.each(["' OR 1=1 --", '%', '_', '\\', '$$', '*%*'])('compare with %s as a text', async (text) => {
    const answer = await call('full', 'GET', `${users()}?ID=${encodeURIComponent(text)}`);
    expect([answer.status, (JSON.parse(answer.text) as { Items: unknown[] }).Items]).toEqual([200, []]);
  });

  it('match a long text with stars at once', async () => {
    const path = `/buyers/${id('full', 'b2')}`;
    expect((await call('full', 'PATCH', path, JSON.stringify({ Name: 'a'.repeat(200) }))).status).toBe(200);
    const answer = await call('full', 'GET', '/buyers?Name=*a*a*b');
    expect((JSON.parse(answer.text) as { Items: unknown[] }).Items).toEqual([]);
  });
});

describe('T-75 who asks', () => {
  it.each<[string, Record<string, string>, string]>([
    ['nothing', {}, ''],
    ['an empty token, as the SDK sends it', { authorization: 'Bearer ' }, ''],
    ['a token in the query', {}, '?access_token=TOKEN'],
    ['another scheme', { authorization: 'Basic eDp5' }, ''],
    ['garbage', { authorization: 'Bearer a.b.c' }, ''],
  ])('%s is 401', async (_, headers, query) => {
    const response = await fetch(`${world.server.url}/v1/buyers${query}`, { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(((await response.json()) as { Errors: { ErrorCode: string }[] }).Errors[0]!.ErrorCode).toBe('InvalidToken');
  });

  it('who lacks a role is told which suffice', async () => {
    const answer = await call('noRoles', 'GET', '/buyers');
    expect(answer.status).toBe(403);
    expect((JSON.parse(answer.text) as { Errors: { Data: unknown }[] }).Errors[0]!.Data).toEqual({
      SufficientRoles: ['BuyerAdmin', 'BuyerReader', 'FullAccess'],
      AssignedRoles: [],
    });
  });
});

describe('pages of other origins', () => {
  it('may ask, and get nothing without a token', async () => {
    const asked = await fetch(`${world.server.url}/v1/buyers`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'PUT' },
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(asked.headers.get('access-control-allow-headers')).toBe('Authorization, Content-Type');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    const refused = await fetch(`${world.server.url}/v1/buyers`, { headers: { origin: 'https://shop.example', cookie: 'session=1' } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  });
});

describe('clients that a workspace file made', () => {
  it('keep what OrderCloud has no word for', async () => {
    const path = `/apiclients/${id('full', 'app')}`;
    const before = (await world.server.app.services.clients.get(id('full', 'app'))).client;
    expect((await call('full', 'PATCH', path, JSON.stringify({ AppName: 'Renamed' }))).status).toBe(200);
    const after = (await world.server.app.services.clients.get(id('full', 'app'))).client;
    expect(after).toEqual({ ...before, clientName: 'Renamed' });
  });
});

describe('the metrics', () => {
  it('have no label that a caller can invent', async () => {
    const paths = [
      '/v1/invented',
      '/v1/buyers/invented/users/invented/tokens',
      '/oauth/certs/invented',
      '/api/v1/users/invented',
      '/v1/invented/invented',
    ];
    for (const path of paths) for (const method of ['OPTIONS', 'GET', 'POST', 'PUT']) await fetch(world.server.url + path, { method });
    expect(await (await fetch(`${world.server.url}/metrics`)).text()).not.toContain('invented');
  });
});

describe('paths', () => {
  it.each(['/v1', '/v1/', '/v1/products', '/v1/buyers/', '/v1//buyers', '/v1/Buyers', '/v1/buyers/a/b/c/d', '/v1/buyers/%2e%2e/users'])(
    '%s is not there',
    async (path) => {
      const response = await fetch(`${world.server.url}${path}`, { headers: { authorization: `Bearer ${world.tokens.full}` } });
      expect(response.status).toBe(404);
      expect(((await response.json()) as { Errors: { ErrorCode: string }[] }).Errors[0]!.ErrorCode).toBe('NotFound');
    },
  );

  it('leave those of the management API alone', async () => {
    const response = await fetch(`${world.server.url}/api/v1/organizations`, { headers: { authorization: `Bearer ${world.tokens.full}` } });
    expect(response.status).toBe(200);
  });
});
