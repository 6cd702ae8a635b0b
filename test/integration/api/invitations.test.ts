import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoreTransaction } from '../../../src/domain/ports.ts';
import { asClient, openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { recordedAuditEvents } from '../../support/audit.ts';
import { assignment, client, PASSWORD, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { openOutbox, tokenIn, type Outbox } from '../../support/outbox.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { sendForm } from '../../support/page-form.ts';
import { turnableClock } from '../threats/endpoint.ts';

const DAY = 86_400_000;
const CHOSEN = 'Another-Fine-Password-9';

let server: TestServer;
let outbox: Outbox;
let deleg: ApiClient;
let root: ApiClient;
let b1admin: ApiClient;
let b2admin: ApiClient;
const clock = turnableClock();

beforeAll(async () => {
  outbox = await openOutbox();
  server = await startServer({
    clock,
    env: { ROLEMINT_OUTBOX_DIR: outbox.folder, ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' },
  });
  const passwordHash = await server.app.hasher.hash(PASSWORD);
  await openAdministered(server.app, async (tx) => {
    await tx.organizationTypes.put([{ name: 'guarded', parents: ['seller'], barredRoles: [], barredResources: ['users'] }]);
    await tx.organizations.put([{ id: 'G', name: 'G', type: 'guarded', parent: 'S', active: true, path: [] }]);
    await tx.users.put([user('hirer', 'S'), user('guarded', 'G'), user('written', 'B1', { email: 'written@example.com' }), user('mute', 'B1')]);
    for (const id of ['hirer', 'guarded']) await tx.setPassword(id, passwordHash, new Date(clock.now()));
    await tx.securityProfiles.put([profile('hiring', ['UserAdmin', 'A'])]);
    await tx.assignments.put([assignment('hiring', to.user('hirer')), assignment('full', to.user('guarded'))]);
  });
  await signEverybodyIn();
});
afterAll(async () => {
  await server.close();
  await outbox.remove();
});

async function signEverybodyIn(): Promise<void> {
  const [first, second, third, fourth] = await Promise.all(['deleg', 'root', 'b1admin', 'b2admin'].map((name) => signedIn(server, name)));
  [deleg, root, b1admin, b2admin] = [first!, second!, third!, fourth!];
}

const wanted = (given: Record<string, unknown> = {}) => ({ email: 'new@example.com', organization: 'B1', ...given });
const accept = (token: string, username: string) =>
  sendForm(`${server.url}/sign-in/invitation`, { token, username, password: CHOSEN, repeated: CHOSEN });
const invitationsOf = async (email: string): Promise<unknown[]> =>
  (await root.get(`/invitations?email=${encodeURIComponent(email)}`)).body.items as unknown[];
const auditOf = async (id: string) => (await recordedAuditEvents(server.app.store, { limit: 1000 })).filter(({ target }) => target.id === id);

/** Nothing was kept and nothing was sent. */
async function expectNothing(email = 'new@example.com'): Promise<void> {
  expect(await invitationsOf(email)).toEqual([]);
  expect(await outbox.count()).toBe(0);
}

function expectAbove({ status, body }: ApiAnswer, roles: readonly string[]): void {
  expect(body).toMatchObject({ code: 'above_ceiling', roles });
  expect(status).toBe(403);
}

describe('inviting', () => {
  it('sends a link with which somebody becomes what was named, and nothing of the link is answered', async () => {
    const asked = wanted({
      email: 'ida@example.com',
      security_profiles: ['a', 'shopping'],
      valid_until: new Date(clock.now() + 90 * DAY).toISOString(),
    });
    const made = await deleg.post('/invitations', asked);
    expect(made.status).toBe(201);
    const { id } = made.body;
    expect(made.body).toEqual({
      id: expect.any(String),
      status: 'pending',
      email: 'ida@example.com',
      organization: 'B1',
      user_groups: [],
      security_profiles: ['a', 'shopping'],
      valid_until: asked['valid_until' as never],
      invited_by: { kind: 'user', id: 'deleg' },
      created_at: new Date(clock.now()).toISOString(),
      expires_at: new Date(clock.now() + 7 * DAY).toISOString(),
    });
    expect(made.headers.get('location')).toBe(`/api/v1/invitations/${id}`);
    const read = await deleg.get(`/invitations/${id}`);
    expect([read.body, read.headers.get('etag')]).toEqual([made.body, made.headers.get('etag')]);
    const [mail] = await outbox.take(1);
    expect(made.text).not.toContain(tokenIn(mail!));
    expect(server.log.text()).not.toContain(tokenIn(mail!));
    expect(await auditOf(id)).toMatchObject([{ type: 'invitation_created', actor: { kind: 'user', id: 'deleg' }, organization: 'B1' }]);
    expect((await root.get(`/users/${id}`)).status).toBe(404);
    expect((await accept(tokenIn(mail!), 'ida')).status).toBe(200);
    const accepted = (await deleg.get(`/invitations/${id}`)).body;
    expect(accepted).toMatchObject({ status: 'accepted', accepted_as: expect.any(String), accepted_at: new Date(clock.now()).toISOString() });
    const roles = (await deleg.get(`/users/${accepted.accepted_as}/effective-roles`)).body.roles.map(({ role }: { role: string }) => role);
    expect(roles).toEqual(['A', 'OrderReader', 'Shopper']);
  });

  it('takes no more than the inviter could hand out, on what would come of it', async () => {
    expectAbove(await deleg.post('/invitations', wanted({ security_profiles: ['ab'] })), ['B']);
    expectAbove(await deleg.post('/invitations', wanted({ user_groups: ['ops'] })), ['OrderAdmin']);
    expectAbove(await deleg.post('/invitations?dry_run=true', wanted({ security_profiles: ['ab'] })), ['B']);
    await expectNothing();
  });

  it('to FullAccess takes a word, unless it is for a short time', async () => {
    const asked = wanted({ email: 'chief@example.com', organization: 'S', security_profiles: ['full'] });
    expect((await root.post('/invitations', asked)).body).toMatchObject({ code: 'invalid_input', pointer: '/confirm' });
    await expectNothing('chief@example.com');
    const made = await root.post('/invitations', { ...asked, confirm: 'full_access' });
    expect(made.status).toBe(201);
    expect((await root.post(`/invitations/${made.body.id}/resend`, {})).body).toMatchObject({ pointer: '/confirm' });
    expect((await root.post(`/invitations/${made.body.id}/resend`, { confirm: 'full_access' })).status).toBe(200);
    expectAbove(await deleg.post(`/invitations/${made.body.id}/resend`, { confirm: 'full_access' }), ['FullAccess']);
    await outbox.take(2);
    const soon = new Date(clock.now() + 3_600_000).toISOString();
    expect((await root.post('/invitations', { ...asked, valid_until: soon })).status).toBe(201);
    await outbox.take(1);
  });

  it('tells in a dry run what would come of it', async () => {
    const { status, body } = await deleg.post('/invitations?dry_run=true', wanted({ security_profiles: ['a'] }));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dry_run: true,
      object: { status: 'pending', email: 'new@example.com' },
      changes: [
        { section: 'users', action: 'create' },
        { section: 'assignments', action: 'create' },
      ],
      subjects: { total: 1, cut: false, first: [{ kind: 'user', organization: 'B1', gained: ['A', 'OrderReader', 'Shopper'], lost: [] }] },
      roles_nobody_would_hold: [],
    });
    await expectNothing();
    expect(await auditOf(body.object.id)).toEqual([]);
  });

  it('knows nothing of what lies outside: it is answered like what does not exist', async () => {
    for (const [field, foreign, absent] of [
      ['organization', 'B2', 'B9'],
      ['organization', 'S', 'T'],
      ['user_groups', ['b2ops'], ['b9ops']],
      ['user_groups', ['sellers'], ['buyers9']],
      ['security_profiles', ['b2-own'], ['b9-own']],
    ] as const) {
      const [one, other] = [
        await b1admin.post('/invitations', wanted({ [field]: foreign })),
        await b1admin.post('/invitations', wanted({ [field]: absent })),
      ];
      expect([one.status, one.body.code, one.body.pointer]).toEqual([400, 'invalid_input', `/${field}`]);
      expect(one.body.title.replace(JSON.stringify([foreign].flat()[0]), '')).toBe(other.body.title.replace(JSON.stringify([absent].flat()[0]), ''));
    }
    await expectNothing();
  });

  it('refuses what is no invitation, all problems at once', async () => {
    const { status, body } = await deleg.post('/invitations', { organization: 'B1', roles: ['A'], password: 'x', valid_until: 'tomorrow' });
    expect(status).toBe(400);
    expect(body.problems.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(['/email', '/password', '/roles', '/valid_until']);
    for (const [given, pointer] of [
      [{ email: 'nobody' }, '/email'],
      [{ expires_at: new Date(clock.now() + 31 * DAY).toISOString() }, '/expires_at'],
      [{ valid_until: new Date(clock.now() - 1).toISOString() }, '/valid_until'],
    ] as const) {
      expect((await deleg.post('/invitations', wanted(given))).body).toMatchObject({ code: 'invalid_input', pointer });
    }
    expect((await deleg.post('/invitations', wanted({ username: 'b1u' }))).body).toMatchObject({ code: 'already_exists', pointer: '/username' });
    await expectNothing();
  });
});

describe('who may', () => {
  it('read with UserReader, write with UserAdmin, name profiles with SecurityProfileAdmin besides', async () => {
    const [reader, norole, hirer] = await Promise.all(['reader', 'norole', 'hirer'].map((name) => signedIn(server, name)));
    expect((await reader!.get('/invitations')).status).toBe(200);
    expect((await reader!.post('/invitations', wanted())).body).toMatchObject({
      code: 'insufficient_roles',
      sufficient_roles: ['UserAdmin', 'FullAccess'],
    });
    expect((await norole!.get('/invitations')).body).toMatchObject({
      code: 'insufficient_roles',
      sufficient_roles: ['UserReader', 'UserAdmin', 'FullAccess'],
    });
    expect((await hirer!.post('/invitations', wanted({ security_profiles: ['a'] }))).body).toMatchObject({
      code: 'insufficient_roles',
      sufficient_roles: ['SecurityProfileAdmin', 'FullAccess'],
    });
    await expectNothing();
    const plain = await hirer!.post('/invitations', wanted({ email: 'plain@example.com', organization: 'S' }));
    expect(plain.status).toBe(201);
    await outbox.take(1);
    expect((await (await asClient(server)).post('/invitations?dry_run=true', wanted({ organization: 'S' }))).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/invitations`, { method: 'POST' })).status).toBe(401);
  });

  it('is nobody whose type is barred from users, FullAccess or not', async () => {
    const guarded = await signedIn(server, 'guarded');
    const { status, body } = await guarded.post('/invitations', wanted({ organization: 'G' }));
    expect([status, body.code, body.title]).toEqual([
      403,
      'forbidden',
      'Nobody of an organization of the type guarded has access to users, whatever roles are held.',
    ]);
    await expectNothing();
  });
});

describe('an invitation', () => {
  it('of another organization is as if it were not there', async () => {
    const { id } = (await b1admin.post('/invitations', wanted({ email: 'own@example.com' }))).body;
    await outbox.take(1);
    for (const call of ['get', 'delete'] as const) {
      const [foreign, absent] = [await b2admin[call](`/invitations/${id}`), await b2admin[call]('/invitations/absent')];
      expect([foreign.status, foreign.body.title, foreign.body.code]).toEqual([404, absent.body.title, absent.body.code]);
    }
    const [foreign, absent] = [await b2admin.post(`/invitations/${id}/resend`), await b2admin.post('/invitations/absent/resend')];
    expect([foreign.status, foreign.body.title]).toEqual([404, absent.body.title]);
    expect((await b2admin.get('/invitations?total=true&organization=B1')).body).toEqual({ items: [], total: 0 });
    expect((await b2admin.get('/invitations?email=own@example.com&total=true')).body).toEqual({ items: [], total: 0 });
    expect(await outbox.count()).toBe(0);
    expect((await b1admin.get(`/invitations/${id}`)).body.status).toBe('pending');
  });

  it('can be sent again: the link before is dead, and it is the invitation of who sent it last', async () => {
    const { id } = (await root.post('/invitations', wanted({ email: 'again@example.com' }))).body;
    const [first] = await outbox.take(1);
    clock.advance(8 * DAY);
    await signEverybodyIn();
    expect((await deleg.get(`/invitations/${id}`)).body.status).toBe('expired');
    const dry = await b1admin.post(`/invitations/${id}/resend?dry_run=true`);
    expect(dry.body).toMatchObject({ dry_run: true, object: { status: 'pending', invited_by: { id: 'b1admin' } }, subjects: { total: 1 } });
    const sent = await deleg.post(`/invitations/${id}/resend`);
    expect(sent.status).toBe(200);
    expect(sent.body).toMatchObject({
      status: 'pending',
      invited_by: { kind: 'user', id: 'deleg' },
      expires_at: new Date(clock.now() + 7 * DAY).toISOString(),
    });
    const mails = await outbox.take(1);
    expect(mails).toHaveLength(1);
    expect((await accept(tokenIn(first!), 'again')).status).toBe(404);
    expect((await accept(tokenIn(mails[0]!), 'again')).status).toBe(200);
    expect((await deleg.post(`/invitations/${id}/resend`)).body).toMatchObject({
      code: 'invalid_input',
      title: 'The invitation was accepted already.',
    });
  });

  it('can be taken back; it is then read as revoked, and its link is dead', async () => {
    const made = await b1admin.post('/invitations', wanted({ email: 'back@example.com' }));
    const { id } = made.body;
    const [mail] = await outbox.take(1);
    expect((await b1admin.delete(`/invitations/${id}?dry_run=true`)).body).toEqual({ dry_run: true });
    expect((await b1admin.delete(`/invitations/${id}`, { 'if-match': '"other"' })).body).toMatchObject({ code: 'stale_version' });
    expect((await b1admin.get(`/invitations/${id}`)).body).toEqual(made.body);
    expect((await b1admin.delete(`/invitations/${id}`, { 'if-match': made.headers.get('etag')! })).status).toBe(204);
    expect((await b1admin.get(`/invitations/${id}`)).body).toMatchObject({ status: 'revoked', revoked_at: new Date(clock.now()).toISOString() });
    expect((await accept(tokenIn(mail!), 'back')).status).toBe(404);
    expect((await auditOf(id)).map(({ type }) => type)).toEqual(['invitation_revoked', 'invitation_created']);
  });

  it('is listed newest first, by organization and status, page by page', async () => {
    const all = (await root.get('/invitations?limit=100&total=true')).body;
    const created = (all.items as { created_at: string }[]).map((item) => Date.parse(item.created_at));
    expect(created).toEqual(created.toSorted((a, b) => b - a));
    expect(all.total).toBe(all.items.length);
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await root.get(`/invitations?limit=2${cursor}`);
      seen.push(...body.items);
      cursor = body.next_cursor === undefined ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(all.items);
    expect((await root.get('/invitations?status=revoked')).body.items).toMatchObject([{ email: 'back@example.com' }]);
    expect((await root.get('/invitations?status=unknown')).status).toBe(400);
  });
});

describe('accepting', () => {
  /** An invitation, then a change of who invited, then the link is followed: what the audit says of the refusal. */
  async function refusal(inviter: ApiClient, given: object, change: (tx: StoreTransaction) => Promise<unknown>): Promise<string> {
    const made = await inviter.post('/invitations', wanted({ email: 'late@example.com', organization: 'S', ...given }));
    expect({ status: made.status, text: made.text }).toMatchObject({ status: 201 });
    const token = tokenIn((await outbox.take(1))[0]!);
    await server.app.store.transaction(async (tx) => {
      await change(tx);
    });
    expect((await accept(token, 'late-comer')).status).toBe(404);
    expect(await server.app.store.signIn.findCredential('late-comer')).toBeUndefined();
    const events = await auditOf(made.body.id);
    expect(events.map(({ type }) => type)).not.toContain('invitation_accepted');
    return (events.find(({ type }) => type === 'invitation_refused')!.after as { reason: string }).reason;
  }

  const cannotAssign = 'Whoever invited may not assign profiles any more. SecurityProfileAdmin.';

  it('gives no profile when the user who invited may not assign any more, though it may make users', async () => {
    const lent = assignment('administering', to.user('hirer'));
    await server.app.store.transaction((tx) => tx.assignments.put([lent]));
    const reason = await refusal(await signedIn(server, 'hirer'), { security_profiles: ['a'] }, (tx) => tx.assignments.remove([lent.id]));
    expect(reason).toBe(cannotAssign);
  });

  it('gives no profile when the client that invited may not assign any more', async () => {
    const [hiring, administering] = [assignment('hiring', to.client('hr')), assignment('administering', to.client('hr'))];
    await server.app.store.transaction(async (tx) => {
      await tx.clients.put([client('hr', { organization: 'S', grantTypes: ['client_credentials'], omittedScope: 'all' })]);
      await tx.addClientSecret('hr', secret(secretOf('hr')));
      await tx.assignments.put([hiring, administering]);
    });
    const hr = await asClient(server, 'hr');
    expect(await refusal(hr, { security_profiles: ['a'] }, (tx) => tx.assignments.remove([administering.id]))).toBe(cannotAssign);
    await server.app.store.transaction((tx) => tx.assignments.put([administering]));
    const limited = await refusal(hr, { security_profiles: ['a'] }, async (tx) => {
      const found = (await tx.clients.findMany(['hr'])).get('hr')!;
      await tx.clients.put([{ ...found, maximumRoles: ['UserAdmin', 'A'] }]);
    });
    expect(limited).toBe(cannotAssign);
  });

  it('gives no profile when the context user of the client that invited may not assign any more', async () => {
    const lent = assignment('administering', to.user('hirer'));
    await server.app.store.transaction(async (tx) => {
      await tx.clients.put([
        client('hr-for-hirer', { organization: 'S', grantTypes: ['client_credentials'], omittedScope: 'all', contextUser: 'hirer' }),
      ]);
      await tx.addClientSecret('hr-for-hirer', secret(secretOf('hr-for-hirer')));
      await tx.assignments.put([lent]);
    });
    const acting = await asClient(server, 'hr-for-hirer');
    expect(await refusal(acting, { security_profiles: ['a'] }, (tx) => tx.assignments.remove([lent.id]))).toBe(cannotAssign);
    const reason = await refusal(acting, {}, (tx) => tx.users.put([user('hirer', 'S', { active: false })]));
    expect(reason).toBe('Whoever invited is not let in any more.');
    await server.app.store.transaction((tx) => tx.users.put([user('hirer', 'S')]));
  });

  it('makes nobody when the type of who invited came to be barred from users', async () => {
    const buyer = { name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'] };
    const reason = await refusal(b1admin, { organization: 'B1' }, (tx) => tx.organizationTypes.put([{ ...buyer, barredResources: ['users'] }]));
    expect(reason).toBe('Whoever invited has no access to users any more.');
    await server.app.store.transaction((tx) => tx.organizationTypes.put([buyer]));
  });

  it('makes whom the inviter may still make, without profiles also by who may assign none', async () => {
    const hirer = await signedIn(server, 'hirer');
    expect((await hirer.post('/invitations', wanted({ email: 'plain@example.com', organization: 'S' }))).status).toBe(201);
    expect((await accept(tokenIn((await outbox.take(1))[0]!), 'plain')).status).toBe(200);
    expect((await deleg.post('/invitations', wanted({ email: 'assigned@example.com', security_profiles: ['a'] }))).status).toBe(201);
    expect((await accept(tokenIn((await outbox.take(1))[0]!), 'assigned')).status).toBe(200);
  });
});

describe('a mail to set a password', () => {
  it('goes to the user, whatever roles that user holds, and into the audit', async () => {
    expect((await b1admin.post('/users/written/password-reset-mail?dry_run=true', undefined)).body).toEqual({ dry_run: true });
    expect(await outbox.count()).toBe(0);
    const sent = await b1admin.call('POST', '/users/written/password-reset-mail');
    expect([sent.status, sent.text]).toEqual([204, '']);
    const [mail] = await outbox.take(1);
    expect(mail).toContain('To: written@example.com');
    expect(await auditOf('written')).toMatchObject([{ type: 'password_reset_started', actor: { kind: 'user', id: 'b1admin' } }]);
    const set = await sendForm(`${server.url}/sign-in/one-time`, { token: tokenIn(mail!), password: CHOSEN, repeated: CHOSEN });
    expect(set.status).toBe(200);
    await outbox.take(1);
  });

  it('goes to nobody without an address, nobody outside, and nobody too often', async () => {
    expect((await b1admin.call('POST', '/users/mute/password-reset-mail')).body).toMatchObject({
      code: 'invalid_input',
      title: 'The user has no mail address.',
    });
    const [foreign, absent] = [
      await b2admin.call('POST', '/users/written/password-reset-mail'),
      await b2admin.call('POST', '/users/x/password-reset-mail'),
    ];
    expect([foreign.status, foreign.body.title]).toEqual([404, absent.body.title]);
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await b1admin.call('POST', '/users/written/password-reset-mail')).status);
    expect(statuses).toEqual([204, 204, 429, 429]);
    const refused = await b1admin.call('POST', '/users/written/password-reset-mail');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await outbox.take(2)).toHaveLength(2);
  });
});
