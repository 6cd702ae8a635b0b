import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '../../src/domain/errors.ts';
import { feedHash, type RevocationFeed } from '../../src/services/revocation-feed.ts';
import { followRevocations } from '../../src/sdk/revocations.ts';
import { createVerifier, type Verifier } from '../../src/sdk/verifier.ts';
import { applyWorkspace } from '../../src/workspace/apply.ts';
import { readWorkspace } from '../../src/workspace/read.ts';
import { ISSUER, startServer, type TestServer } from '../support/server.ts';
import { openTestStore } from '../support/stores.ts';
import { post } from '../support/token-client.ts';

const API = 'https://orders.example.com';
const PASSWORD = 'Correct-Horse-7-Battery';
const WORLD = `
rolemint: 1
organization_types: [{name: seller}, {name: buyer, parents: [seller]}]
roles: [{name: Read}, {name: Write}, {name: Ship}]
organizations: [{id: S, type: seller}, {id: B, type: buyer, parent: S}]
user_groups: [{id: ops, organization: B}]
users:
  - {id: ada, username: ada, organization: B, user_groups: [ops], password: ${PASSWORD}}
  - {id: bob, username: bob, organization: B, password: ${PASSWORD}}
security_profiles:
  - {id: reading, name: Reading, roles: [Read]}
  - {id: writing, name: Writing, roles: [Read, Write]}
  - {id: shipping, name: Shipping, roles: [Ship]}
clients:
  - {client_id: shop, client_name: Shop, grant_types: [password, refresh_token], token_endpoint_auth_method: none}
  - {client_id: bot, client_name: Bot, organization: B, grant_types: [client_credentials], client_secret: bot-secret-bot-secret-bot-secret-1, context_user: ada}
resource_servers: [{audience: ${API}, name: Orders}]
assignments:
  - {security_profile: reading, organization: B}
  - {security_profile: writing, user_group: ops}
  - {security_profile: shipping, user: bob, client: shop}
`;

let server: TestServer;
let folder: string;
let verifier: Verifier;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-feed-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  await server?.close();
  server = await startServer({ workspaces: [await file(WORLD)] });
  const fetchHere = (url: string, init: RequestInit) => fetch(url.replace(ISSUER, server.url), init);
  const revocations = followRevocations({ issuer: ISSUER, fetch: fetchHere, intervalSeconds: 0 });
  verifier = createVerifier({ issuer: ISSUER, audience: API, fetch: fetchHere, revocations });
});
afterAll(() => server.close());

let files = 0;
async function file(text: string): Promise<string> {
  const name = path.join(folder, `${(files += 1)}.yaml`);
  await writeFile(name, text);
  return name;
}

/** What a change of the workspace takes, after it was applied. */
async function change(from: string, to: string, { prune = false, mostSubjects }: { prune?: boolean; mostSubjects?: number } = {}): Promise<void> {
  expect(WORLD).toContain(from);
  const text = WORLD.replace(from, to).replaceAll(/, (?:password|client_secret): [\w-]+/g, '');
  const { store, hasher, clock, random } = server.app;
  const workspace = await readWorkspace([await file(text)], { insecurePlaintext: true, lookup: () => undefined });
  await applyWorkspace({ store, hasher, clock, random, actor: { kind: 'operator', id: 'test' } }, workspace, { prune, mostSubjects });
}

async function token(username: string): Promise<string> {
  const { body } = await post(`${server.url}/oauth/token`, {
    grant_type: 'password',
    client_id: 'shop',
    username,
    password: PASSWORD,
    scope: 'Read Write Ship',
    resource: API,
  });
  return String(body['access_token']);
}
async function botToken(): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: 'bot',
    client_secret: 'bot-secret-bot-secret-bot-secret-1',
    scope: 'Read Write',
    resource: API,
  };
  return String((await post(`${server.url}/oauth/token`, form)).body['access_token']);
}

const rolesOf = (presented: string): Promise<string> =>
  verifier.verify(presented).then(
    ({ roles }) => [...roles].join(' '),
    (error: { readonly code: string; readonly reason?: string }) => `${error.code} ${error.reason ?? ''}`.trim(),
  );

async function feed(query = '', headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/oauth/revocations${query}`, { headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as RevocationFeed };
}

describe('GET /oauth/revocations: 200', () => {
  it('is empty at first: giving people something takes nothing from anybody', async () => {
    const { status, headers, body } = await feed();
    expect({ status, body }).toEqual({
      status: 200,
      body: { issuer: ISSUER, complete: true, cursor: expect.stringMatching(/^[\w.-]+$/), entries: [] },
    });
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    await change('{id: reading, name: Reading, roles: [Read]}', '{id: reading, name: Reading, roles: [Read, Write, Ship]}');
    expect((await feed()).body.entries).toEqual([]);
  });

  it('names who lost which roles, by a hash', async () => {
    const [ada, bob] = [await token('ada'), await token('bob')];
    const before = await feed();
    await change('{id: writing, name: Writing, roles: [Read, Write]}', '{id: writing, name: Writing, roles: [Read]}');
    const { body } = await feed(`?since=${before.body.cursor}`);
    expect(body).toMatchObject({ complete: false });
    // Read is left to them: it comes through the organization too.
    expect(body.entries).toEqual(
      (['client', 'user'] as const).map((kind) => ({
        subject: feedHash(ISSUER, kind, kind === 'user' ? 'ada' : 'bot'),
        roles: ['Write'],
        not_before: expect.any(Number),
        exp: expect.any(Number),
      })),
    );
    expect(JSON.stringify(body)).not.toMatch(/ada|bob|bot/);
    expect([await rolesOf(ada), await rolesOf(bob), await rolesOf(await token('ada'))]).toEqual(['Read', 'Read Ship', 'Read']);
  });

  it('is 304 while nothing changes, and as short as what is new', async () => {
    const first = await feed();
    const tag = first.headers.get('etag')!;
    expect(await feed('', { 'if-none-match': tag })).toMatchObject({ status: 304, body: {} });
    await change('{id: writing, name: Writing, roles: [Read, Write]}', '{id: writing, name: Writing, roles: [Read]}');
    expect(await feed('', { 'if-none-match': tag })).toMatchObject({ status: 200 });
    const second = await feed(`?since=${first.body.cursor}`);
    const third = await feed(`?since=${second.body.cursor}`);
    expect(third.body).toEqual({ issuer: ISSUER, complete: false, cursor: second.body.cursor, entries: [] });
    expect(await feed(`?since=${second.body.cursor}`, { 'if-none-match': third.headers.get('etag')! })).toMatchObject({ status: 304 });
  });
});

describe('a verifier that follows it', () => {
  it('refuses a token that was revoked, and no other', async () => {
    const [first, second] = [await token('ada'), await token('ada')];
    expect([await rolesOf(first), await rolesOf(second)]).toEqual(['Read Write', 'Read Write']);
    expect((await post(`${server.url}/oauth/revoke`, { token: first, client_id: 'shop' })).status).toBe(200);
    expect([await rolesOf(first), await rolesOf(second)]).toEqual(['invalid_token revoked', 'Read Write']);
  });

  it('refuses what was issued to a user whose tokens were ended, and takes what comes after', async () => {
    const [ada, bob] = [await token('ada'), await token('bob')];
    await server.app.services.revocation.revokeAll('user', 'ada', { actor: { kind: 'operator', id: 'test' } });
    expect([await rolesOf(ada), await rolesOf(bob)]).toEqual(['invalid_token revoked', 'Read Ship']);
    expect(await rolesOf(await token('ada'))).toBe('Read Write');
  });

  it.each<[string, string, string, readonly string[]]>([
    ['leaves a group', ', user_groups: [ops]', ', user_groups: []', ['Read', 'Read Ship', 'Read']],
    [
      'is disabled',
      '{id: ada, username: ada,',
      '{id: ada, active: false, username: ada,',
      ['invalid_token revoked', 'Read Ship', 'invalid_token revoked'],
    ],
    [
      'has an organization that is closed',
      '{id: B, type: buyer,',
      '{id: B, active: false, type: buyer,',
      ['invalid_token revoked', 'invalid_token revoked', 'invalid_token revoked'],
    ],
    [
      'has a type that is barred',
      '{name: buyer, parents: [seller]}',
      '{name: buyer, parents: [seller], barred_roles: [Write, Ship]}',
      ['Read', 'Read', 'Read'],
    ],
    [
      'came through a client that is closed',
      '{client_id: shop,',
      '{client_id: shop, active: false,',
      ['invalid_token revoked', 'invalid_token revoked', 'Read Write'],
    ],
  ])('knows when somebody %s', async (_what, from, to, outcomes) => {
    const tokens = [await token('ada'), await token('bob'), await botToken()];
    await change(from, to);
    expect(await Promise.all(tokens.map(rolesOf))).toEqual(outcomes);
  });

  it('knows when an assignment that is limited to a client goes', async () => {
    const tokens = [await token('ada'), await token('bob'), await botToken()];
    await change('  - {security_profile: shipping, user: bob, client: shop}\n', '', { prune: true });
    expect(await Promise.all(tokens.map(rolesOf))).toEqual(['Read Write', 'Read', 'Read Write']);
  });

  it('sends everybody who carries a role for a new token when it is not known who lost it', async () => {
    const tokens = [await token('ada'), await token('bob'), await botToken()];
    await change('{id: writing, name: Writing, roles: [Read, Write]}', '{id: writing, name: Writing, roles: [Read]}', { mostSubjects: 0 });
    const { body } = await feed();
    expect(body.entries).toEqual([{ subject: '*', roles: ['Write'], not_before: expect.any(Number), exp: expect.any(Number) }]);
    expect(await Promise.all(tokens.map(rolesOf))).toEqual(['invalid_token revoked', 'Read Ship', 'invalid_token revoked']);
    expect(await rolesOf(await token('ada'))).toBe('Read');
  });

  it('hears nothing when a change that is too large to look at only gives', async () => {
    await change('roles: [Ship]}', 'roles: [Ship, Write]}', { mostSubjects: 0 });
    expect((await feed()).body.entries).toEqual([]);
  });
});

describe('GET /oauth/revocations: refused', () => {
  it.each(['?since=', '?since=x', '?since=-1', '?since=x.', '?since=.1', '?since=1&since=2', `?since=${'1'.repeat(100)}`])(
    '%s with 400',
    async (query) => {
      const { status, headers, body } = await feed(query);
      expect({ status, body }).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  it.each(['POST', 'PUT', 'DELETE'])('%s with 405', async (method) => {
    const response = await fetch(`${server.url}/oauth/revocations`, { method });
    expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  it('with 503 when the store cannot say', async () => {
    const store = await openTestStore();
    const news = async () => Promise.reject(new DomainError('unavailable', 'The database cannot be reached.'));
    const broken = await startServer({ store: { ...store, revocationFeed: { news } } });
    const response = await fetch(`${broken.url}/oauth/revocations`);
    await broken.close();
    expect({ status: response.status, retry: response.headers.get('retry-after'), body: await response.json() }).toMatchObject({
      status: 503,
      retry: '1',
      body: { error: 'temporarily_unavailable' },
    });
  });
});
