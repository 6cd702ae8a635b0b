/** @module What a part of a request demands besides the roles beside its path, and what several requests have in common. */
import { z } from 'zod';
import type { Administrator } from '../../administration/administrator.ts';
import { absent } from '../../administration/nouns.ts';
import type { Client } from '../../domain/client.ts';
import type { DirectoryReader, Visibility } from '../../domain/directory.ts';
import type { User } from '../../domain/party.ts';
import { FULL_ACCESS } from '../../domain/role.ts';
import { EVERYTHING, isRootTenancy, type Tenancy } from '../../domain/tenancy.ts';
import { AccessError } from '../../sdk/errors.ts';

/** The answer of a dry run that has nothing more to tell. */
export const nothingDone = z.strictObject({ dry_run: z.literal(true) });

/** Whether one of these roles, or FullAccess, is in the token and held. */
export function holdsOneOf({ roles }: Administrator, sufficient: readonly string[]): boolean {
  return roles.has(FULL_ACCESS) || sufficient.some((role) => roles.has(role));
}

/** Refuses in the words for a route that needs these roles. @throws AccessError 403 */
export function assertHoldsOneOf(administrator: Administrator, sufficient: readonly string[]): void {
  if (holdsOneOf(administrator, sufficient)) return;
  throw new AccessError('insufficient_scope', 'The token does not carry the roles that this call needs.', {
    roles: { sufficient: [...sufficient, FULL_ACCESS], held: [...administrator.roles] },
  });
}

/** The user. @throws `not_found`, the same for one that does not exist and for one that lies outside */
export async function assertUser(directory: DirectoryReader, id: string, { tenancy }: Administrator): Promise<User> {
  const found = (await directory.find('users', [id], { tenancy, inherited: false })).get(id);
  if (found === undefined) throw absent();
  return found;
}

/** {@link assertUser} for a client. @throws `not_found` */
export async function assertClient(directory: DirectoryReader, id: string, visibility: Visibility): Promise<Client> {
  const found = (await directory.find('clients', [id], visibility)).get(id);
  if (found === undefined) throw absent();
  return found;
}

/** Whether a tenancy is all that there is: that of the operators, or of the only tree. */
export async function isWholeDeployment(directory: DirectoryReader, tenancy: Tenancy): Promise<boolean> {
  if (tenancy.kind === 'everything') return true;
  if (!isRootTenancy(tenancy)) return false;
  const [own, all] = await Promise.all([tenancy, EVERYTHING].map((seen) => countOrganizations(directory, seen)));
  return own === all;
}

async function countOrganizations(directory: DirectoryReader, tenancy: Tenancy): Promise<number | undefined> {
  const visibility = { tenancy, inherited: false };
  return (await directory.list('organizations', { visibility, filters: {}, sort: 'id', descending: false, limit: 1, total: true })).total;
}
