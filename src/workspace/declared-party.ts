/** @module The one party that an entry names. */
import type { Party } from '../domain/party.ts';

/** Fields that name a party, as they stand in files; a schema made sure that exactly one is set. */
export interface DeclaredParty {
  readonly user?: string | undefined;
  readonly user_group?: string | undefined;
  readonly organization?: string | undefined;
  readonly client_id?: string | undefined;
}

export function partyOf({ user, user_group, organization, client_id }: DeclaredParty): Party {
  if (user !== undefined) return { kind: 'user', id: user };
  if (user_group !== undefined) return { kind: 'user_group', id: user_group };
  if (organization !== undefined) return { kind: 'organization', id: organization };
  return { kind: 'client', id: client_id! };
}

/** The field of a file that names a party of this kind. */
export function partyField({ kind, id }: Party): DeclaredParty {
  return kind === 'client' ? { client_id: id } : { [kind]: id };
}
