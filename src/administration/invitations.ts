/**
 * @module Inviting within one's authority. An invitation is judged as if it were accepted at once: the user that it would
 * make is made, looked at with all that the user would hold, and taken away again, in the transaction that keeps it.
 */
import { DomainError } from '../domain/errors.ts';
import type { Invitation } from '../domain/invitation.ts';
import type { Clock, StoreTransaction } from '../domain/ports.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import type { DefinitionsCache } from '../services/definitions.ts';
import { acceptanceOf, stillThere } from '../services/invitation-acceptance.ts';
import type { InvitationService, IssuedInvitation, NewInvitation } from '../services/invitations.ts';
import type { WrittenChange } from '../workspace/change.ts';
import type { CredentialChanges } from '../workspace/credentials.ts';
import { takeSnapshot } from '../workspace/effects.ts';
import { changeOf } from '../workspace/object-change.ts';
import { planRows } from '../workspace/plan.ts';
import type { Reached } from '../workspace/reach.ts';
import type { Administration, WriteCall } from './administration.ts';
import type { Administrator } from './administrator.ts';
import type { OpenAuthority } from './authority.ts';
import { blastRadiusOf, type BlastRadius } from './blast-radius.ts';

import { ASSIGNING_ROLE, INVITING_ROLE } from './inviter.ts';
import { absent } from './nouns.ts';

export interface InvitationAdministrationOptions {
  readonly administration: Administration;
  readonly invitations: InvitationService;
  readonly definitions: DefinitionsCache;
  readonly clock: Clock;
}

export interface InvitationCall extends Pick<WriteCall, 'administrator' | 'dryRun' | 'confirmed'> {
  /** Looks at the invitation before it is changed; throws `stale_version`. */
  readonly precondition?: ((current: Invitation) => void) | undefined;
}

export interface Invited {
  readonly invitation: Invitation;
  /** For dry runs. The user who would be made stands in it under the id of the invitation. */
  readonly blastRadius: BlastRadius | undefined;
}

export class InvitationAdministration {
  readonly #options: InvitationAdministrationOptions;

  constructor(options: InvitationAdministrationOptions) {
    this.#options = options;
  }

  /** @throws `invalid_input` with a pointer, `already_exists`, `above_ceiling` */
  create(wanted: Omit<NewInvitation, 'through'>, call: InvitationCall): Promise<Invited> {
    const { administrator } = call;
    return this.#issue(call, async (tx, authority) => {
      await assertNamed(tx, authority, wanted);
      return this.#options.invitations.createIn(tx, { ...wanted, through: administrator.clientId }, callerOf(administrator));
    });
  }

  /** Another link, and as much time again, in the name of who asks. @throws `not_found`, `invalid_input`, `above_ceiling` */
  resend(id: string, call: InvitationCall): Promise<Invited> {
    const { administrator } = call;
    return this.#issue(call, async (tx) => {
      await currentIn(tx, id, call);
      const visibility = { tenancy: administrator.tenancy, inherited: false };
      return this.#options.invitations.resendIn(tx, id, { visibility, through: administrator.clientId, ...callerOf(administrator) });
    });
  }

  /** @throws `not_found`, and `invalid_input` when it was accepted */
  revoke(id: string, call: InvitationCall): Promise<Invitation> {
    const { administration, invitations } = this.#options;
    const { administrator } = call;
    return administration.within(writing(call), async (tx) => {
      await currentIn(tx, id, call);
      return invitations.revokeIn(tx, id, { visibility: { tenancy: administrator.tenancy, inherited: false }, ...callerOf(administrator) });
    });
  }

  async #issue(call: InvitationCall, issueIn: (tx: StoreTransaction, authority: OpenAuthority) => Promise<IssuedInvitation>): Promise<Invited> {
    const { administration, invitations } = this.#options;
    const { dryRun, administrator } = call;
    const { issued, blastRadius } = await administration.within(writing(call), async (tx, authority) => {
      const made = await issueIn(tx, authority);
      if (made.invitation.securityProfiles.length > 0) assertMayAssign(authority);
      const change = await this.#accepted(tx, made.invitation);
      await authority.judge(tx, change);
      const radius = dryRun ? await blastRadiusOf(tx, change, administrator.tenancy) : undefined;
      await tx.users.remove([made.invitation.id]);
      return { issued: made, blastRadius: radius };
    });
    if (!dryRun) invitations.announce(issued);
    return { invitation: issued.invitation, blastRadius };
  }

  /** Writes what accepting would make, under the id of the invitation. */
  async #accepted(tx: StoreTransaction, issued: Invitation): Promise<WrittenChange> {
    const { definitions, clock } = this.#options;
    const meaning = await definitions.current(tx.access);
    const at = clock.now();
    const invitation = await stillThere(tx, issued);
    const { user, assignments } = acceptanceOf(invitation, { userId: invitation.id, username: invitation.id, at: new Date(at) });
    const reached: Reached = { users: [user.id], clients: [], parties: [], cut: false, partiesCut: false };
    const before = await takeSnapshot(tx, meaning.catalogue, reached);
    await tx.users.put([user]);
    await tx.assignments.put(assignments);
    const after = await takeSnapshot(tx, meaning.catalogue, reached);
    const objects = [...changeOf('users', undefined, user), ...assignments.flatMap((assignment) => changeOf('assignments', undefined, assignment))];
    const meanings = { before: meaning, after: meaning };
    return { rows: planRows(objects, []), objects, settings: [], credentials: NO_CREDENTIALS, meanings, reached, before, after, at };
  }
}

const NO_CREDENTIALS: CredentialChanges = { passwords: new Map(), secrets: new Map() };

const writing = ({ administrator, dryRun, confirmed }: InvitationCall): WriteCall => ({ administrator, dryRun, confirmed, needs: [INVITING_ROLE] });

const callerOf = ({ actor, onBehalfOf, clientId, requestId }: Administrator) => ({ actor, onBehalfOf, clientId, requestId });

async function currentIn(tx: StoreTransaction, id: string, { administrator, precondition }: InvitationCall): Promise<void> {
  const current = await tx.invitations.find(id, { tenancy: administrator.tenancy, inherited: false });
  if (current === undefined) throw absent();
  precondition?.(current);
}

function assertMayAssign(authority: OpenAuthority): void {
  const { ceiling } = authority.state();
  if (ceiling.everyRole || ceiling.roles.has(ASSIGNING_ROLE)) return;
  throw new DomainError('insufficient_roles', 'To invite with security profiles takes the role that assigns them.', {
    details: { sufficient_roles: [ASSIGNING_ROLE, FULL_ACCESS] },
  });
}

/** What lies outside is as if it were not there. */
async function assertNamed(
  tx: StoreTransaction,
  authority: OpenAuthority,
  { organization, userGroups, securityProfiles }: Pick<NewInvitation, 'organization' | 'userGroups' | 'securityProfiles'>,
): Promise<void> {
  const named = [
    ['organization', '/organization', 'organizations', [organization]],
    ['user group', '/user_groups', 'user_groups', userGroups],
    ['security profile', '/security_profiles', 'security_profiles', securityProfiles],
  ] as const;
  for (const [thing, pointer, section, ids] of named) {
    const known = await authority.exists(tx, section, [...ids]);
    const foreign = ids.find((id) => !known.has(id));
    if (foreign !== undefined) throw new DomainError('invalid_input', `There is no ${thing} ${JSON.stringify(foreign.slice(0, 120))}.`, { pointer });
  }
}
