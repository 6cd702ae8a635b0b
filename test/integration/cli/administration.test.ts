import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { digest } from '../../../src/services/client-authentication.ts';
import { ISSUER } from '../../support/server.ts';
import { MARKETPLACE, NOW, openBench, PASSWORD, type Bench } from './harness.ts';
import { listAuditEvents } from '../../support/audit.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench([MARKETPLACE]);
});
afterEach(() => bench.close());

const hashOf = async (id: string): Promise<string | undefined> => (await bench.app.store.signIn.findCredentialOf(id))?.passwordHash;
const eventsOf = async (type: string) => listAuditEvents(bench.app.store, { limit: 100, type });

describe('rolemint user', () => {
  it('lists users in pages', async () => {
    const first = (await bench.run(['user', 'list', '--limit', '3', '--json'])).json() as { users: { id: string }[]; next: string };
    expect(first.users.map(({ id }) => id)).toEqual(['alice', 'ben', 'casper']);
    expect(first.next).toBe('casper');
    const second = (await bench.run(['user', 'list', '--limit', '1000', '--after', 'casper', '--json'])).json() as {
      users: { id: string }[];
      next: null;
    };
    expect(second.users.map(({ id }) => id)).toEqual(['greta', 'integration', 'olga', 'sven']);
    expect(second.next).toBeNull();
  });

  it('shows a user by id or name, and what reaches it; never the hash', async () => {
    const { out, json } = await bench.run(['user', 'show', 'ALICE', '--json']);
    expect(json()).toMatchObject({ id: 'alice', organization: 'tidewater', active: true, has_password: true });
    expect(out).not.toContain('argon2');
    expect(await bench.run(['user', 'show', 'nobody'])).toMatchObject({ code: 2, out: '', err: 'rolemint: There is no user "nobody".\n' });
  });

  it('creates a user whose password came through standard input', async () => {
    const { code, out, err } = await bench.run(
      ['user', 'create', 'carol', '--organization', 'tidewater', '--group', 'tidewater-approvers', '--password-stdin'],
      { stdin: 'quite-a-Good-one-7\n' },
    );
    expect({ code, out, err }).toEqual({ code: 0, out: 'Created carol in tidewater.\n', err: '' });
    expect(await bench.app.hasher.verify((await hashOf('carol'))!, 'quite-a-Good-one-7')).toBe(true);
    expect((await eventsOf('user_created'))[0]).toMatchObject({ actor: { kind: 'operator', id: 'ops' }, target: { kind: 'user', id: 'carol' } });
    expect(JSON.stringify(await listAuditEvents(bench.app.store, { limit: 1000 }))).not.toContain('quite-a-Good-one-7');
  });

  it('holds new passwords to the policy that the new user inherits, and then creates nobody', async () => {
    const { code, out, err } = await bench.run(['user', 'create', 'carol', '--organization', 'tidewater', '--password-stdin'], {
      stdin: 'too-short',
    });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe('rolemint: The password must have at least 12 characters.\n');
    expect(await bench.app.store.access.findUser('carol')).toBeUndefined();
    expect((await eventsOf('user_created')).filter(({ target }) => target.id === 'carol')).toEqual([]);
  });

  it('does not let one of the last passwords come back where a policy says so', async () => {
    const profile = 'security_profiles: [{id: remembering, name: Remembering, password_policy: {history: 2}}]';
    await bench.write('history.yaml', `rolemint: 1\n${profile}\nassignments: [{security_profile: remembering, user: alice}]\n`);
    await bench.run(['apply', 'history.yaml']);
    const set = (password: string) => bench.run(['user', 'password', 'alice', '--password-stdin'], { stdin: password });
    const first = 'Correct-Horse-7-Battery';
    expect(await set(first)).toMatchObject({ code: 1, err: 'rolemint: The password must not be one of the last 2.\n' });
    expect(await set('a-Second-one-1234')).toMatchObject({ code: 0 });
    expect(await set(first)).toMatchObject({ code: 1, err: 'rolemint: The password must not be one of the last 2.\n' });
    expect(await set('a-Third-one-12345')).toMatchObject({ code: 0 });
    expect(await set(first)).toMatchObject({ code: 0 });
  });

  it('gives an id of its own where the name is taken or cannot be one', async () => {
    const { json } = await bench.run(['user', 'create', 'Zoë at work', '--organization', 'fjord', '--json']);
    expect(json()['id']).toMatch(/^[0-9a-f]{8}-/);
    expect(await bench.run(['user', 'create', 'alice', '--id', 'alice-2', '--organization', 'fjord'])).toMatchObject({ code: 1, out: '' });
    expect(await bench.run(['user', 'create', 'zed', '--id', 'alice', '--organization', 'fjord'])).toMatchObject({
      code: 1,
      err: 'rolemint: There is a user with the id "alice" already.\n',
    });
  });

  it('sets a password, ends what was issued under the old one, and prints a generated one once', async () => {
    expect(await bench.run(['user', 'password', 'alice', '--password-stdin'], { stdin: 'another-Good-one-8' })).toMatchObject({
      code: 0,
      out: 'The password of alice is set.\n',
    });
    expect(await bench.app.hasher.verify((await hashOf('alice'))!, 'another-Good-one-8')).toBe(true);
    const trace = { jti: 'x', userId: 'alice', clientId: 'shop', issuedAt: new Date(NOW - 1000) };
    expect(await bench.app.store.revocations.isRevoked(trace)).toBe(true);
    const generated = (await bench.run(['user', 'password', 'alice', '--generate', '--json'])).json();
    expect(String(generated['password'])).toMatch(/^[\w-]{43}$/);
    expect(await bench.app.hasher.verify((await hashOf('alice'))!, String(generated['password']))).toBe(true);
  });

  it('wants one way to set a password, and a terminal to ask at', async () => {
    expect(await bench.run(['user', 'password', 'alice', '--generate', '--link'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('exclude each other'),
    });
    expect(await bench.run(['user', 'password', 'alice'])).toMatchObject({
      code: 1,
      err: 'rolemint: There is no terminal to ask at: use --password-stdin, --generate or --link.\n',
    });
    expect(await bench.run(['user', 'password', 'alice', '--password-stdin'], { stdin: 'one\ntwo\n' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('must have one line, not 2'),
    });
  });

  it('makes a link to set a password', async () => {
    const { json } = await bench.run(['user', 'password', 'alice', '--link', '--json']);
    expect(json()).toEqual({
      user: 'alice',
      one_time_link: expect.stringContaining(`${ISSUER}/sign-in/one-time?token=`),
      one_time_link_expires_at: '2026-11-23T12:00:00.000Z',
    });
  });

  it('disables for good and enables again, once each', async () => {
    expect((await bench.run(['user', 'disable', 'alice'])).out).toBe('alice is disabled.\n');
    expect((await bench.run(['user', 'disable', 'alice'])).out).toBe('alice was already disabled.\n');
    expect((await bench.app.store.access.findUser('alice'))?.active).toBe(false);
    expect(await bench.app.store.revocations.isRevoked({ jti: 'x', userId: 'alice', clientId: 'shop', issuedAt: new Date(NOW) })).toBe(true);
    expect((await bench.run(['user', 'enable', 'alice', '--json'])).json()).toEqual({ user: 'alice', active: true, changed: true });
    expect(await eventsOf('user_disabled')).toHaveLength(1);
    expect(await eventsOf('user_enabled')).toHaveLength(1);
  });

  it('ends a lock-out', async () => {
    const limit = { allowed: 1, lockSeconds: 600 };
    await bench.app.store.signIn.beginAttempt('user:alice', limit, new Date(NOW));
    expect(await bench.app.store.signIn.beginAttempt('user:alice', limit, new Date(NOW))).toMatchObject({ counted: false });
    expect(await bench.run(['user', 'unlock', 'alice'])).toMatchObject({ code: 0, out: 'alice can sign in again.\n' });
    expect(await bench.app.store.signIn.beginAttempt('user:alice', limit, new Date(NOW))).toMatchObject({ counted: true });
    expect(await eventsOf('user_unlocked')).toHaveLength(1);
  });

  it('revokes everything that was issued', async () => {
    expect(await bench.run(['user', 'revoke-tokens', 'Alice'])).toMatchObject({ code: 0 });
    expect(await bench.app.store.revocations.isRevoked({ jti: 'x', userId: 'alice', clientId: 'shop', issuedAt: new Date(NOW) })).toBe(true);
    expect(await bench.run(['user', 'revoke-tokens', 'nobody'])).toMatchObject({ code: 2 });
  });
});

describe('rolemint client', () => {
  it('creates a client and prints its secret once; only the SHA-256 is kept', async () => {
    const made = (
      await bench.run(['client', 'create', 'nightly', '--grant-type', 'client_credentials', '--context-user', 'integration', '--json'])
    ).json();
    const secret = String(made['client_secret']);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const record = await bench.app.store.findClient('nightly', new Date(NOW));
    expect(record).toMatchObject({
      client: { contextUser: 'integration', grantTypes: ['client_credentials'] },
      secrets: [{ algorithm: 'sha256', hash: digest(secret) }],
    });
    const shown = await bench.run(['client', 'show', 'nightly', '--json']);
    expect(shown.out).not.toContain(secret);
    expect(shown.out).not.toContain(digest(secret));
    expect(JSON.stringify(await listAuditEvents(bench.app.store, { limit: 1000 }))).not.toContain(secret);
  });

  it('makes no secret for a public client', async () => {
    const { json } = await bench.run(['client', 'create', 'app', '--auth', 'none', '--grant-type', 'password', '--json']);
    expect(json()).not.toHaveProperty('client_secret');
    expect(await bench.run(['client', 'secret', 'add', 'app'])).toMatchObject({
      code: 1,
      err: 'rolemint: The client "app" authenticates by none: a secret would do nothing.\n',
    });
  });

  it.each([
    [['client', 'create', 'shop', '--grant-type', 'password'], 1, 'There is a client "shop" already.'],
    [['client', 'create', 'x', '--grant-type', 'implicit'], 1, 'There is no grant type "implicit".'],
    [['client', 'create', 'x'], 1, "required option '--grant-type <type>' not specified"],
    [['client', 'create', 'x', '--grant-type', 'client_credentials', '--auth', 'private_key_jwt'], 1, 'go together'],
    [['client', 'show', 'nothing'], 2, 'There is no client "nothing".'],
    [['client', 'disable', 'nothing'], 2, 'There is no client "nothing".'],
    [['client', 'secret', 'expire', 'backoffice', 'nothing'], 2, ''],
  ])('%j ends with %d: %s', async (argv, code, sentence) => {
    const result = await bench.run(argv);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(sentence);
  });

  it('adds a secret beside the old ones, which end after the grace', async () => {
    const added = (await bench.run(['client', 'secret', 'add', 'backoffice', '--expires-in', '30d', '--grace', '24h', '--json'])).json();
    expect(added['expires_at']).toBe('2026-12-22T12:00:00.000Z');
    const { secrets } = (await bench.run(['client', 'secret', 'list', 'backoffice', '--json'])).json() as {
      secrets: { id: string; expires_at: string; expired: boolean }[];
    };
    expect(secrets.map(({ expires_at }) => expires_at).sort()).toEqual(['2026-11-23T12:00:00.000Z', '2026-12-22T12:00:00.000Z']);
    const verify = async (secret: string) => {
      await bench.app.services.access.refresh(0);
      return bench.app.services.authentication.verifySecret((await bench.app.services.access.client('backoffice'))!, secret);
    };
    expect(await verify(String(added['client_secret']))).toBe(true);
    expect(await verify('demo-backoffice-secret')).toBe(true);
    bench.time.now = Date.parse('2026-11-23T12:00:01Z');
    expect(await verify('demo-backoffice-secret')).toBe(false);
    expect(await verify(String(added['client_secret']))).toBe(true);
  });

  it('ends a secret, and warns when none is left', async () => {
    const { secrets } = (await bench.run(['client', 'secret', 'list', 'backoffice', '--json'])).json() as { secrets: { id: string }[] };
    const ended = await bench.run(['client', 'secret', 'expire', 'backoffice', secrets[0]!.id]);
    expect(ended).toMatchObject({ code: 0, err: 'backoffice has no other secret: then it gets no token.\n' });
    expect((await bench.app.store.findClient('backoffice', new Date(NOW + 1)))?.secrets).toEqual([]);
  });

  it('disables a client and revokes what was issued through it', async () => {
    expect((await bench.run(['client', 'disable', 'shop'])).out).toBe('shop is disabled.\n');
    expect(await bench.app.store.revocations.isRevoked({ jti: 'x', userId: 'alice', clientId: 'shop', issuedAt: new Date(NOW) })).toBe(true);
    expect((await bench.run(['client', 'enable', 'shop'])).out).toBe('shop is enabled.\n');
    expect((await bench.run(['client', 'revoke-tokens', 'backoffice', '--json'])).json()).toEqual({ client_id: 'backoffice' });
  });
});

describe('rolemint keys', () => {
  it('lists, rotates and retires, each change an audit event', async () => {
    expect((await bench.run(['keys', 'list'])).out).toContain('There are no signing keys yet');
    await bench.app.services.keys.ensure('ES256', { actor: { kind: 'system', id: 'test' } });
    const before = (await bench.run(['keys', 'list', '--json'])).json() as { keys: { kid: string; status: string }[] };
    expect(before.keys.map(({ status }) => status)).toEqual(['current', 'next']);
    const rotation = (await bench.run(['keys', 'rotate', '--json'])).json();
    expect(rotation).toMatchObject({ outcome: 'scheduled', alg: 'ES256', predecessor: before.keys[0]!.kid, successor: before.keys[1]!.kid });
    expect(await bench.run(['keys', 'retire', before.keys[0]!.kid])).toMatchObject({ code: 0 });
    expect((await eventsOf('signing_key_retired'))[0]).toMatchObject({ actor: { kind: 'operator', id: 'ops' } });
    expect(await bench.run(['keys', 'retire', 'nothing'])).toMatchObject({ code: 2, err: 'rolemint: There is no signing key with this id.\n' });
    const all = (await bench.run(['keys', 'list', '--json'])).out;
    expect(all).not.toMatch(/"d"|private/);
  });
});

describe('what commands print', () => {
  it('never contains a password, a secret or a hash', async () => {
    const outputs: string[] = [];
    const commands = [
      ['user', 'list'],
      ['user', 'show', 'alice'],
      ['client', 'list'],
      ['client', 'show', 'backoffice'],
      ['client', 'secret', 'list', 'backoffice'],
      ['export'],
      ['why', 'alice', 'Shopper'],
      ['preview', 'alice', '--client', 'shop'],
      ['plan', MARKETPLACE, '--insecure-plaintext'],
    ];
    for (const argv of commands) {
      for (const more of [[], ['--json']]) {
        const { out, err } = await bench.run([...argv, ...more]);
        outputs.push(out, err);
      }
    }
    const all = outputs.join('\n');
    for (const secret of [PASSWORD, 'demo-backoffice-secret', 'demo-orders-api-secret', '$argon2id$', (await hashOf('alice'))!])
      expect(all).not.toContain(secret);
  });

  it('--json is JSON and nothing else, for every command that answers', async () => {
    const commands = [
      ['user', 'list'],
      ['user', 'show', 'alice'],
      ['user', 'unlock', 'alice'],
      ['client', 'list'],
      ['client', 'show', 'shop'],
      ['keys', 'list'],
      ['export'],
      ['migrate'],
      ['why', 'alice', 'Shopper'],
      ['preview', 'alice', '--client', 'shop'],
    ];
    for (const argv of commands) {
      const { out, err } = await bench.run([...argv, '--json'], { tty: true });
      expect(() => JSON.parse(out) as unknown).not.toThrow();
      expect(out).not.toContain('\u001B');
      expect(err).toBe('');
    }
  });
});
