/**
 * @module Whether an inviter could still hand out what accepting an invitation makes: the ceiling is that of the inviter
 * as everything is now, whatever it was when the mail was sent.
 */
import type { Subject } from '../domain/access.ts';
import { compileCatalogue } from '../domain/catalogue.ts';
import type { Invitation } from '../domain/invitation.ts';
import type { Clock, StoreTransaction } from '../domain/ports.ts';
import { tenancyOf } from '../domain/tenancy.ts';
import type { MayStill } from '../services/invitation-acceptance.ts';
import { impersonationOf, rolesWithin } from './acting-as.ts';
import { above, aboveCeiling, ceilingOf, isWithin } from './ceiling.ts';

/** The role with which users are made, and therefore invited. */
export const INVITING_ROLE = 'UserAdmin';

/** @returns refuses with `above_ceiling` what the inviter could not do any more */
export function inviterMayStill(clock: Clock): MayStill {
  return async (tx, invitation, { user }) => {
    // The command line has no ceiling.
    if (invitation.invitedBy.kind === 'operator' || invitation.invitedBy.kind === 'system') return;
    const inviter = await inviterOf(tx, invitation);
    if (inviter?.active !== true) throw aboveCeiling('Whoever invited is not let in any more.', []);
    const now = clock.now();
    const catalogue = compileCatalogue(await tx.access.loadDefinitions());
    const ceiling = ceilingOf(catalogue, inviter, { clientId: invitation.invitedThrough ?? '', now, tenancy: tenancyOf(inviter) });
    if (!ceiling.everyRole && !ceiling.roles.has(INVITING_ROLE)) throw aboveCeiling('Whoever invited may not make users any more.', [INVITING_ROLE]);
    const invited = (await tx.access.findUser(user.id))!;
    if (!isWithin(ceiling, invited)) throw aboveCeiling('The organization is not one that the inviter administers any more.', []);
    const refused = above(ceiling, rolesWithin(catalogue, invited, { now, clients: [], impersonation: await impersonationOf(tx) }));
    if (refused.length > 0) throw aboveCeiling('The inviter does not hold these roles any more:', refused);
  };
}

/** Whose roles count for the inviter: the user, the client's context user, or the client. */
async function inviterOf(tx: StoreTransaction, { invitedBy: { kind, id } }: Invitation): Promise<Subject | undefined> {
  if (kind === 'user') return tx.access.findUser(id);
  const self = await tx.access.findClient(id);
  const contextUser = (await tx.clients.findMany([id])).get(id)?.contextUser;
  return self?.active !== true || contextUser === undefined ? self : tx.access.findUser(contextUser);
}
