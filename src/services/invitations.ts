/**
 * @module Invitations: an administrator names an address and what the person is to be; the person follows a link once,
 * chooses name and password, and is that (`invitation-acceptance.ts`). What accepting makes is judged by the inviter's ceiling
 * twice: when inviting, by whoever calls {@link InvitationService.createIn}, and when accepting.
 */
import type { Page, Visibility } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import { invitationStatus, type Invitation, type InvitationQuery } from '../domain/invitation.ts';
import { assertMailAddress, type Mailer, type MailMessage } from '../domain/mail.ts';
import { assertUsername } from '../domain/party.ts';
import type { Clock, Random, Store, StoreTransaction } from '../domain/ports.ts';
import { eventNow, type Caller } from './caller.ts';
import { digest } from './client-authentication.ts';
import { invitationMail } from './mails.ts';
import { ALL } from './one-time-links.ts';

export interface InvitationServiceOptions {
  readonly issuer: string;
  readonly store: Store;
  readonly mailer: Mailer;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NewInvitation {
  readonly email: string;
  readonly organization: string;
  readonly username?: string | undefined;
  readonly userGroups: readonly string[];
  readonly securityProfiles: readonly string[];
  /** End of what accepting makes. */
  readonly validUntil?: Date | undefined;
  /** Unset: in seven days; at most in thirty. */
  readonly expiresAt?: Date | undefined;
  /** Client through which the inviter acts. */
  readonly through?: string | undefined;
}

/** An invitation with the mail that tells of it, to be sent by {@link InvitationService.announce} once the change has committed. */
export interface IssuedInvitation {
  readonly invitation: Invitation;
  readonly mail: MailMessage;
}

/** Path of the page where an invitation is accepted. */
export const INVITATION_PATH = '/sign-in/invitation';

const DAY = 86_400_000;
const LIFETIME = 7 * DAY;
const LONGEST_LIFETIME = 30 * DAY;
/** Groups, and profiles, of one invitation. */
const MOST_NAMED = 100;

export class InvitationService {
  readonly #options: InvitationServiceOptions;

  constructor(options: InvitationServiceOptions) {
    this.#options = options;
  }

  /** @throws `not_found` when there is none, or none that may be seen */
  async get(id: string, visibility: Visibility): Promise<Invitation> {
    const found = await this.#options.store.invitations.find(id, visibility);
    if (found === undefined) throw unknown(id);
    return found;
  }

  list(query: Omit<InvitationQuery, 'now'>): Promise<Page<Invitation>> {
    return this.#options.store.pages.invitations.list({ ...query, now: new Date(this.#options.clock.now()) });
  }

  /**
   * Invites somebody, inside a change that judges it. Nothing is sent yet.
   * @throws `invalid_input` with a pointer, `already_exists` when the user name is taken
   */
  async createIn(tx: StoreTransaction, wanted: NewInvitation, caller: Caller): Promise<IssuedInvitation> {
    const { clock, random } = this.#options;
    const now = clock.now();
    assertWanted(wanted, now);
    await assertNamed(tx, wanted);
    const { email, organization, username, validUntil, through } = wanted;
    const invitation: Invitation = {
      id: random.id(),
      email,
      organization,
      username,
      userGroups: [...new Set(wanted.userGroups)],
      securityProfiles: [...new Set(wanted.securityProfiles)],
      validUntil,
      invitedBy: caller.actor,
      invitedThrough: through,
      createdAt: new Date(now),
      expiresAt: earlier(wanted.expiresAt ?? new Date(now + LIFETIME), validUntil),
    };
    return this.#issueIn(tx, invitation, 'invitation_created', caller);
  }

  /**
   * Gives an invitation that is pending or has expired another link and as much time again; the old link is dead. From
   * then on it is the invitation of whoever did this, whose ceiling the caller judges as with a new one.
   * @throws `not_found`, and `invalid_input` when it was accepted or revoked, or what it would make has ended
   */
  async resendIn(
    tx: StoreTransaction,
    id: string,
    { visibility, through, ...caller }: Caller & { readonly visibility: Visibility; readonly through?: string | undefined },
  ): Promise<IssuedInvitation> {
    const now = this.#options.clock.now();
    const found = await this.#openIn(tx, id, visibility);
    const { validUntil } = found;
    if (validUntil !== undefined && validUntil.getTime() <= now) {
      throw new DomainError('invalid_input', 'What this invitation would make has ended: invite anew.', { pointer: '/valid_until' });
    }
    const expiresAt = earlier(new Date(now + LIFETIME), validUntil);
    const renewed = { ...found, invitedBy: caller.actor, invitedThrough: through, expiresAt };
    return this.#issueIn(tx, renewed, 'invitation_resent', caller);
  }

  /**
   * Takes an invitation back. Doing it twice changes nothing.
   * @throws `not_found`, and `invalid_input` when it was accepted
   */
  async revokeIn(tx: StoreTransaction, id: string, { visibility, ...caller }: Caller & { readonly visibility: Visibility }): Promise<Invitation> {
    const { clock } = this.#options;
    const known = await tx.invitations.find(id, visibility);
    if (known?.revokedAt !== undefined) return known;
    const revoked = { ...(await this.#openIn(tx, id, visibility)), revokedAt: new Date(clock.now()) };
    await tx.invitations.put(revoked);
    await tx.links.remove(['invitation'], id);
    await tx.audit(eventNow(clock, caller, { type: 'invitation_revoked', target: { kind: 'invitation', id } }));
    return revoked;
  }

  /** Sends the mail; after the change has committed, and not for a dry run. */
  announce({ mail }: IssuedInvitation): void {
    this.#options.mailer.send(mail);
  }

  async #openIn(tx: StoreTransaction, id: string, visibility: Visibility): Promise<Invitation> {
    const found = await tx.invitations.find(id, visibility);
    if (found === undefined) throw unknown(id);
    const status = invitationStatus(found, this.#options.clock.now());
    if (status === 'accepted' || status === 'revoked') throw new DomainError('invalid_input', `The invitation was ${status} already.`);
    return found;
  }

  async #issueIn(tx: StoreTransaction, invitation: Invitation, type: string, caller: Caller): Promise<IssuedInvitation> {
    const { issuer, clock, random } = this.#options;
    const { id, email, organization, username, userGroups, securityProfiles, validUntil, expiresAt } = invitation;
    const token = random.secret();
    await tx.invitations.put(invitation);
    await tx.links.put({ purpose: 'invitation', target: id, hash: digest(token), expiresAt });
    const granted = { organization, username, user_groups: userGroups, security_profiles: securityProfiles, valid_until: validUntil };
    await tx.audit(eventNow(clock, caller, { type, target: { kind: 'invitation', id }, after: { email, ...granted, expires_at: expiresAt } }));
    const organizationName = (await tx.organizations.findMany([organization])).get(organization)!.name;
    const url = `${issuer}${INVITATION_PATH}?token=${token}`;
    return { invitation, mail: invitationMail(invitation, { url, organizationName }) };
  }
}

function assertWanted({ email, username, userGroups, securityProfiles, validUntil, expiresAt }: NewInvitation, now: number): void {
  assertMailAddress(email, '/email');
  if (username !== undefined) assertUsername(username, '/username');
  const refuse = (pointer: string, message: string) => new DomainError('invalid_input', message, { pointer });
  if (userGroups.length > MOST_NAMED) throw refuse('/user_groups', `At most ${MOST_NAMED} user groups can be named.`);
  if (securityProfiles.length > MOST_NAMED) throw refuse('/security_profiles', `At most ${MOST_NAMED} security profiles can be named.`);
  if (validUntil !== undefined && validUntil.getTime() <= now) throw refuse('/valid_until', 'valid_until must be in the future.');
  if (expiresAt === undefined) return;
  if (expiresAt.getTime() <= now || expiresAt.getTime() > now + LONGEST_LIFETIME) {
    throw refuse('/expires_at', 'expires_at must be in the future, at most 30 days from now.');
  }
}

/** Everything that the invitation names exists, and the user name does not. */
async function assertNamed(tx: StoreTransaction, { organization, username, userGroups, securityProfiles }: NewInvitation): Promise<void> {
  const named: readonly [string, string, readonly string[], ReadonlyMap<string, unknown>][] = [
    ['organization', '/organization', [organization], await tx.organizations.findMany([organization])],
    ['user group', '/user_groups', userGroups, await tx.userGroups.findMany(userGroups)],
    ['security profile', '/security_profiles', securityProfiles, await tx.securityProfiles.findMany(securityProfiles)],
  ];
  for (const [thing, pointer, ids, found] of named) {
    const absent = ids.find((id) => !found.has(id));
    if (absent !== undefined) throw new DomainError('invalid_input', `There is no ${thing} ${JSON.stringify(absent.slice(0, 120))}.`, { pointer });
  }
  if (username === undefined) return;
  const query = { visibility: ALL, filters: { username }, sort: 'id', descending: false, limit: 1, total: false };
  const { items } = await tx.directory.list('users', query);
  if (items.length > 0) throw new DomainError('already_exists', 'The user name is taken by another user.', { pointer: '/username' });
}

const earlier = (date: Date, other: Date | undefined): Date => (other !== undefined && other < date ? other : date);

const unknown = (id: string) => new DomainError('not_found', `There is no invitation ${JSON.stringify(id.slice(0, 120))}.`);
