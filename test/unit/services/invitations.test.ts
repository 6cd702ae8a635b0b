import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import { acceptanceOf } from '../../../src/services/invitation-acceptance.ts';
import { assignment, profile, to } from '../../support/market.ts';
import { START } from './fixtures.ts';
import { ADMIN, ALL, openPeople, tokenIn } from './people.ts';
import { listAuditEvents } from '../../support/audit.ts';

const DAY = 86_400_000;
const NOT_GOOD = { code: 'not_found', message: 'This invitation is not good any more: it was used, replaced, taken back, or is too old.' };
const CHOSEN = { username: 'Bob', password: 'a fine password' };

async function openWithGroup() {
  const people = await openPeople();
  await people.change(async (tx) => tx.userGroups.put([{ id: 'buyers', name: 'Buyers', organization: 'acme' }]));
  return people;
}

describe('inviting', () => {
  it('keeps what was asked for, and only a digest of the link, which the mail alone holds', async () => {
    const { invite, store, mails } = await openWithGroup();
    const { invitation, mail, token } = await invite({ userGroups: ['buyers', 'buyers'], securityProfiles: ['shopping'], through: 'shop' });
    expect(invitation).toMatchObject({
      email: 'bob@example.com',
      organization: 'acme',
      userGroups: ['buyers'],
      securityProfiles: ['shopping'],
      invitedBy: ADMIN.actor,
      invitedThrough: 'shop',
      expiresAt: new Date(START + 7 * DAY),
    });
    expect(mail).toMatchObject({ to: 'bob@example.com', about: { kind: 'invitation', id: invitation.id } });
    expect(mail.text).toContain('You are invited to join "acme".');
    expect(mail.text).toContain('until 2026-06-22 12:00 UTC');
    expect(JSON.stringify(await listAuditEvents(store, { limit: 10 }))).not.toContain(token);
    expect(mails).toEqual([]);
  });

  it('is told by mail only when it is announced', async () => {
    const { invite, invitations, mails } = await openPeople();
    const issued = await invite();
    invitations.announce(issued);
    expect(mails).toEqual([issued.mail]);
  });

  it.each<[string, object, string, string]>([
    ['no address', { email: 'bob' }, '/email', '"bob" is not a mail address.'],
    ['an impossible user name', { username: ' bob' }, '/username', '" bob" cannot be a user name'],
    ['an unknown organization', { organization: 'nowhere' }, '/organization', 'There is no organization "nowhere".'],
    ['an unknown group', { userGroups: ['none'] }, '/user_groups', 'There is no user group "none".'],
    ['an unknown profile', { securityProfiles: ['none'] }, '/security_profiles', 'There is no security profile "none".'],
    ['too many profiles', { securityProfiles: Array.from({ length: 101 }, String) }, '/security_profiles', 'At most 100 security profiles'],
    ['rights that have ended', { validUntil: new Date(START) }, '/valid_until', 'valid_until must be in the future.'],
    ['a link that has ended', { expiresAt: new Date(START) }, '/expires_at', 'expires_at must be in the future, at most 30 days from now.'],
    ['a link for too long', { expiresAt: new Date(START + 30 * DAY + 1) }, '/expires_at', 'at most 30 days'],
  ])('refuses %s', async (_what, wanted, pointer, message) => {
    const { invite, store } = await openPeople();
    await expect(invite(wanted)).rejects.toMatchObject({ code: 'invalid_input', pointer, message: expect.stringContaining(message) });
    expect(await listAuditEvents(store, { limit: 10 })).toEqual([]);
    expect((await store.invitations.list({ visibility: ALL, now: new Date(START), limit: 1, total: true })).total).toBe(0);
  });

  it('refuses a user name that is taken', async () => {
    const { invite } = await openPeople();
    await expect(invite({ username: 'alice' })).rejects.toMatchObject({ code: 'already_exists', message: 'The user name is taken by another user.' });
  });

  it('ends no later than what accepting would make', async () => {
    const { invite } = await openPeople();
    expect((await invite({ validUntil: new Date(START + DAY) })).invitation.expiresAt).toEqual(new Date(START + DAY));
  });
});

describe('accepting an invitation', () => {
  it('makes the user with memberships, assignments and password, and tells who invited', async () => {
    const { invite, acceptance, store, signIn, credentials, invitations } = await openWithGroup();
    const until = new Date(START + 30 * DAY);
    const { invitation, token } = await invite({ userGroups: ['buyers'], securityProfiles: ['shopping'], validUntil: until });
    expect(await acceptance.opened(token)).toMatchObject({ invitation: { id: invitation.id }, organizationName: 'acme' });
    const user = await acceptance.accept(token, CHOSEN, 'r1');
    const reason = `invitation ${invitation.id}`;
    expect(user).toMatchObject({ username: 'Bob', organization: 'acme', email: 'bob@example.com', active: true });
    expect(user.id).not.toBe('Bob');
    expect(user.memberships).toEqual([{ userGroup: 'buyers', validUntil: until, reason }]);
    const { user: signedIn } = await signIn.authenticate({ ...credentials, username: 'bob', password: CHOSEN.password }, () => undefined);
    expect(signedIn.reaches).toMatchObject([{ profile: 'shopping', until: until.getTime(), reason, assignedBy: 'admin' }]);
    expect(await invitations.get(invitation.id, ALL)).toMatchObject({ acceptedAs: user.id, acceptedAt: new Date(START) });
    const events = await listAuditEvents(store, { limit: 10 });
    expect(events.map(({ type }) => type)).toEqual([
      'invitation_accepted',
      'user_password_changed',
      'profile_assigned',
      'user_created',
      'invitation_created',
    ]);
    expect(events[0]).toMatchObject({ actor: { kind: 'user', id: user.id }, requestId: 'r1', after: { user: user.id, invited_by: ADMIN.actor } });
  });

  it('works once', async () => {
    const { invite, acceptance, store } = await openPeople();
    const { token } = await invite();
    await acceptance.accept(token, CHOSEN);
    expect(await acceptance.opened(token)).toBeUndefined();
    await expect(acceptance.accept(token, { ...CHOSEN, username: 'bob2' })).rejects.toMatchObject(NOT_GOOD);
    expect(await store.signIn.findCredential('bob2')).toBeUndefined();
  });

  it('of twenty at once succeeds for one', async () => {
    const { invite, acceptance, store } = await openPeople();
    const { token } = await invite();
    const names = Array.from({ length: 20 }, (_, index) => `bob${index}`);
    const outcomes = await Promise.allSettled(names.map((username) => acceptance.accept(token, { ...CHOSEN, username })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(NOT_GOOD);
    const made = await Promise.all(names.map((name) => store.signIn.findCredential(name)));
    expect(made.filter((credential) => credential !== undefined)).toHaveLength(1);
  });

  it.each(['unknown', 'expired', 'revoked', 'replaced', 'another kind of link', 'organization gone'])('refuses alike: %s', async (what) => {
    const { invite, acceptance, store, clock, invitations, links } = await openPeople();
    const { invitation, token: given } = await invite();
    let token = given;
    if (what === 'unknown') token = 'x'.repeat(43);
    if (what === 'expired') clock.advance(7 * DAY);
    if (what === 'revoked') await store.transaction((tx) => invitations.revokeIn(tx, invitation.id, { ...ADMIN, visibility: ALL }));
    if (what === 'replaced') await store.transaction((tx) => invitations.resendIn(tx, invitation.id, { ...ADMIN, visibility: ALL }));
    if (what === 'another kind of link') token = (await links.create('alice', ADMIN)).url.split('token=')[1]!;
    if (what === 'organization gone') {
      await store.transaction(async (tx) => {
        await tx.users.remove(['alice']);
        await tx.organizations.remove(['acme']);
      });
    }
    expect(await acceptance.opened(token)).toBeUndefined();
    await expect(acceptance.accept(token, CHOSEN)).rejects.toMatchObject(NOT_GOOD);
    expect(await store.signIn.findCredential('bob')).toBeUndefined();
  });

  it('keeps the user name that the inviter chose', async () => {
    const { invite, acceptance } = await openPeople();
    const { token } = await invite({ username: 'bob.builder' });
    expect(await acceptance.accept(token, { ...CHOSEN, username: 'root' })).toMatchObject({ username: 'bob.builder' });
  });

  it('asks the policy that the new user will inherit, and the link stays good', async () => {
    const { invite, acceptance, change } = await openPeople();
    await change((tx) => tx.securityProfiles.put([profile('strict', [], { passwordPolicy: { minimumLength: 20 } })]));
    const { token } = await invite({ securityProfiles: ['strict'] });
    await expect(acceptance.accept(token, CHOSEN)).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'The password must have at least 20 characters.',
    });
    await expect(acceptance.accept(token, { username: 'Alice', password: 'a really very long password' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    await expect(acceptance.accept(token, { username: '', password: 'a really very long password' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await acceptance.accept(token, { username: 'bob', password: 'a really very long password' })).toMatchObject({ username: 'bob' });
  });

  it('leaves out groups and profiles that were removed meanwhile', async () => {
    const { invite, acceptance, change, store } = await openWithGroup();
    await change((tx) => tx.securityProfiles.put([profile('other', ['OrderReader'])]));
    const { token } = await invite({ userGroups: ['buyers'], securityProfiles: ['shopping', 'other'] });
    await change(async (tx) => {
      await tx.userGroups.remove(['buyers']);
      await tx.securityProfiles.remove(['other']);
    });
    const user = await acceptance.accept(token, CHOSEN);
    expect(user.memberships).toEqual([]);
    expect((await store.access.findUser(user.id))!.reaches.map(({ profile: id }) => id)).toEqual(['shopping']);
  });

  it('is refused like a bad link when the inviter could not hand this out any more, and the audit tells why', async () => {
    const asked: unknown[] = [];
    const { invite, acceptance, store, invitations } = await openPeople({
      mayStill: async (tx, { id }, { user, assignments }) => {
        // The final state is there to be judged.
        asked.push([id, (await tx.access.findUser(user.id))!.reaches.length, assignments.length]);
        throw new DomainError('above_ceiling', 'Shopper is not yours to give.');
      },
    });
    const { invitation, token } = await invite({ securityProfiles: ['shopping'] });
    await expect(acceptance.accept(token, CHOSEN, 'r2')).rejects.toMatchObject(NOT_GOOD);
    expect(asked).toEqual([[invitation.id, 1, 1]]);
    expect(await store.signIn.findCredential('bob')).toBeUndefined();
    expect((await listAuditEvents(store, { limit: 1 }))[0]).toMatchObject({
      type: 'invitation_refused',
      target: { kind: 'invitation', id: invitation.id },
      requestId: 'r2',
      after: { code: 'above_ceiling', reason: 'Shopper is not yours to give.', invited_by: ADMIN.actor },
    });
    expect((await invitations.get(invitation.id, ALL)).acceptedAt).toBeUndefined();
  });

  it('does not call a store that is down a bad link', async () => {
    const { invite, acceptance } = await openPeople({ mayStill: () => Promise.reject(new DomainError('unavailable', 'down')) });
    const { token } = await invite();
    await expect(acceptance.accept(token, CHOSEN)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('resending and revoking', () => {
  it('gives an expired invitation another link, in the name of who did it', async () => {
    const { invite, store, clock, invitations, acceptance } = await openPeople();
    const { invitation } = await invite({ through: 'shop' });
    clock.advance(8 * DAY);
    const other = { actor: { kind: 'user', id: 'other' } } as const;
    const again = await store.transaction((tx) => invitations.resendIn(tx, invitation.id, { ...other, visibility: ALL, through: 'console' }));
    expect(again.invitation).toMatchObject({
      id: invitation.id,
      invitedBy: other.actor,
      invitedThrough: 'console',
      expiresAt: new Date(START + 15 * DAY),
    });
    expect(await acceptance.accept(tokenIn(again.mail), CHOSEN)).toMatchObject({ username: 'Bob' });
  });

  it('refuses what is accepted, revoked, ended or not to be seen', async () => {
    const { invite, store, clock, invitations, acceptance } = await openPeople();
    const resend = (id: string, visibility = ALL) => store.transaction((tx) => invitations.resendIn(tx, id, { ...ADMIN, visibility }));
    const revoke = (id: string, visibility = ALL) => store.transaction((tx) => invitations.revokeIn(tx, id, { ...ADMIN, visibility }));
    const accepted = await invite();
    await acceptance.accept(accepted.token, CHOSEN);
    for (const act of [resend, revoke]) {
      await expect(act(accepted.invitation.id)).rejects.toMatchObject({ code: 'invalid_input', message: 'The invitation was accepted already.' });
      await expect(act('nothing')).rejects.toMatchObject({ code: 'not_found', message: 'There is no invitation "nothing".' });
    }
    const { invitation } = await invite({ validUntil: new Date(START + DAY) });
    const elsewhere = { tenancy: { kind: 'subtree', organization: 'other', path: ['other'] }, inherited: false } as const;
    await expect(revoke(invitation.id, elsewhere as never)).rejects.toMatchObject({ code: 'not_found' });
    clock.advance(DAY);
    await expect(resend(invitation.id)).rejects.toMatchObject({ code: 'invalid_input', pointer: '/valid_until' });
    const revoked = await revoke(invitation.id);
    expect(await revoke(invitation.id)).toEqual(revoked);
    await expect(resend(invitation.id)).rejects.toMatchObject({ message: 'The invitation was revoked already.' });
    expect(await listAuditEvents(store, { limit: 10, type: 'invitation_revoked' })).toHaveLength(1);
  });
});

describe('what accepting would make', () => {
  it('is known beforehand, as it goes into the store', async () => {
    const { invite } = await openPeople();
    const { invitation } = await invite({ securityProfiles: ['shopping'] });
    const { user, assignments } = acceptanceOf(invitation, { userId: 'u', username: 'bob', at: new Date(START) });
    expect(user).toMatchObject({ id: 'u', username: 'bob', organization: 'acme', memberships: [], authorizedOrganizations: [] });
    expect(assignments).toMatchObject([{ ...assignment('shopping', to.user('u')), id: expect.stringMatching(/^as_/), assignedAt: new Date(START) }]);
  });
});
