/** @module Whether a person may use a client at all, whatever roles the token would carry. */
import { isEffective, type Holdings, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { admitsOrganization, type Client } from '../domain/client.ts';
import type { AccessService } from './access.ts';
import type { PreparedClient } from './prepared-client.ts';

export interface Admission {
  readonly user: Subject;
  readonly client: Client;
  readonly catalogue: Catalogue;
  /** What the user holds through the client; asked for only where it matters. */
  readonly holdings: () => Holdings;
}

/** Why a user may not use the client; undefined: welcome. */
export function objectionTo({ user, client, catalogue, holdings }: Admission): string | undefined {
  if (!user.active || user.organization === undefined) return 'the user or its organization is disabled';
  if (!admitsOrganization(client.allowedOrganizations, user.organization)) return 'the organization may not use this client';
  if (client.minimumRoles.length === 0) return undefined;
  const held = holdings();
  const missing = client.minimumRoles.find((name) => {
    const role = catalogue.indexOf(name);
    return role === undefined || !isEffective(catalogue, held, role);
  });
  return missing === undefined ? undefined : `the user lacks ${missing}, which the client demands`;
}

/** {@link objectionTo} by what is known now. */
export async function objectionNow(access: AccessService, client: PreparedClient, user: Subject): Promise<string | undefined> {
  return (await admissionTo(access, client))(user);
}

/** {@link objectionNow} for whoever it turns out to be. */
export async function admissionTo(access: AccessService, { client }: PreparedClient): Promise<(user: Subject) => string | undefined> {
  const { catalogue } = await access.workspace();
  return (user) => objectionTo({ user, client, catalogue, holdings: () => access.holdings(catalogue, user, client.clientId) });
}
