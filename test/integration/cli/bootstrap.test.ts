import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BUILT_IN_ROLES } from '../../../src/domain/role.ts';
import { sendForm } from '../../support/page-form.ts';
import { ISSUER, startServer, type TestServer } from '../../support/server.ts';
import { basic, claimsOf, post } from '../../support/token-client.ts';
import { MARKETPLACE, openBench, type Bench } from './harness.ts';
import { listAuditEvents } from '../../support/audit.ts';

describe('rolemint bootstrap', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  it('makes an administrator and a client, and prints what is shown once', async () => {
    const { code, err, json } = await bench.run(['bootstrap', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json()).toEqual({
      username: 'admin',
      organization: 'rolemint',
      one_time_link: expect.stringMatching(new RegExp(`^${ISSUER}/sign-in/one-time\\?token=[\\w-]{43}$`)),
      one_time_link_expires_at: '2026-11-23T12:00:00.000Z',
      client_id: 'rolemint-admin',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
    });
    const roles = (
      await bench.run(['preview', 'admin', '--client', 'rolemint-admin', '--scope', BUILT_IN_ROLES.map(({ name }) => name).join(' '), '--json'])
    ).json();
    expect(roles['roles']).toHaveLength(BUILT_IN_ROLES.length);
    const asClient = (await bench.run(['preview', '--client', 'rolemint-admin', '--scope', 'FullAccess', '--json'])).json();
    expect(asClient['scope']).toBe('FullAccess');
    const events = JSON.stringify(await listAuditEvents(bench.app.store, { limit: 100 }));
    expect(events).not.toContain(String(json()['client_secret']));
    expect(events).not.toContain(String(json()['one_time_link']).split('token=')[1]);
  });

  it('refuses a second time with exit code 1, and changes nothing', async () => {
    await bench.run(['bootstrap']);
    const before = await listAuditEvents(bench.app.store, { limit: 1000 });
    const again = await bench.run(['bootstrap', '--username', 'other', '--json']);
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('There is an administrator already: admin.') });
    expect(await listAuditEvents(bench.app.store, { limit: 1000 })).toHaveLength(before.length);
    expect(await bench.app.store.access.findUser('other')).toBeUndefined();
  });

  it('of two at the same time makes one administrator', async () => {
    const codes = (await Promise.all([bench.run(['bootstrap']), bench.run(['bootstrap', '--username', 'other', '--client', 'other-client'])])).map(
      ({ code }) => code,
    );
    expect(codes.sort((a, b) => a - b)).toEqual([0, 1]);
  });

  it('belongs to the root of what a workspace file made, whoever else holds FullAccess there', async () => {
    await bench.run(['apply', MARKETPLACE, '--insecure-plaintext']);
    const { code, json } = await bench.run(['bootstrap', '--json']);
    expect({ code, organization: json()['organization'] }).toEqual({ code: 0, organization: 'fjord' });
    expect((await bench.app.store.access.findUser('admin'))?.organization?.path).toEqual(['fjord']);
    expect((await bench.app.store.access.findClient('rolemint-admin'))?.organization?.id).toBe('fjord');
  });

  describe('beside several roots', () => {
    beforeEach(async () => {
      const roots = 'organization_types: [{name: t}]\norganizations: [{id: one, name: one, type: t}, {id: two, name: two, type: t}]\n';
      await bench.write('w.yaml', `rolemint: 1\n${roots}`);
      await bench.run(['apply', 'w.yaml']);
    });

    it('belongs where it is told to', async () => {
      const absent = await bench.run(['bootstrap', '--organization', 'three']);
      expect(absent).toMatchObject({ code: 2, out: '', err: expect.stringContaining('There is no organization "three".') });
      expect((await bench.run(['bootstrap', '--organization', 'two', '--json'])).json()['organization']).toBe('two');
    });

    it('belongs to an organization of its own', async () => {
      expect((await bench.run(['bootstrap', '--json'])).json()['organization']).toBe('rolemint');
    });
  });

  it('does not take an existing user over', async () => {
    await bench.write(
      'w.yaml',
      'rolemint: 1\norganization_types: [{name: t}]\norganizations: [{id: o, name: o, type: t}]\nusers: [{id: admin, username: admin, organization: o}]\n',
    );
    await bench.run(['apply', 'w.yaml']);
    expect(await bench.run(['bootstrap'])).toMatchObject({ code: 1, err: expect.stringContaining('Choose another name with --username.') });
    expect(await bench.run(['bootstrap', '--username', 'root'])).toMatchObject({ code: 0 });
  });
});

describe('a one-time link', () => {
  const NEW = 'a-brand-New-password-1';
  let server: TestServer;
  let link: URL;
  let clientSecret: string;
  beforeEach(async () => {
    server = await startServer();
    const made = await server.app.services.bootstrap.run(
      { username: 'admin', clientId: 'rolemint-admin' },
      { actor: { kind: 'operator', id: 'test' } },
    );
    link = new URL(made.oneTimeLink.replace(ISSUER, server.url));
    clientSecret = made.clientSecret;
  });
  afterEach(() => server.close());

  const token = () => link.searchParams.get('token')!;
  const send = (form: Record<string, string>) =>
    sendForm(`${server.url}/sign-in/one-time`, { token: token(), password: NEW, repeated: NEW, ...form });
  const signIn = (password: string) =>
    post(
      `${server.url}/oauth/token`,
      { grant_type: 'password', username: 'admin', password, scope: 'FullAccess' },
      basic('rolemint-admin', clientSecret),
    );

  it('opens a form that runs no script, is in no frame, in no cache, and sends only to us', async () => {
    const page = await fetch(link);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    );
    expect(text).toContain('<html lang="en">');
    expect(text).toContain('<label for="password">');
    expect(text).not.toContain('<script');
  });

  it('sets the password once; opening the page uses nothing up', async () => {
    await fetch(link);
    await fetch(link);
    const done = await send({});
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining('The password of admin is set.') });
    expect(done.text).not.toContain(NEW);
    const issued = await signIn(NEW);
    expect(issued.status).toBe(200);
    expect(claimsOf(issued.body['access_token'])['roles']).toEqual(['FullAccess']);
    expect(await send({ password: 'yet-another-Password-2', repeated: 'yet-another-Password-2' })).toMatchObject({ status: 404 });
    expect((await fetch(link)).status).toBe(404);
    expect((await signIn(NEW)).status).toBe(200);
    expect((await listAuditEvents(server.app.store, { limit: 1, type: 'user_password_changed' }))[0]).toMatchObject({
      actor: { kind: 'user', id: 'admin' },
    });
  });

  it('works for exactly one of many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => send({ password: `${NEW}-${index}`, repeated: `${NEW}-${index}` })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 404, 404, 404, 404, 404]);
  });

  it('stays good when the password does not satisfy the policy, and says what is wanted', async () => {
    expect(await send({ password: 'short', repeated: 'short' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('The password must have at least 8 characters.'),
    });
    expect(await send({ repeated: 'something else' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('The two passwords are not the same.'),
    });
    expect((await send({})).status).toBe(200);
  });

  it('ends after a day, and when a newer one is made', async () => {
    const newer = await server.app.services.links.create('admin', { actor: { kind: 'operator', id: 'test' } });
    expect((await fetch(link)).status).toBe(404);
    expect(await server.app.services.links.holderOf(newer.url.split('token=')[1]!)).toMatchObject({ id: 'admin' });
  });

  it.each([
    ['', 404],
    ['x', 404],
    ['YWRtaW4.x', 404],
    [`YWRtaW4.${'A'.repeat(43)}`, 404],
    [`bm9ib2R5.${'A'.repeat(43)}`, 404],
    ['<script>alert(1)</script>', 404],
  ])('the token %j is answered with %d and without an echo', async (wrong, status) => {
    const page = await fetch(`${server.url}/sign-in/one-time?token=${encodeURIComponent(wrong)}`);
    expect(page.status).toBe(status);
    expect(await page.text()).not.toContain('<script');
    expect((await send({ token: wrong })).status).toBe(status);
  });

  it('takes nothing but its form', async () => {
    const json = await fetch(`${server.url}/sign-in/one-time`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect(json.status).toBe(400);
    expect((await fetch(link, { method: 'PUT' })).status).toBe(405);
    const large = await send({ password: 'x'.repeat(20_000), repeated: 'x' });
    expect(large.status).toBe(400);
    expect((await fetch(link)).status).toBe(200);
  });

  it('leaves neither token nor password in the log', async () => {
    await send({});
    expect(server.log.text()).not.toContain(token());
    expect(server.log.text()).not.toContain(NEW);
  });
});
