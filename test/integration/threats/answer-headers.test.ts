import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { assignment, client, organization, secretOf, to, user } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { sendForm } from '../../support/page-form.ts';
import { basic } from '../../support/token-client.ts';

const MARKUP = '<img src=x onerror=alert(1)>';

let server: TestServer;
let root: ApiClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-headers-'));
  server = await startServer({ env: { ROLEMINT_OUTBOX_DIR: folder, ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
  await openAdministered(server.app, async (tx) => {
    await tx.organizations.put([organization('odd', 'buyer', { parent: 'S', name: MARKUP })]);
    await tx.users.put([user('odd', 'odd', { username: `${MARKUP}'"&`, email: 'odd@example.com' })]);
    await tx.clients.put([client('odd-client', { clientName: MARKUP, organization: 'odd' })]);
    await tx.assignments.put([assignment('a', to.user('odd'), { reason: MARKUP })]);
  });
  root = await signedIn(server, 'root');
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** Verifiers and readers may keep it for so many seconds; 0: nobody keeps it. */
  readonly kept: number;
  readonly status: number;
}

const AS_SVC = basic('svc', secretOf('svc'));
const asRoot = () => ({ authorization: `Bearer ${root.token}` });

const ANSWERS: readonly (readonly [string, string, () => Asked])[] = [
  ['a token', '/oauth/token', () => ({ form: { grant_type: 'client_credentials' }, headers: AS_SVC, kept: 0, status: 200 })],
  ['a refused token', '/oauth/token', () => ({ form: { grant_type: 'password', client_id: 'svc' }, kept: 0, status: 401 })],
  ['an introspection', '/oauth/introspect', () => ({ form: { token: 'x' }, headers: AS_SVC, kept: 0, status: 200 })],
  ['a refused introspection', '/oauth/introspect', () => ({ form: { token: 'x' }, kept: 0, status: 400 })],
  ['a revocation', '/oauth/revoke', () => ({ form: { token: 'x' }, headers: AS_SVC, kept: 0, status: 200 })],
  ['a refused revocation', '/oauth/revoke', () => ({ form: { token: 'x', client_id: 'svc' }, kept: 0, status: 401 })],
  ['the keys', '/.well-known/jwks.json', () => ({ kept: 300, status: 200 })],
  ['the discovery document', '/.well-known/openid-configuration', () => ({ kept: 300, status: 200 })],
  ['the metadata of the server', '/.well-known/oauth-authorization-server', () => ({ kept: 300, status: 200 })],
  ['who asks', '/api/v1/me', () => ({ headers: asRoot(), kept: 0, status: 200 })],
  ['a list', '/api/v1/users', () => ({ headers: asRoot(), kept: 0, status: 200 })],
  ['an export of the audit trail', '/api/v1/audit-events/export', () => ({ headers: asRoot(), kept: 0, status: 200 })],
  ['no token', '/api/v1/users', () => ({ kept: 0, status: 401 })],
  ['a bad request', '/api/v1/users?limit=0', () => ({ headers: asRoot(), kept: 0, status: 400 })],
  ['nothing there', '/api/v1/users/nobody', () => ({ headers: asRoot(), kept: 0, status: 404 })],
  ['another method', '/api/v1/users', () => ({ method: 'PUT', headers: asRoot(), kept: 0, status: 405 })],
  ['no path of the API', '/api/v1/nothing', () => ({ kept: 0, status: 404 })],
  ['the OpenAPI document', '/api/openapi.json', () => ({ kept: 300, status: 200 })],
  ['the page of the API', '/api/docs', () => ({ kept: 300, status: 200 })],
  ['the page for a forgotten password', '/sign-in/forgot', () => ({ kept: 0, status: 200 })],
  ['a form that was not given out', '/sign-in/forgot', () => ({ form: { name: 'nobody' }, kept: 0, status: 403 })],
  ['a link that is not good', '/sign-in/one-time?token=x', () => ({ kept: 0, status: 404 })],
  ['an invitation that is not good', '/sign-in/invitation?token=x', () => ({ kept: 0, status: 404 })],
  ['health', '/healthz', () => ({ kept: 0, status: 200 })],
  ['readiness', '/readyz', () => ({ kept: 0, status: 200 })],
  ['a path that nobody serves', '/nothing', () => ({ kept: 0, status: 404 })],
];

async function ask(address: string, { method, headers = {}, form }: Asked): Promise<Response> {
  return fetch(server.url + address, {
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    headers,
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  });
}

function expectSafe(headers: Headers, kept: number): void {
  expect(headers.get('cache-control')).toMatch(kept === 0 ? /^no-store/ : /^public, max-age=\d+$/);
  expect(Number(/max-age=(\d+)/.exec(headers.get('cache-control')!)?.[1] ?? 0)).toBeLessThanOrEqual(kept);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  const policy = headers.get('content-security-policy')!;
  expect(policy).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
  expect(policy).not.toMatch(/unsafe|\*|script-src|https?:/);
  expect(headers.get('x-request-id')).toMatch(/^[\w-]{3,64}$/);
  for (const name of ['x-powered-by', 'server']) expect(headers.get(name)).toBeNull();
}

describe('T-55 the headers of every answer', () => {
  test.each(ANSWERS)('%s: %s', async (_name, address, asked) => {
    const given = asked();
    const { status, headers } = await ask(address, given);
    expect(status).toBe(given.status);
    expectSafe(headers, given.kept);
    // What ties a form to the browser, and nothing else.
    const cookie = address.startsWith('/sign-in/') ? /^__Host-rolemint-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/ : /^$/;
    expect(headers.getSetCookie().join('\n')).toMatch(cookie);
  });

  test('a form that is taken', async () => {
    const { status, headers } = await sendForm(`${server.url}/sign-in/forgot`, { name: 'nobody' });
    expect(status).toBe(200);
    expectSafe(headers, 0);
    expect(headers.getSetCookie()).toEqual([]);
  });

  it('speak of TLS only where the issuer does', async () => {
    const plain = await startServer({ env: { ROLEMINT_ISSUER: 'http://localhost:3000' } });
    try {
      expect((await fetch(`${plain.url}/healthz`)).headers.get('strict-transport-security')).toBeNull();
    } finally {
      await plain.close();
    }
  });
});

describe('T-76 names with markup in them', () => {
  it('are text on the page of an invitation, also when they are sent back', async () => {
    const { invitations } = server.app.services;
    const wanted = { email: 'new@example.com', organization: 'odd', username: undefined, userGroups: [], securityProfiles: [] };
    const issued = await server.app.store.transaction((tx) => invitations.createIn(tx, wanted, { actor: { kind: 'operator', id: 'test' } }));
    const token = /\?token=(\S+)/.exec(issued.mail.text)![1]!;
    const opened = await (await fetch(`${server.url}/sign-in/invitation?token=${token}`)).text();
    const form = { token, username: `${MARKUP}"'`, password: 'x', repeated: 'x' };
    const { status, text } = await sendForm(`${server.url}/sign-in/invitation`, form);
    expect(status).toBe(400);
    for (const page of [opened, text]) {
      expect(page).toMatch(/&(?:#60|lt);img src=x/);
      expect(page).not.toContain('<img');
      expect(page).not.toContain('<script');
    }
  });

  it('are text on the page of a link to set a password', async () => {
    const { url } = await server.app.services.links.create('odd', { actor: { kind: 'operator', id: 'test' } });
    const address = new URL(url);
    const page = await (await fetch(server.url + address.pathname + address.search)).text();
    expect(page).toMatch(/&(?:#60|lt);img src=x/);
    expect(page).not.toContain('<img');
  });

  it('are JSON that nobody shows as a page, in every list and in every refusal', async () => {
    for (const address of [
      '/users',
      '/organizations',
      '/clients',
      '/assignments',
      '/explain?user=odd&role=A',
      `/users/${encodeURIComponent(MARKUP)}`,
    ]) {
      const answer = await root.get(address);
      expect(answer.headers.get('content-type')).toMatch(/^application\/(?:problem\+)?json/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await root.get('/users/odd')).body.username).toBe(`${MARKUP}'"&`);
  });
});
