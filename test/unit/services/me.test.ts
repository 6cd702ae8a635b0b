import { describe, expect, it } from '@jest/globals';
import { assignment, profile, to, user } from '../../support/market.ts';
import { START } from './fixtures.ts';
import { openPeople } from './people.ts';
import { listAuditEvents } from '../../support/audit.ts';

const CALLER = { actor: { kind: 'user', id: 'alice' }, requestId: 'r1' } as const;
const NEW = 'a new fine password';
const MINUTE = 60_000;

async function openSelf() {
  const people = await openPeople();
  await people.change((tx) => tx.users.put([user('alice', 'acme', { email: 'alice@example.com' }), user('bob', 'acme')]));
  const change = (given: object = {}) => people.me.changePassword('alice', { current: 'pw', password: NEW, address: '192.0.2.1', ...given }, CALLER);
  const proof = { current: 'pw', address: '192.0.2.1' };
  const update = (email: string | null, given: object = {}) => people.me.update('alice', { email, ...proof, ...given }, CALLER);
  return { ...people, changePassword: change, update };
}

describe('changing the own password', () => {
  it('needs the present one, ends what was issued before, and is told by mail', async () => {
    const { changePassword, tokens, request, credentials, introspection, mails, store, clock } = await openSelf();
    const issued = await tokens.password(await request(), credentials);
    const client = await request();
    clock.advance(1);
    await changePassword();
    expect(await introspection.introspect(issued.accessToken, 'api')).toEqual({ active: false });
    await expect(tokens.refresh(client, issued.refreshToken!)).rejects.toMatchObject({ code: 'invalid_grant' });
    await expect(tokens.password(await request(), credentials)).rejects.toMatchObject({ code: 'invalid_grant' });
    clock.advance(1);
    const anew = await tokens.password(await request(), { ...credentials, password: NEW });
    expect(await introspection.introspect(anew.accessToken, 'api')).toMatchObject({ active: true });
    expect(mails).toMatchObject([{ to: 'alice@example.com', subject: 'Your password was changed', about: { kind: 'notice', id: 'alice' } }]);
    expect((await listAuditEvents(store, { limit: 1, type: 'user_password_changed' }))[0]).toMatchObject({ actor: CALLER.actor, requestId: 'r1' });
  });

  it('counts wrong guesses at the present one like attempts to sign in, by the same budget', async () => {
    const { changePassword, budgetCalls, signIn, credentials, store } = await openSelf();
    const wrong = { code: 'invalid_input', pointer: '/current_password', message: 'The current password is wrong.' };
    for (let time = 0; time < 10; time += 1) await expect(changePassword({ current: 'guess' })).rejects.toMatchObject(wrong);
    expect(budgetCalls).toEqual(Array.from({ length: 10 }, () => 'take 192.0.2.1 alice'));
    // Locked now: the right one does not help, and looks no different.
    await expect(changePassword()).rejects.toMatchObject(wrong);
    await expect(signIn.authenticate(credentials, () => undefined)).rejects.toMatchObject({ message: 'locked' });
    expect((await store.signIn.findCredentialOf('alice'))!.passwordHash).toBe('new:pw');
  });

  it('holds the new one to the policy, history included', async () => {
    const { changePassword, change, mails } = await openSelf();
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('remembering', [], { passwordPolicy: { history: 2, minimumLength: 12 } })]);
      await tx.assignments.put([assignment('remembering', to.user('alice'))]);
    });
    await expect(changePassword({ password: 'short' })).rejects.toMatchObject({
      code: 'invalid_input',
      pointer: '/password',
      message: expect.stringContaining('must have at least 12 characters'),
    });
    await changePassword();
    await expect(changePassword({ current: NEW, password: NEW })).rejects.toMatchObject({ message: 'The password must not be one of the last 2.' });
    expect(mails).toHaveLength(1);
  });

  it('is refused while the present one is younger than the policy allows; an administrator is not held up', async () => {
    const { changePassword, change, clock, users } = await openSelf();
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('slow', [], { passwordPolicy: { minimumAgeMinutes: 60 } })]);
      await tx.assignments.put([assignment('slow', to.user('alice'))]);
    });
    clock.advance(60 * MINUTE - 1);
    await expect(changePassword()).rejects.toMatchObject({
      code: 'invalid_input',
      pointer: '/password',
      message: 'The password was changed a short time ago; it can be changed again from 2026-06-15T13:00:00.000Z.',
    });
    clock.advance(1);
    await changePassword();
    await users.setPassword('alice', 'from the administrator', { actor: { kind: 'operator', id: 'op' } });
  });

  it('takes back links to set one', async () => {
    const { changePassword, links } = await openSelf();
    const { url } = await links.createReset('alice');
    await changePassword();
    expect(await links.holderOf(url.split('token=')[1]!)).toBeUndefined();
  });

  it('of nobody is not possible', async () => {
    const { me } = await openSelf();
    const asked = me.changePassword('nobody', { current: 'pw', password: NEW, address: '192.0.2.1' }, CALLER);
    await expect(asked).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the own profile', () => {
  it('is shown, and its mail address can be changed: the old address is told, and links sent there are dead', async () => {
    const { me, update, mails, links, store } = await openSelf();
    expect(await me.get('alice')).toMatchObject({ id: 'alice', email: 'alice@example.com' });
    const { url } = await links.createReset('alice');
    expect(await update('new@example.com')).toMatchObject({ email: 'new@example.com', username: 'alice' });
    expect((await me.get('alice')).email).toBe('new@example.com');
    expect(mails).toMatchObject([{ to: 'alice@example.com', subject: 'Your mail address was changed' }]);
    expect(await links.holderOf(url.split('token=')[1]!)).toBeUndefined();
    expect((await listAuditEvents(store, { limit: 1 }))[0]).toMatchObject({
      type: 'user_updated',
      actor: CALLER.actor,
      before: { email: 'alice@example.com' },
      after: { email: 'new@example.com' },
    });
    expect(await update(null)).not.toHaveProperty('email', expect.anything());
    expect((await listAuditEvents(store, { limit: 1 }))[0]).toMatchObject({ after: { email: null } });
  });

  it('that stays as it is tells nobody', async () => {
    const { update, mails, store } = await openSelf();
    await update('alice@example.com');
    expect(mails).toEqual([]);
    expect(await listAuditEvents(store, { limit: 5 })).toEqual([]);
  });

  it('keeps its address for who does not know the present password, which counts like an attempt to sign in', async () => {
    const { me, update, changePassword, links, mails, store, budgetCalls, signIn, credentials } = await openSelf();
    const { url } = await links.createReset('alice');
    const wrong = { code: 'invalid_input', pointer: '/current_password', message: 'The current password is wrong.' };
    for (let time = 0; time < 5; time += 1) {
      await expect(update('thief@example.com', { current: 'guess' })).rejects.toMatchObject(wrong);
      await expect(update(null, { current: 'guess' })).rejects.toMatchObject(wrong);
    }
    expect(budgetCalls).toEqual(Array.from({ length: 10 }, () => 'take 192.0.2.1 alice'));
    // Locked now, for everything that asks for the password.
    await expect(update('thief@example.com')).rejects.toMatchObject(wrong);
    await expect(changePassword()).rejects.toMatchObject(wrong);
    await expect(signIn.authenticate(credentials, () => undefined)).rejects.toMatchObject({ message: 'locked' });
    expect((await me.get('alice')).email).toBe('alice@example.com');
    expect(await links.holderOf(url.split('token=')[1]!)).toBeDefined();
    expect(mails).toEqual([]);
    expect(await listAuditEvents(store, { limit: 5, type: 'user_updated' })).toEqual([]);
  });

  it('takes no address that is none, and nobody for somebody', async () => {
    const { me, update } = await openSelf();
    await expect(update('a, b@c')).rejects.toMatchObject({ code: 'invalid_input', pointer: '/email' });
    await expect(me.update('nobody', { email: null, current: 'pw', address: '192.0.2.1' }, CALLER)).rejects.toMatchObject({ code: 'not_found' });
    await expect(me.get('nobody')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('own groups and roles', () => {
  it('come with their windows and their paths, through the client that asks', async () => {
    const { me, change } = await openSelf();
    const until = new Date(START + 1000);
    await change(async (tx) => {
      await tx.userGroups.put([{ id: 'buyers', name: 'Buyers', organization: 'acme' }]);
      await tx.users.put([user('alice', 'acme', { memberships: [{ userGroup: 'buyers', validUntil: until, reason: 'holidays' }] })]);
      await tx.securityProfiles.put([profile('reading', ['OrderReader', 'Shopper'])]);
      await tx.assignments.put([
        assignment('reading', to.group('buyers')),
        assignment('reading', to.user('alice'), { client: 'other' }),
        assignment('reading', to.organization('acme'), { validUntil: new Date(START) }),
      ]);
    });
    expect(await me.groups('alice')).toEqual([
      { userGroup: 'buyers', validUntil: until, reason: 'holidays', group: { id: 'buyers', name: 'Buyers', organization: 'acme' } },
    ]);
    const roles = await me.effectiveRoles('alice', 'shop');
    expect(
      roles.map(({ role, until: end, paths }) => [role, end, paths.map(({ reach, profileName }) => `${profileName} ${reach.party.kind}`)]),
    ).toEqual([
      ['OrderReader', until.getTime(), ['reading user_group']],
      ['Shopper', Infinity, expect.arrayContaining(['reading user_group', 'shopping user'])],
    ]);
    const through = await me.effectiveRoles('alice', 'other');
    expect(through.find(({ role }) => role === 'OrderReader')).toMatchObject({ until: Infinity, paths: { length: 2 } });
    await expect(me.effectiveRoles('nobody', undefined)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('own sessions', () => {
  it('are listed, and ended one by one or all at once', async () => {
    const { me, sessions, tokens, request, credentials, introspection, clock, store } = await openSelf();
    const first = await tokens.password(await request(), credentials);
    clock.advance(1000);
    const second = await tokens.password(await request(), credentials);
    const isActive = async (token: string) => (await introspection.introspect(token, 'api')).active;
    const listed = await sessions.list('alice');
    expect(listed).toMatchObject([{ clientId: 'shop', requestedScope: ['Shopper'] }, { createdAt: new Date(START) }]);
    await expect(sessions.revoke('bob', listed[1]!.id, CALLER)).rejects.toMatchObject({ code: 'not_found' });
    await sessions.revoke('alice', listed[1]!.id, CALLER);
    expect([await isActive(first.accessToken), await isActive(second.accessToken)]).toEqual([false, true]);
    expect(await sessions.list('alice')).toEqual([listed[0]]);
    expect((await listAuditEvents(store, { limit: 1 }))[0]).toMatchObject({
      type: 'grant_revoked',
      actor: CALLER.actor,
      target: { kind: 'grant', id: listed[1]!.id },
      requestId: 'r1',
    });
    await me.revokeAllSessions('alice', CALLER);
    expect(await isActive(second.accessToken)).toBe(false);
    expect(await sessions.list('alice')).toEqual([]);
    await expect(sessions.revoke('alice', 'nothing', CALLER)).rejects.toMatchObject({ code: 'not_found' });
  });
});
