/**
 * @module Accepting an invitation: who holds its link chooses name and password once, and becomes a user. Whether that
 * user may have what the invitation names is judged anew, by the ceiling that the inviter has now.
 */
import type { Subject } from '../domain/access.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { AuditActor } from '../domain/audit-event.ts';
import { DomainError } from '../domain/errors.ts';
import { invitationStatus, type Invitation } from '../domain/invitation.ts';
import { assertUsername, type User } from '../domain/party.ts';
import type { Clock, Random, Store, StoreTransaction } from '../domain/ports.ts';
import { assignmentId } from './assignment-id.ts';
import { eventNow } from './caller.ts';
import { digest } from './client-authentication.ts';
import { ALL } from './one-time-links.ts';
import type { Passwords } from './passwords.ts';

/** What accepting an invitation makes, as it goes into the store. */
export interface Acceptance {
  readonly user: User;
  readonly assignments: readonly Assignment[];
}

/**
 * Refuses with a DomainError what the inviter could not hand out any more. It is called inside the transaction that
 * accepts, after {@link Acceptance} was written: it sees the final state, and a refusal undoes it.
 */
export type MayStill = (tx: StoreTransaction, invitation: Invitation, made: Acceptance) => Promise<void>;

export interface InvitationAcceptanceOptions {
  readonly store: Store;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly random: Random;
  readonly mayStill: MayStill;
}

export interface ChosenCredentials {
  /** Ignored where the invitation names one. */
  readonly username: string;
  readonly password: string;
}

/** The inviter could not hand this out any more. The person who accepts is told only that the link is not good. */
class Withheld extends Error {
  readonly invitation: Invitation;
  readonly refusal: DomainError;

  constructor(invitation: Invitation, refusal: DomainError) {
    super(refusal.message);
    this.invitation = invitation;
    this.refusal = refusal;
  }
}

export class InvitationAcceptance {
  readonly #options: InvitationAcceptanceOptions;

  constructor(options: InvitationAcceptanceOptions) {
    this.#options = options;
  }

  /** The pending invitation that a link opens; undefined when it is unknown, used, replaced, revoked or too old. */
  async opened(token: string): Promise<{ readonly invitation: Invitation; readonly organizationName: string } | undefined> {
    const { store, clock } = this.#options;
    const link = await store.links.find(digest(token));
    if (link?.purpose !== 'invitation') return undefined;
    const invitation = await store.invitations.find(link.target, ALL);
    if (invitation === undefined || invitationStatus(invitation, clock.now()) !== 'pending') return undefined;
    const organization = (await store.directory.find('organizations', [invitation.organization], ALL)).get(invitation.organization);
    return { invitation, organizationName: organization?.name ?? invitation.organization };
  }

  /**
   * Makes the user with memberships, assignments and password, all or nothing, once.
   * @throws `not_found` when the link is not good, also when the inviter could not hand this out any more
   * @throws `invalid_input` when name or password will not do, `already_exists` when the name is taken: the link stays good
   */
  async accept(token: string, chosen: ChosenCredentials, requestId?: string): Promise<User> {
    const { store, passwords, clock, random } = this.#options;
    const hash = digest(token);
    const userId = random.id();
    try {
      // What a new user inherits is known once the user exists, so the policy is asked inside a change that is undone.
      const tried = await store.transaction(
        async (tx) => {
          const { made } = await this.#makeIn(tx, hash, { userId, username: chosen.username });
          return { made, subject: (await tx.access.findUser(userId)) as Subject };
        },
        { rollback: true },
      );
      const passwordHash = await passwords.hashFor(tried.made.user, tried.subject, chosen.password);
      return await store.transaction(async (tx) => {
        const { invitation, made } = await this.#makeIn(tx, hash, { userId, username: chosen.username });
        await tx.setPassword(userId, passwordHash, new Date(clock.now()));
        await tx.invitations.put({ ...invitation, acceptedAt: new Date(clock.now()), acceptedAs: userId });
        await tx.links.remove(['invitation'], invitation.id);
        await this.#auditAcceptance(tx, { invitation, made, requestId });
        return made.user;
      });
    } catch (error) {
      if (!(error instanceof Withheld)) throw error;
      await this.#auditRefusal(error, requestId);
      throw notGood();
    }
  }

  /** Writes what accepting makes, and asks whether it may still be. */
  async #makeIn(
    tx: StoreTransaction,
    hash: string,
    { userId, username }: { readonly userId: string; readonly username: string },
  ): Promise<{ readonly invitation: Invitation; readonly made: Acceptance }> {
    const { clock, mayStill } = this.#options;
    const link = await tx.links.find(hash);
    const invitation = link?.purpose === 'invitation' ? await tx.invitations.find(link.target, ALL) : undefined;
    if (invitation === undefined || invitationStatus(invitation, clock.now()) !== 'pending') throw notGood();
    assertUsername(invitation.username ?? username, '/username');
    const made = acceptanceOf(await stillThere(tx, invitation), { userId, username, at: new Date(clock.now()) });
    await tx.users.put([made.user]);
    await tx.assignments.put(made.assignments);
    try {
      await mayStill(tx, invitation, made);
    } catch (error) {
      if (error instanceof DomainError && error.code !== 'unavailable' && error.code !== 'internal') throw new Withheld(invitation, error);
      throw error;
    }
    return { invitation, made };
  }

  async #auditAcceptance(
    tx: StoreTransaction,
    { invitation, made, requestId }: { readonly invitation: Invitation; readonly made: Acceptance; readonly requestId: string | undefined },
  ): Promise<void> {
    const { clock } = this.#options;
    const { user, assignments } = made;
    const caller = { actor: { kind: 'user', id: user.id } as const, requestId };
    const target = { kind: 'user', id: user.id };
    const { username, organization, email } = user;
    const groups = user.memberships.map(({ userGroup }) => userGroup);
    await tx.audit(eventNow(clock, caller, { type: 'user_created', target, after: { username, organization, email, user_groups: groups } }));
    for (const { id, securityProfile, validUntil } of assignments) {
      const after = { security_profile: securityProfile, user: user.id, valid_until: validUntil, assigned_by: invitation.invitedBy.id };
      await tx.audit(eventNow(clock, caller, { type: 'profile_assigned', target: { kind: 'assignment', id }, after }));
    }
    await tx.audit(eventNow(clock, caller, { type: 'user_password_changed', target }));
    const after = { user: user.id, invited_by: invitation.invitedBy };
    await tx.audit(eventNow(clock, caller, { type: 'invitation_accepted', target: { kind: 'invitation', id: invitation.id }, after }));
  }

  async #auditRefusal({ invitation, refusal }: Withheld, requestId: string | undefined): Promise<void> {
    const { store, clock } = this.#options;
    const actor: AuditActor = { kind: 'system', id: 'invitations' };
    const after = { code: refusal.code, reason: refusal.message, invited_by: invitation.invitedBy };
    await store.transaction((tx) =>
      tx.audit(eventNow(clock, { actor, requestId }, { type: 'invitation_refused', target: { kind: 'invitation', id: invitation.id }, after })),
    );
  }
}

/**
 * What accepting an invitation makes, as domain objects: for whoever judges it before there is such a user.
 * @param user name: used where the invitation has none
 */
export function acceptanceOf(
  invitation: Invitation,
  { userId, username, at }: { readonly userId: string; readonly username: string; readonly at: Date },
): Acceptance {
  const { organization, email, userGroups, securityProfiles, validUntil, invitedBy } = invitation;
  const reason = `invitation ${invitation.id}`;
  const user: User = {
    id: userId,
    username: invitation.username ?? username,
    organization,
    email,
    active: true,
    authorizedOrganizations: [],
    memberships: userGroups.map((userGroup) => ({ userGroup, validUntil, reason })),
  };
  const party = { kind: 'user', id: userId } as const;
  const assignments = securityProfiles.map((securityProfile): Assignment => ({
    id: assignmentId({ securityProfile, party }),
    securityProfile,
    party,
    includeDescendants: false,
    validUntil,
    reason,
    assignedBy: invitedBy.id,
    assignedAt: at,
  }));
  return { user, assignments };
}

/** The invitation without groups and profiles that were removed since: as with everybody else, they went. */
export async function stillThere(tx: StoreTransaction, invitation: Invitation): Promise<Invitation> {
  const groups = await tx.userGroups.findMany(invitation.userGroups);
  const profiles = await tx.securityProfiles.findMany(invitation.securityProfiles);
  return {
    ...invitation,
    userGroups: invitation.userGroups.filter((id) => groups.has(id)),
    securityProfiles: invitation.securityProfiles.filter((id) => profiles.has(id)),
  };
}

const notGood = () => new DomainError('not_found', 'This invitation is not good any more: it was used, replaced, taken back, or is too old.');
