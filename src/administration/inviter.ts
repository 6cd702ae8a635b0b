/**
 * @module Whether an inviter could still hand out what accepting an invitation makes: the ceiling is that of the inviter
 * as everything is now, whatever it was when the mail was sent.
 */
import type { Subject } from '../domain/access.ts';
import { compileCatalogue, type Catalogue } from '../domain/catalogue.ts';
import type { Invitation } from '../domain/invitation.ts';
import { isBarredFrom, type ResourceName } from '../domain/organization.ts';
import type { Clock, StoreTransaction } from '../domain/ports.ts';
import { tenancyOf } from '../domain/tenancy.ts';
import type { MayStill } from '../services/invitation-acceptance.ts';
import { impersonationOf, rolesWithin } from './acting-as.ts';
import { actingClient } from './authority.ts';
import { above, aboveCeiling, ceilingOf, isWithin } from './ceiling.ts';

/** The role with which users are made, and therefore invited. */
export const INVITING_ROLE = 'UserAdmin';

/** Role with which profiles are assigned: naming one in an invitation is no way around it. */
export const ASSIGNING_ROLE = 'SecurityProfileAdmin';

/** @returns refuses with `above_ceiling` what the inviter could not do any more */
export function inviterMayStill(clock: Clock): MayStill {
  return async (tx, invitation, { user, assignments }) => {
    // The command line has no ceiling.
    if (invitation.invitedBy.kind === 'operator' || invitation.invitedBy.kind === 'system') return;
    const inviter = await inviterOf(tx, invitation);
    const { acting } = inviter;
    if (acting?.active !== true) throw aboveCeiling('Whoever invited is not let in any more.', []);
    const now = clock.now();
    const catalogue = compileCatalogue(await tx.access.loadDefinitions());
    const assigns = assignments.length > 0;
    assertNotBarred(catalogue, inviter, assigns ? [...INVITING_TOUCHES, 'assignments'] : INVITING_TOUCHES);
    const { maximumRoles } = inviter;
    const ceiling = ceilingOf(catalogue, acting, { clientId: invitation.invitedThrough ?? '', now, tenancy: tenancyOf(acting), maximumRoles });
    const lacks = (role: string): boolean => !ceiling.everyRole && !ceiling.roles.has(role);
    if (lacks(INVITING_ROLE)) throw aboveCeiling('Whoever invited may not make users any more.', [INVITING_ROLE]);
    if (assigns && lacks(ASSIGNING_ROLE)) throw aboveCeiling('Whoever invited may not assign profiles any more.', [ASSIGNING_ROLE]);
    const invited = (await tx.access.findUser(user.id))!;
    if (!isWithin(ceiling, invited)) throw aboveCeiling('The organization is not one that the inviter administers any more.', []);
    const refused = above(ceiling, rolesWithin(catalogue, invited, { now, clients: [], impersonation: await impersonationOf(tx) }));
    if (refused.length > 0) throw aboveCeiling('The inviter does not hold these roles any more:', refused);
  };
}

interface Inviter {
  /** A client that invited. */
  readonly self?: Subject | undefined;
  /** Whose roles count: the user, the client's context user, or the client. */
  readonly acting?: Subject | undefined;
  readonly maximumRoles?: readonly string[] | undefined;
}

async function inviterOf(tx: StoreTransaction, { invitedBy: { kind, id } }: Invitation): Promise<Inviter> {
  return kind === 'client' ? ((await actingClient(tx, id)) ?? {}) : { acting: await tx.access.findUser(id) };
}

const INVITING_TOUCHES: readonly ResourceName[] = ['invitations', 'users'];

/** The type of an organization can be barred from what it takes to invite, whatever roles are held. */
function assertNotBarred(catalogue: Catalogue, { self, acting }: Inviter, resources: readonly ResourceName[]): void {
  for (const subject of [self, acting]) {
    const type = subject?.organization && catalogue.organizationType(subject.organization.type);
    const barred = type === undefined ? undefined : resources.find((resource) => isBarredFrom(type, resource, []));
    if (barred !== undefined) throw aboveCeiling(`Whoever invited has no access to ${barred} any more.`, []);
  }
}
