/** @module There is always an administrator: no change takes FullAccess from the last one who holds it over a whole tree. */
import { heldUntil, holdings, isEffective, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DomainError } from '../domain/errors.ts';
import type { Party } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { isRootTenancy, tenancyOf } from '../domain/tenancy.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import type { Snapshot } from '../workspace/effects.ts';
import type { WrittenChange } from '../workspace/change.ts';

/** So many holders are looked at until one is found who is let in. */
const MOST_LOOKED_AT = 1000;
const MOST_ASSIGNMENTS = 100_000;

/** @throws `in_use` when somebody held FullAccess before the change, and nobody does after it */
export async function assertAdministratorLeft(
  tx: StoreTransaction,
  { before, after, reached, at }: Pick<WrittenChange, 'before' | 'after' | 'reached' | 'at'>,
): Promise<void> {
  // Among those who were not looked at somebody may have lost it.
  if (!reached.cut && !somebodyLost(before, after, at)) return;
  const { catalogue } = after;
  const parties = await administeringParties(tx, catalogue);
  const users = await tx.access.findUsers(await tx.access.usersReachedBy(parties, MOST_LOOKED_AT));
  for (const user of users.values()) if (isAdministrator(catalogue, user, at)) return;
  const clients = await tx.access.findClients(await tx.access.clientsReachedBy(parties, [], MOST_LOOKED_AT));
  for (const client of clients.values()) if (isAdministrator(catalogue, client, at)) return;
  throw new DomainError('in_use', 'This would take FullAccess from the last administrator. Make somebody else one first.');
}

function somebodyLost(before: Snapshot, after: Snapshot, at: number): boolean {
  for (const [id, was] of before.users) if (loses(before.catalogue, was, after.catalogue, after.users.get(id), at)) return true;
  for (const [id, was] of before.clients) if (loses(before.catalogue, was.acting, after.catalogue, after.clients.get(id)?.acting, at)) return true;
  return false;
}

function loses(...[before, was, after, becomes, at]: readonly [Catalogue, Subject, Catalogue, Subject | undefined, number]): boolean {
  return isAdministrator(before, was, at) && (becomes === undefined || !isAdministrator(after, becomes, at));
}

/** Whether somebody holds FullAccess over a whole tree now, in tokens for any client. */
function isAdministrator(catalogue: Catalogue, subject: Subject, at: number): boolean {
  const role = catalogue.indexOf(FULL_ACCESS);
  if (role === undefined || !subject.active || !isRootTenancy(tenancyOf(subject))) return false;
  const held = holdings(catalogue, subject, undefined, at);
  return heldUntil(held, role) > at && isEffective(catalogue, held, role);
}

async function administeringParties(tx: StoreTransaction, catalogue: Catalogue): Promise<Party[]> {
  const role = catalogue.indexOf(FULL_ACCESS);
  const parties = new Map<string, Party>();
  for (const { profile, roles } of catalogue.profiles()) {
    if (role === undefined || !roles.includes(role)) continue;
    for (const { party } of await tx.access.assignmentsOf({ securityProfile: profile.id }, MOST_ASSIGNMENTS))
      parties.set(`${party.kind}:${party.id}`, party);
  }
  return [...parties.values()];
}
