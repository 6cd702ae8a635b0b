/**
 * @module Whoever can set the credentials of a user or client can act as them: a password, a one-time link, a client
 * secret. It takes all that they hold, now and later.
 */
import type { StoreTransaction } from '../domain/ports.ts';
import type { OpenAuthority } from './authority.ts';
import { impersonationOf, rolesWithin } from './acting-as.ts';
import { above, aboveCeiling } from './ceiling.ts';
import { absent } from './nouns.ts';

/**
 * @throws `not_found` when it lies outside, `above_ceiling` naming the roles that the administrator lacks
 */
export async function assertMayActAs(
  tx: StoreTransaction,
  authority: OpenAuthority,
  { kind, id }: { readonly kind: 'user' | 'client'; readonly id: string },
): Promise<void> {
  const { catalogue, now } = authority.state();
  const tenancy = authority.state().ceiling.tenancy;
  const visibility = { tenancy, inherited: false };
  const found = await (kind === 'user' ? tx.directory.find('users', [id], visibility) : tx.directory.find('clients', [id], visibility));
  if (!found.has(id)) throw absent();
  const acting = kind === 'user' ? await tx.access.findUser(id) : await actingFor(tx, id);
  if (acting === undefined) throw absent();
  const given = { now, clients: kind === 'client' ? [id] : [], impersonation: await impersonationOf(tx) };
  const refused = above(authority.state().ceiling, rolesWithin(catalogue, acting, given));
  if (refused.length > 0) throw aboveCeiling('This would let you act as somebody who holds roles that you do not:', refused);
}

async function actingFor(tx: StoreTransaction, clientId: string) {
  const contextUser = (await tx.clients.findMany([clientId])).get(clientId)?.contextUser;
  return contextUser === undefined ? tx.access.findClient(clientId) : tx.access.findUser(contextUser);
}
